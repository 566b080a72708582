"""One file from one address to the disk: resumed where it was cut off, and checked while it comes.

It is written to `<name>.part`, beside which `<name>.part.json` notes what the server said of it (ETag, else
Last-Modified), so that the next try asks for the rest of the same file (Range, If-Range) and a file that has changed
meanwhile begins anew. Only what is whole and right gets the name.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Report = Callable[[int, int], None]
"""report(bytes here, bytes in all or 0)."""

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
LONGEST_PAUSE_S = 60.0
SHA256 = re.compile(r"[0-9a-f]{64}")
GONE = "a later version of this program may know where it is"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Means:
    """What a download uses of the machine; tests bring their own.

    Attributes:
        pause: pause(cancelled, seconds) before another try; ends early once `cancelled` is set.
        disk_usage: as shutil.disk_usage.
        now: the time, for records.
        tries: how often in a row without a new byte; first_tries: as long as none came; most_tries: in all.
        connect_s, read_s: how long a server may take to answer, and to send the next piece; the whole has no limit.
    """

    pause: Callable[[threading.Event, float], object] = threading.Event.wait
    disk_usage: Callable[[Path], Any] = shutil.disk_usage
    now: Callable[[], datetime] = _now
    tries: int = 6
    first_tries: int = 3
    most_tries: int = 100
    connect_s: float = 15.0
    read_s: float = 30.0


class Refused(Exception):
    """It cannot be had: why, without a full stop; the mend, if there is a better one than trying again."""

    def __init__(self, why: str, mend: str = "try again later") -> None:
        super().__init__(why)
        self.mend = mend


class Stopped(Exception):
    """`cancelled` was set."""


class _Again(Exception):
    """This try failed, the next may not: why; after how many seconds, if the server said."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


