"""A training's log as TensorBoard reads it: `tensorboard --logdir data/training` draws every column over the steps."""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path

NAME = "events.out.tfevents.{:05d}"
"""TensorBoard knows its files by the middle of this name, and reads those of one folder in order."""
VERSION = "brain.Event:2"
SAVED_EVERY_S = 2.0


class EventFile:
    """Scalars of a training, one record a step, in a folder of their own.

    Each start of a training writes a new file. It begins with the step from which the training goes on: TensorBoard
    forgets what earlier files of the folder say of that step and of later ones (a SessionLog's START, as
    torch.utils.tensorboard's purge_step writes it). A training that begins anew removes the earlier files.
    """

    def __init__(self, folder: Path, columns: Sequence[str], first_step: int) -> None:
        from tensorboardX import RecordWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        folder.mkdir(parents=True, exist_ok=True)
        earlier = list(folder.glob(NAME.partition("{")[0] + "*"))
        numbered = (folder / NAME.format(number) for number in count(len(earlier)))
        self.path = next(path for path in numbered if not path.exists())
        if first_step == 0:
            for path in earlier:
                path.unlink()
        self.columns, self._saved_at_s = tuple(columns), time.monotonic()
        self._writer = RecordWriter(str(self.path))
        weakref.finalize(self, self._writer.close)
        self._write(Event(wall_time=time.time(), step=first_step, file_version=VERSION))
        self._write(Event(wall_time=time.time(), step=first_step, session_log=SessionLog(status=SessionLog.START)))
        self._writer.flush()

    def add(self, step: int, values: Sequence[float]) -> None:
        """One value for each column; on the disk at the latest two seconds and a step later, or when this is closed."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        scalars = zip(self.columns, values, strict=True)
        summary = Summary(value=[Summary.Value(tag=name, simple_value=float(value)) for name, value in scalars])
        self._write(Event(wall_time=time.time(), step=step, summary=summary))
        if time.monotonic() - self._saved_at_s > SAVED_EVERY_S:
            self._writer.flush()
            self._saved_at_s = time.monotonic()

    def _write(self, event: object) -> None:
        self._writer.write(event.SerializeToString())  # type: ignore[attr-defined]


def opened(folder: Path, columns: Sequence[str], first_step: int) -> EventFile | None:
    """Where to write; None, with a sentence for whoever trains, if the package for it is not installed."""
    return EventFile(folder, columns, first_step) if _can_be_written() else None


@cache
def _can_be_written() -> bool:
    """Whether tensorboardX is here; if not, that is said once."""
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        print(
            "Logs are written as CSV only: for TensorBoard install tensorboardX (requirements-training.txt).",
            file=sys.stderr,
        )
        return False
    return True
