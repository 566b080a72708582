"""From any clip to the file a listener gets: one level, one format, a length that says nothing."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from audio.clip import Clip
from listening_test.study import Limits, StudyError

CLASS_S = 0.5
"""File lengths are multiples of this."""
EDGE_S = 0.1
"""Least silence before and after the sound: some devices swallow the start, and nothing ends abruptly."""
FADE_S = 0.01
PEAK_DBFS = -1.0
TOLERANCE_LU = 0.5
FULL_SCALE = 32_767
GAIN_PASSES = 2
"""Loudness gates soft moments at a fixed level too, so a gain can change what is measured; twice is enough."""
SHORTEST_S = 0.4
"""Under this, BS.1770 defines no loudness."""


@dataclass(frozen=True, eq=False)
class Levelled:
    """A sound at a study's rate and level, without the silence around it; `facts` are JSON-ready."""

    clip: Clip
    facts: dict[str, Any] = field(default_factory=dict)


class TooPeaky(StudyError):
    """A sound that full scale keeps from the study's level; `fits_lufs` is the highest level at which it fits."""

    def __init__(self, sentence: str, fits_lufs: float) -> None:
        super().__init__(sentence, fits_lufs)
        self.fits_lufs = fits_lufs

    def __str__(self) -> str:
        return str(self.args[0])


class Finished(NamedTuple):
    """A WAV file, and what is known of its sound."""

    wav: bytes
    facts: dict[str, Any]


def length_class_s(longest_s: float) -> float:
    """The length of a file whose sound lasts at most `longest_s`: the next multiple of 0.5 s that leaves the edges."""
    return CLASS_S * math.ceil(round((longest_s + 2 * EDGE_S) / CLASS_S, 6))


def levelled(clip: Clip, limits: Limits, **facts: Any) -> Levelled:
    """The clip at the study's rate and about its level, faded in and out over 10 ms; samples may go beyond [-1, 1].

    Raises:
        StudyError: if it is silent, or shorter than limits.clip_min_s.
    """
    from audio.level import integrated_lufs

    clip = _faded(clip.resampled(limits.sample_rate_hz))
    shortest_s = max(limits.clip_min_s, SHORTEST_S)
    if clip.duration_s < shortest_s:
        raise StudyError(f"at least {shortest_s:g} s of sound was expected, but {clip.duration_s:.2f} s came")
    source_lufs = integrated_lufs(clip)
    if not np.isfinite(source_lufs):
        raise StudyError("a sound was expected, but silence came")
    gain_db = limits.level_lufs - source_lufs
    return Levelled(_louder(clip, gain_db), {**facts, "source_lufs": source_lufs, "gain_db": gain_db})


def finished(sound: Levelled, length_s: float, limits: Limits) -> Finished:
    """The sound in a mono 16-bit WAV file of `length_s`: 0.1 s of silence, the sound, silence; at the study's level.

    Level is the integrated loudness of the whole file by ITU-R BS.1770-4, so that any meter finds it again, reached
    by one gain. Where full scale is in the way the sound is refused, never played softer: a soft sound would stand
    out, and turning its fellows down with it would let the level tell which clip it is. A lower level for the whole
    study is the way out.

    Triangular dither of two quantisation steps covers the whole file: its end is no run of zeros that tells where the
    sound stopped. It is drawn from the sound itself, so nobody can redo it, and by that name a system, from the
    study's file alone.

    Raises:
        StudyError: if the sound does not fit into the file.
        TooPeaky: if it cannot be brought to within 0.5 LU of the level.
    """
    from audio import vad
    from audio.clip import encode_pcm
    from audio.level import integrated_lufs, peak_dbfs, playback_gain_db

    rate_hz, padded = sound.clip.sample_rate, _padded(sound.clip, length_s)
    dither = dither_of(sound.clip.digest, len(padded.samples))
    gain_db, short_by_db = 0.0, 0.0
    for _ in range(GAIN_PASSES):
        there = replace(padded, samples=_louder(padded, gain_db).samples + dither)
        more = playback_gain_db(there, target_lufs=limits.level_lufs, peak_dbfs=PEAK_DBFS)
        gain_db, short_by_db = gain_db + more.gain_db, more.short_by_db
    pcm = to_pcm(_louder(padded, gain_db).samples + dither)
    heard = Clip(pcm.astype(np.float32) / FULL_SCALE, rate_hz)
    level_lufs = integrated_lufs(heard)
    if not abs(level_lufs - limits.level_lufs) <= TOLERANCE_LU:
        raise TooPeaky(
            f"{limits.level_lufs:g} LUFS was expected, but its peaks allow no more than {level_lufs:.1f} LUFS",
            math.floor(2 * level_lufs) / 2,
        )
    voiced_s = sum(end_s - start_s for start_s, end_s in vad.segments(sound.clip))
    facts = {
        **sound.facts,
        "gain_db": sound.facts["gain_db"] + gain_db,
        "short_by_db": short_by_db,
        "duration_s": heard.duration_s,
        "sound_s": sound.clip.duration_s,
        "voiced_s": round(voiced_s, 3),
        "level_lufs": level_lufs,
        "peak_dbfs": peak_dbfs(heard),
    }
    return Finished(encode_pcm(pcm, rate_hz), facts)


