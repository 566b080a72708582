"""The house networks at work, whole or live, from the ONNX files in assets/models; no torch.

Their cards there say on whose speech they were trained (training/) and how they measure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError, Status
from anonymizers.nn import decoder, phone_encoder
from anonymizers.nn.mel import N_MELS
from anonymizers.nn.postfilter import sharpened, voiced_only
from anonymizers.nn.source_filter import HARMONIC_BANDS, NOISE_BANDS

Floats = npt.NDArray[np.float32]

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "models"
ENCODER, CAUSAL_ENCODER, DECODER = "house_encoder", "house_encoder_causal", "house_decoder"
POOL = "speaker_pool.npz"
WHO_SPEAKS = ("speaker_encoder.onnx", "speaker_encoder.safetensors", POOL)
STRIDE = phone_encoder.STRIDE
"""Mel frames (10 ms) to a content frame (20 ms)."""
ENCODER_DELAY, DECODER_DELAY = phone_encoder.DELAY, decoder.DELAY
"""By how many content frames, and by how many frames of 10 ms, what comes out lags what goes in."""
VOICED = phone_encoder.BOTTLENECK + 1
"""The column of the decoder's frames that says whether a frame is voiced (house_voice.decoder_frames)."""
CHUNK_FRAMES = 2_000
MARGIN_FRAMES = 120
"""Long clips are encoded in pieces of 20 s with 1.2 s on either side, more than the network hears of them."""


def files(*names: str) -> tuple[str, ...]:
    """The files of these models: the graph of each, its weights, its card."""
    return tuple(f"{name}{kind}" for name in names for kind in (".onnx", ".safetensors", ".json"))


def status(*needed: str) -> Status:
    """Whether these files in assets/models are here; loads nothing."""
    missing = [name for name in needed if not (FOLDER / name).is_file()]
    if not missing:
        return Status("ready")
    return Status("needs training", f"assets/models/{missing[0]} is not here: {_mend(Path(missing[0]).stem)}")


def version(*needed: str) -> str:
    """The first digits of the SHA-256 of these files in assets/models; missing ones count, too, and cards do not,
    since figures are added to them."""
    digest = hashlib.sha256()
    for path in (FOLDER / name for name in needed if not name.endswith(".json")):
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:12]


def card(name: str) -> Mapping[str, Any]:
    """A model's card for programs.

    Raises:
        AnonymizerError: if it is not here.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise AnonymizerError(f"The house model's card {path.name} is not here: {_mend(name)}")
    return json.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True, eq=False)
class Content:
    """What is said, every 20 ms: soft bottleneck (n, 64), nearest codes (n, 64), logits of phones (n, 40)."""

    soft: Floats
    codes: Floats
    phones: Floats


def encoded(mel: Floats) -> Content:
    """Content of a whole sound's log-mel frames less their mean, (frames, 80); n = ceil(frames / 2)."""
    count = -(-len(mel) // STRIDE)
    padded = np.pad(mel, ((0, STRIDE * count - len(mel)), (0, 0)))
    parts = []
    for start in range(0, max(len(padded), 1), CHUNK_FRAMES):
        first, last = max(0, start - MARGIN_FRAMES), min(len(padded), start + CHUNK_FRAMES + MARGIN_FRAMES)
        piece = np.pad(padded[first:last], ((0, STRIDE * ENCODER_DELAY), (0, 0)))
        found, _ = _run(ENCODER, {"mel": piece}, _first_states(ENCODER))
        skipped = ENCODER_DELAY + (start - first) // STRIDE
        kept = min(CHUNK_FRAMES, len(padded) - start) // STRIDE
        parts.append([one[0, skipped : skipped + kept] for one in found])
    return Content(*(np.concatenate(column) for column in zip(*parts, strict=True)))


class LiveEncoder:
    """The causal encoder, going on: pairs of mel frames go in, content comes out two content frames late."""

    def __init__(self) -> None:
        self._states = _first_states(CAUSAL_ENCODER)
        self._early = ENCODER_DELAY
        self._left = np.zeros((0, N_MELS), np.float32)

    def push(self, mel: Floats) -> Content:
        """The content that is ready once these frames, (frames, 80) less their running mean, are known."""
        mel = np.concatenate((self._left, mel))
        whole = len(mel) // STRIDE * STRIDE
        self._left = mel[whole:]
        if not whole:
            widths = (phone_encoder.BOTTLENECK, phone_encoder.BOTTLENECK, phone_encoder.PHONES)
            return Content(*(np.zeros((0, width), np.float32) for width in widths))
        found, self._states = _run(CAUSAL_ENCODER, {"mel": mel[:whole]}, self._states)
        skipped = min(self._early, whole // STRIDE)
        self._early -= skipped
        return Content(*(one[0, skipped:] for one in found))


class LiveDecoder:
    """The decoder, going on: frames go in, gains come out one frame late."""

    def __init__(self, speaker: Floats) -> None:
        self._speaker = speaker[None].astype(np.float32)
        self._states = _first_states(DECODER)
        self._early = DECODER_DELAY
        self._voiced = np.zeros(0, bool)

    def push(self, frames: Floats) -> Floats:
        """Gains, (n, 128), filtered as postfilter has it, that are ready once these frames, (frames, 71), are known."""
        parts = [np.zeros((0, HARMONIC_BANDS + NOISE_BANDS), np.float32)]
        for start in range(0, len(frames), CHUNK_FRAMES):
            piece = {"frames": frames[start : start + CHUNK_FRAMES], "speaker": self._speaker}
            (gains,), self._states = _run(DECODER, piece, self._states)
            skipped = min(self._early, gains.shape[1])
            self._early -= skipped
            parts.append(gains[0, skipped:])
        return self._filtered(np.concatenate(parts), frames[:, VOICED] > 0)

    def _filtered(self, gains: Floats, voiced: npt.NDArray[np.bool_]) -> Floats:
        waiting = np.concatenate((self._voiced, voiced))
        self._voiced = waiting[len(gains) :]
        return voiced_only(sharpened(gains), waiting[: len(gains)])

    def flush(self) -> Floats:
        """The last frame's gains; silence follows."""
        return self.push(np.zeros((DECODER_DELAY, decoder.INPUTS), np.float32))


def _run(name: str, inputs: Mapping[str, Floats], states: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
    """What a network gives, and the states to go on with. The first input gets a batch of one."""
    session = _session(FOLDER / f"{name}.onnx")
    first = next(iter(inputs))
    fed = {**inputs, first: inputs[first][None]} | {f"state_{place}": state for place, state in enumerate(states)}
    given = session.run(None, fed)
    return given[: len(given) - len(states)], given[len(given) - len(states) :]


def _first_states(name: str) -> list[Floats]:
    inputs = _session(FOLDER / f"{name}.onnx").get_inputs()
    return [np.zeros(one.shape, np.float32) for one in inputs if one.name.startswith("state_")]


@lru_cache(maxsize=8)
def _session(path: Path) -> Any:
    """A network, loaded once a process, on one thread, without an arena."""
    import onnxruntime

    if not path.is_file():
        raise AnonymizerError(f"House systems need assets/models/{path.name}, but it is not here: {_mend(path.stem)}")
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _mend(name: str) -> str:
    recipes = {ENCODER: "phone-encoder", CAUSAL_ENCODER: "phone-encoder-causal"}
    recipe = recipes.get(name, name.replace("_", "-"))
    return f"get it with the project's files, or train it with `python -m training {recipe}`."
