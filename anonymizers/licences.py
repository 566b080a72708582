"""Licences of weights that somebody must accept, by name, before the weights are fetched or run: and who did.

Those that allow commercial use need nothing. What was accepted is remembered in VOICEVEIL_MODELS/licences.json, so
everybody who shares the folder shares it; another licence on the same weights must be accepted anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anonymizers.base import AnonymizerError
from anonymizers.weight_records import replaced
from anonymizers.weights import WeightRef, store

LONGEST_WAIT_S = 10.0


def _now() -> datetime:
    return datetime.now(UTC)


def accepted(ref: WeightRef) -> bool:
    """Whether the weights may be fetched and run."""
    return ref.commercial or _read(_path()).get(ref.id, {}).get("licence") == ref.licence


def accepted_utc(ref: WeightRef) -> str:
    """When the licence was accepted, ISO 8601; "" if it was not, or need not be."""
    known = _read(_path()).get(ref.id, {})
    return str(known.get("utc", "")) if known.get("licence") == ref.licence and not ref.commercial else ""


def to_accept(refs: Sequence[WeightRef]) -> tuple[WeightRef, ...]:
    """Those whose licence must be accepted first."""
    return tuple(ref for ref in refs if not accepted(ref))


def required(refs: Sequence[WeightRef]) -> None:
    """Go on only if every licence is accepted.

    Raises:
        AnonymizerError: naming the first that is not.
    """
    for ref in to_accept(refs)[:1]:
        raise AnonymizerError(
            f"The weights {ref.title} are under {ref.licence}, which does not allow commercial use: accept it by name "
            f'first, on the page or with --accept-licence "{ref.licence}" (python -m anonymizers fetch).'
        )


def accept(ref: WeightRef, licence: str, *, now: Callable[[], datetime] = _now) -> None:
    """Remember that somebody accepted the licence, whose exact name they gave.

    Raises:
        AnonymizerError: if the name is another, or the store cannot be written.
    """
    if licence != ref.licence:
        raise AnonymizerError(f"The licence of {ref.title} is {ref.licence!r}, but {licence!r} was accepted instead.")
    utc = now().astimezone(UTC).isoformat(timespec="seconds")
    _change(lambda known: known.update({ref.id: {"licence": licence, "utc": utc}}))


def forget(ref: WeightRef) -> None:
    """Take an acceptance back.

    Raises:
        AnonymizerError: if the store cannot be written.
    """
    if ref.id in _read(_path()):
        _change(lambda known: known.pop(ref.id, None))


def _path() -> Path:
    return store() / "licences.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): one for key, one in found.items() if isinstance(one, dict)}


def _change(change: Callable[[dict[str, Any]], object]) -> None:
    """Read, change and write the file, while no other process does."""
    from filelock import FileLock, Timeout

    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=LONGEST_WAIT_S):
            known = _read(path)
            change(known)
            replaced(path, json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    except Timeout:
        raise AnonymizerError(f"{path} is in use by another process: try again.") from None
    except (OSError, NotImplementedError) as error:
        raise AnonymizerError(
            f"That a licence was accepted is kept in {path}, but it cannot be written ({error}): let the app write "
            "there, or name another folder with VOICEVEIL_MODELS."
        ) from None
