"""A streaming system at the rate of somebody's microphone: opened by what a page asks, resampled there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import registry
from anonymizers.base import AnonymizerError, Stream, Streaming
from anonymizers.runner import check_params
from anonymizers.seeds import pseudo_speaker_seed
from audio.clip import Clip
from audio.streaming import StreamResampler

PIECE_S = 0.01
NO_CLIP = Clip(np.zeros(1, np.float32), 16_000)
SPEAKER = "live"
"""The source speaker's name in the seed: whoever speaks into the microphone is one speaker (seeds.py)."""


@dataclass(frozen=True)
class Asked:
    """What a page asks for: a system, the parameters that differ from its defaults, the user's seed, and the
    microphone's rate in Hz."""

    system: str
    seed: int
    sample_rate_hz: int
    params: Mapping[str, Any] = field(default_factory=dict)


class LiveStream:
    """An open stream at any rate.

    Attributes:
        latency_ms: the system's algorithmic latency.
        resampling_ms: what resampling to the system's rate and back adds, measured; 0 where there is none.
    """

    def __init__(self, stream: Stream, system_hz: int, outer_hz: int) -> None:
        self._stream = stream
        self._in, self._out = StreamResampler(outer_hz, system_hz), StreamResampler(system_hz, outer_hz)
        self.latency_ms = float(stream.latency_ms)
        self.resampling_ms = resampling_ms(system_hz, outer_hz)

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Take float32 (n,); give what is ready, float32 (m,), within [-1, 1] and finite: a fault of a system must
        not become a bang in somebody's ears."""
        made = self._out.push(self._stream.push(self._in.push(samples)))
        return np.clip(np.nan_to_num(made, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)


def opened(asked: Asked) -> LiveStream:
    """The stream that was asked for; may load a model, so not on the event loop.

    Raises:
        AnonymizerError: if there is no such system, it does not work live, is not ready, or a parameter does not fit.
    """
    info = registry.info(asked.system)
    if not info.streaming:
        raise AnonymizerError(f"{info.title} does not work on live sound: choose another system.")
    status = registry.status(asked.system)
    if status.state != "ready":
        raise AnonymizerError(f"{info.title} cannot run yet ({status.state}): {status.detail}".rstrip(": "))
    params = check_params(info, asked.params)
    system = registry.load(asked.system)
    if not isinstance(system, Streaming):
        raise AnonymizerError(f"{info.title} says that it works live and does not: please report it.")
    system_hz = info.sample_rate or asked.sample_rate_hz
    seed = pseudo_speaker_seed(asked.system, "speaker", NO_CLIP, SPEAKER, asked.seed)
    return LiveStream(system.open_stream(system_hz, seed=seed, **params), system_hz, asked.sample_rate_hz)


def resampling_ms(system_hz: int, outer_hz: int) -> float:
    """How late sound is that goes to `system_hz` and back, in ms: the most that was inside after a push."""
    there, back = StreamResampler(outer_hz, system_hz), StreamResampler(system_hz, outer_hz)
    piece = np.zeros(round(PIECE_S * outer_hz), np.float32)
    inside, most = 0, 0
    for _ in range(20):
        inside += len(piece) - len(back.push(there.push(piece)))
        most = max(most, inside)
    return 1000 * most / outer_hz
