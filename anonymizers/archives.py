"""Archives of weights, unpacked so that nothing lands elsewhere, and nothing half unpacked looks whole."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from anonymizers.base import AnonymizerError
from anonymizers.weights import UNPACKING

MOST_FILES = 20_000
MOST_BYTES = 50_000_000_000
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError,
    RuntimeError,
)  # fmt: skip


class ArchiveError(AnonymizerError):
    """An archive that nothing was unpacked from, as it is damaged or cannot be trusted."""


class _Member(NamedTuple):
    """A file in an archive. `plain`: it is one, and no link or device."""

    name: str
    size: int
    plain: bool
    open: Callable[[], IO[bytes] | None]


def unpack(
    archive: Path, folder: Path, room: Callable[[int], None] = lambda needed: None, only: Collection[str] = ()
) -> dict[str, int]:
    """Unpack a .zip or .tar.gz into `folder`; returns the files' paths in it, and their sizes in bytes.

    All is unpacked beside first and then moved, so that no file is ever there in part; what lies beside goes last, so
    that it tells of an unpacking that was ended. room(bytes) may object. `only`: what to take, all if empty, "speech/"
    being a folder with all that is in it; the archive is looked at as a whole in any case.

    Raises:
        ArchiveError: if it is damaged, too large, or holds a link or a path that leads out of the folder.
        OSError: if it cannot be written.
    """
    beside = folder / f"{archive.name}{UNPACKING}"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _opened(archive) as members:
            _check(archive, members)
            members = [member for member in members if not only or _wanted(member.name, only)]
            room(sum(member.size for member in members))
            sizes = {member.name: _copied(member, beside / member.name) for member in members}
        for name in sizes:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (beside / name).replace(target)
        return sizes
    except DAMAGED as error:
        raise ArchiveError(_damaged(archive, error)) from None
    except OSError as error:
        if error.errno is None:  # gzip's and bzip2's, not the disk's
            raise ArchiveError(_damaged(archive, error)) from None
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _wanted(name: str, only: Collection[str]) -> bool:
    return any(name == one or (one.endswith("/") and name.startswith(one)) for one in only)


@contextmanager
def _opened(archive: Path) -> Iterator[list[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield [_zipped(zipped, one) for one in zipped.infolist() if not one.is_dir()]
    else:
        with tarfile.open(archive) as tarred:
            yield [_tarred(tarred, one) for one in tarred if not one.isdir()]
            rest: Any = tarred.fileobj
            while rest.read(1 << 20):  # up to its end, where gzip looks at the checksum
                pass


def _zipped(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> _Member:
    kind = stat.S_IFMT(one.external_attr >> 16)
    return _Member(one.filename, one.file_size, kind in {0, stat.S_IFREG}, lambda: archive.open(one))


def _tarred(archive: tarfile.TarFile, one: tarfile.TarInfo) -> _Member:
    return _Member(one.name, one.size, one.isreg(), lambda: archive.extractfile(one))


def _check(archive: Path, members: list[_Member]) -> None:
    for member in members:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name or not path.parts:
            raise ArchiveError(_untrusted(archive, f"{member.name!r} leads out of its folder"))
        if not member.plain:
            raise ArchiveError(_untrusted(archive, f"{member.name!r} is a link or a device"))
    if len(members) > MOST_FILES or sum(member.size for member in members) > MOST_BYTES:
        raise ArchiveError(_untrusted(archive, "it holds far more than weights"))


def _copied(member: _Member, target: Path) -> int:
    """Write it; never more than the archive says it holds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source: Any = member.open()
    with source, target.open("xb") as file:
        left = member.size
        while piece := source.read(min(1 << 20, left)):
            file.write(piece)
            left -= len(piece)
    if left:
        raise EOFError(member.name)
    return member.size


def _untrusted(archive: Path, why: str) -> str:
    return f"{archive.name}: an archive of weights was expected, but {why}: nothing of it was unpacked."


def _damaged(archive: Path, error: Exception) -> str:
    said = (str(error).strip() or type(error).__name__)[:120]
    return (
        f"{archive.name}: a .zip or .tar.gz was expected, but it is damaged or something else ({said}): fetch it again."
    )
