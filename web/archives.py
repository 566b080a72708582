"""Single files out of an archive on the web, within a budget of bytes and time, reading no more than it must."""

from __future__ import annotations

import http.client
import io
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import urlsplit

SOCKET_TIMEOUT_S = 20
_CHUNK_BYTES = 1 << 16
_RANGE_BYTES = 1 << 18  # one request brings a clip of a few seconds; publishers limit requests per minute

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class ExamplesError(Exception):
    """Why examples could not be fetched; one sentence for people: what was expected, what came, what to do."""


class UnreachableError(ExamplesError):
    """There is no way to the publisher: most often, no network."""


@dataclass
class Budget:
    """What one download may cost. `on_read(bytes so far)` follows every piece; `stopped()` ends it.

    `clock` gives seconds, as time.monotonic does.
    """

    max_bytes: int
    max_seconds: float
    member_bytes: int
    on_read: Callable[[int], None] = lambda count: None
    stopped: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    spent_bytes: int = 0
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def spend(self, count: int) -> None:
        """Account for `count` more bytes.

        Raises:
            ExamplesError: when bytes or time run out, or the download was stopped.
        """
        self.spent_bytes += count
        if self.stopped():
            raise ExamplesError("The download was stopped: nothing of it was kept, start it again any time.")
        if self.spent_bytes > self.max_bytes:
            raise ExamplesError(f"At most {_mb(self.max_bytes)} should be needed, but more came: it was given up.")
        if self.clock() - self._started > self.max_seconds:
            raise ExamplesError(
                f"The download should take at most {self.max_seconds:g} s, but after that time only "
                f"{_mb(self.spent_bytes)} had come: try again on a faster connection."
            )
        self.on_read(self.spent_bytes)


def tar_members(url: str, wanted: Callable[[str], bool], budget: Budget) -> Generator[tuple[str, bytes]]:
    """Names and contents of the wanted files of a .tar.gz, in its order; reading stops where the caller stops.

    Raises:
        ExamplesError: if it cannot be reached, breaks off, is no such archive, or exceeds the budget.
    """
    with _sentences(url), _get(url) as response, _tar(_Counted(response, budget)) as archive:
        for member in archive:
            if not (member.isreg() and wanted(member.name)):
                continue
            _check_size(member.name, member.size, budget)
            content = archive.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def zip_members(url: str, wanted: Callable[[str], bool], budget: Budget) -> Generator[tuple[str, bytes]]:
    """Names and contents of the wanted files of a .zip, by HTTP ranges where the server has them.

    Raises:
        ExamplesError: as `tar_members`.
    """
    with _sentences(url), _zip_file(url, budget) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.is_dir() or not wanted(member.filename):
                continue
            _check_size(member.filename, member.file_size, budget)
            budget.spend(0)
            yield member.filename, archive.read(member)


def _tar(file: _Counted) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="r|gz")  # type: ignore[call-overload]


def _check_size(name: str, size: int, budget: Budget) -> None:
    if size > budget.member_bytes:
        raise ExamplesError(f"A clip of at most {_mb(budget.member_bytes)} was expected, but {name} holds {_mb(size)}.")


@contextmanager
def _zip_file(url: str, budget: Budget) -> Iterator[BinaryIO]:
    with _get(url, first=0, last=0) as probe:
        total = _total(probe) if probe.status == 206 else None
        if total is None:
            with tempfile.TemporaryFile() as whole:
                counted = _Counted(probe, budget)
                while piece := counted.read(_CHUNK_BYTES):
                    whole.write(piece)
                whole.seek(0)
                yield whole
                return
    yield io.BufferedReader(_Ranges(url, total, budget), _RANGE_BYTES)


def _total(response: http.client.HTTPResponse) -> int | None:
    """The file's length from "Content-Range: bytes 0-0/LENGTH"."""
    length = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(length) if length.isdecimal() else None


def _get(url: str, first: int | None = None, last: int | None = None) -> http.client.HTTPResponse:
    headers = {"User-Agent": "VoiceVeil"} | ({} if first is None else {"Range": f"bytes={first}-{last}"})
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=SOCKET_TIMEOUT_S)


class _Counted:
    """A response as a file that accounts for what is read and notices when it ends too early."""

    def __init__(self, response: http.client.HTTPResponse, budget: Budget) -> None:
        self._response, self._budget, self._left = response, budget, response.length

    def read(self, size: int = _CHUNK_BYTES) -> bytes:
        piece = self._response.read1(min(size, _CHUNK_BYTES))
        if self._left is not None:
            self._left -= len(piece)
            if not piece and size and self._left > 0:
                raise ExamplesError(
                    f"The download broke off, {_mb(self._left)} before its end: check the connection and try again."
                )
        self._budget.spend(len(piece))
        return piece


class _Ranges(io.RawIOBase):
    """A file on the web that can be sought in: each read is one range request."""

    def __init__(self, url: str, size: int, budget: Budget) -> None:
        self._url, self._size, self._budget, self._at = url, size, budget, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("A position in the file was expected, but one before its start came.")
        self._at = start + offset
        return self._at

    def readinto(self, buffer) -> int:
        last = min(self._at + len(buffer), self._size) - 1
        if last < self._at:
            return 0
        with _get(self._url, self._at, last) as response:
            if response.status != 206:
                raise ExamplesError(f"{_host(self._url)} should send a part of the file, but sent another answer.")
            counted = _Counted(response, self._budget)
            filled = 0
            while filled <= last - self._at and (piece := counted.read(last - self._at + 1 - filled)):
                buffer[filled : filled + len(piece)] = piece
                filled += len(piece)
        self._at += filled
        return filled


@contextmanager
def _sentences(url: str) -> Iterator[None]:
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise ExamplesError(
            f"{_host(url)} should send the examples, but answered {error.code} ({error.reason}): try again later."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise UnreachableError(
            f"{_host(url)} could not be reached ({reason}): try again when there is a network."
        ) from error
    except _BROKEN as error:
        raise ExamplesError(
            f"{_host(url)} should send a whole archive, but what came could not be read ({error}): try again later."
        ) from error


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _mb(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
