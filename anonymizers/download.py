"""Weights are fetched into our store when they are first needed: once, whole, and the published ones.

One way for every publisher: HTTP with resume (transfer.py), a lock so that several processes fetch once, a look at the
disk before, the published SHA-256 while it comes, and a record beside each file (weight_records.py), by which a file
that was cut short or changed later is found, removed and fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from anonymizers import licences, weights
from anonymizers.archives import ArchiveError, unpack
from anonymizers.base import AnonymizerError, Progress, silent
from anonymizers.transfer import Means, Refused, Stopped, Wanted, bring
from anonymizers.weight_lock import alone, stopped
from anonymizers.weight_records import Record
from anonymizers.weight_removal import remove_file
from anonymizers.weights import WeightFile, WeightRef, megabytes

MARGIN_BYTES = 500_000_000
"""Stays free on the disk: databases and uploads of others lie there too."""
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


USUAL = Means()


def fetch(
    ref: WeightRef,
    *,
    progress: Progress = silent,
    cancelled: threading.Event | None = None,
    thorough: bool = False,
    means: Means | None = None,
) -> Path:
    """The folder with all files, fetched if they are not here; the published ones, where their SHA-256 is known.

    progress(fraction, "WavLM Large: 312 of 1,262 MB") is told as it goes on; setting `cancelled` stops it, and keeps
    what has come. A file that was fetched and is cut short or has changed is removed and fetched again; one that was
    put there by hand or by the publisher's program and is not the published one is named. Files that were read in full
    once are read again only if they have changed since, or if `thorough`.

    Raises:
        DownloadStopped: once `cancelled` is set.
        AnonymizerError: if the licence is not accepted, they may not or cannot be fetched, or are not the published
            ones; the sentence says what to do.
    """
    licences.required((ref,))
    cancelled, means = cancelled or threading.Event(), means or USUAL
    folder = weights.located(ref) or _fetched(ref, progress, cancelled, means)
    wrong = _checked(ref, folder, progress, means, thorough=thorough)
    if wrong and _is_ours(ref, folder, wrong) and not weights.offline():
        progress(0.0, f"{ref.title}: {wrong.name} has changed since it came, so it is fetched again")
        with alone(ref):
            remove_file(ref, wrong.name)
        folder = _fetched(ref, progress, cancelled, means)
        wrong = _checked(ref, folder, progress, means)
    if wrong:
        raise AnonymizerError(f"{_other(ref, folder, wrong)}: delete it, and it is fetched again.")
    return folder


def verify(ref: WeightRef, *, progress: Progress = silent, means: Means | None = None) -> Path:
    """Read all files that are here in full and compare their SHA-256 with the published one, or with that of what was
    fetched; returns their folder. A file that we fetched and that has changed is removed.

    Raises:
        AnonymizerError: naming the file that is another, or if the weights are not here.
    """
    weights.path_of(ref)
    means = means or USUAL
    folder = weights.located(ref) or weights.home(ref)
    wrong = _checked(ref, folder, progress, means, thorough=True)
    if wrong is None:
        return folder
    said = _other(ref, folder, wrong)
    if not _is_ours(ref, folder, wrong):
        raise AnonymizerError(f"{said}: delete it, and it is fetched again.")
    with alone(ref, wait=False):
        remove_file(ref, wrong.name)
    raise AnonymizerError(f"{said}, so it was removed: fetch it again.")


def _fetched(ref: WeightRef, progress: Progress, cancelled: threading.Event, means: Means) -> Path:
    """All files into our store, by this process or by another that is at it."""
    _check_may(ref)
    with alone(ref, waiting=lambda: progress(0.0, f"{ref.title}: another process fetches it"), cancelled=cancelled):
        if folder := weights.located(ref):
            return folder
        try:
            _bring_all(ref, progress, cancelled, means)
        except Stopped:
            raise stopped(ref) from None
        except OSError as error:
            raise AnonymizerError(_disk_said(ref, error)) from None
    folder = weights.located(ref)
    if folder is None:
        listed = ", ".join(file.name for file in weights.needed(ref) if weights.fault(ref, weights.home(ref), file))
        raise AnonymizerError(f"{ref.title} was fetched, but {listed} was not in it: please report it.")
    progress(1.0, f"{ref.title}: here")
    return folder


def _check_may(ref: WeightRef) -> None:
    if ref.source == "here":
        raise AnonymizerError(f"{ref.title} is not here: train it with python -m training {ref.recipe}.")
    if weights.offline() and not _only_to_unpack(ref):
        raise AnonymizerError(f"{weights.forbidden(ref)}.")


def _only_to_unpack(ref: WeightRef) -> bool:
    folder = weights.home(ref)
    return ref.loader == "archive" and not any(weights.fault(ref, folder, file) for file in ref.files if file.url)


def _bring_all(ref: WeightRef, progress: Progress, cancelled: threading.Event, means: Means) -> None:
    folder = weights.home(ref)
    _check_room(ref, weights.to_come_bytes((ref,)), means)
    before = 0
    for file in ref.files:
        if not file.url:
            continue
        if wrong := weights.fault(ref, folder, file):
            if wrong != "missing":
                progress(0.0, f"{ref.title}: {file.name} was cut short ({wrong}), so it is fetched again")
            _bring_one(ref, file, _report(ref, before, progress), cancelled, means)
        before += (folder / file.name).stat().st_size
        if ref.loader == "archive":
            _unpack(ref, file, means)


def _bring_one(
    ref: WeightRef, file: WeightFile, report: Callable[[int, int], None], cancelled: threading.Event, means: Means
) -> None:
    folder = weights.home(ref)
    try:
        sha256 = bring(Wanted(file.url, folder / file.name, file.bytes, file.sha256), report, cancelled, means)
    except Refused as error:
        raise AnonymizerError(
            f"{ref.title} could not be fetched: {error}: {error.mend}, or put {file.name} from {file.url} into "
            f"{folder} by hand."
        ) from None
    _note(ref, folder, file, sha256, file.url, means)


def _report(ref: WeightRef, before: int, progress: Progress) -> Callable[[int, int], None]:
    """Tells of the whole what is known of one file, no more often than the text changes."""
    said = [""]

    def report(here: int, whole: int) -> None:
        total = max(ref.bytes or before + whole, before + here)
        known = bool(ref.bytes or whole)
        text = f"{ref.title}: {_of(before + here, total) if known else megabytes(here)}"
        if text != said[0]:
            said[0] = text
            progress(min(1.0, (before + here) / total) if known else 0.0, text)

    return report


def _of(here: int, total: int) -> str:
    if total < 9_950_000:
        return f"{here / 1e6:.1f} of {total / 1e6:.1f} MB"
    return f"{here / 1e6:,.0f} of {total / 1e6:,.0f} MB"


def _unpack(ref: WeightRef, file: WeightFile, means: Means) -> None:
    folder = weights.home(ref)
    archive = folder / file.name
    try:
        only = [one.name for one in ref.files if not one.url]
        sizes = unpack(archive, folder, lambda needed: _check_room(ref, needed, means), only)
    except ArchiveError:
        if _is_ours(ref, folder, file):
            remove_file(ref, file.name)
        raise
    record = weights.record_of(ref, folder, file) or Record.of(archive, file.name, "")
    replace(record, unpacked=sizes).write(folder, file.name)
    for one in weights.needed(ref):
        if one.name in sizes:
            _note(ref, folder, one, _sha256(folder / one.name, silent, ref), file.url, means)
    archive.unlink()


def _check_room(ref: WeightRef, needed: int, means: Means) -> None:
    folder = next(path for path in (weights.home(ref), *weights.home(ref).parents) if path.exists())
    free = means.disk_usage(folder).free
    if free < needed + MARGIN_BYTES:
        raise AnonymizerError(
            f"{ref.title} needs {megabytes(needed + MARGIN_BYTES)} free in {weights.store()}, of which "
            f"{megabytes(MARGIN_BYTES)} stay free, but there are {megabytes(free)}: make room, or name another folder "
            "with VOICEVEIL_MODELS."
        )


def _checked(
    ref: WeightRef, folder: Path, progress: Progress, means: Means, *, thorough: bool = False
) -> WeightFile | None:
    """The first file that is not what it should be; one that has not changed since it was last read is not read."""
    for file in weights.needed(ref):
        path, expected = folder / file.name, _expected(ref, folder, file)
        record = weights.record_of(ref, folder, file)
        known = record is not None and record.sha256 == expected and record.holds_for(path)
        if not expected or (known and not thorough):
            continue
        if _sha256(path, progress, ref) != expected:
            return file
        if not known:
            _note(ref, folder, file, expected, record.url if record else "", means)
    return None


def _expected(ref: WeightRef, folder: Path, file: WeightFile) -> str:
    """The published SHA-256, else that of what was fetched."""
    record = weights.record_of(ref, folder, file)
    return file.sha256 or (record.sha256 if record else "")


def _is_ours(ref: WeightRef, folder: Path, file: WeightFile) -> bool:
    """Whether we fetched it into our store: not what somebody or another program put there."""
    record = weights.record_of(ref, folder, file)
    return folder == weights.home(ref) and record is not None and bool(record.url)


def _other(ref: WeightRef, folder: Path, file: WeightFile) -> str:
    expected = _expected(ref, folder, file)
    return (
        f"{folder / file.name}: the file that {ref.place.as_posix()} published was expected (SHA-256 "
        f"{expected[:12]}…), but another is there"
    )


def _note(ref: WeightRef, folder: Path, file: WeightFile, sha256: str, url: str, means: Means) -> None:
    utc, name = means.now().isoformat(timespec="seconds"), weights.name_of(ref, folder, file)
    Record.of(folder / file.name, name, sha256, url=url, utc=utc).write(weights.home(ref), file.name)


def _sha256(path: Path, progress: Progress, ref: WeightRef) -> str:
    progress(0.0, f"{ref.title}: checking {path.name}")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AnonymizerError(f"{path} could not be read ({error.strerror}): let the app read it.") from None


def _disk_said(ref: WeightRef, error: OSError) -> str:
    folder = weights.home(ref)
    if error.errno in FULL:
        for file in ref.files:  # its own: others may be on their way into the same folder
            for suffix in (".part", ".part.json"):
                (folder / f"{file.name}{suffix}").unlink(missing_ok=True)
        return (
            f"The disk became full while {ref.title} was fetched into {folder}, so what had come was removed: make "
            "room, or name another folder with VOICEVEIL_MODELS."
        )
    said = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"{ref.title} is kept in {folder}, but it cannot be written there ({said}): let the app write there, or name "
        "another folder with VOICEVEIL_MODELS."
    )
