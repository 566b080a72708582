"""How far something is, for whoever sits at a terminal; nothing in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from anonymizers.base import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr that goes where the Progress it gives says, and leaves when done."""
    from tqdm import tqdm

    form = "{desc} {percentage:3.0f}% |{bar}| {elapsed}"
    with tqdm(total=1.0, bar_format=form, disable=None, leave=False) as bar:

        def progress(fraction: float, doing: str) -> None:
            bar.n = fraction
            bar.set_description_str(doing)

        yield progress
