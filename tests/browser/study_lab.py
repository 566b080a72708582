"""An open study behind the participants' routes, and hands that take it in a browser, by mouse or by keyboard."""

from __future__ import annotations

import io
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from listening_test.store import Store
from listening_test.study import digest
from listening_test.trial import Slot, Sound, Trial
from tests.listening_test import rendered_study

PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
RATE_HZ = 16_000
SOUND_S = 0.2
TRUTH = {"system": "original"}


def speech(number: int) -> Sound:
    return Sound("speech", f"f{number % 4}-{number // 4}", "original")


def trial(task: str, questions: tuple[str, ...], slots: tuple[Slot, ...] = ("sample",), **more: Any) -> Trial:
    """A rated trial with as many different voices as slots."""
    sounds = tuple(speech(number) for number in range(len(slots)))
    return replace(Trial("task", "rated", task, sounds, slots, questions, TRUTH), **more)


ABOUT_YOU = Trial("about_you", questions=("hearing", "fluency"))
HEADPHONES = Trial(
    "headphones",
    sounds=(Sound("headphones", detail="target-foil-reference"),),
    slots=("sample",),
    questions=("headphone_softest",),
    truth={"correct": {"headphone_softest": "1"}},
)
LEVEL = Trial("level", sounds=(Sound("level"),), slots=("sample",), questions=("level_ok",))
FAMILIARISE = Trial("familiarise", sounds=(speech(0), speech(4)), slots=("sample", "sample"), questions=("ready",))
PRACTICE = trial("mos", ("overall_quality",), block="practice", kind="practice")
TRAINING = trial(
    "same-different",
    ("same_different",),
    ("first", "second"),
    block="practice",
    kind="practice",
    truth={"system": "mcadams", "same": False, "correct": {"same_different": ["-3", "-2", "-1"]}},
    feedback=True,
    text="blocks.practice.training",
)
MOS = trial("mos", ("overall_quality",))
REFERENCE = trial("mos", ("naturalness",), ("reference", "sample"))
SAME_DIFFERENT = trial("same-different", ("same_different",), ("first", "second"))
LINE_UP = trial("line-up", ("line_up",), ("target", "candidate", "candidate", "candidate"))
SIMILARITY = trial("speaker-similarity", ("similarity",), ("first", "second"))
EMOTION = trial("emotion", ("emotion", "intensity"))
BREAK = Trial("break", questions=("ready",))
QUESTIONNAIRE = Trial("questionnaire", questions=("place_of_listening", "effort", "comment"))
EVERY_PAGE = (
    ABOUT_YOU, HEADPHONES, LEVEL, FAMILIARISE, PRACTICE, TRAINING, MOS, REFERENCE, BREAK,
    SAME_DIFFERENT, LINE_UP, SIMILARITY, EMOTION, QUESTIONNAIRE,
)  # fmt: skip


def tone(sound: Sound) -> bytes:
    """A short sound that swells, in stereo for the headphone check."""
    channels = 2 if sound.kind == "headphones" else 1
    times_s = np.arange(int(SOUND_S * RATE_HZ)) / RATE_HZ
    wave_hz = 200 + zlib.crc32(sound.key.encode()) % 400
    samples = (2500 * np.sin(2 * np.pi * wave_hz * times_s) * np.sin(np.pi * times_s / SOUND_S)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(np.repeat(samples, channels).tobytes())
    return file.getvalue()


@dataclass
class StudyLab:
    """A database with an open study, and the address of a server over it."""

    store: Store
    database: str
    url: str = ""
    info: Any = None

    def add(self, name: str = "tiny", *, state: str = "open", **changes: Any) -> Any:
        """A study with the sounds of EVERY_PAGE; its StudyInfo."""
        usual: dict[str, Any] = {"limits": {"listeners": 60}, "screening": {"headphones": "recorded"}}
        study = rendered_study.study(**{**usual, **changes, "name": name})
        info = self.store.add_study(study, f"name: {name}\n", Path("."))
        self.store.set_clips(info.id, rendered_study.clips(4, 2))
        for sound in sorted({sound for page in EVERY_PAGE for sound in page.sounds}):
            self.store.put_stimulus(info.id, sound.key, tone(sound), {"duration_s": SOUND_S})
        self.store.set_state(info.id, "ready")
        info = self.store.study(info.id)
        if state == "ready":
            return info
        self.store.open_study(info.id, digest(info.study, info.clips))
        if state == "closed":
            self.store.close_study(info.id)
        return self.store.study(info.id)

    def token(self, *trials: Trial, language: str = "en", info: Any = None) -> str:
        """The personal link of a new listener with these pages to take."""
        study = (info or self.info).id
        done = self.store.enrol(
            study,
            origin="participant",
            language=language,
            consent_version="1",
            plan=lambda place: ("unfamiliar", trials),
        )
        return done.token

    def answers(self, token: str) -> list[dict[str, str]]:
        """What the database holds of a listener, page after page."""
        listener = self.store.listener(token)
        return [trial.answers for trial in self.store.trials(listener.id)] if listener else []


def block(page: Any) -> str | None:
    """Which kind of page is shown; None at the end."""
    return page.get_attribute(".vvs-stage:not([hidden]) .vvs-page", "data-block")


def hear(page: Any) -> None:
    """Press every play button and hear it out."""
    for i in range(page.locator(".vvs-play").count()):
        page.locator(".vvs-play").nth(i).click()
        page.wait_for_selector(f":nth-match(.vvs-sound, {i + 1})[data-heard=true]")


def choose(page: Any, place: int = 1) -> None:
    """Choose the answer at that place in every question; write a comment where there is room for one."""
    for field in page.locator("fieldset").all():
        field.locator("label.vvs-option").nth(place).click()
    for area in page.locator("textarea").all():
        area.fill("All & <b>well</b> +1 \"'; DROP TABLE answer; –")


def go_on(page: Any) -> None:
    """Press the button and wait until another page is there."""
    before = page.query_selector(".vvs-page")
    page.click(".vvs-next")
    page.wait_for_function("(page) => !page.isConnected || page.querySelector('.vvs-feedback')", arg=before)


def take(page: Any, look: Callable[[Any], None]) -> None:
    """Take the study to its end; `look` sees every page once it is answered."""
    while block(page):
        hear(page)
        choose(page)
        look(page)
        go_on(page)
        if page.locator(".vvs-feedback").count():
            look(page)
            go_on(page)


def press(page: Any, words: str) -> None:
    """Press the button with these words."""
    page.get_by_role("button", name=words, exact=True).click()
