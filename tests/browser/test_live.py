"""The page Live in a real Chromium whose microphone plays a file: heard, measured, refused, lost and found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from anonymizers import registry
from audio.clip import Clip
from tests.browser.conftest import Ledger
from tests.browser.live_page import level_db, speaker, state, when, words
from tests.web.delay_line import registered
from web.live.service import Limits
from web.live.session import Session
from web.server import create_app
from web.settings import Settings

START, STOP = "Start", "Stop"
PAGES = ["Compare", "Listen", "Results", "Showcase", "Live", "About"]
ENTRIES = registry.ENTRIES
LOST_NOISE = ("WebSocket",)
OLD_DEVICE = """() => {
  window.AudioContext = class extends AudioContext { constructor() { super({ sampleRate: 44100 }); } };
}"""


@pytest.fixture(scope="module")
def systems() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        registered(patch, "DelayLine", "Absent")
        yield


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, systems: None) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("live")
    app = create_app(Settings(offline=True, data_dir=folder, demo_study=False, workers=1, live_limit=2))
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def live(app: Any) -> Any:
    return app.state.services.live


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], app: Any) -> str:
    return f"{serve(app)}/live"


@pytest.fixture(scope="module")
def talking(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    browser = speaker(chromium, tmp_path_factory.mktemp("voice") / "voice.wav", words())
    yield browser
    browser.close()


@pytest.fixture
def visit(talking: Any, ledger: Ledger) -> Iterator[Callable[..., Any]]:
    """visit(url, browser=…, width=…, height=…) -> a page in a context of its own."""
    contexts = []

    def open_(url: str, *, browser: Any = None, width: int = 1280, height: int = 900, **options: Any) -> Any:
        context = (browser or talking).new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        ledger.watch(page)
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def started(page: Any) -> None:
    press(page, START)
    when(page, "s.phase === 'running' && s.parts")


def test_a_voice_goes_there_and_comes_back(address: str, visit: Any, ledger: Ledger, violations: Any) -> None:
    page = visit(f"{address}?__theme=light")
    page.get_by_text("2 people can speak at once, for 30 minutes each.").wait_for()
    assert page.get_by_role("navigation").inner_text().split() == PAGES
    assert violations(page, ".gradio-container") == []
    started(page)
    when(page, "level(now.powerIn) > -45 && level(now.powerOut) > -60".replace("level(", "10 * Math.log10("))
    said = state(page)
    parts = said["parts"]
    told = {name: None if ms is None else round(ms, 1) for name, ms in parts.items()}
    print(f"\nlive at {said['rate']} Hz: algorithmic {parts['algorithmicMs']} ms, end to end {told}")
    assert parts["algorithmicMs"] == 40
    assert 0 < parts["resamplingMs"] < 5
    assert parts["totalMs"] >= parts["algorithmicMs"] + parts["resamplingMs"] + 20  # and a block
    known = [ms for name, ms in parts.items() if name != "totalMs" and ms is not None]
    assert sum(known) == pytest.approx(parts["totalMs"], abs=parts["totalMs"] / 2)  # medians of parts, not parts of one
    page.get_by_text("Where the time goes").click()
    assert page.locator(".vvl-tile", has_text="Algorithmic latency").inner_text().splitlines()[1] == "40 ms"
    assert page.locator(".vvl-tile", has_text="End-to-end").inner_text().splitlines()[1].endswith(" ms")
    assert violations(page, ".gradio-container") == []
    press(page, STOP)
    assert state(page)["phase"] == "idle"
    ledger.assert_clean()


def test_it_is_muted_until_asked_and_escape_mutes(address: str, visit: Any, ledger: Ledger) -> None:
    page = visit(address)
    page.add_script_tag(content=TAP)
    started(page)
    page.get_by_text("You are live, and muted").wait_for()
    when(page, "now.peakOut > 0.01")
    assert page.evaluate("window.loudest") == 0  # the system speaks; the loudspeaker does not
    switch = page.get_by_role("switch", name="Hear the result")
    assert switch.get_attribute("aria-checked") == "false"
    switch.focus()
    page.keyboard.press("Space")
    page.wait_for_function("window.loudest > 0.01")
    assert "Put headphones on" in page.locator(f"#{switch.get_attribute('aria-describedby')}").inner_text()
    page.keyboard.press("Escape")
    assert switch.get_attribute("aria-checked") == "false"
    page.evaluate("window.loudest = 1")
    page.wait_for_function("window.recent === 0")
    ledger.assert_clean()


TAP = """
window.loudest = 0;
const connect = AudioWorkletNode.prototype.connect;
AudioWorkletNode.prototype.connect = function (target, ...rest) {
  const analyser = new AnalyserNode(this.context, { fftSize: 32768 });
  connect.call(this, analyser);
  const block = new Float32Array(32768);
  setInterval(() => {
    analyser.getFloatTimeDomainData(block);
    window.recent = block.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    window.loudest = Math.max(window.loudest, window.recent);
  }, 50);
  return connect.call(this, target, ...rest);
};
"""


@pytest.mark.slow
def test_settings_and_voices_change_while_one_speaks(address: str, visit: Any, ledger: Ledger) -> None:
    page = visit(address)
    started(page)
    before = state(page)
    press(page, "New voice")
    when(page, f"s.phase === 'running' && s.asked.seed !== {before['asked']['seed']}")
    page.get_by_label("Latency").fill("3200")
    when(page, "s.asked.params.latency === 3200 && s.parts?.algorithmicMs === 200 && s.parts.totalMs > 200")
    page.get_by_label("Gain").fill("0")
    when(page, "s.asked.params.gain === 0 && now.peakOut < 1e-3 && now.peakIn > 0.01")
    page.get_by_label("Voice number").fill("77")
    page.keyboard.press("Enter")
    when(page, "s.asked.seed === 77 && s.phase === 'running'")
    assert page.get_by_role("radio", name="Absent").is_disabled()
    ledger.assert_clean()


@pytest.mark.slow
def test_two_tabs_speak_and_a_third_is_refused(address: str, visit: Any, ledger: Ledger, live: Any) -> None:
    first, second, third = (visit(address) for _ in range(3))
    started(first)
    started(second)
    press(third, START)
    third.get_by_text("All 2 places are taken just now: try again in a few minutes.").wait_for()
    assert state(third)["phase"] == "idle"
    first.bring_to_front()
    when(first, "now.peakOut > 0.01")
    press(second, STOP)
    started(third)
    ledger.assert_clean()


@pytest.mark.slow
def test_a_lost_connection_comes_back_with_the_same_voice(
    address: str, visit: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(address)
    page.get_by_role("switch", name="Hear the result").click()
    started(page)
    asked = state(page)["asked"]
    with monkeypatch.context() as cut:
        cut.setattr(Session, "push", gone)
        page.get_by_text("The connection was lost. Trying again").wait_for()
    when(page, "s.phase === 'running' && s.parts")
    assert state(page)["asked"] == asked
    assert state(page)["hearing"]
    ledger.assert_clean(expected_errors=LOST_NOISE)


def gone(*_: Any) -> bytes:
    raise WebSocketDisconnect(1006)


@pytest.mark.slow
def test_the_end_is_a_sentence_and_start_goes_on(address: str, visit: Any, live: Any, ledger: Ledger) -> None:
    page = visit(address)
    usual, live.limits = live.limits, Limits(session_s=0.3)
    try:
        press(page, START)
        page.get_by_text("Live ends after 0.3 seconds, so that others get a place: press Start to go on.").wait_for()
    finally:
        live.limits = usual
    started(page)
    page.get_by_label("Fault").select_option("sentence")
    page.get_by_text("This voice cannot be done: speak lower.").wait_for()
    page.get_by_label("Fault").select_option("none")
    started(page)
    ledger.assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gain", "sentence"), [(30.0, "Too loud: the microphone clips"), (0.0, "The microphone gives nothing at all")]
)
def test_shouting_and_silence_are_said(
    address: str, visit: Any, chromium: Any, tmp_path: Path, ledger: Ledger, gain: float, sentence: str
) -> None:
    browser = speaker(chromium, tmp_path / "voice.wav", gain * words())
    try:
        page = visit(address, browser=browser)
        started(page)
        page.locator(".vvl-warning", has_text=sentence).wait_for()
        ledger.assert_clean()
    finally:
        browser.close()


@pytest.mark.slow
def test_a_tab_in_the_background_goes_on(address: str, visit: Any, ledger: Ledger) -> None:
    page = visit(address)
    started(page)
    page.context.new_page().bring_to_front()
    seconds = state(page)["seconds"]
    when(page, f"s.seconds > {seconds + 2} && s.phase === 'running' && now.peakIn > 0.01 && s.parts")
    ledger.assert_clean()


def test_on_a_phone_in_the_dark_at_44100_hz(address: str, visit: Any, ledger: Ledger, violations: Any) -> None:
    page = visit(f"{address}?__theme=dark", width=360, height=780, has_touch=True, reduced_motion="reduce")
    page.evaluate(OLD_DEVICE)
    started(page)
    page.get_by_text("Where the time goes").click()
    assert state(page)["rate"] == 44_100
    when(page, "now.peakOut > 0.01")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = page.evaluate(
        """() => [...document.querySelectorAll('.vvl :is(button, summary, select, .vvl-seed, .vvl-system)')]
        .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 44)
        .map((one) => one.outerHTML)"""
    )
    assert small == []
    assert violations(page, ".gradio-container") == []
    ledger.assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "sentence"),
    [((), "No system that works on live sound is part of"), (("Absent",), "Absent: needs training: run python")],
)
def test_without_a_system_the_page_says_what_to_do(
    address: str, visit: Any, ledger: Ledger, violations: Any, names: tuple[str, ...], sentence: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        registered(patch, *names)
        page = visit(address)
        page.get_by_text(sentence).wait_for()
        assert page.get_by_role("link", name="Record a clip on the page Compare").is_visible()
        assert violations(page, ".gradio-container") == []
        ledger.assert_clean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "an address that begins with https"),
        ("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); }",
         "The microphone was refused"),
        ("navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }",
         "No microphone was found"),
    ],
)  # fmt: skip
def test_without_a_microphone_the_page_says_what_to_do(
    address: str, visit: Any, ledger: Ledger, broken: str, sentence: str
) -> None:
    page = visit(address)
    page.add_init_script(broken)
    page.reload()
    page.locator(".vvl-words, .vvl-empty").wait_for()
    if page.get_by_role("button", name=START, exact=True).count():
        press(page, START)
    page.get_by_text(sentence).wait_for()
    ledger.assert_clean()


@pytest.mark.slow
def test_the_result_is_as_loud_as_the_system_made_it(address: str, visit: Any, chromium: Any, tmp_path: Path) -> None:
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000)
    browser = speaker(chromium, tmp_path / "tone.wav", tone)
    try:
        page = visit(address, browser=browser)
        started(page)
        levels: list[dict[str, Any]] = []
        while len(levels) < 20:
            when(page, f"now.powerIn > 0.01 && s.seconds > {levels[-1]['seconds'] if levels else 0}")
            levels.append(state(page))
    finally:
        browser.close()
    into, out = (np.median([level_db(each["stats"][name]) for each in levels]) for name in ("powerIn", "powerOut"))
    assert out - into == pytest.approx(20 * np.log10(0.5), abs=0.5)  # its gain


@pytest.mark.slow
def test_the_house_voice_speaks(
    address: str, visit: Any, chromium: Any, tmp_path: Path, spoken: Clip, ledger: Ledger, violations: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "ENTRIES", ENTRIES)
        assert registry.status("house-stream").state == "ready"  # its weights are shipped
        browser = speaker(chromium, tmp_path / "voice.wav", spoken.resampled(48_000).samples)
        try:
            page = visit(address, browser=browser)
            started(page)
            when(page, "s.asked.system === 'house-stream' && now.peakOut > 0.01")
            parts = state(page)["parts"]
            print(f"\nhouse-stream: { ({name: ms and round(ms, 1) for name, ms in parts.items()}) }")
            assert parts["totalMs"] > parts["algorithmicMs"] > 0
            assert violations(page, ".gradio-container") == []
            ledger.assert_clean()
        finally:
            browser.close()
