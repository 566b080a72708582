"""Networks with the weights of a golden file, brought in as the systems bring in published ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anonymizers import tensors
from anonymizers.nn.hifigan import folded


def filled(module: Any, state: Mapping[str, Any]) -> Any:
    """`module` with these tensors, weight norm folded away, ready to hear."""
    return tensors.fill(module, folded(state), Path("state.safetensors"))
