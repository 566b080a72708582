"""Workers: jobs come back, failures stay with the job that failed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from anonymizers.workers import Stopped, WorkerLost, Workers


@pytest.fixture(scope="module")
def workers():
    with Workers(2) as pool:
        yield pool


def test_a_job_comes_back_from_another_process(workers: Workers) -> None:
    assert workers.call(pow, 2, 10) == 1024
    assert workers.call(os.getpid) != os.getpid()


def test_an_exception_comes_back_as_itself(workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        workers.call(divmod, 1, 0)
    assert workers.call(pow, 2, 3) == 8


def test_what_cannot_be_sent_back_is_an_error_not_a_hang(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match="pickle"):
        workers.call(threading.Lock)
    assert workers.call(pow, 2, 3) == 8


def test_a_dying_worker_costs_only_its_own_job(workers: Workers) -> None:
    with pytest.raises(WorkerLost, match="try again"):
        workers.call(os._exit, 3)
    assert [workers.call(pow, 2, n) for n in range(4)] == [1, 2, 4, 8]


def test_stop_ends_a_running_job_at_once(workers: Workers, tmp_path: Path) -> None:
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    cancelled = threading.Event()
    threading.Timer(0.2, cancelled.set).start()
    with pytest.raises(Stopped):
        workers.call(Path.read_bytes, fifo, cancelled=cancelled)  # blocks for good: nobody writes
    assert workers.call(pow, 2, 3) == 8
    assert len(workers.process_ids()) == 2


def test_a_cancelled_job_is_never_started(workers: Workers, tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Stopped):
        workers.call(Path.touch, tmp_path / "file", cancelled=cancelled)
    assert not (tmp_path / "file").exists()


def test_close_ends_every_process() -> None:
    pool = Workers(2)
    pool.call(pow, 1, 1)
    processes = [worker.process for worker in pool._all]
    pool.close()
    assert not any(process.is_alive() for process in processes)
    with pytest.raises(Stopped):
        pool.call(pow, 1, 1)
