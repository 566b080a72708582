"""Predicted opinion scores: what a network, trained on listeners' answers, expects them to say (DNSMOS)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from audio.clip import Clip
from evaluation.clip_scores import NAN, Score

SAMPLE_RATE_HZ = 16_000
WINDOW = int(9.01 * SAMPLE_RATE_HZ)
MIN_DURATION_S = 1.0
MEL_FRAME = 321
MEL_HOP = 160
MEL_BANDS = 120

POLYNOMIALS = {
    "SIG": (-0.08397278, 1.22083953, 0.0052439),
    "BAK": (-0.13166888, 1.60915514, -0.39604546),
    "OVRL": (-0.06766283, 1.11546468, 0.04602535),
}
"""The network's outputs, in its order, and the polynomials (highest power first) that map them to opinion scores."""

TITLES = {
    "OVRL": "Predicted quality, overall",
    "SIG": "Predicted quality, voice",
    "BAK": "Predicted quality, background",
    "P808": "Predicted quality, P.808",
}


class QualityError(RuntimeError):
    """Quality cannot be predicted on this machine; the message says what is missing."""


def predicted_quality(clip: Clip) -> dict[str, Score]:
    """Predicted mean opinion scores of a clip, about 1 (bad) to 5 (excellent): OVRL, SIG, BAK (P.835) and P808.

    DNSMOS (Reddy et al., 2022, CC BY 4.0), the models that the package speechmos carries. The clip, at 16 kHz, is
    doubled until it lasts 9.01 s; longer ones give the mean over windows of that length, one each second. These
    are the numbers of speechmos.dnsmos.run to 0.01: it loses some of several windows to rounding (and needs librosa,
    whose compiler takes 8 s and 400 MB at first use). The
    networks were trained on noise suppression, not on anonymized voices: read differences, not values. A clip that
    goes beyond full scale is scaled to it first.

    NaN for clips under 1 s, or silent: the networks answer there too, but not about speech.

    Raises:
        QualityError: if the models are not installed.
    """
    if clip.is_silent or clip.duration_s < MIN_DURATION_S:
        why = "the clip is silent" if clip.is_silent else f"the clip is shorter than {MIN_DURATION_S:g} s"
        return {key: Score(title, "MOS", NAN, "higher", why) for key, title in TITLES.items()}
    values = np.mean([_opinions(window) for window in _windows(clip)], axis=0)
    means = dict(zip([*POLYNOMIALS, "P808"], values.tolist(), strict=True))
    return {key: Score(title, "MOS", means[key], "higher") for key, title in TITLES.items()}


def _windows(clip: Clip) -> Iterator[np.ndarray]:
    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    samples = samples / max(1.0, float(np.abs(samples).max()))
    while len(samples) < WINDOW:
        samples = np.tile(samples, 2)
    hops = int(len(samples) // SAMPLE_RATE_HZ - WINDOW / SAMPLE_RATE_HZ) + 1
    for start in range(0, hops * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ):
        window = samples[start : start + WINDOW]
        if len(window) == WINDOW:
            yield window


def _opinions(window: np.ndarray) -> list[float]:
    """SIG, BAK, OVRL and P808 of one window, shape (144160,)."""
    raw = _session("sig_bak_ovr.onnx").run(None, {"input_1": window[None].astype(np.float32)})[0][0]
    mel = _mel_spectrogram(window[:-MEL_HOP]).astype(np.float32)
    p808 = _session("model_v8.onnx").run(None, {"input_1": mel[None]})[0][0][0]
    return [*(float(np.polyval(p, x)) for p, x in zip(POLYNOMIALS.values(), raw, strict=True)), float(p808)]


@lru_cache(maxsize=2)
def _session(name: str) -> Any:
    """One of the networks, loaded once a process, on one thread; without an arena, which would keep 150 MB."""
    import onnxruntime

    package = find_spec("speechmos")
    folder = Path(package.origin).parent if package and package.origin else Path()
    model = folder / "dnsmos_models" / name
    if not model.is_file():
        raise QualityError(
            f"Predicting quality needs the file dnsmos_models/{name} of the package speechmos 0.0.1.1, which is not "
            "installed: run `pip install -r requirements.txt`."
        )
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _mel_spectrogram(samples: np.ndarray) -> np.ndarray:
    """What the P.808 network reads: shape (frames, 120), (dB re the loudest cell, at least -80, + 40) / 40.

    Power under a periodic Hann window of 321 samples every 160, frames centred, zeros outside.
    """
    padded = np.pad(samples, MEL_FRAME // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, MEL_FRAME)[::MEL_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(MEL_FRAME) / MEL_FRAME)
    mel = np.abs(np.fft.rfft(frames * window)) ** 2 @ _slaney_bands().T
    db = 10 * np.log10(np.maximum(mel, 1e-10) / max(mel.max(), 1e-10))
    return (np.maximum(db, db.max() - 80) + 40) / 40


def _slaney_bands() -> np.ndarray:
    """120 triangles of equal area on Slaney's mel scale (linear to 1 kHz, then logarithmic), 0 to 8 kHz: (120, 161)."""
    top_mel = 15 + 27 * np.log(SAMPLE_RATE_HZ / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top_mel, MEL_BANDS + 2)
    corners_hz = np.where(mels < 15, 200 * mels / 3, 1000 * np.exp(np.log(6.4) / 27 * (np.maximum(mels, 15) - 15)))
    f = np.arange(MEL_FRAME // 2 + 1) * SAMPLE_RATE_HZ / MEL_FRAME
    low, middle, high = (corners_hz[i : i + MEL_BANDS, None] for i in range(3))
    triangles = np.clip(np.minimum((f - low) / (middle - low), (high - f) / (high - middle)), 0, None)
    return triangles * (2 / (high - low))
