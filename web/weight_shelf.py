"""All weights that systems and recognisers may need: who uses them, and what of them is here."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from anonymizers import kept_voices, licences, registry, weights
from anonymizers.weight_records import Record
from anonymizers.weights import WeightRef
from evaluation.recognisers import registry as recognisers

State = Literal["here", "elsewhere", "in part", "to train", "not here"]


@dataclass(frozen=True)
class Shelved:
    """Some weights as they are now.

    Attributes:
        ref: what they are; used_by: the titles of systems and recognisers.
        state: in our store, in a publisher's own cache, partly fetched, to be trained by a recipe, or not here.
        folder: where they lie, or would.
        disk_bytes: what they take there, also where only a part has come.
        accepted: whether the licence allows to run them; accepted_utc: since when, "" where nothing was to accept.
    """

    ref: WeightRef
    used_by: tuple[str, ...]
    state: State
    folder: Path
    disk_bytes: int
    accepted: bool
    accepted_utc: str


@dataclass(frozen=True)
class Disk:
    """The store's folder, what it holds of weights and of what systems heard (bytes), and its disk (bytes)."""

    folder: Path
    used_bytes: int
    heard_bytes: int
    free_bytes: int
    total_bytes: int


def shelf() -> list[Shelved]:
    """Everything, systems' weights first; reads no weights."""
    users: dict[str, list[str]] = {}
    refs: dict[str, WeightRef] = {}
    for title, needed in (*_systems(), *_recognisers()):
        for ref in needed:
            refs.setdefault(ref.id, ref)
            users.setdefault(ref.id, []).append(title)
    return [_shelved(ref, tuple(dict.fromkeys(users[key]))) for key, ref in refs.items()]


def find(weight_id: object) -> Shelved | None:
    """The weights of that id, or None."""
    return next((one for one in shelf() if one.ref.id == weight_id), None)


def disk(listed: Iterable[Shelved]) -> Disk:
    """How much room there is, and how much weights take of it."""
    folder = weights.store()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(there)
    used = sum(one.disk_bytes for one in listed if one.state != "elsewhere")
    return Disk(folder, used, kept_voices.size_bytes(), usage.free, usage.total)


def digests(ref: WeightRef) -> Literal["published", "fetched", "none"]:
    """What a check can compare files with: the publisher's SHA-256 of all of them, that of when we fetched them, or
    for some nothing."""
    files = weights.needed(ref)
    if all(file.sha256 for file in files):
        return "published"
    known = all(file.sha256 or Record.read(weights.home(ref), file.name) for file in files)
    return "fetched" if known else "none"


def _systems() -> Iterable[tuple[str, tuple[WeightRef, ...]]]:
    return ((registry.info(key).title, registry.weights_of(key)) for key in registry.keys())


def _recognisers() -> Iterable[tuple[str, tuple[WeightRef, ...]]]:
    for key in recognisers.keys():
        if source := getattr(recognisers.load(key), "source", None):
            yield recognisers.info(key).title, (source,)


def _shelved(ref: WeightRef, used_by: tuple[str, ...]) -> Shelved:
    home, folder = weights.home(ref), weights.located(ref)
    if folder is not None:
        state: State = "here" if folder == home else "elsewhere"
        size = weights.size_bytes(ref)
    else:
        size = max(0, ref.bytes - weights.to_come_bytes((ref,))) if ref.bytes else 0
        state = "in part" if size else "to train" if ref.source == "here" else "not here"
    return Shelved(ref, used_by, state, folder or home, size, licences.accepted(ref), licences.accepted_utc(ref))
