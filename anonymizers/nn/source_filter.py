"""From F0 and band gains to sound: a pulse train and noise, each through a filter of minimum phase.

Engel et al., "DDSP: Differentiable digital signal processing", ICLR 2020, with the filters of minimum phase. Frames
are 160 samples apart at 16 kHz; frame t is centred on sample 160 t. Everything here goes on where it stopped, so that
live pieces and a whole file give the same samples.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ

Floats = npt.NDArray[np.float32]
N_FFT = 1024
HARMONIC_BANDS, NOISE_BANDS = 80, 48
GAIN_SPAN_DB = (-90.0, 30.0)
HIGHEST_HARMONIC_HZ = 7_600.0
FIRST_F0_HZ = 150.0
"""What the pulse train is at before any voiced sound; its gain decides whether it is heard."""


@lru_cache(maxsize=4)
def interpolation(bands: int) -> Floats:
    """What spreads gains of bands, equally spaced in mel from 0 to 8 kHz, over the bins: shape (bands, 513)."""
    mel = 2595 * np.log10(1 + np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ) / 700)
    places = mel / mel[-1] * (bands - 1)
    weights = np.maximum(0, 1 - np.abs(places[None] - np.arange(bands)[:, None]))
    return weights.astype(np.float32)


@lru_cache(maxsize=1)
def window() -> Floats:
    """Periodic Hann of two hops: overlapping ones add up to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(2 * HOP) / HOP)).astype(np.float32)