def stereo(channels: np.ndarray, sample_rate_hz: int, **facts: Any) -> Finished:
    """`channels` in [-1, 1], shape (n, 2), in a 16-bit WAV file as they are: no gain, and no dither, which would keep
    inverted channels from cancelling. level_lufs and peak_dbfs are those of the left channel alone.
    """
    from audio.clip import encode_pcm
    from audio.level import integrated_lufs, peak_dbfs

    pcm = to_pcm(channels)
    left = Clip(pcm[:, 0].astype(np.float32) / FULL_SCALE, sample_rate_hz)
    known = {"duration_s": left.duration_s, "sound_s": left.duration_s, "voiced_s": 0.0, "gain_db": 0.0}
    level_lufs = integrated_lufs(left)
    levels = {"level_lufs": level_lufs, "source_lufs": level_lufs, "peak_dbfs": peak_dbfs(left), "short_by_db": 0.0}
    return Finished(encode_pcm(pcm, sample_rate_hz), {**facts, **known, **levels})


def dither_of(digest: str, count: int) -> np.ndarray:
    """Noise of triangular density, one quantisation step to each side: float32, shape (count,); drawn from `digest`."""
    seed = int.from_bytes(hashlib.sha256(f"dither|{digest}".encode()).digest()[:8], "big")
    return (np.random.default_rng(seed).uniform(-0.5, 0.5, (2, count)).sum(axis=0) / FULL_SCALE).astype(np.float32)


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """`samples` in [-1, 1], rounded to int16."""
    return np.rint((samples.astype(np.float64) * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE)).astype(np.int16)


def cut(clip: Clip, duration_s: float) -> Clip:
    """The start of a clip, faded out over 10 ms."""
    start = clip.samples[: round(duration_s * clip.sample_rate)]
    return replace(clip, samples=start * _rising(len(start), clip.sample_rate)[::-1])


def _padded(clip: Clip, length_s: float) -> Clip:
    count, edge = round(length_s * clip.sample_rate), round(EDGE_S * clip.sample_rate)
    if len(clip.samples) + 2 * edge > count + 1:  # resampling may add a sample
        raise StudyError(
            f"at most {length_s - 2 * EDGE_S:g} s was expected, but {clip.duration_s:.2f} s came: run check again"
        )
    samples = np.concatenate([np.zeros(edge, np.float32), clip.samples, np.zeros(count, np.float32)])
    return replace(clip, samples=samples[:count])


def _louder(clip: Clip, gain_db: float) -> Clip:
    return replace(clip, samples=clip.samples * np.float32(10 ** (gain_db / 20)))


def _faded(clip: Clip) -> Clip:
    rising = _rising(len(clip.samples), clip.sample_rate)
    return replace(clip, samples=clip.samples * rising * rising[::-1])


def _rising(count: int, sample_rate_hz: int) -> np.ndarray:
    """A raised cosine from 0 to 1, then 1: float32, shape (count,)."""
    return (0.5 - 0.5 * np.cos(np.pi * np.minimum(np.arange(count) / (FADE_S * sample_rate_hz), 1))).astype(np.float32)
