"""Where uploads and results live: one private folder, opaque names, an hour at most, gone at shutdown."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

SMALL_BYTES = 1_000_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}\Z")


class VaultFull(Exception):
    """There is no room for more until older things are deleted; one sentence for people."""


class Vault:
    """Bytes under unguessable tokens, in a folder only this user can read; `now` tells the time in s.

    It holds at most `max_bytes`, so that no crowd fills the disk; reports (under 1 MB) always find room.
    Anything older than `keep_s` seconds is not handed out and is deleted at the next sweep. Folders left behind by
    a process that was killed are removed at start.
    """

    def __init__(
        self, keep_s: float, now: Callable[[], float], home: Path | None = None, max_bytes: float = float("inf")
    ) -> None:
        home = home or Path(tempfile.gettempdir()) / f"voiceveil-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(home):  # somebody else made it first: no voice goes there
            home = Path(tempfile.mkdtemp(prefix="voiceveil-"))
        _remove_orphans(home)
        self.folder = home / f"{os.getpid()}-{secrets.token_hex(4)}"
        self.folder.mkdir(mode=0o700)
        self._keep_s, self._now, self._max_bytes = keep_s, now, max_bytes
        self._stop = threading.Event()

    def put(self, data: bytes, token: str | None = None) -> str:
        """Keep `data`; returns its token, a new one unless given: that replaces what was there and keeps its age.

        Raises:
            VaultFull: if there is no room.
        """
        if len(data) > SMALL_BYTES and self._size() + len(data) > self._max_bytes:
            raise VaultFull("There is no room for more sound on this server just now: try again in some minutes.")
        token = token or secrets.token_urlsafe(16)
        path = self._path(token)
        born = path.stat().st_mtime if path.exists() else self._now()
        part = path.with_suffix(".part")
        part.write_bytes(data)
        os.utime(part, (born, born))
        part.replace(path)
        return token

    def path(self, token: str) -> Path | None:
        """The file of a token, or None if there is none (any more)."""
        if not _TOKEN.match(token):
            return None
        path = self._path(token)
        try:
            return path if self._now() - path.stat().st_mtime < self._keep_s else None
        except FileNotFoundError:
            return None

    def get(self, token: str) -> bytes | None:
        """The bytes of a token, or None if there are none (any more)."""
        path = self.path(token)
        try:
            return path.read_bytes() if path else None
        except FileNotFoundError:
            return None

    def sweep(self) -> int:
        """Delete what is too old, also what another process left in its folder; returns how many files went."""
        gone = 0
        for path in self.folder.parent.rglob("*"):
            try:
                if path.is_file() and self._now() - path.stat().st_mtime >= self._keep_s:
                    path.unlink()
                    gone += 1
            except FileNotFoundError:
                continue
        return gone

    def sweep_every(self, period_s: float) -> None:
        """Sweep in a background thread until the vault is closed."""

        def loop() -> None:
            while not self._stop.wait(period_s):
                self.sweep()

        threading.Thread(target=loop, name="vault-sweep", daemon=True).start()

    def close(self) -> None:
        """Delete everything."""
        self._stop.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _size(self) -> int:
        with os.scandir(self.folder) as entries:
            return sum(entry.stat().st_size for entry in entries if entry.is_file())

    def _path(self, token: str) -> Path:
        return self.folder / token


def _is_private(folder: Path) -> bool:
    status = folder.lstat()
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return mine and stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077


def _remove_orphans(home: Path) -> None:
    for folder in home.iterdir():
        process = folder.name.partition("-")[0]
        if folder.is_dir() and not folder.is_symlink() and process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
