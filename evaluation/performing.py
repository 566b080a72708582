"""What a worker does with one recording: anonymize it, measure the result, and let machines hear it."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from anonymizers import runner
from anonymizers.base import AnonymizerError, Result
from audio.clip import Clip, ClipError, decode
from audio.features import Contour
from audio.vad import Segment, VadError
from evaluation.job import Job

Answer = TypeVar("Answer")
FULL_SCALE = 32767


@dataclass(frozen=True, eq=False)
class Original:
    """A recording before anything was done to it; what is known of it is found once, for all systems."""

    clip: Clip
    notes: tuple[str, ...]

    @cached_property
    def speech(self) -> tuple[Segment, ...]:
        from audio.vad import segments

        return segments(self.clip)

    @cached_property
    def pitch(self) -> Contour:
        from evaluation.clip_scores import pitch_track

        return pitch_track(self.clip)


@dataclass(eq=False)
class Made:
    """What became of a recording.

    Attributes:
        facts: plain data for JSON. sound: a FLAC file, 16 bit. embeddings: by attacker, float32 (d,).
    """

    facts: dict[str, Any]
    sound: bytes
    embeddings: dict[str, npt.NDArray[np.float32]]

    @property
    def embedded(self) -> bytes:
        """The embeddings as an .npz file."""
        buffer = io.BytesIO()
        named: dict[str, Any] = {key: self.embeddings[key] for key in sorted(self.embeddings)}
        np.savez(buffer, **named)
        return buffer.getvalue()


@dataclass
class Stages:
    """How long what took, in s, by its name; "whole" is all of it."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - started, 4)


def perform(given: tuple[Job, bytes]) -> Made:
    """A job and its file's bytes to what became of it.

    A recogniser that cannot judge a clip leaves a sentence in facts["faults"]; the rest goes on.

    Raises:
        ClipError, AnonymizerError, VadError: if there is no sound to be judged.
    """
    job, data = given
    stages = Stages()
    with stages.timed("whole"):
        made = _perform(job, data, stages)
    made.facts["seconds"] = stages.seconds
    return made


def _perform(job: Job, data: bytes, stages: Stages) -> Made:
    with stages.timed("decode"):
        original = _original(data, job.utterance.start_s, job.utterance.end_s)
    with stages.timed("anonymize"):
        result = runner.run(
            original.clip,
            job.system,
            params=job.params,
            seed=job.seed,
            level=job.level,
            speaker=job.utterance.speaker,
        )
    with stages.timed("measure"):
        measures = measured(original, result)
    if job.quality:
        with stages.timed("quality"):
            measures |= _quality(result.clip)
    faults: dict[str, str] = {}
    heard, emotions, embeddings = _heard(job, result.clip, faults, stages)
    facts = {
        "state": "done",
        "error": "",
        "duration_s": result.clip.duration_s,
        "fidelity": result.fidelity,
        "params": dict(result.params),
        "seed": job.seed,
        "level": job.level,
        "pseudo_speaker": dict(result.pseudo_speaker),
        "warnings": [*original.notes, *result.warnings],
        "samples_sha256": result.clip.digest,
        "measures": measures,
        "heard": heard,
        "emotions": emotions,
        "faults": faults,
    }
    return Made(facts, flac(result.clip), embeddings)


@lru_cache(maxsize=2)
def _original(data: bytes, start_s: float, end_s: float) -> Original:
    decoded = decode(data)
    clip = decoded.clip
    if start_s or end_s:
        first, last = (round(at * clip.sample_rate) for at in (start_s, end_s or clip.duration_s))
        clip = Clip(clip.samples[first:last], clip.sample_rate)
    if not len(clip.samples):
        raise ClipError(
            f"Speech from {start_s:g} s on was expected, but the recording lasts {decoded.clip.duration_s:g} s: "
            "correct the list of segments."
        )
    return Original(clip, decoded.notes)


def measured(original: Original, result: Result) -> dict[str, float | None]:
    """Medians over the frames in the original's speech (each system's own where it says the words anew): centroid_hz,
    kurtosis; loudness_lufs; the median f0_hz of voiced frames; rho_f0. None where they are not defined.

    Of the samples as they come from the system, never of the file: dither and 16 bits move kurtosis.
    """
    from anonymizers import registry
    from audio.distributions import median
    from audio.features import spectral_centroid, spectral_kurtosis
    from audio.level import integrated_lufs
    from audio.vad import segments
    from evaluation.clip_scores import pitch_correlation, pitch_track

    clip = result.clip
    speech = original.speech if registry.info(result.key).keeps_timing else segments(clip)
    pitch = original.pitch if clip is original.clip else pitch_track(clip)
    found = {
        "centroid_hz": median(spectral_centroid(clip, segments=speech)),
        "kurtosis": median(spectral_kurtosis(clip, segments=speech)),
        "loudness_lufs": integrated_lufs(clip),
        "f0_hz": median(pitch),
        "rho_f0": pitch_correlation(original.clip, clip, tracks=(original.pitch, pitch)).value,
    }
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def _quality(clip: Clip) -> dict[str, float | None]:
    from evaluation.predicted_quality import predicted_quality

    scores = predicted_quality(clip)
    found = {f"dnsmos_{key.lower()}": scores[key].value for key in ("OVRL", "P808")}
    return {name: float(value) if np.isfinite(value) else None for name, value in found.items()}


def _heard(
    job: Job, clip: Clip, faults: dict[str, str], stages: Stages
) -> tuple[dict[str, str], dict[str, dict[str, float]], dict[str, npt.NDArray[np.float32]]]:
    """Words and probabilities of emotions by recogniser, embeddings by attacker."""
    from evaluation.recognisers import registry

    def ask(keys: tuple[str, ...], question: Callable[[str], Answer]) -> dict[str, Answer]:
        answers = {}
        for key in keys:
            with stages.timed(key):
                try:
                    answers[key] = question(key)
                except (ValueError, AnonymizerError, VadError) as error:  # AttackerError, RecogniserError
                    faults[key] = str(error)
        return answers

    speaker = job.utterance.speaker
    words = ask(job.words, lambda key: registry.load(key).transcribe(clip))
    emotions = ask(job.emotions, lambda key: _shares(registry.load(key), clip, speaker))
    vectors = ask(job.plan.attackers, lambda key: _attacker(key).embed(clip))
    return words, emotions, {key: np.asarray(vector, np.float32) for key, vector in vectors.items()}


def _shares(recogniser: Any, clip: Clip, speaker: str) -> dict[str, float]:
    found: Mapping[str, float] = recogniser.probabilities(clip, speaker=speaker)
    return {emotion: float(share) for emotion, share in found.items()}


@cache
def _attacker(key: str) -> Any:
    """An attacker, made once a process."""
    from evaluation.attackers import ATTACKERS

    return ATTACKERS[key]()


def flac(clip: Clip) -> bytes:
    """The clip as a FLAC file, 16 bit, rounded without dither; samples beyond [-1, 1] are clipped."""
    import soundfile

    pcm = np.rint(np.clip(clip.samples.astype(np.float64), -1, 1) * FULL_SCALE).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, clip.sample_rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
