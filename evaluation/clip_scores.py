"""What can be said of one processed clip beside its original, without a corpus and without an attacker.

Each score is a plain function (original, processed) -> Score. None of them measures privacy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from audio.clip import Clip
from audio.distributions import median
from audio.features import N_FFT, SAMPLE_RATE_HZ, Contour, f0, magnitude_blocks, spectral_centroid, spectral_kurtosis
from audio.level import integrated_lufs
from audio.vad import Segment, segments

NAN = float("nan")

PITCH_FLOOR_HZ = 75.0
PITCH_CEILING_HZ = 500.0
PITCH_HOP_S = 0.01

MEL_BANDS = 26
CEPSTRA = 12
MIN_FRAMES = 10


@dataclass(frozen=True)
class Score:
    """One number about a clip: `value` in `unit` ("1": none), NaN where it is not defined, with the reason in `note`.

    `better` says which way is better, or None where neither is.
    """

    name: str
    unit: str
    value: float
    better: Literal["higher", "lower"] | None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Speech:
    """Where somebody speaks in the original and in the processed clip."""

    original: tuple[Segment, ...]
    processed: tuple[Segment, ...]

    @classmethod
    def of(cls, original: Clip, processed: Clip, *, keeps_timing: bool = True) -> Speech:
        """The original's segments for both clips ("oracle", paper 001); with keeps_timing=False each clip's own."""
        spoken = segments(original)
        return cls(spoken, spoken if keeps_timing else segments(processed))


def pitch_track(clip: Clip) -> Contour:
    """F0 as ρF0 takes it: every 10 ms, between 75 and 500 Hz."""
    return f0(clip, hop_s=PITCH_HOP_S, floor_hz=PITCH_FLOOR_HZ, ceiling_hz=PITCH_CEILING_HZ)


def pitch_correlation(
    original: Clip, processed: Clip, *, speech: Speech | None = None, tracks: tuple[Contour, Contour] | None = None
) -> Score:
    """rho F0 in [-1, 1]: how alike the two intonations are, whatever the pitch (VoicePrivacy 2022).

    pitch_correlation_of_tracks on F0 every 10 ms between 75 and 500 Hz. VoicePrivacy tracks F0 with Praat, we with
    DIO and StoneMask: on five pairs of clips the values lay 0.03 to 0.08 below its. `speech` is not used.

    `tracks`, if known already, are `pitch_track` of the two clips.
    """
    tracks = tracks or (pitch_track(original), pitch_track(processed))
    value = pitch_correlation_of_tracks(*(np.nan_to_num(track.values) for track in tracks))
    note = "" if np.isfinite(value) else "one of the two clips has no voiced sound, or no change in pitch"
    return Score("Pitch correlation ρF0", "1", value, "higher", note)


def pitch_correlation_of_tracks(first_hz: np.ndarray, second_hz: np.ndarray) -> float:
    """Pearson's correlation of two F0 tracks, shape (frames,), Hz, 0 where unvoiced, after aligning them; in [-1, 1].

    As VoicePrivacy 2022: the shorter track is stretched to the longer one by linear interpolation; values outside 75
    to 500 Hz become 0; the second is rolled by the lag at which the two correlate most; Pearson over all frames, the
    unvoiced ones with their zeros. NaN when a track is constant (no voice at all; VoicePrivacy's script says 0).
    """
    first, second = aligned_tracks(first_hz, second_hz)
    if not len(first) or np.ptp(first) == 0 or np.ptp(second) == 0:
        return NAN
    return float(np.clip(np.corrcoef(first, second)[0, 1], -1, 1))


def aligned_tracks(first_hz: np.ndarray, second_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two F0 tracks as pitch_correlation_of_tracks compares them: as long as the longer one, in range, in step."""
    length = max(len(first_hz), len(second_hz))
    first, second = _in_range(_stretched(first_hz, length)), _in_range(_stretched(second_hz, length))
    return first, np.roll(second, _best_lag(first, second)) if length else second


def voice_change(original: Clip, processed: Clip, *, speech: Speech | None = None) -> Score:
    """How far the colour of the voice moved, at least 0, unit 1: a distance of MFCC statistics.

        d = sqrt(mean_k ((m_k - n_k)^2 / v_k + ln(s_k / t_k)^2)),  v_k = (s_k^2 + t_k^2) / 2

    with m, s the mean and standard deviation of cepstral coefficient k = 1..12 over the original's voice-active
    frames, n, t those of the processed clip. 0: the same colour; 1: the typical coefficient moved by as much as it
    varies while somebody speaks. For orientation, on LibriSpeech clips over 3 s: 0.26 (5 to 95 %: 0.16 to 0.49)
    between two clips of one speaker, 0.61 (0.41 to 0.84) between two speakers.

    MFCC: 26 triangular mel bands from 0 to 8 kHz on 25 ms power spectra every 10 ms, log with a floor 80 dB under the
    loudest band, orthonormal DCT-II (Davis and Mermelstein, 1980). Coefficient 0, the level, is left out.

    It is *not* a measure of privacy: a voice may move far and still be recognised by an attacker, or the other way
    round. NaN with less than 0.1 s of speech in either clip.
    """
    speech = speech or Speech.of(original, processed)
    spoken = [cepstra(original, speech.original), cepstra(processed, speech.processed)]
    if min(map(len, spoken)) < MIN_FRAMES:
        return Score("Voice changed by", "1", NAN, None, "less than 0.1 s of speech was found")
    (m, n), (s, t) = [c.mean(axis=0) for c in spoken], [np.maximum(c.std(axis=0), 1e-9) for c in spoken]
    terms = (m - n) ** 2 / ((s**2 + t**2) / 2) + np.log(s / t) ** 2
    return Score("Voice changed by", "1", float(np.sqrt(terms.mean())), None)


def duration_change(original: Clip, processed: Clip, *, speech: Speech | None = None) -> Score:
    """By how many percent the processed clip is longer (above 0) or shorter (below 0). `speech` is not used."""
    if not len(original.samples):
        return Score("Duration change", "%", NAN, None, "the original is empty")
    return Score("Duration change", "%", 100 * (processed.duration_s / original.duration_s - 1), None)


def centroid_change(original: Clip, processed: Clip, *, speech: Speech | None = None) -> Score:
    """Δcentroid in Hz: median spectral centroid of the processed clip minus the original's; above 0 is brighter."""
    speech = speech or Speech.of(original, processed)
    before = median(spectral_centroid(original, segments=speech.original))
    return _change("Δcentroid", "Hz", before, median(spectral_centroid(processed, segments=speech.processed)))


def kurtosis_change(original: Clip, processed: Clip, *, speech: Speech | None = None) -> Score:
    """Δkurtosis, unit 1: median spectral kurtosis of the processed clip minus the original's."""
    speech = speech or Speech.of(original, processed)
    before = median(spectral_kurtosis(original, segments=speech.original))
    return _change("Δkurtosis", "1", before, median(spectral_kurtosis(processed, segments=speech.processed)))


def loudness_change(original: Clip, processed: Clip, *, speech: Speech | None = None) -> Score:
    """Δloudness in LU: integrated loudness of the processed clip minus the original's. `speech` is not used.

    BS.1770-4 has a gate of its own against pauses. NaN when either clip is silent or shorter than 400 ms.
    """
    before, after = integrated_lufs(original), integrated_lufs(processed)
    if np.isfinite(before) and np.isfinite(after):
        return Score("Δloudness", "LU", after - before, None)
    return Score("Δloudness", "LU", NAN, None, "a clip is silent or shorter than 0.4 s: it has no loudness")


SCORES: dict[str, Callable[..., Score]] = {
    "duration_change": duration_change,
    "loudness_change": loudness_change,
    "centroid_change": centroid_change,
    "kurtosis_change": kurtosis_change,
    "pitch_correlation": pitch_correlation,
    "voice_change": voice_change,
}
"""Every score by name; each takes (original, processed, *, speech=None). See also evaluation.predicted_quality."""


def clip_scores(
    original: Clip,
    processed: Clip,
    *,
    keeps_timing: bool = True,
    original_speech: tuple[Segment, ...] | None = None,
    tracks: tuple[Contour, Contour] | None = None,
) -> dict[str, Score]:
    """All of SCORES for one pair of clips, finding the speech once.

    `keeps_timing` as in the system's Info. `original_speech` and `tracks` (see pitch_correlation), if known already,
    spare finding them again.
    """
    spoken = segments(original) if original_speech is None else original_speech
    speech = Speech(spoken, spoken if keeps_timing else segments(processed))
    known: dict[str, dict[str, Any]] = {"pitch_correlation": {"tracks": tracks}}
    return {name: score(original, processed, speech=speech, **known.get(name, {})) for name, score in SCORES.items()}


def cepstra(clip: Clip, spoken: Sequence[Segment]) -> np.ndarray:
    """MFCC 1 to 12, as in voice_change, of the frames inside `spoken`: shape (frames, 12), none of digital silence."""
    inside = np.isfinite(spectral_centroid(clip, segments=spoken).values)
    energies = np.vstack([np.zeros((0, MEL_BANDS)), *(block**2 @ _mel_bands().T for block in magnitude_blocks(clip))])
    energies = energies[inside]
    loud = np.log(np.maximum(energies, 1e-8 * energies.max(initial=1e-30)))
    order, band = np.arange(1, CEPSTRA + 1)[:, None], np.arange(MEL_BANDS)
    dct = np.sqrt(2 / MEL_BANDS) * np.cos(np.pi * order * (band + 0.5) / MEL_BANDS)
    return loud @ dct.T


def _change(name: str, unit: str, before: float, after: float) -> Score:
    note = "" if np.isfinite(after - before) else "no speech was found"
    return Score(name, unit, after - before, None, note)


def _in_range(track_hz: np.ndarray) -> np.ndarray:
    track = np.asarray(track_hz, np.float64)
    return np.where((track >= PITCH_FLOOR_HZ) & (track <= PITCH_CEILING_HZ), track, 0.0)


def _stretched(track: np.ndarray, length: int) -> np.ndarray:
    if not len(track):
        return np.zeros(length)
    return np.interp(np.linspace(0, len(track) - 1, length), np.arange(len(track)), track)


def _best_lag(first: np.ndarray, second: np.ndarray) -> int:
    """The lag of `second` at which sum(first[i + lag] * second[i]) is largest, by FFT: minutes have 10^4 frames."""
    size = len(first) + len(second) - 1
    product = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    correlation = np.roll(np.fft.irfft(product, size), len(second) - 1)
    return int(np.argmax(correlation)) - (len(second) - 1)


def _mel_bands() -> np.ndarray:
    """Triangles equally wide in mel = 2595 log10(1 + f / 700), from 0 to 8 kHz: shape (26, 257)."""
    top_mel = 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700)
    corners_hz = 700 * (10 ** (np.linspace(0, top_mel, MEL_BANDS + 2) / 2595) - 1)
    f = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    low, middle, high = (corners_hz[i : i + MEL_BANDS, None] for i in range(3))
    return np.clip(np.minimum((f - low) / (middle - low), (high - f) / (high - middle)), 0, None)
