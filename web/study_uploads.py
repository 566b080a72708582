"""Voices that a study owner uploads, loose or in a ZIP, put where the study's file looks for them."""

from __future__ import annotations

import lzma
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from listening_test.study import StudyError

MAX_FILES = 5_000
MAX_BYTES = 2_000_000_000
_NAME = re.compile(r"[\w][\w .,()+@=-]{0,99}")
_CHUNK_BYTES = 1 << 20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
    NotImplementedError, RuntimeError, EOFError, ValueError,
)  # fmt: skip
"""What zipfile raises for archives that are damaged or made to harm; ValueError for names that are no text."""
_LEFTOVERS = {"__MACOSX", ".DS_Store", "Thumbs.db"}


@dataclass(frozen=True)
class Limits:
    """How much an upload may hold, unpacked."""

    file_bytes: int
    files: int = MAX_FILES
    bytes: int = MAX_BYTES


def put(uploads: Sequence[Path], folder: Path, limits: Limits) -> list[str]:
    """Replace `folder` by the uploaded files, ZIPs unpacked; returns their paths in it. All or nothing.

    A single folder around everything in a ZIP is left out.

    Raises:
        StudyError: if a ZIP is broken, a name is not plain, or there is too much of it.
    """
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        with _sentences():
            _fill(part, uploads, limits)
            _without_wrapper(part)
            shutil.rmtree(folder, ignore_errors=True)
            part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except StudyError:
        raise
    except _BROKEN as error:
        raise StudyError(f"A whole ZIP without a password was expected, but the upload is none: {error}.") from None
    except OSError as error:
        if error.errno is None:  # bz2 says so that what it unpacks is no bz2
            raise StudyError(f"A whole ZIP was expected, but the upload is none: {error}.") from None
        raise StudyError(f"The upload could not be kept on the server: {error.strerror}. Try again later.") from None


def _fill(folder: Path, uploads: Sequence[Path], limits: Limits) -> None:
    left, count = limits.bytes, 0
    for upload in uploads:
        for name, source in _files(upload):
            with source:
                count += 1
                if count > limits.files:
                    raise StudyError(f"At most {limits.files} files were expected, but more came: upload fewer.")
                left -= _copy(source, folder / name, name, min(left, limits.file_bytes), limits)


def _files(upload: Path) -> Iterator[tuple[str, BinaryIO]]:
    if upload.suffix.lower() != ".zip":
        yield _safe(upload.name), upload.open("rb")
        return
    with zipfile.ZipFile(upload) as archive:
        for member in archive.infolist():
            path = PurePosixPath(member.filename)
            if not (member.is_dir() or _LEFTOVERS & set(path.parts) or path.name.startswith("._")):
                yield _safe(member.filename), archive.open(member)  # type: ignore[misc]


def _safe(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if not all(_NAME.fullmatch(part) for part in parts):
        raise StudyError(
            f"Plain file names were expected (letters, digits, spaces, . _ -), but {name[:120]!r} came: rename it."
        )
    return "/".join(parts)


def _copy(source: BinaryIO, target: Path, name: str, room: int, limits: Limits) -> int:
    if target.exists():
        raise StudyError(f"Each file was expected once, but {name!r} came twice: rename one of them.")
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while piece := source.read(_CHUNK_BYTES):
            size += len(piece)
            if size > room:
                raise StudyError(
                    f"Files of at most {_mb(limits.file_bytes)} and {_mb(limits.bytes)} together were expected, "
                    f"but {name!r} goes beyond: shorten it, or upload fewer."
                )
            file.write(piece)
    return size


def _without_wrapper(folder: Path) -> None:
    """Files in one folder inside the ZIP come up to where the others would be."""
    inside = list(folder.iterdir())
    if len(inside) != 1 or not inside[0].is_dir():
        return
    wrapper = inside[0].rename(folder.with_name(f"{folder.name}.wrapper"))
    with suppress(FileNotFoundError):
        folder.rmdir()
    wrapper.rename(folder)


def _mb(size: int) -> str:
    return f"{size / 1e6:g} MB"
