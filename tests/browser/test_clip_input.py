"""The clip input in a real Chromium: file, drop, microphone, example, and every way it can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.harness import NOT_A_CLIP, Lab, build, voice, wav

CLIP = "#clip .vvc-clip"
SECRET_NAME = "Anna Muster <img src=x> private.wav"
DROP = """([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'audio/wav' }));
  const target = document.querySelector('#clip .vvc-drop');
  for (const type of ['dragenter', 'dragover']) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
  window.marked = document.querySelector('#clip .vvc-clip').dataset.dragging;
  target.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def shared_lab(serve: Callable[[Any], str]) -> Lab:
    lab = Lab()
    lab.url = serve(build(lab))
    return lab


@pytest.fixture
def lab(shared_lab: Lab) -> Lab:
    shared_lab.uploads.clear()
    shared_lab.handled.clear()
    shared_lab.slow = shared_lab.fails = shared_lab.fetched = False
    return shared_lab


@pytest.fixture
def page(open_page: Callable[..., Any], lab: Lab) -> Any:
    return ready(open_page(lab.url))


def ready(page: Any) -> Any:
    page.wait_for_selector("#clip .vvc-example")
    return page


def at(page: Any, state: str) -> None:
    page.wait_for_selector(f"{CLIP}[data-state={state}]")


def choose(page: Any, content: bytes, name: str = SECRET_NAME) -> None:
    page.set_input_files("#clip input[type=file]", {"name": name, "mimeType": "audio/wav", "buffer": content})


def server_got(page: Any) -> Any:
    page.wait_for_function("document.querySelector('#got textarea').value !== ''")
    return json.loads(page.input_value("#got textarea"))


def test_a_chosen_file_reaches_the_server_without_its_name(page: Any, lab: Lab, ledger: Any) -> None:
    content = wav(voice(3))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files({"name": SECRET_NAME, "mimeType": "audio/wav", "buffer": content})
    at(page, "ready")
    value = server_got(page)
    headers, body = lab.uploads[0]
    assert body == content
    assert "Anna" not in json.dumps([headers, value, lab.handled])
    assert value == lab.handled[0]["value"] == lab.handled[0]["event"]
    expected = {"token": "token-1", "name": "Uploaded clip", "duration_s": 2.0, "sample_rate_hz": 16_000, "channels": 1}
    assert value == {**expected, "notes": ["8 channels were mixed to one."], "url": "media/token-1"}
    assert page.locator("#clip .vvc-clip-name").text_content() == SECRET_NAME
    assert page.locator("#clip .vvc-clip-facts").text_content() == "2.0 s · 16 kHz · mono"
    assert page.get_by_text("8 channels were mixed to one.").is_visible()
    ledger.assert_clean()


def test_a_dropped_file_is_taken(page: Any, lab: Lab, ledger: Any) -> None:
    content = wav(voice(2, 0.2))
    page.evaluate(DROP, ["dropped.wav", list(content)])
    at(page, "ready")
    assert page.evaluate("window.marked") == "true"
    assert page.locator(CLIP).get_attribute("data-dragging") == "false"
    assert lab.uploads[0][1] == content
    ledger.assert_clean()


