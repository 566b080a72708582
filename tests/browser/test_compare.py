"""The Compare page in a real Chromium, as a person uses it."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import soundfile

from anonymizers import runner
from audio.clip import Clip, decode, encode_wav
from tests.browser.conftest import wait_until
from web.server import create_app
from web.settings import Settings

DEMO = Path(__file__).resolve().parents[2] / "assets" / "demo"
PLOTS = ("features_over_time", "distributions", "spectrograms", "f0_over_time")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    app = create_app(Settings(offline=True, data_dir=tmp_path_factory.mktemp("data"), demo_study=False))
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], app: Any) -> str:
    return serve(app)


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV of a demo voice, under a name that must not matter."""
    path = tmp_path_factory.mktemp("clips") / "..%2f 😀 voice.wav"
    path.write_bytes(encode_wav(decode(sorted(DEMO.glob("*.flac"))[0]).clip))
    return path


def give(page: Any, clip: Path) -> None:
    page.wait_for_selector("#clip-input input[type=file]", state="attached")
    page.set_input_files("#clip-input input[type=file]", clip)
    page.wait_for_function("document.querySelector('#clip-input').innerText.includes('Use another clip')")


def compare(page: Any) -> None:
    page.click("#compare")
    page.wait_for_selector("#findings", state="visible", timeout=60_000)


def player(page: Any) -> dict[str, Any]:
    return page.evaluate(
        "(() => { const all = [document.querySelector('#player'), ...document.querySelectorAll('#player *')];"
        " return all.find((one) => one.syncPlayer).syncPlayer.state(); })()"
    )


def open_tracks(page: Any) -> list[str]:
    return [track["key"] for track in player(page)["tracks"] if track["open"]]


def drawn(page: Any, name: str) -> bool:
    return page.locator(f"#plot-{name} .js-plotly-plot :is(.scatterlayer .trace, image)").count() > 0


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1280, "light"),
        (360, "dark"),
        pytest.param(360, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_from_upload_to_zip(
    address: str, wav: Path, open_page: Any, ledger: Any, violations: Any, width: int, theme: str
) -> None:
    page = open_page(f"{address}/?__theme={theme}", width=width, accept_downloads=True)
    give(page, wav)
    compare(page)
    wait_until(lambda: len(player(page)["tracks"]) == 4 and all(t["lengthFrames"] for t in player(page)["tracks"]))
    for name in PLOTS:
        wait_until(lambda name=name: drawn(page, name))
    page.wait_for_function("!document.querySelector('#numbers .vv-coming')", timeout=60_000)

    page.locator("h1").first.click()
    page.keyboard.press("Space")
    wait_until(lambda: player(page)["playing"])
    for number, key in enumerate(("original", "house", "mcadams", "pitch-formant"), 1):
        page.keyboard.press(str(number))
        wait_until(lambda key=key: open_tracks(page) == [key])
        tracks = player(page)["tracks"]
        assert len({track["startFrame"] - track["offsetFrames"] for track in tracks}) == 1
    page.keyboard.press("Space")

    with page.expect_download() as waiting:
        page.click("#zip")
    archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    report = json.loads(archive.read("comparison.json"))
    assert [system["system"] for system in report["systems"]] == ["original", "house", "mcadams", "pitch-formant"]
    assert all(1 <= system["scores"]["OVRL"]["value"] <= 5 for system in report["systems"])
    for name in archive.namelist():
        if name.endswith(".wav"):
            assert soundfile.info(io.BytesIO(archive.read(name))).subtype == "PCM_16"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page, ".gradio-container") == []
    ledger.assert_clean()
    assert not any(
        "voice" in urlsplit(request.url).path or "😀" in (request.post_data or "")
        for request in ledger.requests
        if "/api/clips" in request.url
    )


