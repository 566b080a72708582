"""How a voice sounds every 10 ms: the contours that emotion_features sums up.

The choice follows the Geneva minimalistic acoustic parameter set (eGeMAPS; Eyben et al., IEEE Trans. Affective
Computing 7(2), 2016) and adds cepstra, a bark-like envelope and glottal cues. None of it depends on the clip's level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audio.clip import Clip
from audio.features import FRAME, HOP, N_FFT, SAMPLE_RATE_HZ, f0, magnitude_blocks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FRAME_RATE_HZ = SAMPLE_RATE_HZ / HOP
FLOOR_DB = -60.0
"""Power of a frame or band below the clip's mean that is heard as nothing."""
MEL_BANDS = 26
CEPSTRA = 14
FORMANTS = 3
LPC_ORDER = 11
LPC_TOP_HZ = 5500.0
LONG_FRAME = 640
LONG_FFT = 1024
F0_HOP_S = 0.005
F0_REFERENCE_HZ = 27.5
MIN_HNR_DB, MAX_HNR_DB = -20.0, 40.0


@dataclass(frozen=True, eq=False)
class Frames:
    """Contours of one clip at 100 frames a second.

    Attributes:
        always: contour by name, float64 (frames,), defined in every frame, also between words.
        voiced: contour by name, (frames,), meaningful where `is_voiced` is True, finite elsewhere.
        is_voiced: whether the vocal folds swing, (frames,).
        mel: power in 26 mel bands, re the clip's mean, in dB, (frames, 26), at least -60.
        f0_hz: F0 every 5 ms, NaN where unvoiced.
    """

    always: Mapping[str, Floats]
    voiced: Mapping[str, Floats]
    is_voiced: Bools
    mel: Floats
    f0_hz: Floats


def frames_of(clip: Clip) -> Frames:
    """The contours of a clip, which is taken at 16 kHz and must last at least 40 ms and not be silent."""
    clip = clip.resampled(SAMPLE_RATE_HZ)
    power = np.concatenate(list(magnitude_blocks(clip))) ** 2
    power /= power.sum(axis=1).mean()
    long_power = _long_power(clip.samples, len(power))
    track_hz = f0(clip, hop_s=F0_HOP_S).values
    f0_hz = _at_frames(track_hz, len(power))
    is_voiced = ~np.isnan(f0_hz)
    mel = _db(power @ mel_bands().T)
    always = {**_spectral(power), **_cepstra(mel)}
    voiced = {**_voice(f0_hz, is_voiced, long_power), **_formants(power, is_voiced)}
    _add_harmonics(voiced, np.where(is_voiced, f0_hz, 100.0), long_power)
    return Frames(always, voiced, is_voiced, mel, track_hz)


def _db(power: Floats) -> Floats:
    return np.maximum(10 * np.log10(np.maximum(power, 1e-12)), FLOOR_DB)


def _at_frames(track_hz: Floats, frames: int) -> Floats:
    """The F0 nearest to the middle of each frame (12.5 ms, 22.5 ms, ...)."""
    places = np.rint((np.arange(frames) * HOP + FRAME / 2) / SAMPLE_RATE_HZ / F0_HOP_S).astype(int)
    return track_hz[np.minimum(places, len(track_hz) - 1)]


def mel_bands() -> Floats:
    """26 triangles of height 1, even on the mel scale (2595 log10(1 + f/700)) from 20 to 8000 Hz: (26, 257)."""
    f = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (20.0, 8000.0))
    corners = 700 * (10 ** (np.linspace(low, high, MEL_BANDS + 2) / 2595) - 1)
    left, middle, right = (corners[i : i + MEL_BANDS, None] for i in range(3))
    return np.clip(np.minimum((f - left) / (middle - left), (right - f) / (right - middle)), 0, None)