def test_a_file_dropped_beside_the_target_does_not_replace_the_page(page: Any, lab: Lab) -> None:
    prevented = page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(['x'], 'x.wav'));
          const drop = new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
          return !document.body.dispatchEvent(drop);
        }"""
    )
    assert prevented
    assert lab.uploads == []


def test_the_microphone_is_recorded_sent_and_released(page: Any, lab: Lab, ledger: Any) -> None:
    page.evaluate(
        """() => {
          const media = navigator.mediaDevices;
          const get = media.getUserMedia.bind(media);
          media.getUserMedia = async (wish) => { window.wish = wish; return (window.stream = await get(wish)); };
        }"""
    )
    page.get_by_role("button", name="Record").click()
    at(page, "recording")
    page.wait_for_function("Number(document.querySelector('#clip [role=meter]').getAttribute('aria-valuenow')) > -50")
    page.wait_for_function("document.querySelector('#clip .vvc-timer').textContent >= 'Recording 0:00.5'")
    page.get_by_role("button", name="Stop and use").click()
    at(page, "ready")
    body = lab.uploads[0][1]
    assert body.startswith(b"\x1a\x45\xdf\xa3")  # WebM
    assert len(body) > 1000
    assert server_got(page)["name"].startswith("Recording, ")
    assert page.evaluate("window.stream.getTracks().map((track) => track.readyState)") == ["ended"]
    assert page.evaluate("window.wish.audio.noiseSuppression") is False
    ledger.assert_clean()


def test_a_discarded_recording_is_not_sent(page: Any, lab: Lab) -> None:
    page.get_by_role("button", name="Record").click()
    at(page, "recording")
    page.get_by_role("button", name="Discard").click()
    at(page, "empty")
    assert lab.uploads == []


def test_a_recording_ends_at_its_limit(page: Any, lab: Lab) -> None:
    page.evaluate("document.querySelector('#clip .vvc-clip').closest('[id^=html-]').clipInput.props.max_s = 0.3")
    page.get_by_role("button", name="Record").click()
    at(page, "ready")
    assert len(lab.uploads) == 1


@pytest.mark.parametrize(
    ("error", "sentence"),
    [("NotAllowedError", "The microphone was refused"), ("NotFoundError", "No microphone was found")],
)
def test_a_microphone_that_cannot_be_had_says_why(page: Any, error: str, sentence: str) -> None:
    refuse = f"async () => {{ throw new DOMException('', '{error}'); }}"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refuse}; }}")
    page.get_by_role("button", name="Record").click()
    page.get_by_text(sentence).wait_for()
    at(page, "empty")


def test_without_a_secure_context_recording_says_so(open_page: Callable[..., Any], lab: Lab) -> None:
    page = open_page("about:blank")
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.goto(lab.url)
    ready(page)
    assert page.get_by_role("button", name="Record").is_disabled()
    assert page.get_by_text("Recording needs a secure connection").is_visible()


def test_an_example_is_one_click(page: Any, lab: Lab, ledger: Any) -> None:
    page.get_by_role("button", name="Voice 2").click()
    at(page, "ready")
    assert server_got(page)["token"] == "token-demo-2"
    assert server_got(page)["name"] == "Voice 2"
    page.get_by_role("button", name="Play the clip").click()
    page.get_by_role("button", name="Stop the preview").wait_for()
    page.get_by_role("button", name="Play the clip").wait_for()  # it ends by itself
    ledger.assert_clean()


def test_real_voices_are_fetched_when_asked_for(page: Any, lab: Lab, ledger: Any) -> None:
    lab.fails = True
    page.get_by_role("button", name="Fetch licensed real-voice examples").click()
    page.get_by_text("The publisher could not be reached: try again later.").wait_for()
    lab.fails = False
    page.get_by_role("button", name="Fetch licensed real-voice examples").click()
    page.get_by_role("button", name="Real <b>voice</b>").click()
    at(page, "ready")
    assert server_got(page)["name"] == "Real <b>voice</b>"
    assert page.locator("#clip b").count() == 0
    ledger.assert_clean(expected_errors=("502",))


def test_a_refused_file_keeps_the_clip_before(page: Any, lab: Lab, ledger: Any) -> None:
    choose(page, wav(voice(1)), "first.wav")
    at(page, "ready")
    page.get_by_role("button", name="Use another clip").click()
    choose(page, b"text, not sound", "second.wav")
    page.get_by_text(NOT_A_CLIP).wait_for()
    at(page, "ready")
    assert page.locator("#clip .vvc-clip-name").text_content() == "first.wav"
    assert not page.get_by_role("button", name="Try again").is_visible()
    assert len(lab.handled) == 1
    ledger.assert_clean(expected_errors=("422",))


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (0, "A recording was expected, but the file is empty: choose another one."),
        (1_500_000, "At most 1 MB are taken, but the file has 1.5 MB: cut it shorter, or save it as FLAC or MP3."),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(page: Any, lab: Lab, size: int, sentence: str) -> None:
    choose(page, b"\0" * size)
    page.get_by_text(sentence).wait_for()
    assert lab.uploads == []


def test_after_a_server_failure_the_same_clip_can_be_sent_again(page: Any, lab: Lab, ledger: Any) -> None:
    lab.fails = True
    choose(page, wav(voice(1)))
    page.get_by_text("the server answered 503").wait_for()
    lab.fails = False
    page.get_by_role("button", name="Try again").click()
    at(page, "ready")
    assert lab.uploads[0][1] == lab.uploads[1][1]
    assert not page.locator("#clip [role=alert]").is_visible()
    ledger.assert_clean(expected_errors=("503",))


def test_a_lost_connection_keeps_the_clip(page: Any, lab: Lab) -> None:
    page.route("**/api/clips", lambda route: route.abort())
    choose(page, wav(voice(1)))
    page.get_by_text("The server could not be reached").wait_for()
    page.unroute("**/api/clips")
    page.get_by_role("button", name="Try again").click()
    at(page, "ready")


def test_an_upload_can_be_cancelled(page: Any, lab: Lab) -> None:
    lab.slow = True
    choose(page, wav(voice(1)))
    at(page, "uploading")
    assert page.get_by_role("progressbar", name="Upload").is_visible()
    page.get_by_role("button", name="Cancel").click()
    at(page, "empty")
    lab.slow = False
    choose(page, wav(voice(2)))
    at(page, "ready")
    assert server_got(page)["token"] == "token-2"


def test_another_clip_and_back(page: Any, lab: Lab) -> None:
    page.get_by_role("button", name="Voice 1").click()
    at(page, "ready")
    page.get_by_role("button", name="Use another clip").click()
    at(page, "empty")
    page.get_by_role("button", name="Keep the clip").click()
    at(page, "ready")


def test_the_server_can_take_the_clip_away(page: Any, lab: Lab) -> None:
    page.get_by_role("button", name="Voice 1").click()
    at(page, "ready")
    server_got(page)
    page.click("#clear")
    at(page, "empty")


def test_by_keyboard_alone_the_focus_is_never_lost(page: Any, lab: Lab) -> None:
    page.get_by_role("button", name="Voice 1").focus()
    page.keyboard.press("Enter")
    at(page, "ready")
    page.wait_for_function("document.activeElement.textContent === 'Use another clip'")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.textContent === 'Choose a file'")


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1280, "light"),
        (360, "dark"),
        pytest.param(360, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_in_any_state(
    open_page: Callable[..., Any], lab: Lab, ledger: Any, violations: Any, width: int, theme: str
) -> None:
    page = ready(open_page(f"{lab.url}/?__theme={theme}", width=width))
    found = violations(page, "#clip")
    page.get_by_role("button", name="Record").click()
    at(page, "recording")
    found += violations(page, "#clip")
    page.get_by_role("button", name="Discard").click()
    choose(page, b"")
    page.wait_for_selector("#clip [role=alert]:not([hidden])")
    found += violations(page, "#clip")
    choose(page, wav(voice(1)))
    at(page, "ready")
    found += violations(page, "#clip")
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ledger.assert_clean()
