"""Speech as it might have been recorded: other rooms, microphones, lines and neighbours, drawn anew for every crop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

Floats = npt.NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
LEAD = 3_200
"""Samples before the crop that are heard only as the room's echo, then dropped: speech does not start with its room."""


@dataclass(frozen=True)
class Augmentation:
    """How often each change is made, shares in [0, 1]."""

    room: float = 0.4
    colour: float = 0.6
    band_limit: float = 0.15
    noise: float = 0.35
    babble: float = 0.25
    coarse: float = 0.08


def source_length(length: int, speed: float) -> int:
    """How many samples `augmented` needs to give `length` of them at `speed`."""
    return round(_padded_length(length) * speed)


def _padded_length(length: int) -> int:
    return fft.next_fast_len(length + LEAD, real=True)


def augmented(
    source: Floats,
    length: int,
    chances: Augmentation,
    rng: np.random.Generator,
    other: Callable[[int, np.random.Generator], Floats],
) -> Floats:
    """`length` samples of `source` (`source_length` of them), played at the speed that its length says.

    Room, colour and band limits are one multiplication in the frequency domain, on which the speed changes too
    (Fourier resampling). `other(n, rng)` gives n samples of somebody else's speech, for babble.
    """
    padded = _padded_length(length)
    spectrum = _resized(fft.rfft(source), padded // 2 + 1)
    spectrum = spectrum * _response(padded, chances, rng)
    sound = fft.irfft(spectrum, padded)[LEAD : LEAD + length].astype(np.float32)
    sound = sound * np.float32(0.1 / max(1e-6, np.sqrt(np.mean(sound**2))))
    if rng.random() < chances.noise:
        sound = _mixed(sound, coloured_noise(length, rng), rng.uniform(3, 30))
    if rng.random() < chances.babble:
        voices = sum(other(length, rng) for _ in range(rng.integers(2, 6)))
        sound = _mixed(sound, np.asarray(voices), rng.uniform(6, 25))
    if rng.random() < chances.coarse:
        sound = mu_law(sound * np.float32(rng.uniform(0.1, 2)), rng.uniform(16, 64))
    return sound


def _resized(spectrum: npt.NDArray[np.complex64], bins: int) -> npt.NDArray[np.complex64]:
    if len(spectrum) >= bins:
        return spectrum[:bins]
    return np.pad(spectrum, (0, bins - len(spectrum)))


def _response(padded: int, chances: Augmentation, rng: np.random.Generator) -> npt.NDArray[np.complex64]:
    bins = padded // 2 + 1
    response = np.ones(bins, np.complex64)
    if rng.random() < chances.room:
        response = response * fft.rfft(room(rng), padded)
    if rng.random() < chances.colour:
        response = response * colour(bins, rng)
    if rng.random() < chances.band_limit:
        response = response * band(bins, rng)
    return response


def room(rng: np.random.Generator) -> Floats:
    """A room impulse response: the direct sound, then noise that decays by 60 dB in 0.1–0.7 s, at 0–12 dB below it."""
    decay_s = rng.uniform(0.1, 0.7)
    times_s = np.arange(int(min(decay_s, 0.2) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(len(times_s), np.float32) * np.exp(-6.91 * times_s / decay_s).astype(np.float32)
    tail[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE_HZ)] = 0
    tail *= np.float32(10 ** (-rng.uniform(0, 12) / 20) / np.sqrt(np.sum(tail**2)))
    tail[0] = 1
    return tail


def colour(bins: int, rng: np.random.Generator) -> Floats:
    """A smooth random frequency response: eight points on a logarithmic axis, each within about ±10 dB."""
    points_hz = np.geomspace(60, 8_000, 8)
    gains_db = rng.normal(0, rng.uniform(1, 5), 8)
    frequencies_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, bins)
    smooth_db = np.interp(np.log(np.maximum(frequencies_hz, 60)), np.log(points_hz), gains_db)
    return (10 ** (smooth_db / 20)).astype(np.float32)


def band(bins: int, rng: np.random.Generator) -> Floats:
    """A line or a codec that passes only 50–350 Hz up to 3.3–7 kHz; slopes of a few hundred hertz, 50 dB down."""
    frequencies_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, bins)
    lowest_hz, highest_hz = rng.uniform(50, 350), rng.uniform(3_300, 7_000)
    over = np.maximum((lowest_hz - frequencies_hz) / 100, (frequencies_hz - highest_hz) / 400)
    return (10 ** (-50 / 20 * np.clip(over, 0, 1))).astype(np.float32)


def coloured_noise(length: int, rng: np.random.Generator) -> Floats:
    """Noise whose power falls with frequency to a power drawn from 0 (white) to 2 (brown)."""
    bins = fft.next_fast_len(length, real=True) // 2 + 1
    slope = (np.arange(bins, dtype=np.float32) + 8) ** np.float32(-rng.uniform(0, 1))
    white = rng.standard_normal((2, bins), np.float32)
    return fft.irfft((white[0] + 1j * white[1]) * slope)[:length].astype(np.float32)


def _mixed(sound: Floats, noise: Floats, snr_db: float) -> Floats:
    noise = noise[np.arange(len(sound)) % len(noise)]
    ratio = np.sqrt(np.mean(sound**2) / max(1e-12, float(np.mean(noise**2))))
    return sound + noise * np.float32(ratio * 10 ** (-snr_db / 20))


def mu_law(sound: Floats, levels: float) -> Floats:
    """`sound` clipped to [-1, 1] and rounded on a logarithmic scale (ITU-T G.711's μ = 255) to `levels` either side."""
    clipped = np.clip(sound, -1, 1)
    compressed = np.sign(clipped) * np.log1p(255 * np.abs(clipped)) / np.log(256)
    rounded = np.round(compressed * levels) / levels
    return (np.sign(rounded) * np.expm1(np.abs(rounded) * np.log(256)) / 255).astype(np.float32)
