"""The numbers of the reference implementations, and scores for properties."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest


class Golden(NamedTuple):
    """meta.json's numbers, and the arrays that went in and came out."""

    numbers: dict[str, Any]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    def scores(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Of targets and of nontargets."""
        found = [self.inputs[f"scores_{name}_{kind}"].astype(np.float64) for kind in ("mated", "nonmated")]
        return found[0], found[1]


@pytest.fixture(scope="session")
def golden(shared_dir: Path) -> Golden:
    folder = shared_dir / "golden" / "metrics"
    numbers = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["numbers"]
    arrays = []
    for name in ("inputs", "outputs"):
        with np.load(folder / f"{name}.npz") as stored:
            arrays.append({key: stored[key] for key in stored.files})
    return Golden(numbers, *arrays)
