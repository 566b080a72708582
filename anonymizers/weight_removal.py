"""Weights leave our store: their own files, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from anonymizers.base import AnonymizerError
from anonymizers.weight_lock import alone
from anonymizers.weight_records import SUFFIX, Record
from anonymizers.weights import WeightRef, home, store


def remove(ref: WeightRef) -> int:
    """See weights.delete."""
    folder = home(ref)
    if not folder.is_dir():
        return 0
    if not folder.resolve().is_relative_to(store().resolve()):
        raise AnonymizerError(
            f"{folder} leads out of the store ({folder.resolve()}): remove what is there by hand, if it is yours."
        )
    with alone(ref, wait=False):
        unpacked = [Record.read(folder, file.name) for file in ref.files]
        names = {file.name for file in ref.files}.union(*(one.unpacked for one in unpacked if one))
        freed = sum(_removed(folder, path) for name in sorted(names) for path in _beside(folder / name))
    _remove_empty(folder)
    return freed


def remove_file(ref: WeightRef, name: str) -> None:
    """One file, with its record, out of our store.

    Raises:
        AnonymizerError: if it may not be removed.
    """
    for path in _beside(home(ref) / name):
        _removed(home(ref), path)


def _beside(path: Path) -> Iterator[Path]:
    """A file, what has come of it, and what was noted about it."""
    for suffix in ("", ".part", ".part.json", SUFFIX):
        yield path.with_name(path.name + suffix)


def _removed(folder: Path, path: Path) -> int:
    if not path.is_file() and not path.is_symlink():
        return 0
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise AnonymizerError(f"{path} leads out of the store: remove it by hand, if it is yours.")
    size = 0 if path.is_symlink() else path.stat().st_size
    try:
        path.unlink()
    except OSError as error:
        raise AnonymizerError(f"{path} could not be removed ({error.strerror}): remove it by hand.") from None
    return size


def _remove_empty(folder: Path) -> None:
    """The folder and those above it in the store, and those in it, if nothing is left in them."""
    inside = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
    above = [one for one in (folder, *folder.parents) if one != store() and one.is_relative_to(store())]
    for one in (*inside, *above):
        try:
            one.rmdir()
        except OSError:
            continue
