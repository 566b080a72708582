"""A small study, and tones in place of rendered voices, because tones are quick."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from anonymizers.workers import Stopped
from listening_test import stimuli
from tests.listening_test import rendered_study
from web.study_service import StudyService

SMALL = """
name: small
title: A small study
public_title: {en: Voices}
languages: [en]
consent: {version: "1", text: {en: You will hear voices.}}
clips: {manifest: voices/manifest.csv}
systems: [original, low-anchor, mcadams, {system: devoiced, anchor: strong}]
tasks: [{type: mos, trials_per_system: 1}]
screening: {headphones: "off", attention_checks: 0, gold: 0}
design: {practice_trials: 0}
limits: {listeners: 4, minutes: 3}
ethics:
  voices: Made by a synthesiser.
  controller: The test bench
  clip_language: English
  listener_languages: [en]
  debrief: {en: Some voices were changed.}
thank_you: {en: Thanks.}
"""


def here(function: Callable[..., Any], *args: Any, cancelled: threading.Event | None = None) -> Any:
    """In place of a worker process."""
    if cancelled is not None and cancelled.is_set():
        raise Stopped
    return function(*args)


class Tones:
    """In place of stimuli.render: a tone for each sound; `held` makes it wait after the first, `fault` ends it."""

    def __init__(self) -> None:
        self.rendered: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.first = threading.Event()
        self.fault: Exception | None = None

    def render(
        self, study: Any, clips: Any, folder: Path, sounds: Any, *, have: Any, cancelled: Any, **how: Any
    ) -> Iterator[stimuli.Rendered]:
        for sound in sounds:
            if sound.key in have:
                continue
            self.rendered.append(sound.key)
            yield stimuli.Rendered(sound.key, rendered_study.tone(sound), {"duration_s": rendered_study.SOUND_S})
            self.first.set()
            while not self.go_on.wait(0.01) and not cancelled.is_set():
                pass
            if self.fault:
                raise self.fault
            if cancelled.is_set():
                return


def finish(studies: StudyService, study_id: int) -> Any:
    """Wait until a rendering is over; its Progress."""
    studies.renders.wait(study_id)
    return studies.renders.progress(study_id)
