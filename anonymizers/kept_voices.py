"""What systems have heard of target speakers and keep in the weight store, to be made again when it is needed."""

from __future__ import annotations

from pathlib import Path

from anonymizers import ssl_sas_pool, target_features, weights
from anonymizers.base import AnonymizerError

FOLDERS = (target_features.FOLDER, ssl_sas_pool.FOLDER)


def size_bytes() -> int:
    """How much it takes on the disk."""
    return sum(path.stat().st_size for path in _files())


def forget() -> int:
    """Remove all of it; whoever needs it next waits until the target speakers are heard again.

    Returns:
        bytes freed.

    Raises:
        AnonymizerError: if a file may not be removed.
    """
    freed = 0
    for path in _files():
        try:
            size = path.stat().st_size
            path.unlink(missing_ok=True)
        except OSError as error:
            raise AnonymizerError(
                f"{path} was to be removed, but that failed ({error.strerror}): let the app write in that folder."
            ) from None
        freed += size
    return freed


def _files() -> list[Path]:
    """Whole files alone: locks and drafts belong to who is writing now."""
    return [path for name in FOLDERS for path in sorted((weights.store() / name).glob("*.npz"))]
