"""What a whole clip sounds like, as one vector: functionals of the contours of emotion_frames.

Means, spreads, percentiles and slopes as in eGeMAPS (Eyben et al. 2016), segment and peak rates, and the modulation
spectrum of band envelopes (after Wu, Falk and Chan, Speech Communication 53(5), 2011).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from audio.clip import Clip
from audio.features import SAMPLE_RATE_HZ, f0
from audio.vad import Segment, segments
from evaluation.emotion_frames import F0_HOP_S, FRAME_RATE_HZ, Bools, Floats, Frames, frames_of

MIN_SPEECH_S = 0.3
STEADY_S = 0.1
LONGEST_S = 30.0
"""Of longer clips, so much from the first word on is heard."""
QUIET_DB = -35.0
"""Frames this far under the clip's mean power are pauses."""
MODULATION_BANDS_HZ = ((0.5, 2), (2, 4), (4, 8), (8, 16), (16, 32))
MODULATED_BANDS = ((0, 4), (4, 9), (9, 14), (14, 19), (19, 26))
SMALLEST_JITTER = 1e-4
PERCENTILES = (5, 20, 50, 80, 95)


class TooLittleSpeech(ValueError):
    """A clip in which too little is said to be judged; the message says how much."""


def features(clip: Clip) -> dict[str, float]:
    """The functionals of a clip by name, all finite; the same names in the same order for every clip.

    Heard from the first word to the last, at most 30 s of it, at 16 kHz, at any level: twice as loud gives the same.
    Deterministic. About 15 ms per second of speech on one core.

    Raises:
        TooLittleSpeech: if less than 0.3 s of speech is found.
        audio.vad.VadError: if the speech detector is not installed.
    """
    return {name: float(value) for name, value in functionals(frames_of(spoken_part(clip)))}


def spoken_part(clip: Clip) -> Clip:
    """The clip at 16 kHz, its peak at 0.5, from its first word to its last, at most 30 s.

    Speech is where the speech detector hears it. It was not made for anonymized voices: where it hears too little,
    steady voice counts, runs of F0 of at least 100 ms.

    Raises:
        TooLittleSpeech, audio.vad.VadError: as `features`.
    """
    clip = _at_full_scale(clip.resampled(SAMPLE_RATE_HZ))
    found = segments(clip)
    if _length_s(found) < MIN_SPEECH_S:
        found = _steady_voice(clip)
    if (length_s := _length_s(found)) < MIN_SPEECH_S:
        raise TooLittleSpeech(
            f"At least {MIN_SPEECH_S:g} s of speech was expected, but {length_s:.2f} s of it was found: "
            "take a longer clip."
        )
    start = int(found[0].start_s * SAMPLE_RATE_HZ)
    end = min(int(found[-1].end_s * SAMPLE_RATE_HZ), start + int(LONGEST_S * SAMPLE_RATE_HZ))
    return Clip(clip.samples[start:end], SAMPLE_RATE_HZ)


def _at_full_scale(clip: Clip) -> Clip:
    """Peak at 0.5: the speech detector hears quiet speech otherwise."""
    peak = float(np.abs(clip.samples).max(initial=0.0))
    return Clip(clip.samples.astype(np.float64) * (0.5 / peak), clip.sample_rate) if peak > 0 else clip


def _length_s(found: Sequence[Segment]) -> float:
    return sum(end_s - start_s for start_s, end_s in found)


def _steady_voice(clip: Clip) -> tuple[Segment, ...]:
    if clip.is_silent or clip.duration_s < STEADY_S:
        return ()
    runs = _runs(~np.isnan(f0(clip, hop_s=F0_HOP_S).values))
    steady = [(a * F0_HOP_S, min(b * F0_HOP_S, clip.duration_s)) for a, b in runs if (b - a) * F0_HOP_S >= STEADY_S]
    return tuple(Segment(*one) for one in steady)


