"""One sound of a study, made in the process of a worker."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio.clip import Clip
from listening_test.finishing import Finished, Levelled, finished, length_class_s, levelled, stereo
from listening_test.sounding import sounding
from listening_test.study import LOW_ANCHOR, ORIGINAL, Limits, Study, StudyClip, StudyError, System
from listening_test.trial import Sound

if TYPE_CHECKING:
    from anonymizers import runner

LONGEST_FACTOR = 2.0
"""How much longer than its original a version may be: all versions of a clip become as long as the longest."""


class ClipFault(StudyError):
    """What is wrong with a clip itself, whatever is made of it."""


@dataclass(frozen=True, eq=False)
class Job:
    """A sound of a clip, and what is needed to make it; relative paths start from `folder`."""

    study: Study
    clip: StudyClip
    folder: Path
    sound: Sound

    @property
    def system(self) -> System:
        """What the clip goes through; attention checks are made of originals."""
        return self.study.system(self.sound.system) if self.sound.kind == "speech" else System(system=ORIGINAL)

    @property
    def runs(self) -> runner.Job:
        """Which system it takes, as those who do the work want to know it (heavy.routed)."""
        from anonymizers import runner

        return runner.Job(self.system.system, self.system.params)


def speaks_anew(study: Study, sound: Sound) -> bool:
    """Whether a sound's length cannot be known before it is made: its system does not keep the timing."""
    if sound.kind != "speech" or (key := study.system(sound.system).system) in (ORIGINAL, LOW_ANCHOR):
        return False
    from anonymizers import registry
    from anonymizers.base import AnonymizerError

    try:
        return not registry.info(key).keeps_timing
    except AnonymizerError:  # there is no such system: making it says so
        return False


def make_version(job: Job) -> Levelled:
    """A version of a clip at the study's level, without its file: what a system makes of it.

    Raises:
        ClipFault: if the clip's file is not the one that was checked, or cannot be read.
        StudyError: if the sound is silent, too short or too long.
        AnonymizerError: from the system.
    """
    clip = _read(job)
    version, facts = _low_anchored(clip, job) if job.system.system == LOW_ANCHOR else _anonymized(clip, job)
    if version.duration_s > LONGEST_FACTOR * clip.duration_s:
        raise StudyError(
            f"at most {LONGEST_FACTOR:g} times the original's {clip.duration_s:.1f} s was expected, but "
            f"{version.duration_s:.1f} s came: leave out the clip or the system"
        )
    if job.sound.kind == "speech":
        facts |= _sounding(job, clip, version)
    return levelled(version, job.study.limits, **facts)


def _sounding(job: Job, original: Clip, version: Clip) -> dict[str, float | None]:
    """In the speech of the original; in its own for a version with a timing of its own."""
    from audio import vad

    return sounding(version, vad.segments(version if speaks_anew(job.study, job.sound) else original))


def make(job: Job, length_s: float) -> Finished:
    """A sound of a clip in a file of `length_s`: a version of it, or an attention check.

    Raises:
        ClipFault, StudyError, AnonymizerError: as make_version, and if peaks keep it from the study's level.
    """
    version = make_version(job)
    if job.sound.kind == "attention":
        from listening_test.attention import interrupted

        version = interrupted(version, job.sound.detail, length_s, job.study)
    return finished(version, length_s, job.study.limits)


def make_setup(sound: Sound, limits: Limits) -> Finished:
    """A sound of no clip: a trial of the headphone check, or the noise that the level is set by.

    Raises:
        StudyError: if there is no such order of tones.
    """
    from listening_test import headphones

    facts = _facts("exact", 0, {}, {}, seconds=0.0, real_time_factor=0.0, warnings=())
    if sound.kind == "headphones":
        return stereo(headphones.tones(sound.detail, limits.sample_rate_hz), limits.sample_rate_hz, **facts)
    noise = levelled(headphones.level_noise(limits.sample_rate_hz), limits, **facts)
    return finished(noise, length_class_s(noise.clip.duration_s), limits)


def _read(job: Job) -> Clip:
    from audio.clip import ClipError, decode

    try:
        data = (job.folder / job.clip.path).read_bytes()
    except OSError as error:
        raise ClipFault(f"its file was expected, but it cannot be read ({error.strerror}): run check again") from None
    if hashlib.sha256(data).hexdigest() != job.clip.sha256:
        raise ClipFault("the file that was checked was expected, but it has changed since: run check again")
    try:
        return decode(data).clip
    except ClipError as error:
        raise ClipFault(str(error)) from None


def _anonymized(clip: Clip, job: Job) -> tuple[Clip, dict[str, Any]]:
    from anonymizers import runner

    system = job.system
    result = runner.run(
        clip,
        system.system,
        params=system.params,
        seed=system.seed,
        level=job.sound.level,
        speaker=job.clip.speaker,
    )
    return result.clip, _facts(
        result.fidelity,
        result.seed,
        dict(result.params),
        dict(result.pseudo_speaker),
        seconds=result.seconds,
        real_time_factor=result.real_time_factor,
        warnings=result.warnings,
    )


def _low_anchored(clip: Clip, job: Job) -> tuple[Clip, dict[str, Any]]:
    from anonymizers.seeds import pseudo_speaker_seed
    from listening_test.anchors import check_params, low_anchor

    params, seed = check_params(job.system.params), job.system.seed
    clip = clip.resampled(job.study.limits.sample_rate_hz)
    started = time.perf_counter()
    noisy = low_anchor(clip, **params, seed=pseudo_speaker_seed(LOW_ANCHOR, "utterance", clip, "", seed))
    seconds = time.perf_counter() - started
    times = {"seconds": seconds, "real_time_factor": seconds / max(clip.duration_s, 1e-9)}
    return noisy, _facts("exact", seed, dict(params), {}, **times, warnings=())


def _facts(
    fidelity: str,
    seed: int,
    params: dict[str, Any],
    pseudo_speaker: dict[str, Any],
    *,
    seconds: float,
    real_time_factor: float,
    warnings: tuple[str, ...],
) -> dict[str, Any]:
    from anonymizers.report import versions

    return {
        "fidelity": fidelity,
        "seed": seed,
        "params": params,
        "pseudo_speaker": pseudo_speaker,
        "seconds": seconds,
        "real_time_factor": real_time_factor,
        "warnings": list(warnings),
        "versions": versions(),
    }
