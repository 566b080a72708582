"""Small live systems for tests: one that waits and turns down, and some that go wrong."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from anonymizers import registry
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, Status, silent
from audio.clip import Clip

SAMPLE_RATE_HZ = 16_000


class Line:
    """Gives every sample `latency` samples after it came, times `gain`."""

    def __init__(self, latency: int, gain: float) -> None:
        self.latency_ms = 1000 * latency / SAMPLE_RATE_HZ
        self._held = np.zeros(0, np.float32)
        self._latency, self._gain = latency, np.float32(gain)

    def push(self, samples: np.ndarray) -> np.ndarray:
        held = np.concatenate([self._held, samples])
        ready = max(0, len(held) - self._latency)
        self._held = held[ready:]
        return self._gain * held[:ready]

    def flush(self) -> np.ndarray:
        held, self._held = self._held, np.zeros(0, np.float32)
        return self._gain * held


class DelayLine:
    """A system that hides nothing."""

    info = Info(
        key="delay-line",
        title="Delay line",
        family="Tests",
        summary="Gives the voice back later and quieter.",
        hides=frozenset(),
        reference="none",
        fidelity="own-design",
        published=False,
        sample_rate=SAMPLE_RATE_HZ,
        streaming=True,
        caution="It hides nothing.",
        params=(
            Param("latency", "int", 640, "Latency", "How long it waits.", 0, 16_000, 160, unit="samples"),
            Param("gain", "float", 0.5, "Gain", "How loud it is.", 0.0, 4.0, 0.1),
            Param("fault", "choice", "none", "Fault", "What goes wrong.", choices=("none", "crash", "sentence", "nan")),
            Param("warm", "flag", True, "Warm", "Nothing."),
            Param("words", "text", "", "Words", "Cannot be set live."),
        ),
    )

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        return Result(clip, "own-design")

    def open_stream(self, sample_rate: int, *, seed: int, **params: Any) -> Line:
        line = Line(params["latency"], params["gain"])
        if params["fault"] != "none":
            line.push = FAULTS[params["fault"]]  # type: ignore[method-assign]
        return line


class Absent(DelayLine):
    """The same, not ready."""

    info = Info(
        key="absent",
        title="Absent",
        family="Tests",
        summary="Is not there.",
        hides=frozenset(),
        reference="none",
        fidelity="own-design",
        published=False,
        streaming=True,
    )

    @staticmethod
    def status() -> Status:
        return Status("needs training", "run python -m training absent")


class Gate(DelayLine):
    """The same; a push waits until `gate` is open."""

    info = Info(
        key="gated",
        title="Gated",
        family="Tests",
        summary="Waits.",
        hides=frozenset(),
        reference="none",
        fidelity="own-design",
        published=False,
        streaming=True,
    )
    gate = threading.Event()

    def open_stream(self, sample_rate: int, *, seed: int, **params: Any) -> Line:
        line = Line(0, 1.0)
        passed = line.push

        def push(samples: np.ndarray) -> np.ndarray:
            self.gate.wait(30)
            return passed(samples)

        line.push = push  # type: ignore[method-assign]
        return line


def _crash(samples: np.ndarray) -> np.ndarray:
    raise ZeroDivisionError("secret detail")


def _sentence(samples: np.ndarray) -> np.ndarray:
    raise AnonymizerError("This voice cannot be done: speak lower.")


def _nan(samples: np.ndarray) -> np.ndarray:
    return np.full(len(samples), np.nan, np.float32)


FAULTS = {"crash": _crash, "sentence": _sentence, "nan": _nan}


def registered(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Put systems of this file into the registry, by their classes' names, and take every other live one out."""
    entries = {key: entry for key, entry in registry.ENTRIES.items() if not registry.info(key).streaming}
    for name in names:
        key = globals()[name].info.key
        entries[key] = registry.Entry(f"tests.web.delay_line:{name}", "#009E73")
    monkeypatch.setattr(registry, "ENTRIES", entries)
