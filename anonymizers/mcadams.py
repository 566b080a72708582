"""McAdams coefficient: move the poles of every frame's vocal-tract filter (VoicePrivacy Challenge baseline B2).

Patino et al., "Speaker anonymisation using the McAdams coefficient", Interspeech 2021; hyper-parameters as in
VoicePrivacy 2024. Frames of 20 ms every 10 ms at 16 kHz; linear prediction of order 20; the angle of every complex
pole becomes sign(phi) |phi|^alpha; the residual goes through the moved poles. All frames are done at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, silent
from anonymizers.poles import multiply_out, roots
from audio.clip import Clip

SAMPLE_RATE_HZ = 16_000
FRAME, HOP, ORDER = 320, 160, 20
EPSILON = float(np.finfo(np.float32).eps)
INT16_PEAK = 32_766
"""The published code writes int16 files with this peak; ours is INT16_PEAK / 32768 of full scale."""
LOUDEST = 1e30
"""A frame louder than this has run away: float32 ends at 3e38."""
BLOCK = 128
"""Frames whose prediction errors fit the processor's cache together."""


class McAdams:
    """VPC B2 with alpha drawn from the seed of each clip or speaker, instead of by the order of a file list."""

    info = Info(
        key="mcadams",
        title="McAdams",
        family="Signal processing",
        summary="Moves every formant by raising its angle to a random power, without touching pitch or timing.",
        hides=frozenset({"speaker"}),
        reference=(
            "Patino et al., Interspeech 2021; baseline B2 of the VoicePrivacy Challenge 2024. "
            "The coefficient is drawn from the seed, not from the order of a file list."
        ),
        fidelity="exact",
        published=True,
        sample_rate=SAMPLE_RATE_HZ,
        params=(
            Param(
                "alpha_min", "float", 0.5, "Lowest coefficient",
                "Lower end of the uniform draw of alpha; equal ends fix it. 1 changes nothing.", 0.3, 1.5, 0.01,
            ),
            Param(
                "alpha_max", "float", 0.9, "Highest coefficient",
                "Upper end of the uniform draw of alpha; below 1, formants under 2.5 kHz go up.", 0.3, 1.5, 0.01,
            ),
        ),
        caution=(
            "Pitch and rhythm stay as they are, and an attacker trained on McAdams speech identifies most speakers "
            "(VoicePrivacy 2024: 7.5 % EER for women, 1.6 % for men)."
        ),
        min_duration_s=FRAME / SAMPLE_RATE_HZ,
    )  # fmt: skip

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        """Peak-normalised as published: samples times 32768, truncated, are the published int16 samples.

        Samples after the last complete frame (fewer than 160) are 0, also as published.
        """
        low, high = params["alpha_min"], params["alpha_max"]
        if low > high:
            raise AnonymizerError(
                f"alpha_min was expected to be at most alpha_max, but {low} and {high} came: "
                "swap them, or make them equal."
            )
        alpha = float(np.random.default_rng(seed).uniform(low, high))
        raw, skipped = mcadams(clip.samples, alpha)
        warnings = (f"{skipped} frames had no stable filter and kept their sound.",) if skipped else ()
        return Result(Clip(normalised(raw), clip.sample_rate), "exact", {"alpha": alpha}, warnings=warnings)


