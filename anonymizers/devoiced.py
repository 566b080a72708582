"""No voicing at all: WORLD's envelope filled with noise, a whisper. An instructive row, not a protection."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonymizers.base import Info, Progress, Result, silent
from anonymizers.world import World, analyse, fitted
from audio.clip import Clip

GLOTTAL_CORNER_HZ = 500.0
"""Below it a whisper lacks the glottal pulses' energy: voiced frames are cut there by 6 dB per octave."""


class Devoiced:
    """WORLD's spectral envelope with F0 0 everywhere and aperiodicity 1: every sound is excited by seeded noise."""

    info = Info(
        key="devoiced",
        title="Devoiced",
        family="Signal processing",
        summary="Turns speech into a whisper: no pitch at all, everything else as it was.",
        hides=frozenset({"emotion"}),
        reference="No published system: our own design on the WORLD vocoder's analysis (Morise et al., 2016).",
        fidelity="own-design",
        published=False,
        caution=(
            "Sounds private, is not: a whisper keeps the formants and the timing, and they still tell who is "
            "speaking. Here to show that an ear is a poor judge of privacy."
        ),
    )

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "taking the voice apart")
        source = analyse(clip)
        progress(0.7, "whispering")
        sound = whispered(whisper_envelope(source), source, len(clip.samples), np.random.default_rng(seed))
        return Result(
            Clip(sound, clip.sample_rate),
            self.info.fidelity,
            {"excitation": "white noise", "voiced_share_before": float(source.voiced.mean())},
            {"f0_before": source.contour("f0_before")},
        )


def whisper_envelope(world: World) -> np.ndarray:
    """Power envelope, shape (frames, bins): voiced frames lose their low end and keep their power.

    |H(f)|^2 = f^2 / (f^2 + 500^2 Hz^2); what it takes is given back as gain, so the level contour stays.
    """
    frequency_hz = np.linspace(0.0, world.sample_rate / 2, world.envelope.shape[1])
    cut = frequency_hz**2 / (frequency_hz**2 + GLOTTAL_CORNER_HZ**2)
    tilted = world.envelope * cut
    gain = world.envelope.sum(axis=1) / np.maximum(tilted.sum(axis=1), np.finfo(np.float64).tiny)
    return np.where(world.voiced[:, None], tilted * gain[:, None], world.envelope)


def whispered(envelope: np.ndarray, world: World, length: int, rng: np.random.Generator) -> np.ndarray:
    """White noise of power 1 shaped frame by frame by `envelope`, float32, shape (length,).

    The noise is cut into Hann-windowed pieces about WORLD's frame centres, four hops long, that add up to itself;
    each piece is filtered by its frame's sqrt(envelope), zero-phase, before they are added.
    """
    hop = round(world.hop_s * world.sample_rate)
    width = 4 * hop
    frames = len(envelope)
    noise = rng.standard_normal((frames - 1) * hop + width)
    window = np.sin(np.pi * np.arange(width) / width) ** 2 / 2.0  # four of them overlap and sum to 1
    pieces = np.lib.stride_tricks.sliding_window_view(noise, width)[::hop] * window
    bins = envelope.shape[1]
    shaped = np.fft.irfft(np.fft.rfft(pieces, 2 * (bins - 1)) * np.sqrt(envelope), 2 * (bins - 1))
    # sqrt(envelope) is zero-phase: what rings before time 0 comes out at the end and is brought back in front
    return fitted(_overlap_add(np.roll(shaped, bins - 1 - width // 2, axis=1), hop)[bins - 1 :], length)


def _overlap_add(pieces: np.ndarray, hop: int) -> np.ndarray:
    """Sum of `pieces`, shape (frames, n), at every `hop`; shape (>= (frames - 1) * hop + n,)."""
    frames, width = pieces.shape
    parts = -(-width // hop)
    padded = np.pad(pieces, ((0, 0), (0, parts * hop - width))).reshape(frames, parts, hop)
    out = np.zeros((frames + parts - 1, hop))
    for part in range(parts):
        out[part : part + frames] += padded[:, part]
    return out.ravel()
