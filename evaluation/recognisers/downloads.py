"""Published weights: where they are looked for, how they come, and that they are the published ones.

Looked for in the folder VOICEVEIL_MODELS first (files of "owner/name" in VOICEVEIL_MODELS/owner/name), then where the
publisher's own program keeps them (Hugging Face's and torch hub's caches). What is in neither place is fetched when it
is first needed, at a fixed revision, unless VOICEVEIL_OFFLINE=1. Nothing that can hold code is read: safetensors, or
pickles of tensors alone (torch.load with weights_only=True).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymizers.base import Status
from evaluation.recognisers.base import RecogniserError

if TYPE_CHECKING:
    import torch

TORCHAUDIO_URL = "https://download.pytorch.org/torchaudio/models/"


@dataclass(frozen=True)
class Weights:
    """Files as a publisher has them.

    Attributes:
        repo: "owner/name" on Hugging Face; "torchaudio" for torchaudio's own server.
        revision: the commit; "" where the publisher has none.
        files: each file's name and its SHA-256 in hexadecimal, "" where that is not known.
        size_mb: of all files, in MB; licence: as the publisher states it.
        packages: what must be installed to run them.
    """

    repo: str
    revision: str
    files: tuple[tuple[str, str], ...]
    size_mb: int
    licence: str
    packages: tuple[str, ...] = ("torch",)

    @property
    def summary(self) -> str:
        """Name, size and licence, in words."""
        return f"{self.repo}, {self.size_mb:,} MB, {self.licence}"

    @property
    def version(self) -> str:
        """What tells these weights from all others: repository and revision, or the first file's digest."""
        return f"{self.repo}@{(self.revision or self.files[0][1])[:12]}"


def status(weights: Weights) -> Status:
    """Whether the weights can be used now; fetches and reads nothing."""
    if missing := [name for name in weights.packages if find_spec(name) is None]:
        return Status("unavailable", f"needs the packages {', '.join(missing)}: run pip install -r requirements.txt")
    if found(weights):
        return Status("ready")
    if _offline():
        return Status("unavailable", _forbidden(weights))
    return Status("downloads first", weights.summary)


def found(weights: Weights) -> Path | None:
    """The folder in which all files are, or None."""
    for folder in _places(weights):
        if all((folder / name).is_file() for name, _ in weights.files):
            return folder
    return None


def folder(weights: Weights) -> Path:
    """The folder with all files, fetched if they are not here yet.

    Raises:
        RecogniserError: if they may not or cannot be fetched, or a file is not the published one.
    """
    there = found(weights) or _fetch(weights)
    for name, sha256 in weights.files:
        if sha256 and _sha256(there / name) != sha256:
            raise RecogniserError(
                f"{there / name}: the file that {weights.repo} published was expected (SHA-256 {sha256[:12]}…), but "
                "another is there: delete it, and it is fetched again."
            )
    return there


def state_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file, by name: safetensors, or a pickle that holds nothing else.

    Raises:
        RecogniserError: if it holds anything else or is damaged.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise RecogniserError(
            f"{path}: a file of tensors and nothing else was expected, but it is damaged or holds something else "
            f"({type(error).__name__}): delete it and fetch it again."
        ) from None


def fill(module: torch.nn.Module, state: dict[str, torch.Tensor], path: Path) -> Any:
    """The network with these tensors in it, ready to hear (evaluation mode, no gradients).

    Raises:
        RecogniserError: if they are not this network's.
    """
    try:
        module.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        first = next((line.strip() for line in str(error).splitlines()[1:] if line.strip()), str(error))[:160]
        raise RecogniserError(f"{path}: the weights of another network were found there: {first}") from None
    return module.eval().requires_grad_(False)


def _places(weights: Weights) -> Iterator[Path]:
    if own := os.environ.get("VOICEVEIL_MODELS", ""):
        yield Path(own, *weights.repo.split("/"))
    if weights.repo == "torchaudio":
        yield _torch_hub()
    else:
        from huggingface_hub import constants

        name = f"models--{weights.repo.replace('/', '--')}"
        yield Path(constants.HF_HUB_CACHE, name, "snapshots", weights.revision)


def _torch_hub() -> Path:
    """Where torch.hub keeps files, found without importing torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", str(Path(cache, "torch")))
    return Path(home).expanduser() / "hub" / "checkpoints"


def _fetch(weights: Weights) -> Path:
    if _offline():
        raise RecogniserError(f"{_forbidden(weights)}.")
    try:
        return _from_torchaudio(weights) if weights.repo == "torchaudio" else _from_hugging_face(weights)
    except Exception as error:  # whatever a network, a proxy, a server or a full disk may say
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise RecogniserError(
            f"Weights were to be fetched ({weights.summary}), but that failed ({said}): try again, or put the files "
            f"into VOICEVEIL_MODELS/{weights.repo}."
        ) from error


def _from_hugging_face(weights: Weights) -> Path:
    from huggingface_hub import snapshot_download

    names = [name for name, _ in weights.files]
    return Path(snapshot_download(weights.repo, revision=weights.revision, allow_patterns=names))


def _from_torchaudio(weights: Weights) -> Path:
    import sys

    from torch.hub import download_url_to_file

    target = _torch_hub()
    target.mkdir(parents=True, exist_ok=True)
    for name, sha256 in weights.files:
        download_url_to_file(TORCHAUDIO_URL + name, str(target / name), sha256 or None, sys.stderr.isatty())
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _offline() -> bool:
    return os.environ.get("VOICEVEIL_OFFLINE", "").strip().lower() in {"1", "true", "yes", "on"}


def _forbidden(weights: Weights) -> str:
    names = ", ".join(name for name, _ in weights.files)
    return (
        f"the weights are not here ({weights.summary}) and VOICEVEIL_OFFLINE=1 forbids fetching them: put {names} into "
        f"VOICEVEIL_MODELS/{weights.repo}"
    )
