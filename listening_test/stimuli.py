"""A study's sounds, rendered ahead: every one of a clip's versions in a file of one length, one level, one format."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from listening_test import attention
from listening_test.finishing import Levelled, TooPeaky, finished, length_class_s
from listening_test.making import ClipFault, Job, make, make_setup, make_version, speaks_anew
from listening_test.study import LineUpTask, Study, StudyClip, StudyError
from listening_test.trial import Sound

Call = Callable[..., Any]
"""call(function, *args) -> function(*args), here or in another process."""
Progress = Callable[[float, str], None]
LOWEST_LUFS = -40.0
"""The lowest limits.level_lufs there is."""
_Asked = tuple[Any, ...]
"""A function and its arguments."""


class Rendered(NamedTuple):
    """One stimulus: Sound.key, the WAV file, and JSON-ready facts about it.

    facts: duration_s (of the file), sound_s (without the silence around it), voiced_s, level_lufs and peak_dbfs (of
    the file), source_lufs, gain_db, short_by_db (how far the peak guard held it back: at most 0.5), fidelity, seed,
    params, pseudo_speaker, seconds, real_time_factor, warnings, versions; of speech centroid_hz and kurtosis (see
    sounding.py), measured on what the system gave.
    """

    sound_key: str
    wav: bytes
    facts: dict[str, Any]


def directly(function: Callable[..., Any], *args: Any) -> Any:
    """A Call that does it here."""
    return function(*args)


def silent(fraction: float, doing: str) -> None:
    """A Progress that tells nobody."""


def render(
    study: Study,
    clips: Sequence[StudyClip],
    folder: Path,
    sounds: Iterable[Sound],
    *,
    call: Call = directly,
    have: Collection[str] = frozenset(),
    progress: Progress = silent,
    cancelled: threading.Event | None = None,
    jobs: int = 1,
) -> Iterator[Rendered]:
    """Render the sounds whose keys are not in `have`; each is yielded as soon as it is there.

    `sounds` are all the sounds of the study, whatever is there already: the versions of a clip and the attention
    checks on it share one length, and in a study with line-ups all speech does. Relative paths of clips start from
    `folder`. `call` runs a picklable function (Workers.call does so in a process), `jobs` of them at a time. The same
    study gives the same bytes, in any order and however often it was stopped. Once `cancelled` is set it ends early,
    without a word.

    Raises:
        StudyError: at the end, a sentence for each sound that could not be made. All others have been yielded by
            then, but for those whose length depends on one of these.
    """
    cancelled = cancelled or threading.Event()
    with ThreadPoolExecutor(max_workers=jobs) as threads:
        rendering = _Rendering(study, {clip.key: clip for clip in clips}, folder, call, threads, jobs, cancelled)
        try:
            yield from rendering.run(sorted(set(sounds)), set(have), progress)
        finally:
            threads.shutdown(cancel_futures=True)
    if rendering.faults and not cancelled.is_set():
        raise StudyError("\n".join([*rendering.faults, *_way_out(rendering.fits_lufs)]))


class _Rendering:
    def __init__(
        self,
        study: Study,
        clips: dict[str, StudyClip],
        folder: Path,
        call: Call,
        threads: ThreadPoolExecutor,
        jobs: int,
        cancelled: threading.Event,
    ) -> None:
        self.study, self.clips, self.folder = study, clips, folder
        self.call, self.threads, self.jobs, self.cancelled = call, threads, jobs, cancelled
        self.line_ups = any(isinstance(task, LineUpTask) for task in study.tasks)
        self.faults: list[str] = []
        self.fits_lufs: list[float] = []
        """Levels at which the sounds that are too peaky fit."""

    def run(self, everything: list[Sound], have: set[str], progress: Progress) -> Iterator[Rendered]:
        everything = [sound for sound in everything if self._known(sound)]
        wanted = [sound for sound in everything if sound.key not in have]
        deciding = self._deciding(everything, wanted)
        ahead = list({_what(sound): sound for sound in deciding if self._is_ahead(sound)}.values())
        of = len(ahead) + len(wanted)
        found: dict[str, Levelled | float | None] = {}
        for sound, result in self._each(ahead, self._how_ahead):
            found[_what(sound)] = result
            progress(len(found) / of, _name(sound))
        lengths_s = self._lengths_s(deciding, found)
        todo = [sound for sound in wanted if found.get(_what(sound), True)]
        for done, (sound, made) in enumerate(self._each(todo, lambda sound: self._how(sound, found, lengths_s)), 1):
            progress((len(ahead) + done) / of, _name(sound))
            if made is not None and (not sound.clip or lengths_s[sound.clip]):
                yield Rendered(sound.key, *made)

    def _is_ahead(self, sound: Sound) -> bool:
        """Whether something has to be made to know how long the sound is."""
        return sound.kind == "attention" or speaks_anew(self.study, sound)

    def _how_ahead(self, sound: Sound) -> _Asked:
        if sound.kind == "attention":
            return attention.least_s, sound.detail, self.study
        return make_version, self._job(sound)

    def _how(
        self, sound: Sound, found: dict[str, Levelled | float | None], lengths_s: dict[str, float | None]
    ) -> _Asked:
        """How to make a sound. One whose length is unknown is made all the same: what is wrong with it is wanted."""
        if not sound.clip:
            return make_setup, sound, self.study.limits
        length_s = lengths_s[sound.clip] or length_class_s(self._duration_s(sound, found) or 0.0)
        version = found.get(_what(sound))
        if isinstance(version, Levelled):
            return finished, version, length_s, self.study.limits
        return make, self._job(sound), length_s

    def _known(self, sound: Sound) -> bool:
        """Whether the study has what the sound is made of; a fault is noted if not."""
        if (sound.clip or sound.kind in ("speech", "attention")) and sound.clip not in self.clips:
            self._note(f"{_name(sound)}: the study has no such clip: run check again.")
        elif sound.kind == "speech" and sound.system not in self.study.labels:
            self._note(f"{_name(sound)}: the study has no such system: run check again.")
        else:
            return True
        return False

    def _note(self, fault: str) -> None:
        """A fault, once: what is wrong with a clip is wrong with all its versions."""
        if fault not in self.faults:
            self.faults.append(fault)

    def _deciding(self, everything: list[Sound], wanted: list[Sound]) -> list[Sound]:
        """The sounds that have a say in the lengths of the wanted ones."""
        clips = {sound.clip for sound in wanted if sound.clip}
        return [sound for sound in everything if sound.clip in clips or (self.line_ups and clips and sound.clip)]

    def _lengths_s(self, deciding: list[Sound], found: dict[str, Levelled | float | None]) -> dict[str, float | None]:
        """The length of the files of each clip; None where a sound that has a say in it could not be made."""
        needed_s: dict[str, list[float | None]] = {}
        for sound in deciding:
            needed_s.setdefault(sound.clip, []).append(self._duration_s(sound, found))
        if self.line_ups:
            together = [one for of_clip in needed_s.values() for one in of_clip]
            needed_s = dict.fromkeys(needed_s, together)
        return {
            clip: None if None in all_s else length_class_s(max(s or 0.0 for s in all_s))
            for clip, all_s in needed_s.items()
        }

    def _duration_s(self, sound: Sound, found: dict[str, Levelled | float | None]) -> float | None:
        """How long a sound lasts, an attention check at least; None if it could not be made."""
        known = found.get(_what(sound), self.clips[sound.clip].duration_s)
        return known.clip.duration_s if isinstance(known, Levelled) else known

    def _job(self, sound: Sound) -> Job:
        return Job(self.study, self.clips[sound.clip], self.folder, sound)

    def _each(self, sounds: list[Sound], how: Callable[[Sound], _Asked]) -> Iterator[tuple[Sound, Any]]:
        """Each sound with what became of it, in order, as soon as it is there; None with a fault noted."""
        from anonymizers.workers import Stopped

        waiting: deque[tuple[Sound, Future[Any]]] = deque()
        ahead = deque(sounds)
        while (ahead or waiting) and not self.cancelled.is_set():
            while ahead and len(waiting) < 2 * self.jobs:
                sound = ahead.popleft()
                waiting.append((sound, self.threads.submit(self.call, *how(sound))))
            sound, future = waiting.popleft()
            try:
                made = future.result()
            except Stopped:
                self.cancelled.set()
            except Exception as error:
                name = sound.clip if isinstance(error, ClipFault) else _name(sound)
                self._note(f"{name}: {_sentence(error)}")
                self.fits_lufs += [error.fits_lufs] if isinstance(error, TooPeaky) else []
                made = None
            if not self.cancelled.is_set():
                yield sound, made


def _what(sound: Sound) -> str:
    """What has to be made to know a sound's length: of attention checks only the voice, which many share."""
    return sound.detail if sound.kind == "attention" else sound.key


def _name(sound: Sound) -> str:
    """What a sound is, for the owner."""
    if sound.kind == "speech":
        return f"{sound.clip} through {sound.system}"
    return f"{sound.clip} as an attention check" if sound.clip else f"sounds of the set-up ({sound.kind})"


def _way_out(fits_lufs: list[float]) -> list[str]:
    """What to do about sounds that are too peaky for the study's level."""
    if not fits_lufs:
        return []
    if (lowest := min(fits_lufs)) < LOWEST_LUFS:
        return [
            f"limits.level_lufs: some of these fit at no level from {LOWEST_LUFS:g} LUFS up: leave those clips out."
        ]
    return [f"limits.level_lufs: set it to {lowest:g} or lower; the level is one for all sounds, so that none is soft."]


def _sentence(error: Exception) -> str:
    from anonymizers.base import AnonymizerError
    from anonymizers.workers import WorkerLost
    from audio.vad import VadError

    if isinstance(error, StudyError | AnonymizerError | VadError | WorkerLost):
        return f"{str(error).rstrip('.')}."
    logging.getLogger(__name__).error("a sound could not be rendered", exc_info=error)
    return f"this failed in a way nobody expected ({type(error).__name__}): please report it."
