"""Published weights: where they are looked for, and whether they are here.

Looked for in the folder VOICEVEIL_MODELS first (in VOICEVEIL_MODELS/<place>, see WeightRef), then where the publisher's
own program keeps them (Hugging Face's and torch hub's caches). What is in neither place is fetched into the first when
it is first needed, at a fixed revision where one is known, unless VOICEVEIL_OFFLINE=1 (download.py), once its licence
is accepted where that is needed (licences.py). Nothing that can hold code is read: safetensors, or pickles of tensors
alone (tensors.py).
Nothing here uses a network or reads weights: whether a file is whole is told by its size.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizers.base import AnonymizerError, Status
from anonymizers.weight_records import Record

YES = frozenset({"1", "true", "yes", "on"})
UNPACKING = ".unpacking"
"""Ends the name of the folder beside an archive that is there only while it is unpacked."""


@dataclass(frozen=True)
class WeightFile:
    """One file.

    Attributes:
        name: in the publisher's folder and in ours; may have folders ("wavlm/model.pt").
        url: where it is fetched from; "" for what an archive holds (see WeightRef.loader).
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
        loader: how they are read: "safetensors", "tensors" (a pickle of tensors alone), "archive": the file with a url
            is a .zip or .tar.gz, unpacked beside itself and then removed; files without one are what is taken out of
            it, "speech/" being a folder with all that is in it.
        recipe: for the source "here": what trains them ("ssl-sas --content t6"), for `python -m training`.
        about_bytes: the size of all files, roughly, for people, where exact sizes are not known; never checked.
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
    about_bytes: int = 0

    @property
    def bytes(self) -> int:
        """The size of all that is fetched, as exactly as it is known; 0 if it is not known."""
        sizes = [file.bytes for file in self.files if file.url or self.source == "here"]
        return sum(sizes) if sizes and all(sizes) else self.about_bytes

    @property
    def summary(self) -> str:
        """Name, size and licence, in words."""
        size = megabytes(self.bytes) if self.bytes else "size not known"
        return f"{self.title}, {size}, {self.licence}"

    @property
    def version(self) -> str:
        """What tells these weights from all others: their place and revision, or the first file's digest."""
        return f"{self.place.as_posix()}@{(self.revision or self.files[0].sha256)[:12]}"

    @property
    def place(self) -> Path:
        """The folder below VOICEVEIL_MODELS that holds the files: "owner/name", "torchaudio", or the id."""
        kind, _, name = self.source.partition(":")
        return Path(*name.split("/")) if name else Path(kind if kind != "here" else self.id)


def megabytes(number: int) -> str:
    """A size for people: "1,262 MB", "0.3 MB"."""
    return f"{number / 1e6:,.0f} MB" if number >= 9_950_000 else f"{max(0.1, number / 1e6):.1f} MB"


def offline() -> bool:
    """Whether VOICEVEIL_OFFLINE forbids the network."""
    return os.environ.get("VOICEVEIL_OFFLINE", "").strip().lower() in YES


def store() -> Path:
    """The folder that weights are fetched into: VOICEVEIL_MODELS, else a cache of the person who runs this."""
    if own := os.environ.get("VOICEVEIL_MODELS", ""):
        return Path(own).expanduser()
    return _cache() / "voiceveil" / "models"


def home(ref: WeightRef) -> Path:
    """The folder of our store that these weights belong into."""
    return store() / ref.place


def located(ref: WeightRef) -> Path | None:
    """The folder in which all files are, each of the size it should have, or None; reads none of them."""
    for folder in _places(ref):
        if not any(fault(ref, folder, file) for file in needed(ref)) and not _half_unpacked(ref, folder):
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
    return folder / (name or needed(ref)[0].name)


def needed(ref: WeightRef) -> tuple[WeightFile, ...]:
    """The files that must be there: of an archive, what is taken out of it."""
    return tuple(file for file in ref.files if ref.loader != "archive" or not file.url)


def fault(ref: WeightRef, folder: Path, file: WeightFile) -> str:
    """What is wrong with a file by its size alone: "" if nothing is, "missing", or how it is truncated."""
    path = folder / file.name
    if file.name.endswith("/"):
        return "" if path.is_dir() and any(path.iterdir()) else "missing"
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError:
        size = None
    if size is None:
        return "missing"
    record = record_of(ref, folder, file)
    expected = file.bytes or (record.bytes if record and record.url else 0)
    if size == 0 or (expected and size != expected):
        return f"{size:,} bytes, where {expected or 'more':{',' if expected else ''}} were expected"
    return ""


def record_of(ref: WeightRef, folder: Path, file: WeightFile) -> Record | None:
    """What was noted about the file in that folder when it came, or was last read in full."""
    record = Record.read(home(ref), file.name)
    return record if record and record.path == name_of(ref, folder, file) else None


def name_of(ref: WeightRef, folder: Path, file: WeightFile) -> str:
    """What records call a file: in our store its name alone, so that the store may be moved."""
    return file.name if folder == home(ref) else str(folder / file.name)


def missing(refs: Sequence[WeightRef]) -> tuple[WeightRef, ...]:
    """Those that are not here."""
    return tuple(ref for ref in refs if located(ref) is None)


def to_come_bytes(refs: Sequence[WeightRef]) -> int:
    """How much is still to be fetched, as far as sizes are known; what has come of a file counts as here."""
    return sum(max(0, ref.bytes - _here_already(ref)) for ref in missing(refs))


