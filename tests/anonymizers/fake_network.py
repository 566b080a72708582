"""A system with weights as small as can be: one number, fetched from a server of the test's, run by torch.

Whoever uses it puts it into the registry (`known`), also in the processes that are to run it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizers import heavy, registry, runner, weights
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, silent
from anonymizers.models import models
from anonymizers.tensors import fill, state_of
from anonymizers.weights import WeightFile, WeightRef
from anonymizers.workers import Workers
from audio.clip import Clip
from tests.anonymizers import hub
from tests.anonymizers.weights_here import bare_machine

KEY = "fake-network"
FILE = "fake.safetensors"
SIZE_BYTES = 3_000_000
LOADS: list[str] = []
"""Which networks this process has loaded."""


def data() -> bytes:
    """The weights: a gain of 0.5, and ballast."""
    from safetensors.numpy import save

    ballast = np.zeros(SIZE_BYTES // 4, np.float32)
    return save({"gain": np.full(1, 0.5, np.float32), "ballast": ballast})


def ref(url: str = "http://127.0.0.1:9/fake", **kwargs: Any) -> WeightRef:
    """The weights at that address."""
    about = {"id": KEY, "title": "Fake Large", "source": "huggingface:us/fake", "revision": "a" * 40, "licence": "MIT"}
    return WeightRef(**{**about, "files": (WeightFile(FILE, url, SIZE_BYTES + 156),), **kwargs})


class FakeNetwork:
    """Halves the sound, by a network."""

    info = Info(
        key=KEY,
        title="Fake network",
        family="Neural, published systems",
        summary="Halves the sound.",
        hides=frozenset({"speaker"}),
        reference="None: made for tests.",
        fidelity="original-weights",
        published=False,
        sample_rate=16_000,
        params=(Param("held_by", "text", "", "Held by", "A pipe that is read to its end before the work goes on."),),
        weights=(ref(),),
    )

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        import torch

        network = models().get(KEY, _load)
        progress(0.25, "looking for the nearest frames")
        if held_by := params["held_by"]:
            Path(held_by).read_bytes()
        if not clip.samples.size:
            raise AnonymizerError("There is no sound.")
        progress(0.75, "vocoding")
        with torch.inference_mode():
            samples = network(torch.from_numpy(clip.samples.copy())).numpy()
        facts = {"loads": len(LOADS), "process": os.getpid()}
        return Result(Clip(samples, clip.sample_rate), "original-weights", pseudo_speaker=facts)


def _load() -> Any:
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = torch.nn.Parameter(torch.zeros(1))
            self.ballast = torch.nn.Parameter(torch.zeros(SIZE_BYTES // 4))

        def forward(self, samples: torch.Tensor) -> torch.Tensor:
            return self.gain * samples

    LOADS.append(KEY)
    path = weights.path_of(ref())
    return fill(Network(), state_of(path), path)


@dataclass(frozen=True)
class Order:
    """A sound to be made ahead, as studies and galleries ask for it."""

    clip: Clip
    runs: runner.Job


def made(order: Order) -> Any:
    """What a system said of the sound, and in which process it was made."""
    result = runner.run(order.clip, order.runs.key, params=order.runs.params)
    return {"process": os.getpid(), **result.pseudo_speaker}


def known() -> None:
    """Put it into this process's registry, and do what the process of heavy systems does first."""
    registry.ENTRIES[KEY] = registry.Entry("tests.anonymizers.fake_network:FakeNetwork", "#009E73", "dot")
    heavy.prepare()


def process() -> Workers:
    """A process of heavy systems that knows it."""
    return Workers(1, known, grace_s=heavy.GRACE_S)


@contextmanager
def published(folder: Path, patch: pytest.MonkeyPatch, **about: Any) -> Iterator[hub.Hub]:
    """A machine without weights that knows the system, and the server that has them; `about` is as in WeightRef."""
    bare_machine(folder, patch)
    with hub.running() as server:
        server.files[FILE] = hub.Served(data())
        patch.setitem(registry.ENTRIES, KEY, registry.Entry("tests.anonymizers.fake_network:FakeNetwork", "#009E73"))
        patch.setattr(FakeNetwork, "info", replace(FakeNetwork.info, weights=(ref(server.url(FILE), **about),)))
        yield server


def here(folder: Path) -> None:
    """Put the weights where they are looked for: `folder` is the store."""
    path = folder / "us" / "fake" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(data())
