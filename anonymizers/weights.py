"""Published weights: where they are looked for, whether they may be used, and that they are the published ones.

Looked for in the folder VOICEVEIL_MODELS first (in VOICEVEIL_MODELS/<place>, see WeightRef), then where the publisher's
own program keeps them (Hugging Face's and torch hub's caches). What is in neither place is fetched into the first when
it is first needed, at a fixed revision, unless VOICEVEIL_OFFLINE=1. Nothing that can hold code is read: safetensors, or
pickles of tensors alone (tensors.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from anonymizers.base import AnonymizerError


@dataclass(frozen=True)
class WeightFile:
    """One file.

    Attributes:
        name: in the publisher's folder and in ours.
        url: where it is fetched from.
        bytes: its size; 0 if not known.
        sha256: in hexadecimal; "" if not known.
    """

    name: str
    url: str
    bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class WeightRef:
    """Files that a publisher has, and on which terms.

    Attributes:
        id: our name for them, in commands and on pages: "wavlm-large".
        title: for people: "WavLM Large".
        source: "huggingface:owner/name", "github:owner/name", "torchaudio", "zenodo:number", or "here" for what our own
            recipes train.
        revision: the commit, tag or version; "" where the publisher has none.
        files: what is needed of them.
        licence: as the publisher states it.
        commercial: whether the licence allows commercial use; where not, it is accepted by name before anything is
            fetched or run.
        loader: how they are read: "safetensors", "tensors" (a pickle of tensors alone), "archive" (unpacked first).
        recipe: for the source "here": what trains them ("ssl-sas --content t6"), for `python -m training`.
    """

    id: str
    title: str
    source: str
    revision: str
    files: tuple[WeightFile, ...]
    licence: str
    commercial: bool = True
    loader: str = "tensors"
    recipe: str = ""

    @property
    def place(self) -> Path:
        """The folder below VOICEVEIL_MODELS that holds the files: "owner/name", "torchaudio", or the id."""
        kind, _, name = self.source.partition(":")
        return Path(*name.split("/")) if name else Path(kind if kind != "here" else self.id)


def store() -> Path:
    """The folder that weights are fetched into: VOICEVEIL_MODELS, else a cache of the person who runs this."""
    if own := os.environ.get("VOICEVEIL_MODELS", ""):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "voiceveil" / "models"


def located(ref: WeightRef) -> Path | None:
    """The folder in which all files are, or None; reads none of them."""
    for folder in _places(ref):
        if all((folder / file.name).is_file() for file in ref.files):
            return folder
    return None


def path_of(ref: WeightRef, name: str = "") -> Path:
    """Where a file (the first, unless named) is.

    Raises:
        AnonymizerError: if it is not here.
    """
    folder = located(ref)
    if folder is None:
        raise AnonymizerError(f"The weights {ref.title} were expected, but they are not here: fetch them first.")
    return folder / (name or ref.files[0].name)


def _places(ref: WeightRef) -> Iterator[Path]:
    yield store() / ref.place