def functionals(frames: Frames) -> Iterator[tuple[str, float]]:
    """Name and value of each functional of a clip's contours, always in the same order."""
    speech = frames.always["level_db"] > QUIET_DB
    voiced = frames.is_voiced & speech
    for name, contour in frames.always.items():
        yield from _functionals(name, contour, speech)
        if not name.startswith("delta") and name not in ("level_db", "loudness", "flux"):
            yield from _functionals(f"voiced_{name}", contour, voiced, short=True)
    for name, contour in frames.voiced.items():
        yield from _functionals(name, contour, voiced)
    yield from _unvoiced(frames, speech & ~frames.is_voiced)
    yield from _melody(frames, voiced)
    yield from _timing(frames, speech)
    yield from _perturbation(frames)
    yield from _modulation(frames)


def _functionals(name: str, contour: Floats, where: Bools, short: bool = False) -> Iterator[tuple[str, float]]:
    """Of a contour `where` it counts, of its median if nowhere: mean, deviation, percentiles, mean slopes, trend."""
    values = contour[where]
    if not len(values):
        values = np.median(contour, keepdims=True)
    low, lower, middle, upper, high = np.percentile(values, PERCENTILES)
    yield f"{name}_mean", values.mean()
    yield f"{name}_std", values.std()
    yield f"{name}_p50", middle
    if short:
        return
    yield f"{name}_p5", low
    yield f"{name}_p20", lower
    yield f"{name}_p80", upper
    yield f"{name}_p95", high
    yield f"{name}_range", upper - lower
    change = np.diff(contour)[where[1:] & where[:-1]] * FRAME_RATE_HZ
    up, down = change[change > 0], change[change < 0]
    yield f"{name}_rise", up.mean() if len(up) else 0.0
    yield f"{name}_fall", down.mean() if len(down) else 0.0
    yield f"{name}_trend", _trend(contour, where)


def _trend(contour: Floats, where: Bools) -> float:
    """Regression slope over the clip's length, contour units per clip."""
    t = np.flatnonzero(where) / max(1, len(where) - 1)
    if len(t) < 2:
        return 0.0
    t = t - t.mean()
    return float(t @ contour[where] / max(t @ t, 1e-9))


def _unvoiced(frames: Frames, where: Bools) -> Iterator[tuple[str, float]]:
    """Means over speech without voice."""
    for name in (
        "level_db",
        "centroid_khz",
        "alpha_ratio_db",
        "hammarberg_db",
        "slope_0_500",
        "slope_500_1500",
        "flux",
    ):
        contour = frames.always[name]
        yield f"unvoiced_{name}_mean", (contour[where] if where.any() else contour).mean()


def _melody(frames: Frames, voiced: Bools) -> Iterator[tuple[str, float]]:
    """F0 over time, beyond its distribution: its curvature and what happens at accents."""
    f0_st, level_db = frames.voiced["f0_st"], frames.always["level_db"]
    runs = [run for run in _runs(voiced) if run[1] - run[0] >= 5]
    slopes = [float(np.polyfit(np.arange(b - a) / FRAME_RATE_HZ, f0_st[a:b], 1)[0]) for a, b in runs] or [0.0]
    ranges = [float(np.ptp(f0_st[a:b])) for a, b in runs] or [0.0]
    means = [float(f0_st[a:b].mean()) for a, b in runs] or [0.0]
    yield "run_f0_slope_mean", float(np.mean(slopes))
    yield "run_f0_slope_std", float(np.std(slopes))
    yield "run_f0_range_mean", float(np.mean(ranges))
    yield "run_f0_range_max", float(np.max(ranges))
    yield "run_f0_step_std", float(np.std(means))
    yield "run_f0_last_first", float(means[-1] - means[0])
    for name in ("centroid_khz", "alpha_ratio_db", "hnr_db", "formant1_khz", "h1_a3_db", "level_db"):
        other = {**frames.always, **frames.voiced}[name]
        yield f"f0_with_{name}", _correlation(f0_st[voiced], other[voiced])
    yield "level_with_alpha_ratio_db", _correlation(level_db[voiced], frames.always["alpha_ratio_db"][voiced])


