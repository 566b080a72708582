"""Workers: jobs come back, failures stay with the job that failed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from anonymizers import workers as workers_module
from anonymizers.base import Progress
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


# -- workers that keep what they have loaded -------------------------------------------------------------------------


def told(progress: Progress) -> str:
    """A job that tells of its progress."""
    progress(0.25, "beginning")
    progress(1.0, "ending")
    return "over"


def told_often(progress: Progress) -> None:
    for number in range(100_000):
        progress(number / 100_000, "going on")


def held(path: Path, progress: Progress) -> bytes:
    """A job that waits for good, and says so before."""
    progress(0.5, "waiting")
    return path.read_bytes()


def deaf(path: Path, progress: Progress) -> None:
    """A job that will not be stopped."""
    while True:
        try:
            held(path, progress)
        except BaseException:
            continue


def importing(path: Path, progress: Progress) -> None:
    """A job that waits for good inside an import."""
    (path.parent / "waits_while_imported.py").write_text(f"open({str(path)!r}).read()")
    sys.path.insert(0, str(path.parent))
    progress(0.5, "waiting")
    import_module("waits_while_imported")


def setting(name: str) -> str | None:
    return os.environ.get(name)


@pytest.fixture
def kind_workers() -> Iterator[Workers]:
    with Workers(1, grace_s=20) as pool:
        yield pool


@pytest.fixture
def never(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "never")
    return tmp_path / "never"


def stop_once_it_waits(pool: Workers, job: Callable[..., object], never: Path) -> None:
    cancelled = threading.Event()
    with pytest.raises(Stopped):
        pool.call(job, never, cancelled=cancelled, progress=lambda share, doing: cancelled.set())


def test_progress_comes_from_the_process(workers: Workers) -> None:
    seen: list[tuple[float, str]] = []
    assert workers.call(told, progress=lambda *step: seen.append(step)) == "over"
    assert seen == [(0.25, "beginning"), (1.0, "ending")]


def test_whoever_cannot_be_told_leaves_no_answer_for_the_next() -> None:
    def fail(share: float, doing: str) -> None:
        raise KeyError(doing)

    with Workers(1) as pool:
        with pytest.raises(KeyError, match="beginning"):
            pool.call(told, progress=fail)
        assert pool.call(pow, 2, 3) == 8


def test_much_progress_is_told_seldom(workers: Workers) -> None:
    seen: list[float] = []
    workers.call(told_often, progress=lambda share, doing: seen.append(share))
    assert 1 <= len(seen) < 1000
    assert seen == sorted(seen)


def test_a_job_that_stops_keeps_its_process(kind_workers: Workers, never: Path) -> None:
    (process,) = kind_workers.process_ids()
    stop_once_it_waits(kind_workers, held, never)
    assert kind_workers.call(os.getpid) == process


def test_a_job_that_does_not_stop_is_ended(never: Path) -> None:
    with Workers(1, grace_s=0.3) as pool:
        (process,) = pool.process_ids()
        stop_once_it_waits(pool, deaf, never)
        assert pool.call(os.getpid) != process


def test_a_process_stopped_inside_an_import_is_not_used_again(kind_workers: Workers, never: Path) -> None:
    (process,) = kind_workers.process_ids()
    cancelled, ends = threading.Event(), list[int]()

    def stop_while_it_reads() -> None:
        ends.append(os.open(never, os.O_WRONLY))  # returns once the import reads
        cancelled.set()

    stopper = threading.Thread(target=stop_while_it_reads)
    stopper.start()
    with pytest.raises(Stopped):
        kind_workers.call(importing, never, cancelled=cancelled, progress=lambda share, doing: None)
    stopper.join()
    os.close(ends[0])
    assert kind_workers.call(os.getpid) != process


def test_a_stop_between_jobs_stops_nothing(kind_workers: Workers) -> None:
    (process,) = kind_workers.process_ids()
    assert kind_workers.call(pow, 2, 3) == 8
    os.kill(process, workers_module.STOP)
    assert kind_workers.call(pow, 2, 3) == 8


def test_processes_have_the_settings_of_who_starts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", "/of/this/test")
    monkeypatch.delenv("VOICEVEIL_OFFLINE", raising=False)
    with Workers(1) as pool:
        assert pool.call(setting, "VOICEVEIL_MODELS") == "/of/this/test"
        assert pool.call(setting, "VOICEVEIL_OFFLINE") is None
