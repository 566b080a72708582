"""Published weights of recognisers: from the same store and by the same rules as those of systems
(anonymizers/weights.py); failures in this package's own kind of error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from anonymizers import weights
from anonymizers.base import AnonymizerError, Status
from anonymizers.weights import WeightFile, WeightRef
from evaluation.recognisers.base import RecogniserError


def hugging_face(repo: str, revision: str, *files: tuple[str, int, str]) -> tuple[WeightFile, ...]:
    """Files of a repository "owner/name" at a commit: name, size in bytes (0: not known), SHA-256 ("": not known)."""
    address = f"https://huggingface.co/{repo}/resolve/{revision}"
    return tuple(WeightFile(name, f"{address}/{name}", size, sha256) for name, size, sha256 in files)


def status(ref: WeightRef, packages: Sequence[str]) -> Status:
    """Whether a recogniser with these weights can run now; fetches and reads nothing."""
    if missing := [name for name in packages if find_spec(name) is None]:
        return Status("unavailable", f"needs the packages {', '.join(missing)}: run pip install -r requirements.txt")
    return weights.status((ref,))


def folder(ref: WeightRef) -> Path:
    """The folder with all files, the published ones, fetched if they are not here yet.

    Raises:
        RecogniserError: if they may not or cannot be fetched, or a file is not the published one.
    """
    from anonymizers import download

    with recogniser_errors():
        return download.fetch(ref)


@contextmanager
def recogniser_errors() -> Iterator[None]:
    """What goes wrong with weights is told as a RecogniserError."""
    try:
        yield
    except AnonymizerError as error:
        raise RecogniserError(str(error)) from None
