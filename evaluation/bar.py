"""How far a run is, on a terminal: recordings, and the time left by the speech that is left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from evaluation.batch import Work, length_s
from evaluation.job import Job

LEAST_S = 0.5
"""What a recording of unknown length counts as."""


class Bar:
    """A progress bar on stderr where that is a terminal; failures are told in any case.

    Time left is reckoned by seconds of speech, since the longest recordings come first.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._lengths = {one: max(LEAST_S, length_s(one)) for one in {job.utterance for job in jobs}}
        self._total = sum(self._lengths[job.utterance] for job in jobs)
        self._jobs, self._ended = len(jobs), 0

    def __enter__(self) -> Bar:
        from tqdm import tqdm

        shape = "{percentage:3.0f}% |{bar:30}| {desc} [{elapsed} gone, {remaining} left]"
        self._bar: Any = tqdm(total=self._total, disable=None, bar_format=shape, file=sys.stderr, smoothing=0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def tell(self, work: Work) -> None:
        """A job came to an end."""
        self._ended += 1
        length = self._lengths[work.job.utterance]
        if work.earlier:  # it took no time: it is no measure of what the others take
            self._bar.total -= length
        else:
            self._bar.update(length)
        now = ", now their figures" if self._ended == self._jobs else ""
        self._bar.set_description_str(f"{self._ended} of {self._jobs} recordings{now}", refresh=bool(now))
        if work.error:
            self._bar.write(f"{work.job.name}: {work.error}", file=sys.stderr)
