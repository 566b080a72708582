"""Tensors from files that can hold nothing else: a downloaded file never runs code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anonymizers.base import AnonymizerError

Tensor = Any
Module = Any


def state_of(path: Path) -> dict[str, Tensor]:
    """As `contents_of`, by name.

    Raises:
        AnonymizerError: also if what the file holds has no names.
    """
    found = contents_of(path)
    if not isinstance(found, Mapping):
        raise AnonymizerError(_sentence(path, f"it holds one {type(found).__name__}"))
    return dict(found)


def contents_of(path: Path) -> Any:
    """What a file holds, on the CPU: of safetensors the tensors by name; of a pickle (.pt, .pth, .ckpt) what was saved,
    where that is tensors, numbers, text, and lists and dictionaries of these.

    Raises:
        AnonymizerError: if it holds anything else (code, objects of a program), or is damaged.
    """
    import pickle
    import warnings

    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how the file was written; whether it can be read is all we ask
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise AnonymizerError(_refused(path, error)) from None
    except Exception as error:  # whatever a damaged file leads to
        raise AnonymizerError(
            _sentence(path, f"it is damaged or holds something else ({type(error).__name__})")
        ) from None


def fill(module: Module, state: Mapping[str, Tensor], path: Path) -> Module:
    """The network with these tensors in it, ready to run (evaluation mode, no gradients); `path` is for the message.

    Raises:
        AnonymizerError: if they are not this network's.
    """
    try:
        module.load_state_dict(dict(state))
    except (RuntimeError, TypeError, AttributeError) as error:
        first = next((line.strip() for line in str(error).splitlines()[1:] if line.strip()), str(error))[:160]
        raise AnonymizerError(f"{path}: the weights of another network were found there: {first}") from None
    return module.eval().requires_grad_(False)


def _refused(path: Path, error: Exception) -> str:
    """Why a pickle was not read: what it wanted to run, where torch says so."""
    import re

    wanted = re.search(r"GLOBAL ([\w.]+)|(?:class|function|type) ([\w.]+)", str(error))
    if wanted:
        return _sentence(path, f"it wants to run {wanted[1] or wanted[2]}, so it was not read")
    return _sentence(path, "it is damaged or holds something else")


def _sentence(path: Path, came: str) -> str:
    return (
        f"{path}: a file of tensors and nothing else was expected, but {came}: delete it and fetch it again, or take "
        "the file that the publisher has."
    )