def _correlation(a: Floats, b: Floats) -> float:
    if len(a) < 3 or a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _timing(frames: Frames, speech: Bools) -> Iterator[tuple[str, float]]:
    """How often and how long there is voice, breath and pause; how often loudness peaks, and how evenly."""
    duration_s = len(speech) / FRAME_RATE_HZ
    for name, where in (("voiced", frames.is_voiced), ("unvoiced", speech & ~frames.is_voiced), ("pause", ~speech)):
        lengths_s = np.array([b - a for a, b in _runs(where)] or [0]) / FRAME_RATE_HZ
        yield f"{name}_per_s", np.count_nonzero(lengths_s) / duration_s
        yield f"{name}_length_mean", lengths_s.mean()
        yield f"{name}_length_std", lengths_s.std()
        yield f"{name}_share", where.mean()
    loudness = _smooth(frames.always["loudness"], 5)
    peaks = _peaks(loudness)
    yield "loudness_peaks_per_s", len(peaks) / duration_s
    yield "loudness_peaks_std", float(np.std(loudness[peaks]) / loudness.mean()) if len(peaks) else 0.0
    gaps = np.diff(peaks) / FRAME_RATE_HZ
    yield "peak_gap_mean", gaps.mean() if len(gaps) else duration_s
    yield "peak_gap_std", gaps.std() if len(gaps) else 0.0
    power = 10 ** (frames.always["level_db"] / 10)
    yield "crest_db", float(10 * np.log10(np.percentile(power, 99) / power.mean()))


def _smooth(values: Floats, frames: int) -> Floats:
    return np.convolve(np.pad(values, frames // 2, mode="edge"), np.full(frames, 1 / frames), "valid")


def _peaks(contour: Floats) -> np.ndarray:
    """Local maxima that stand out by a fifth of the contour's mean."""
    from scipy.signal import find_peaks

    return find_peaks(contour, prominence=0.2 * contour.mean())[0]


def _runs(where: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], where.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _perturbation(frames: Frames) -> Iterator[tuple[str, float]]:
    """Roughness: how far F0 (every 5 ms) and level leave a straight line from one frame to the next."""
    hz = frames.f0_hz
    bend = hz[2:] - 2 * hz[1:-1] + hz[:-2]
    relative = np.abs(bend / hz[1:-1])
    relative = relative[~np.isnan(relative)] if np.isfinite(relative).any() else np.zeros(1)
    yield "jitter", np.log(relative.mean() + SMALLEST_JITTER)
    yield "jitter_p90", np.log(np.percentile(relative, 90) + SMALLEST_JITTER)
    level = frames.always["level_db"]
    bend_db = np.abs(level[2:] - 2 * level[1:-1] + level[:-2])
    inside = frames.is_voiced[2:] & frames.is_voiced[1:-1] & frames.is_voiced[:-2]
    yield "shimmer_db", float(bend_db[inside].mean()) if inside.any() else 0.0


def _modulation(frames: Frames) -> Iterator[tuple[str, float]]:
    """Share, in dB, of an envelope's movement in each band of modulation frequencies."""
    envelopes = {f"band{i}": frames.mel[:, low:high].mean(axis=1) for i, (low, high) in enumerate(MODULATED_BANDS)}
    for name, envelope in {**envelopes, "loudness": frames.always["loudness"]}.items():
        shares = _modulation_shares(envelope)
        for (low, high), share in zip(MODULATION_BANDS_HZ, shares, strict=True):
            yield f"modulation_{name}_{low:g}_{high:g}", share


def _modulation_shares(envelope: Floats) -> list[float]:
    moving = (envelope - envelope.mean()) * np.hanning(len(envelope))
    power = np.abs(np.fft.rfft(moving, max(512, len(moving)))) ** 2
    hz = np.fft.rfftfreq(max(512, len(moving)), 1 / FRAME_RATE_HZ)
    total = max(power[(hz >= 0.5) & (hz < 32)].sum(), 1e-9)
    return [
        float(10 * np.log10(power[(hz >= low) & (hz < high)].sum() / total + 1e-4)) for low, high in MODULATION_BANDS_HZ
    ]
