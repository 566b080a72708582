"""What is noted beside a file of weights when it came: so that a later change is found without reading it again."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

SUFFIX = ".fetched.json"


def replaced(path: Path, text: str) -> None:
    """Write a small file so that it is there in full or not at all, whoever else writes it.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@dataclass(frozen=True)
class Record:
    """One file as it was when it was fetched or read in full.

    Attributes:
        path: where it lies: its name in our store's folder, or where a publisher's program keeps it.
        bytes, mtime_ns: its size and when it was written, in ns, as the file system says.
        sha256: of all of it, in hexadecimal.
        url: where it was fetched from; "" if it was here already.
        utc: when, ISO 8601.
        unpacked: of an archive, the files it held (below the folder it lay in) and their sizes in bytes.
    """

    path: str
    bytes: int
    mtime_ns: int
    sha256: str
    url: str = ""
    utc: str = ""
    unpacked: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, name: str, sha256: str, *, url: str = "", utc: str = "") -> Record:
        """The record of a file that is there; `name`: what is noted as its path."""
        found = path.stat()
        return cls(name, found.st_size, found.st_mtime_ns, sha256, url, utc)

    @classmethod
    def read(cls, folder: Path, name: str) -> Record | None:
        """The record of a file of that name, kept in `folder` of our store; None if there is none that can be read."""
        try:
            return cls(**json.loads((folder / f"{name}{SUFFIX}").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path, name: str) -> None:
        """Keep it in `folder` of our store; a store that cannot be written goes without."""
        with suppress(OSError):
            replaced(folder / f"{name}{SUFFIX}", json.dumps(asdict(self), indent=1) + "\n")

    def holds_for(self, path: Path) -> bool:
        """Whether the file has not been touched since."""
        try:
            found = path.stat()
        except OSError:
            return False
        return (found.st_size, found.st_mtime_ns) == (self.bytes, self.mtime_ns)
