"""Tensors by their names in a network, whatever a publisher's file puts before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def flattened(state: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every tensor of a file with the path of its name, however its parts are nested."""
    for name, value in state.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{before}{name}.")
        elif hasattr(value, "shape"):
            yield before + name, value


def under(state: Mapping[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    """The tensors of a network whose parts have these names ("conv_pre"), by their names from there on.

    "generator.conv_pre.bias" is "conv_pre.bias"; tensors in none of the parts are left out.
    """
    found = {}
    for name, tensor in flattened(state):
        words = name.split(".")
        start = next((place for place, word in enumerate(words) if word in parts), None)
        if start is not None:
            found[".".join(words[start:])] = tensor
    return found
