"""What databases report, as sentences: the error codes of SQLite and PostgreSQL sorted by what there is to do."""

from __future__ import annotations

import errno
import sqlite3

from listening_test.store_records import DiskFull, StoreBusy, StoreError, StoreUnavailable

_FULL = {"53100"}  # SQLSTATEs
_LOCKED = {"55P03", "57014", "40P01", "40001"}
_AWAY = {"57P01", "57P02", "57P03", "53300"}


def is_busy(error: BaseException | None) -> bool:
    return _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or _code(error) in _LOCKED


def _code(error: BaseException | None) -> str:
    """SQLite's name of an error, or PostgreSQL's SQLSTATE."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "")
    detail = error.args[0] if error and error.args else None
    return detail.get("C", "") if isinstance(detail, dict) else ""


def busy_sentence(where: str) -> str:
    return f"The database {where} was held by others for too long: nothing was stored, nothing is lost; try again."


def unreachable(where: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database {where} cannot be reached: check that it runs, then try again; nothing is stored twice."
    )


def sentence_of(error: BaseException | None, where: str) -> StoreError:
    code = _code(error)
    if code.startswith("SQLITE_FULL") or code in _FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return DiskFull(
            f"The disk under the database {where} is full: nothing of this was stored, and what was stored before is "
            "safe; make room and try again."
        )
    if is_busy(error):
        return StoreBusy(busy_sentence(where))
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StoreError(f"{where} should be a database, but it cannot be read as one: restore a copy of it.")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")) or isinstance(error, PermissionError):
        return StoreError(f"The database {where} cannot be opened for writing: check its folder and its rights.")
    if code.startswith("SQLITE_IOERR") or isinstance(error, OSError):
        return StoreUnavailable(
            f"The disk under the database {where} fails: look at it, then try again; nothing is stored twice."
        )
    if "CONSTRAINT" in code or code.startswith("23"):
        return StoreBusy("Somebody else did the same at this moment: nothing was stored; try again.")
    if code.startswith("08") or code in _AWAY or (not code and type(error).__name__ == "InterfaceError"):
        return unreachable(where)
    return StoreError(f"The database {where} refused: {type(error).__name__} {code}".rstrip() + "; nothing was stored.")