@lru_cache(maxsize=1)
def fold() -> Floats:
    """What makes a cepstrum that of a minimum-phase filter: shape (1024,)."""
    weights = np.zeros(N_FFT, np.float32)
    weights[[0, N_FFT // 2]] = 1
    weights[1 : N_FFT // 2] = 2
    return weights


def responses(log_gains: Floats) -> npt.NDArray[np.complex64]:
    """Minimum-phase frequency responses, complex64 (frames, 513), of natural-log gains (frames, bands)."""
    return minimum_phase(log_gains @ interpolation(log_gains.shape[1]))


def minimum_phase(log_magnitude: Floats) -> npt.NDArray[np.complex64]:
    """The filters of these natural-log magnitudes, (frames, 513), whose energy comes as early as it can: complex64.

    Their cepstrum is that of the magnitudes folded onto positive quefrencies (Oppenheim and Schafer, "Discrete-time
    signal processing", chapter 13).
    """
    cepstrum = np.fft.irfft(log_magnitude, N_FFT) * fold()
    return np.exp(np.fft.rfft(cepstrum)).astype(np.complex64)


def carried_on(f0_hz: Floats, before_hz: float) -> Floats:
    """F0 with each unvoiced frame (0) at the last voiced one's, `before_hz` at first; shape (frames,)."""
    places = np.where(f0_hz > 0, np.arange(len(f0_hz)), -1)
    last = np.maximum.accumulate(places) if len(places) else places
    return np.where(last >= 0, f0_hz[np.maximum(last, 0)], before_hz).astype(np.float32)


def pulses(f0_hz: Floats, phase: float) -> tuple[Floats, float]:
    """Pulses between frames: (160 * (frames - 1),) samples at F0 interpolated linearly, and the phase to go on with.

    All harmonics up to 7.6 kHz as cosines, summed in closed form (Dirichlet's kernel); their power is 1 whatever F0 is.
    `phase` in cycles.
    """
    share = np.arange(HOP, dtype=np.float64) / HOP
    moving = (f0_hz[:-1, None] * (1 - share) + f0_hz[1:, None] * share).reshape(-1).astype(np.float64)
    cycles = phase + np.cumsum(moving) / SAMPLE_RATE_HZ
    harmonics = np.floor(HIGHEST_HARMONIC_HZ / np.maximum(moving, 1.0))
    half = np.pi * (cycles - np.round(cycles))
    small = np.abs(half) < 1e-6
    kernel = np.sin((2 * harmonics + 1) * half) / np.where(small, 1.0, 2 * np.sin(half)) - 0.5
    sound = np.where(small, harmonics, kernel) * np.sqrt(2.0 / np.maximum(harmonics, 1.0))
    return sound.astype(np.float32), float(cycles[-1] % 1.0) if len(cycles) else phase


class SourceFilter:
    """A voice being synthesised: frames go in, sound comes out, 160 samples a frame.

    The first 160 lie before frame 0's centre. F0 may come sooner than the gains; a frame is heard when its gains and
    the F0 of the next one are here.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._phase, self._last_hz = 0.0, FIRST_F0_HZ
        self._left: tuple[Floats, Floats] = (np.zeros(HOP, np.float32), np.zeros(HOP, np.float32))
        self._tail = np.zeros(0, np.float32)
        self._f0_hz = np.zeros(0, np.float32)
        self._gains = np.zeros((0, HARMONIC_BANDS + NOISE_BANDS), np.float32)

    def push(self, f0_hz: Floats, gains: Floats) -> Floats:
        """The sound that is ready once these are known: F0 in Hz (n,), 0 unvoiced, and natural-log gains, (m, 128), of
        80 bands of pulses and 48 of noise."""
        steady = carried_on(f0_hz, self._last_hz)
        self._last_hz = float(steady[-1]) if len(steady) else self._last_hz
        self._f0_hz = np.concatenate((self._f0_hz, steady))
        self._gains = np.concatenate((self._gains, gains))
        return self._ready(min(len(self._gains), len(self._f0_hz) - 1))

    def flush(self) -> Floats:
        """What is left, and 160 samples in which the last frame fades out; silence follows."""
        last = self.push(np.zeros(len(self._gains) + 1 - len(self._f0_hz), np.float32), self._gains[:0])
        return np.concatenate((last, self._tail[:HOP]))

    def _ready(self, frames: int) -> Floats:
        if frames <= 0:
            return np.zeros(0, np.float32)
        track, gains = self._f0_hz[: frames + 1], self._gains[:frames]
        self._f0_hz, self._gains = self._f0_hz[frames:], self._gains[frames:]
        return self._sound(track, gains[:, :HARMONIC_BANDS], gains[:, HARMONIC_BANDS:])

    def _sound(self, track: Floats, harmonic: Floats, noise: Floats) -> Floats:
        """160 samples for each of the frames of the gains: those before the frame's centre."""
        frames = len(harmonic)
        pulse, self._phase = pulses(track, self._phase)
        hiss = self._rng.standard_normal(frames * HOP, dtype=np.float32)
        pulse, hiss = np.concatenate((self._left[0], pulse)), np.concatenate((self._left[1], hiss))
        self._left = (pulse[frames * HOP :], hiss[frames * HOP :])
        spectra = _windowed(pulse, frames) * responses(harmonic) + _windowed(hiss, frames) * responses(noise)
        return self._added(np.fft.irfft(spectra, N_FFT).astype(np.float32))

    def _added(self, pieces: Floats) -> Floats:
        """Overlapping pieces of 1,024 samples, 160 apart, added up as far as no further piece can reach."""
        frames, width = len(pieces), -(-N_FFT // HOP)
        rows = np.zeros((frames + width - 1, HOP), np.float32)
        rows.reshape(-1)[: len(self._tail)] = self._tail
        padded = np.pad(pieces, ((0, 0), (0, width * HOP - N_FFT))).reshape(frames, width, HOP)
        for place in range(width):
            rows[place : place + frames] += padded[:, place]
        self._tail = rows[frames:].reshape(-1)
        return rows[:frames].reshape(-1)


def _windowed(excitation: Floats, frames: int) -> npt.NDArray[np.complex64]:
    pieces = np.lib.stride_tricks.sliding_window_view(excitation, 2 * HOP)[::HOP][:frames]
    return np.fft.rfft(pieces * window(), N_FFT).astype(np.complex64)