def test_machines_hear_the_sounds_and_words_that_are_typed_count(
    address: str, spoken: Clip, open_page: Any, ledger: Any, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(encode_wav(Clip(spoken.samples[: 2 * 16_000], 16_000)))
    page = open_page(f"{address}/?systems=mcadams", accept_downloads=True)
    give(page, clip)
    compare(page)
    page.wait_for_selector("#hearing .vvh-progress", state="visible", timeout=60_000)
    page.wait_for_selector("#hearing .vvh-progress", state="hidden", timeout=180_000)  # it gives way to all others
    assert page.locator("#hearing .vvh-of-speaker .vvh-number").count() == 1
    assert "WER" in page.locator("#hearing .vvh-of-words .vvh-row", has_text="McAdams").inner_text()
    typed = "<img src=x onerror=document.title='hit'> ${document.title='hit'} {{7*7}}"
    page.get_by_label("What is said?").fill(typed)
    page.keyboard.press("Enter")
    page.get_by_text("Compared with the words above.").wait_for()
    assert "WER" in page.locator("#hearing .vvh-of-words .vvh-row", has_text="Original").inner_text()
    with page.expect_download() as waiting:
        page.click("#zip")
    archive = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    report = json.loads(archive.read("comparison.json"))
    assert report["hearing"]["words"]["said"] == typed
    assert -1 <= report["systems"][1]["hearing"]["speaker"]["cosine"] <= 1
    assert "wer [1]" in archive.read("table.csv").decode().splitlines()[0]
    assert page.title() == "VoiceVeil"
    ledger.assert_clean()


@pytest.mark.slow
def test_real_voices(address: str, shared_dir: Path, open_page: Any, ledger: Any) -> None:
    page = open_page(address)
    give(page, next((shared_dir / "data" / "dev" / "read").rglob("*.flac")))
    compare(page)
    wait_until(lambda: len(player(page)["tracks"]) == 4)
    ledger.assert_clean()


def test_on_a_phone_the_page_goes_to_the_results(address: str, wav: Path, open_page: Any) -> None:
    page = open_page(f"{address}/?systems=mcadams", width=390)
    give(page, wav)
    page.click("#compare")
    page.wait_for_function("Math.abs(document.querySelector('.vv-results').getBoundingClientRect().top) < 120")
    page.wait_for_selector("#findings", state="visible", timeout=60_000)


def test_nothing_given_says_what_to_do(address: str, open_page: Any) -> None:
    page = open_page(address)
    page.wait_for_selector("#clip-input input[type=file]", state="attached")
    page.click("#compare")
    page.get_by_text("A clip was expected").wait_for()


def test_a_system_that_cannot_leaves_its_sentence_and_the_rest_go_on(
    address: str, open_page: Any, tmp_path: Path, voice: Clip
) -> None:
    short = tmp_path / "short.wav"
    short.write_bytes(encode_wav(Clip(voice.samples[:1600], 16_000)))  # 0.1 s: no words in it
    page = open_page(f"{address}/?systems=mcadams,cascade-offline")
    give(page, short)
    compare(page)
    wait_until(
        lambda: {track["key"] for track in player(page)["tracks"] if track["lengthFrames"]} == {"original", "mcadams"}
    )
    assert "cascade" in page.locator("#player").inner_text().lower()
    page.locator("#numbers .vv-failed").wait_for()


def test_a_link_sets_the_form_and_the_form_makes_the_link(address: str, wav: Path, open_page: Any) -> None:
    query = "systems=mcadams&seed=7&level=speaker&speaker=ann&mcadams.alpha_min=0.6"
    page = open_page(f"{address}/?{query}")
    wait_until(lambda: page.locator("#system-mcadams input[type=checkbox]").first.is_checked())
    wait_until(lambda: not page.locator("#system-house input[type=checkbox]").first.is_checked())
    give(page, wav)
    compare(page)
    link = page.locator("#link textarea, #link input").first
    wait_until(lambda: link.input_value().endswith(query))
    assert link.input_value().startswith(address)


def test_a_link_cannot_bring_markup(address: str, open_page: Any, ledger: Any) -> None:
    page = open_page(f"{address}/?systems=<img src=x onerror=document.title='hit'>&speaker=<b>x</b>")
    page.get_by_text("There is no system").wait_for()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "hit"
    ledger.assert_clean()


def test_a_recording_is_a_clip_like_any_other(address: str, open_page: Any, ledger: Any) -> None:
    page = open_page(f"{address}/?systems=mcadams")
    page.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Stop").first.wait_for()
    page.wait_for_function("/0:0[1-9]/.test(document.querySelector('#clip-input').innerText)")
    page.get_by_role("button", name="Stop").first.click()
    page.wait_for_function("document.querySelector('#clip-input').innerText.includes('Use another clip')")
    compare(page)
    wait_until(
        lambda: {track["key"] for track in player(page)["tracks"] if track["lengthFrames"]} == {"original", "mcadams"}
    )
    ledger.assert_clean()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every comparison waits, once its turn has come, until this event is set or it is stopped."""
    go_on = threading.Event()
    real = runner.run_all

    def waiting(*args: Any, cancelled: threading.Event, **kwargs: Any) -> Iterator[Any]:
        while not go_on.wait(0.02) and not cancelled.is_set():
            pass
        yield from real(*args, cancelled=cancelled, **kwargs)

    monkeypatch.setattr(runner, "run_all", waiting)
    yield go_on
    go_on.set()


def test_stop_gives_the_page_back(address: str, wav: Path, open_page: Any, held: threading.Event, ledger: Any) -> None:
    page = open_page(address)
    give(page, wav)
    page.click("#compare")
    page.locator("#stop").wait_for()
    page.click("#stop")
    page.get_by_text("Stopped before it was done").first.wait_for()
    page.wait_for_selector("#compare:not([disabled])")
    held.set()
    compare(page)
    wait_until(lambda: len([track for track in player(page)["tracks"] if track["lengthFrames"]]) == 4)
    ledger.assert_clean()


@pytest.mark.slow
def test_who_waits_sees_the_place_in_the_queue(address: str, wav: Path, open_page: Any, held: threading.Event) -> None:
    pages = [open_page(address) for _ in range(4)]
    for page in pages:
        give(page, wav)
        page.click("#compare")
        page.locator("#stop").wait_for()
    for page in pages[2:]:
        page.locator("#status").get_by_text("queue", exact=False).wait_for()
    held.set()
    for page in pages:
        page.wait_for_selector("#findings", state="visible", timeout=60_000)


def test_about_says_where_the_clip_goes(address: str, open_page: Any, ledger: Any, violations: Any) -> None:
    page = open_page(f"{address}/about")
    page.get_by_text("private temporary folder").wait_for()
    assert violations(page, ".gradio-container") == []
    ledger.assert_clean()