def _spectral(power: Floats) -> dict[str, Floats]:
    """Loudness and the shape of each spectrum."""
    f = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    mel = power @ mel_bands().T
    auditory = np.maximum(mel, 1e-6) ** 0.3
    share = power / np.maximum(power.sum(axis=1, keepdims=True), 1e-12)
    centroid_hz = share @ f
    level_db = _db(power.sum(axis=1))
    flux = np.sqrt(np.mean(np.diff(auditory, axis=0, prepend=auditory[:1]) ** 2, axis=1))
    log_bands = _db(power)
    band = {
        (low, high): (f >= low) & (f < high)
        for low, high in (
            (0, 500),
            (500, 1500),
            (1500, 5000),
            (50, 1000),
            (1000, 5000),
            (0, 2000),
            (2000, 5000),
            (5000, 8001),
        )
    }

    def energy(low: int, high: int) -> Floats:
        return _db(power[:, band[low, high]].sum(axis=1))

    def slope(low: int, high: int) -> Floats:
        x = f[band[low, high]] / 1000
        x = x - x.mean()
        return log_bands[:, band[low, high]] @ x / (x @ x)

    def peak(low: int, high: int) -> Floats:
        return log_bands[:, band[low, high]].max(axis=1)

    return {
        "level_db": level_db,
        "loudness": auditory.sum(axis=1),
        "flux": flux,
        "centroid_khz": centroid_hz / 1000,
        "spread_khz": np.sqrt(np.maximum(share @ f**2 - centroid_hz**2, 0)) / 1000,
        "rolloff_khz": f[np.argmax(np.cumsum(share, axis=1) >= 0.85, axis=1)] / 1000,
        "entropy": -np.sum(share * np.log2(np.maximum(share, 1e-12)), axis=1),
        "flatness_db": log_bands.mean(axis=1) - _db(power.mean(axis=1)),
        "alpha_ratio_db": energy(50, 1000) - energy(1000, 5000),
        "hammarberg_db": peak(0, 2000) - peak(2000, 5000),
        "high_db": energy(5000, 8001) - level_db,
        "slope_0_500": slope(0, 500),
        "slope_500_1500": slope(500, 1500),
        "slope_1500_5000": slope(1500, 5000),
    }


def _cepstra(mel_db: Floats) -> dict[str, Floats]:
    """MFCC 1 to 14 (DCT-II of the mel bands in dB) and how fast they change (regression over 5 frames)."""
    bands = np.arange(MEL_BANDS) + 0.5
    basis = np.cos(np.pi * np.arange(1, CEPSTRA + 1)[:, None] * bands / MEL_BANDS) * np.sqrt(2 / MEL_BANDS)
    cepstra = mel_db @ basis.T
    change = _slopes(cepstra)
    plain = {f"mfcc{i + 1}": cepstra[:, i] for i in range(CEPSTRA)}
    return {**plain, **{f"delta_mfcc{i + 1}": change[:, i] for i in range(CEPSTRA)}}


def _slopes(values: Floats) -> Floats:
    """Regression slope over 5 frames, per frame, edges repeated."""
    padded = np.pad(values, ((2, 2), (0, 0)), mode="edge")
    n = len(values)
    return (2 * (padded[4 : n + 4] - padded[:n]) + padded[3 : n + 3] - padded[1 : n + 1]) / 10


def _long_power(samples: npt.NDArray[np.float32], frames: int) -> Floats:
    """Power spectra under 40 ms Hann windows centred where the frames are, (frames, 513)."""
    margin = (LONG_FRAME - FRAME) // 2
    padded = np.pad(samples.astype(np.float64), (margin, margin + LONG_FRAME))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, LONG_FRAME)[::HOP][:frames]
    return np.abs(np.fft.rfft(pieces * _hann(LONG_FRAME), LONG_FFT)) ** 2


def _hann(length: int) -> Floats:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def _voice(f0_hz: Floats, is_voiced: Bools, long_power: Floats) -> dict[str, Floats]:
    """F0 in semitones above 27.5 Hz; harmonics-to-noise ratio (Boersma 1993); cepstral peak (Hillenbrand 1994)."""
    hz = np.where(is_voiced, f0_hz, 100.0)
    return {
        "f0_st": 12 * np.log2(hz / F0_REFERENCE_HZ),
        "hnr_db": _hnr_db(hz, long_power),
        "cpp_db": _cepstral_peak_db(hz, long_power),
    }


