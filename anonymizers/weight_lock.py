"""One process at a time fetches, unpacks or removes the same weights; the others wait, or are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anonymizers.base import AnonymizerError
from anonymizers.weights import WeightRef, store

POLL_S = 0.2


class DownloadStopped(AnonymizerError):
    """Somebody stopped it; what has come is kept."""


def stopped(ref: WeightRef) -> DownloadStopped:
    """That the download of these weights was stopped."""
    return DownloadStopped(f"The download of {ref.title} was stopped; what has come is kept, and the next one goes on.")


@contextmanager
def alone(
    ref: WeightRef,
    *,
    wait: bool = True,
    waiting: Callable[[], None] = lambda: None,
    cancelled: threading.Event | None = None,
) -> Iterator[None]:
    """Be the only process at work on these weights. `waiting` is called once if another is.

    Raises:
        AnonymizerError: if another is and `wait` is False, or locks cannot be had there.
        DownloadStopped: if `cancelled` is set while waiting.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(_path(ref))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise AnonymizerError(f"{ref.title} is being fetched right now: stop that first, or wait.") from None
        waiting()
        _wait(lock, ref, cancelled or threading.Event())
    except (OSError, NotImplementedError) as error:
        raise AnonymizerError(
            f"{store()} cannot be locked ({error}): name a folder on a local disk with VOICEVEIL_MODELS."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _wait(lock: object, ref: WeightRef, cancelled: threading.Event) -> None:
    from filelock import Timeout

    while True:
        if cancelled.is_set():
            raise stopped(ref)
        with suppress(Timeout):
            lock.acquire(timeout=POLL_S, poll_interval=POLL_S)  # type: ignore[attr-defined]
            return


def _path(ref: WeightRef) -> Path:
    """Of the weights' own, in one folder, so that removing weights leaves no lock behind in theirs."""
    folder = store() / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnonymizerError(
            f"Weights are kept in {store()}, but it cannot be written ({error.strerror}): let the app write there, or "
            "name another folder with VOICEVEIL_MODELS."
        ) from None
    return folder / f"{ref.id.replace('/', '-')}.lock"