def status(refs: Sequence[WeightRef]) -> Status:
    """Whether what needs these weights can run now, and if not, why and the mend; fetches and reads nothing."""
    from anonymizers import licences

    gone, asked = missing(refs), licences.to_accept(refs)
    if untrained := [ref for ref in gone if ref.source == "here"]:
        recipes = " and ".join(dict.fromkeys(f"python -m training {ref.recipe}".rstrip() for ref in untrained))
        return Status("needs training", f"{_titles(untrained)} is not here: run {recipes}")
    if gone and offline():
        return Status("unavailable", forbidden(gone[0]))
    if asked:
        names = ", ".join(dict.fromkeys(f"{ref.licence} for {ref.title}" for ref in asked))
        return Status("licence to accept", f"not for commercial use: {names}{_size_to_come(gone)}")
    if gone:
        return Status("downloads first", "; ".join(ref.summary for ref in gone) + _part_there(gone))
    return Status("ready")


def forbidden(ref: WeightRef) -> str:
    """Why weights cannot be had, and the mend, without a full stop."""
    faults = {file.name: fault(ref, home(ref), file) for file in ref.files}
    cut = ", ".join(f"{name} is cut short: {wrong}" for name, wrong in faults.items() if wrong not in {"", "missing"})
    return (
        f"the weights are not here ({cut or ref.summary}) and VOICEVEIL_OFFLINE=1 forbids fetching them: put "
        f"{', '.join(file.name for file in ref.files)} into VOICEVEIL_MODELS/{ref.place.as_posix()}"
    )


def size_bytes(ref: WeightRef) -> int:
    """How much the weights take on the disk; 0 if they are not here."""
    folder = located(ref)
    paths = [folder / file.name for file in needed(ref)] if folder else []
    inside = [one for path in paths for one in (path.rglob("*") if path.is_dir() else (path,))]
    return sum(path.stat().st_size for path in inside if path.is_file())


def fingerprint(refs: Sequence[WeightRef]) -> str:
    """12 hexadecimal digits that tell what is here of these weights from anything else; reads no weights."""
    facts = [(ref.id, ref.revision, *(_seen(ref, file) for file in needed(ref))) for ref in refs]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _seen(ref: WeightRef, file: WeightFile) -> tuple[str, str | int, int]:
    """A file's name with its SHA-256 where that is known, else its size and when it was written (ns), where it is."""
    if (folder := located(ref)) is None:
        return file.name, "", 0
    if sha256 := file.sha256 or getattr(record_of(ref, folder, file), "sha256", ""):
        return file.name, sha256, 0
    found = (folder / file.name).stat()
    return file.name, found.st_size, found.st_mtime_ns


def described(ref: WeightRef) -> dict[str, Any]:
    """What is to be said of weights, wherever they are; JSON-ready."""
    names = ("id", "title", "source", "revision", "licence", "commercial", "recipe", "bytes")
    return {**{name: getattr(ref, name) for name in names}, "files": [file.name for file in ref.files]}


def delete(ref: WeightRef) -> int:
    """Remove the weights, and what has come of them, from our store; never from a publisher's cache.

    Returns:
        bytes freed.

    Raises:
        AnonymizerError: if they lie outside the store (behind a link), are being fetched, or may not be removed.
    """
    from anonymizers.weight_removal import remove

    return remove(ref)


def _titles(refs: Sequence[WeightRef]) -> str:
    return ", ".join(dict.fromkeys(ref.title for ref in refs))


def _size_to_come(gone: Sequence[WeightRef]) -> str:
    return f"; {megabytes(to_come_bytes(gone))} to download" if to_come_bytes(gone) else ""


def _part_there(gone: Sequence[WeightRef]) -> str:
    there = sum(ref.bytes for ref in gone) - to_come_bytes(gone)
    return f" ({megabytes(to_come_bytes(gone))} still to come)" if there > 0 else ""


def _here_already(ref: WeightRef) -> int:
    """Bytes of finished and unfinished downloads of files that are not all here yet."""
    folder, total = home(ref), 0
    for file in ref.files:
        for path in (folder / file.name, folder / f"{file.name}.part"):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _half_unpacked(ref: WeightRef, folder: Path) -> bool:
    """Whether an archive was being unpacked there when something ended it."""
    return any((folder / f"{file.name}{UNPACKING}").exists() for file in ref.files if file.url)


def _places(ref: WeightRef) -> Iterator[Path]:
    yield home(ref)
    kind, _, name = ref.source.partition(":")
    if ref.loader == "archive":
        return
    if kind == "huggingface":
        repository = _hugging_face() / f"models--{name.replace('/', '--')}"
        if revision := ref.revision or _newest(repository):
            yield repository / "snapshots" / revision
    elif kind in {"torchaudio", "github"}:
        yield _torch_home() / "hub" / "checkpoints"


def _newest(repository: Path) -> str:
    """The commit that Hugging Face's program last took for its newest."""
    try:
        return (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def _hugging_face() -> Path:
    """Where huggingface_hub keeps files, found without importing it."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if own := os.environ.get(name, ""):
            return Path(os.path.expandvars(own)).expanduser()
    own = os.environ.get("HF_HOME", "")
    return (Path(os.path.expandvars(own)).expanduser() if own else _cache() / "huggingface") / "hub"


def _torch_home() -> Path:
    """Where torch.hub keeps files, found without importing torch."""
    return Path(os.environ.get("TORCH_HOME") or _cache() / "torch").expanduser()
