"""Where somebody speaks: voice-active segments by the Silero VAD network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from audio.clip import Clip

SAMPLE_RATE_HZ = 16_000
CHUNK = 512
CONTEXT = 64
BLOCK_CHUNKS = 512

THRESHOLD = 0.5
EXIT_THRESHOLD = 0.35
MIN_SPEECH_S = 0.25
MIN_SILENCE_S = 0.1
PAD_S = 0.03


class Segment(NamedTuple):
    """A stretch of speech: `start_s` to `end_s`, in seconds from the start of the clip."""

    start_s: float
    end_s: float


class VadError(RuntimeError):
    """The speech detector cannot run on this machine; the message says what is missing."""


def segments(clip: Clip) -> tuple[Segment, ...]:
    """The voice-active segments of a clip, in order, not overlapping, inside [0, clip.duration_s]; () if nobody speaks.

    Silero VAD v6 on the clip at 16 kHz, then its package's default post-processing: speech starts where the
    probability reaches 0.5 and ends where it stays under 0.35 for 100 ms; speech of 250 ms or less is dropped;
    the rest is padded by 30 ms on each side.

    Raises:
        VadError: if the network's file is not installed.
    """
    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    found = _padded(_hysteresis(speech_probabilities(samples), len(samples)), len(samples))
    return tuple(Segment(start / SAMPLE_RATE_HZ, min(end / SAMPLE_RATE_HZ, clip.duration_s)) for start, end in found)


def speech_probabilities(samples: np.ndarray) -> np.ndarray:
    """The probability of speech in each 32 ms of `samples` (float32, (n,), 16 kHz): float32, (chunks,), in [0, 1].

    The network reads 512 samples, after the 64 before them, and carries its state along; the last chunk
    is filled up with zeros. Many chunks go through it in one call, which gives the same numbers as one at a time.
    """
    chunks = np.zeros((-(-len(samples) // CHUNK), CHUNK), np.float32)
    chunks.reshape(-1)[: len(samples)] = samples
    contexts = np.vstack([np.zeros((1, CONTEXT), np.float32), chunks[:, -CONTEXT:]])[: len(chunks)]
    frames = np.hstack([contexts, chunks])
    hidden = cell = np.zeros((1, 1, 128), np.float32)
    probabilities = [np.zeros(0, np.float32)]
    for start in range(0, len(frames), BLOCK_CHUNKS):
        block = {"input": frames[start : start + BLOCK_CHUNKS], "h": hidden, "c": cell}
        values, hidden, cell = _session().run(["speech_probs", "hn", "cn"], block)
        probabilities.append(values)
    return np.concatenate(probabilities)


@lru_cache(maxsize=1)
def _session() -> Any:
    """The network, loaded once a process, on one thread."""
    import onnxruntime

    # Importing silero_vad would import torch, 500 MB for a network of 1 MB: only its file is looked up.
    package = find_spec("silero_vad")
    folder = Path(package.origin).parent if package and package.origin else Path()
    model = folder / "data" / "silero_vad_16k_sequence.onnx"
    if not model.is_file():
        raise VadError(
            "Finding speech needs the file data/silero_vad_16k_sequence.onnx of the package silero-vad 6.2.3, which is "
            "not installed: run `pip install -r requirements.txt`."
        )
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _hysteresis(probabilities: Sequence[float] | np.ndarray, length: int) -> list[tuple[int, int]]:
    """Start and end samples of speech in a signal of `length` samples, before padding."""
    found: list[tuple[int, int]] = []
    start = silence = None
    for chunk, probability in enumerate(probabilities):
        here = chunk * CHUNK
        if probability >= THRESHOLD:
            silence = None
            start = here if start is None else start
        elif probability < EXIT_THRESHOLD and start is not None:
            silence = here if silence is None else silence
            if here - silence >= MIN_SILENCE_S * SAMPLE_RATE_HZ:
                found.append((start, silence))
                start = silence = None
    if start is not None:
        found.append((start, length))
    return [(start, end) for start, end in found if end - start > MIN_SPEECH_S * SAMPLE_RATE_HZ]


def _padded(found: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Each stretch longer by the padding on both sides; neighbours share the pause between them if it is short."""
    pad = int(PAD_S * SAMPLE_RATE_HZ)
    edges = [0, *(edge for stretch in found for edge in stretch), length]
    pauses = [(edges[i], edges[i + 1]) for i in range(0, len(edges), 2)]
    starts, ends = [], []
    for i, (pause_start, pause_end) in enumerate(pauses):
        inner = 0 < i < len(pauses) - 1
        room = (pause_end - pause_start) // 2 if inner and pause_end - pause_start < 2 * pad else pad
        ends.append(min(length, pause_start + room))
        starts.append(max(0, pause_end - room))
    return list(zip(starts[:-1], ends[1:], strict=True))