def mcadams(samples: np.ndarray, alpha: float) -> tuple[np.ndarray, int]:
    """The overlap-add result before peak normalisation, float32, shape (n,), and how many frames were left alone.

    Args:
        samples: float32, shape (n,), at 16 kHz, finite.
        alpha: exponent of the pole angles in radians, above 0; angles are not clipped at pi.

    Frames whose filter or sound is not finite (prediction gone unstable on artificial signals) keep their sound.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if len(samples) < FRAME:
        return np.zeros(len(samples), dtype=np.float32), 0
    frames = np.lib.stride_tricks.sliding_window_view(samples + np.float32(EPSILON), FRAME)[::HOP] * window()
    with np.errstate(all="ignore"):
        analysis = burg(frames + EPSILON, ORDER)
        usable = np.isfinite(analysis).all(axis=1)
        synthesis = analysis.copy()
        synthesis[usable] = multiply_out(move_poles(roots(analysis[usable]), alpha))
        usable &= np.isfinite(synthesis).all(axis=1)
        sound = refilter(frames, analysis, synthesis, usable)
    return overlap_add(sound * window(), len(samples)), int(len(usable) - usable.sum())


def window() -> np.ndarray:
    """sqrt(hann / K), K = sum(hann) / hop, symmetric; float64, shape (320,). Its square overlap-adds to about 1."""
    hann = np.hanning(FRAME)
    return np.sqrt(hann / (hann.sum() / HOP))


def burg(frames: np.ndarray, order: int) -> np.ndarray:
    """Linear prediction by Burg's method (Marple, 1980): coefficients 1, a1 ... float64, shape (m, order + 1).

    Args:
        frames: float64, shape (m, n), n > order.
    """
    blocks = [_burg_block(frames[start : start + BLOCK], order) for start in range(0, len(frames), BLOCK)]
    return np.concatenate(blocks)


def _burg_block(frames: np.ndarray, order: int) -> np.ndarray:
    frames = np.ascontiguousarray(frames.T)  # one frame a column: shifting by a sample is then shifting whole rows
    forward, backward = frames[1:].copy(), frames[:-1].copy()
    power = np.einsum("nt,nt->t", forward, forward) + np.einsum("nt,nt->t", backward, backward)
    coefficients = np.zeros((order + 1, frames.shape[1]))
    coefficients[0] = 1.0
    from_backward, from_forward = np.empty_like(forward), np.empty_like(forward)
    tiny = np.finfo(np.float64).tiny
    for i in range(order):
        width = len(forward)
        reflection = -2.0 * np.einsum("nt,nt->t", backward, forward) / (power + tiny)
        coefficients[1 : i + 2] += reflection * coefficients[i::-1]
        np.multiply(reflection, backward, out=from_backward[:width])
        np.multiply(reflection, forward, out=from_forward[:width])
        forward += from_backward[:width]
        backward += from_forward[:width]
        power = (1.0 - reflection**2) * power - backward[-1] ** 2 - forward[0] ** 2
        forward, backward = forward[1:], backward[:-1]
    return coefficients.T


def move_poles(poles: np.ndarray, alpha: float) -> np.ndarray:
    """phi -> sign(phi) |phi|^alpha for complex poles (imag not 0), modulus kept; real poles stay. Shape as given."""
    angle = np.angle(poles)
    moved = np.abs(poles) * np.exp(1j * np.sign(angle) * np.abs(angle) ** alpha)
    return np.where(poles.imag == 0.0, poles, moved)


def refilter(frames: np.ndarray, analysis: np.ndarray, synthesis: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Every frame through A(z) / A'(z) from rest, float64, shape (m, n); frames that are not `usable`, or run away,
    unchanged: `usable` is cleared for the latter, in place."""
    from scipy.signal import lfilter

    sound = frames.copy()
    for t in np.flatnonzero(usable):
        sound[t] = lfilter(analysis[t], synthesis[t], frames[t])
    usable &= np.abs(sound).max(axis=1) < LOUDEST
    return np.where(usable[:, None], sound, frames)


def overlap_add(frames: np.ndarray, length: int) -> np.ndarray:
    """Sum of frames at every hop, float32, shape (length,), zeros after the last. Rounded to float32 after each
    addition, as an accumulation into a float32 buffer does."""
    blocks = np.zeros((len(frames) + 1, HOP), dtype=np.float32)
    blocks[1:] = frames[:, HOP:]
    blocks[:-1] = blocks[:-1] + frames[:, :HOP]
    out = np.zeros(length, dtype=np.float32)
    out[: blocks.size] = blocks.ravel()
    return out


def normalised(raw: np.ndarray) -> np.ndarray:
    """`raw` scaled to a peak of 32766 / 32768, float32; silence stays silence."""
    peak = np.abs(raw).max(initial=0.0)
    return raw * np.float32(INT16_PEAK / 32_768 / peak) if peak > 0 else raw
