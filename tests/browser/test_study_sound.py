"""How a study's sounds come out: as they were rendered, one at a time, and only what sounded counts as heard."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.harness import wav
from tests.browser.study_lab import RATE_HZ, StudyLab

SECONDS = 0.6

# Two sounds on one output, as a page has them, without a page around.
SOUNDS = """async ({ names, maxPlays }) => {
  const { Output, Sound } = await import("/study-ui/sound.mjs");
  window.output = new Output();
  const on = { changed: () => {}, gone: () => { window.gone = true; } };
  window.sounds = names.map((name) => new Sound(`/sounds/${name}.wav`, window.output, { maxPlays, on }));
}"""


def tone(channels: int, antiphase: bool = False) -> bytes:
    times_s = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    left = np.round(8000 * np.sin(2 * np.pi * 200 * times_s)).astype(np.int16)
    if channels == 1:
        return wav(left, RATE_HZ)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.stack([left, -left if antiphase else left], axis=1).tobytes())
    return file.getvalue()


def serving(data: bytes) -> Callable[[Any], None]:
    return lambda route: route.fulfill(body=data, content_type="audio/wav")


@pytest.fixture
def sounds(lab: StudyLab, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """sounds(bytes…, max_plays=None) -> a page with window.sounds, arrived."""

    def open_(*files: bytes, max_plays: int | None = None) -> Any:
        page = open_page("about:blank")
        for i, data in enumerate(files):
            page.route(f"**/sounds/{i}.wav", serving(data))
        page.goto(f"{lab.url}/study/{lab.info.link}")
        page.evaluate(SOUNDS, {"names": [str(i) for i in range(len(files))], "maxPlays": max_plays})
        page.wait_for_function("() => sounds.every((one) => one.buffer || one.broken)")
        return page

    return open_


def test_the_channels_of_the_headphone_check_stay_opposite_and_keep_their_level(sounds: Callable[..., Any]) -> None:
    page = sounds(tone(2, antiphase=True))
    left, right = page.evaluate("[0, 1].map((channel) => [...sounds[0].buffer.getChannelData(channel)])")
    assert np.abs(np.add(left, right)).max() < 1e-4
    middle = np.array(left)[len(left) // 4 : -len(left) // 4]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(8000 / 32768, rel=0.01)


def test_playing_another_sound_takes_the_first_back_to_its_beginning(sounds: Callable[..., Any]) -> None:
    page = sounds(tone(1), tone(1))
    page.evaluate("sounds[0].play()")
    page.wait_for_function("() => sounds[0].position() > 0.1")
    page.evaluate("sounds[1].play()")
    first = page.evaluate("({ at: sounds[0].at, playing: sounds[0].playing, share: sounds[0].share })")
    assert not first["playing"]
    assert first["at"] == 0
    assert 0.1 / SECONDS < first["share"] < 0.9
    page.wait_for_function("() => !sounds[1].playing && sounds[1].share === 1")


def test_an_interruption_pauses_and_a_single_play_can_be_finished(sounds: Callable[..., Any]) -> None:
    page = sounds(tone(2), max_plays=1)
    page.evaluate("sounds[0].play()")
    page.wait_for_function("() => sounds[0].position() > 0.1")
    page.evaluate("output.context.suspend()")  # a call comes in
    page.wait_for_function("() => !sounds[0].playing")
    assert page.evaluate("sounds[0].spent") is False
    assert page.evaluate("sounds[0].share") < 0.98
    page.evaluate("sounds[0].play()")
    page.wait_for_function("() => !sounds[0].playing && sounds[0].share === 1")
    assert page.evaluate("[sounds[0].plays, sounds[0].spent]") == [1, True]
    page.evaluate("sounds[0].play()")
    assert page.evaluate("[sounds[0].plays, sounds[0].playing]") == [1, False]


def test_what_cannot_be_decoded_is_named_and_asked_for_again_on_request(sounds: Callable[..., Any]) -> None:
    page = sounds(b"this is no sound")
    assert page.evaluate("sounds[0].broken")
    page.unroute("**/sounds/0.wav")
    page.route("**/sounds/0.wav", serving(tone(1)))
    page.evaluate("sounds[0].play()")
    page.wait_for_function("() => sounds[0].share === 1")


def test_a_sound_that_is_gone_says_so(lab: StudyLab, open_page: Any) -> None:
    page = open_page(f"{lab.url}/study/{lab.info.link}")
    page.evaluate(SOUNDS, {"names": ["nowhere"], "maxPlays": None})
    page.wait_for_function("() => window.gone")