def _hnr_db(f0_hz: Floats, long_power: Floats) -> Floats:
    """10 log10(r / (1 - r)), r the highest autocorrelation within 10 % of the period, freed of the window's."""
    autocorrelation = np.fft.irfft(long_power, LONG_FFT)[:, : LONG_FRAME // 2]
    of_window = np.fft.irfft(np.abs(np.fft.rfft(_hann(LONG_FRAME), LONG_FFT)) ** 2)[: LONG_FRAME // 2]
    r = autocorrelation / np.maximum(autocorrelation[:, :1], 1e-12) * (of_window[0] / of_window)
    best = _highest_near(r, SAMPLE_RATE_HZ / f0_hz)
    best = np.clip(best, 1e-2, 1 - 1e-4)
    return np.clip(10 * np.log10(best / (1 - best)), MIN_HNR_DB, MAX_HNR_DB)


def _highest_near(rows: Floats, places: Floats) -> Floats:
    """The highest value of each row within 10 % of its place."""
    offsets = np.linspace(0.9, 1.1, 21)
    at = np.clip(np.rint(places[:, None] * offsets), 0, rows.shape[1] - 1).astype(int)
    return np.take_along_axis(rows, at, axis=1).max(axis=1)


def _cepstral_peak_db(f0_hz: Floats, long_power: Floats) -> Floats:
    """How far the cepstrum at the period stands out of its mean from 2.5 to 16 ms."""
    log_power = 10 * np.log10(np.maximum(long_power, 1e-9 * np.maximum(long_power.max(axis=1, keepdims=True), 1e-12)))
    cepstrum = np.abs(np.fft.irfft(log_power, LONG_FFT))[:, : LONG_FFT // 2]
    background = cepstrum[:, SAMPLE_RATE_HZ // 400 : SAMPLE_RATE_HZ * 16 // 1000].mean(axis=1)
    return _highest_near(cepstrum, SAMPLE_RATE_HZ / f0_hz) - background


def _formants(power: Floats, is_voiced: Bools) -> dict[str, Floats]:
    """The first three resonances, in kHz, and their bandwidths, by selective linear prediction (Makhoul 1975).

    The spectrum from 0 to 5.5 kHz, with a lift of 6 dB an octave, is modelled by 11 poles; those between 150 Hz and
    5 kHz narrower than 1 kHz are formants, in order of frequency. Where there are fewer, and between voiced frames,
    the clip's median of that formant stands in.
    """
    step_hz = SAMPLE_RATE_HZ / N_FFT
    top = int(LPC_TOP_HZ / step_hz)
    lifted = power[is_voiced, : top + 1] * (np.arange(top + 1) * step_hz / 1000) ** 2 + 1e-9
    poles = _poles(np.fft.irfft(lifted)[:, : LPC_ORDER + 1])
    rate_hz = 2 * top * step_hz
    hz = np.angle(poles) * rate_hz / (2 * np.pi)
    width_hz = -np.log(np.maximum(np.abs(poles), 1e-9)) * rate_hz / np.pi
    good = (hz > 150) & (hz < 5000) & (width_hz < 1000)
    order = np.argsort(np.where(good, hz, np.inf), axis=1)[:, :FORMANTS]
    found = {}
    for i in range(FORMANTS):
        here = np.take_along_axis(good, order[:, i : i + 1], 1)[:, 0]
        for name, values in (("khz", hz / 1000), ("width_khz", width_hz / 1000)):
            own = np.take_along_axis(values, order[:, i : i + 1], 1)[:, 0]
            usual = float(np.median(own[here])) if here.any() else 0.0
            contour = np.full(len(is_voiced), usual)
            contour[is_voiced] = np.where(here, own, usual)
            found[f"formant{i + 1}_{name}"] = contour
    return found


def _poles(autocorrelation: Floats) -> npt.NDArray[np.complex128]:
    """Poles of the linear predictor of each row, (rows, order), by Levinson and Durbin's recursion."""
    rows, order = len(autocorrelation), autocorrelation.shape[1] - 1
    a = np.zeros((rows, order + 1))
    a[:, 0] = 1
    error = autocorrelation[:, 0] * (1 + 1e-6)
    for i in range(1, order + 1):
        k = -(a[:, :i] * autocorrelation[:, i:0:-1]).sum(axis=1) / error
        a[:, 1 : i + 1] += k[:, None] * a[:, :i][:, ::-1]
        error = error * np.maximum(1 - k**2, 1e-9)
    companion = np.zeros((rows, order, order))
    companion[:, np.arange(1, order), np.arange(order - 1)] = 1
    companion[:, 0] = -a[:, 1:]
    return np.asarray(np.linalg.eigvals(companion), np.complex128)


def _add_harmonics(voiced: dict[str, Floats], f0_hz: Floats, long_power: Floats) -> None:
    """First harmonic against the second, and against the strongest near each formant, in dB (eGeMAPS)."""
    log_power = 10 * np.log10(np.maximum(long_power, 1e-12 * np.maximum(long_power.max(axis=1, keepdims=True), 1e-12)))
    step_hz = SAMPLE_RATE_HZ / LONG_FFT
    first = _highest_near(log_power, f0_hz / step_hz)
    voiced["h1_h2_db"] = first - _highest_near(log_power, 2 * f0_hz / step_hz)
    for i in range(FORMANTS):
        voiced[f"h1_a{i + 1}_db"] = first - _highest_near(log_power, 1000 * voiced[f"formant{i + 1}_khz"] / step_hz)
