"""A mono clip of sound, and every way in and out of a file: the only module that touches codecs."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

MAX_SAMPLE_RATE_HZ = 48_000
"""Clips above this rate are resampled on the way in: no system here works above it, and no browser needs it."""


class ClipError(ValueError):
    """A file that cannot become a clip; the message is one sentence written for the person who sent it."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Mono sound: `samples` float32, shape (n,), finite, nominally in [-1, 1]; `sample_rate` in Hz.

    Raises:
        ClipError: if samples are not one-dimensional or hold NaN or Inf, or the rate is not positive.
    """

    samples: np.ndarray
    sample_rate: int

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, dtype=np.float32)
        if samples.ndim != 1:
            raise ClipError(f"A clip holds one channel, shape (n,), but shape {samples.shape} came: mix it to mono.")
        if not np.isfinite(samples).all():
            raise ClipError("A clip holds finite numbers, but NaN or Inf came: export the sound again, as 16-bit WAV.")
        if self.sample_rate <= 0:
            raise ClipError(f"A sample rate is a positive number of Hz, but {self.sample_rate} came.")
        samples.setflags(write=False)
        object.__setattr__(self, "samples", samples)

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate

    @property
    def is_silent(self) -> bool:
        """True for digital silence: no sample differs from zero."""
        return not self.samples.any()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of rate and samples, hex: the identity of a clip, whatever its file was called."""
        return hashlib.sha256(f"{self.sample_rate}|".encode() + self.samples.tobytes()).hexdigest()

    def resampled(self, sample_rate: int) -> Clip:
        """The same sound at another rate (soxr, high quality); itself when the rate is already right."""
        if sample_rate == self.sample_rate or not len(self.samples):
            return replace(self, sample_rate=sample_rate)
        import soxr

        return Clip(soxr.resample(self.samples, self.sample_rate, sample_rate, quality="HQ"), sample_rate)