@dataclass(frozen=True)
class Wanted:
    """A file: where it is fetched from and goes to; its size and SHA-256 where they are known."""

    url: str
    target: Path
    bytes: int = 0
    sha256: str = ""

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def notes(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.json")


def bring(wanted: Wanted, report: Report, cancelled: threading.Event, means: Means) -> str:
    """Fetch the file; returns its SHA-256.

    Raises:
        Refused: if it cannot be had or is not the one wanted; what has come is kept if it may be of use.
        Stopped: once `cancelled` is set; what has come is kept.
        OSError: if it cannot be written.
    """
    wanted.target.parent.mkdir(parents=True, exist_ok=True)
    with _client(means) as client:
        in_vain, tries = 0, means.first_tries
        for _ in range(means.most_tries):
            before = _size(wanted.part)
            try:
                return _attempt(client, wanted, report, cancelled)
            except _Again as error:
                why = error
            if _size(wanted.part) > before:
                in_vain, tries = 0, means.tries
            in_vain += 1
            if in_vain >= tries:
                break
            means.pause(cancelled, min(LONGEST_PAUSE_S, 2.0 ** (in_vain - 1) if why.after_s is None else why.after_s))
    raise Refused(str(why))


def _client(means: Means) -> Any:
    import httpx

    from anonymizers import __version__

    limits = httpx.Timeout(means.read_s, connect=means.connect_s)
    headers = {"User-Agent": f"voiceveil/{__version__}", "Accept-Encoding": "identity"}
    try:
        return httpx.Client(follow_redirects=True, timeout=limits, headers=headers)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        mend = "look at the variables HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE"
        raise Refused(f"the proxy or the certificates named for it cannot be used ({_said(error)})", mend) from None


def _attempt(client: Any, wanted: Wanted, report: Report, cancelled: threading.Event) -> str:
    import httpx

    if cancelled.is_set():
        raise Stopped
    host = httpx.URL(wanted.url).host
    try:
        with client.stream("GET", wanted.url, headers=_resuming(wanted)) as response:
            begin, exact = _answered(wanted, response)
            found = _received(exact, begin, response, report, cancelled)
    except httpx.TimeoutException:
        raise _Again(f"{host} did not answer in time") from None
    except (httpx.ProxyError, httpx.ConnectError) as error:
        raise _Again(f"{host} could not be reached ({_said(error)})") from None
    except (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Refused(f"{host} leads nowhere ({_said(error)})", GONE) from None
    except httpx.RequestError as error:
        raise _Again(f"the connection to {host} was cut off ({_said(error)})") from None
    return _kept(exact, found, resumed=begin > 0)


def _resuming(wanted: Wanted) -> dict[str, str]:
    """Headers that ask for the rest of the file, if a part of it is here that can be told to be of the same file."""
    size, notes = _size(wanted.part), _notes(wanted)
    if not size or notes.get("url") != wanted.url:
        return {}
    if wanted.bytes and size >= wanted.bytes:
        return {}
    if validator := notes.get("validator", ""):
        return {"Range": f"bytes={size}-", "If-Range": validator}
    return {"Range": f"bytes={size}-"} if wanted.sha256 else {}


def _answered(wanted: Wanted, response: Any) -> tuple[int, Wanted]:
    """Where in the file the answer begins; and the file with the size and digest that the server tells.

    Raises:
        Refused, _Again: if this is not an answer with the file in it.
    """
    _check_way(response)
    _check_status(wanted, response)
    begin = _begin(wanted, response)
    length = 0 if _encoded(response) else int(response.headers.get("content-length", 0))
    whole = begin + length if length else 0
    if wanted.bytes and whole and whole != wanted.bytes:
        _drop(wanted)
        raise Refused(f"another file is there ({whole:,} bytes, where {wanted.bytes:,} were expected)", GONE)
    if not begin:
        _drop(wanted)
        wanted.notes.write_text(json.dumps({"url": wanted.url, **_told(response)}), encoding="utf-8")
    return begin, replace(wanted, bytes=wanted.bytes or whole, sha256=wanted.sha256 or _linked_digest(response))


def _check_way(response: Any) -> None:
    schemes = [one.url.scheme for one in (*response.history, response)]
    if schemes[0] == "https" and set(schemes) != {"https"}:
        raise Refused(f"{response.history[0].url.host} leads to an address that anybody could change ({response.url})")


def _check_status(wanted: Wanted, response: Any) -> None:
    host, status = response.url.host, response.status_code
    if status in BUSY:
        after = response.headers.get("retry-after", "")
        raise _Again(f"{host} is busy (HTTP {status})", float(after) if after.isdigit() else None)
    if status == 416:
        _drop(wanted)
        raise _Again(f"{host} has no more of the file than came already", 0)
    if status in {401, 403, 451}:
        mend = "open the address in a browser, where the publisher may ask for a login or for consent"
        raise Refused(f"{host} refuses it (HTTP {status})", mend)
    if status in {404, 410}:
        raise Refused(f"it is no longer there (HTTP {status})", GONE)
    if status not in {200, 206}:
        raise Refused(f"{host} answered with HTTP {status}")
    if "text/html" in response.headers.get("content-type", "") and wanted.target.suffix not in {".html", ".htm"}:
        raise Refused(
            f"a web page came from {host} instead of the file", "look at the address in a browser: a proxy may want you"
        )


def _begin(wanted: Wanted, response: Any) -> int:
    """The byte that the answer begins with."""
    if response.status_code == 200:
        return 0
    begin = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    before, now = _notes(wanted).get("etag", ""), _told(response)["etag"]
    changed = bool(before and now and before != now) or _encoded(response)
    if changed or begin is None or int(begin[1]) != _size(wanted.part):
        _drop(wanted)
        raise _Again("the file changed while it came", 0)
    return int(begin[1])


def _received(wanted: Wanted, begin: int, response: Any, report: Report, cancelled: threading.Event) -> str:
    """Write what comes; returns the SHA-256 of the whole.

    Raises:
        _Again, Refused: if less or more came than there should be.
        Stopped: once `cancelled` is set.
    """
    digest, size = hashlib.sha256(), begin
    with wanted.part.open("r+b" if begin else "wb") as file:
        while piece := file.read(1 << 20) if file.tell() < begin else b"":
            digest.update(piece)
        report(size, wanted.bytes)
        for piece in response.iter_bytes() if _encoded(response) else response.iter_raw():
            if cancelled.is_set():
                raise Stopped
            file.write(piece)
            digest.update(piece)
            size += len(piece)
            report(size, wanted.bytes)
            if wanted.bytes and size > wanted.bytes:
                break
        file.flush()
        os.fsync(file.fileno())
    if wanted.bytes and size > wanted.bytes:
        _drop(wanted)
        raise Refused(f"more came than the {wanted.bytes:,} bytes that were expected", GONE)
    if size == 0 or size < wanted.bytes:
        raise _Again(f"only {size:,} of {wanted.bytes:,} bytes came")
    return digest.hexdigest()


def _kept(wanted: Wanted, sha256: str, *, resumed: bool) -> str:
    """Give the file its name, if it is the right one."""
    if wanted.sha256 and sha256 != wanted.sha256:
        _drop(wanted)
        why = f"another file came (SHA-256 {sha256[:12]}…, where {wanted.sha256[:12]}… was expected)"
        raise _Again(why, 0) if resumed else Refused(why)
    wanted.part.replace(wanted.target)
    wanted.notes.unlink(missing_ok=True)
    return sha256


def _told(response: Any) -> dict[str, str]:
    """What tells this version of the file from others: the server's words for it, and what If-Range may hold."""
    etag, date = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    return {"etag": etag, "validator": etag if etag and not etag.startswith("W/") else date}


def _linked_digest(response: Any) -> str:
    """The SHA-256 that Hugging Face tells of large files, on the way to where they are kept; "" if it does not."""
    for one in (*response.history, response):
        told = one.headers.get("x-linked-etag", "").strip('"').lower()
        if SHA256.fullmatch(told):
            return told
    return ""


def _encoded(response: Any) -> bool:
    return response.headers.get("content-encoding", "identity") not in {"", "identity"}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _notes(wanted: Wanted) -> dict[str, str]:
    try:
        found = json.loads(wanted.notes.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(one) for key, one in found.items()} if isinstance(found, dict) else {}


def _drop(wanted: Wanted) -> None:
    wanted.part.unlink(missing_ok=True)
    wanted.notes.unlink(missing_ok=True)


def _said(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]
