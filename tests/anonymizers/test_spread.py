"""Work spread over processes: every answer comes with its item, failures in their place, and no more than is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anonymizers.spread import spread
from anonymizers.spread_ray import SpreadError
from anonymizers.workers import WorkerLost


def test_every_answer_comes_with_its_item() -> None:
    found = dict(spread(abs, range(-20, 0), jobs=2))
    assert found == {n: -n for n in range(-20, 0)}
    assert list(spread(abs, [], jobs=2)) == []


def test_what_a_call_needs_is_prepared_here(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name * 3)
    items = [tmp_path / "a", tmp_path / "gone", tmp_path / "b"]
    found = dict(spread(len, items, jobs=1, prepare=Path.read_bytes))
    assert (found[items[0]], found[items[2]]) == (3, 3)
    assert isinstance(found[items[1]], FileNotFoundError)


def test_failures_are_answers() -> None:
    found = dict(spread(int, ["1", "one", "2"], jobs=2))
    assert (found["1"], found["2"]) == (1, 2)
    assert isinstance(found["one"], ValueError)


def test_items_are_taken_as_they_are_needed() -> None:
    taken = []

    def endless() -> Iterator[int]:
        for n in range(10**9):
            taken.append(n)
            yield n

    answers = spread(abs, endless(), jobs=2)
    for _ in range(5):
        next(answers)
    assert len(taken) <= 5 + 4
    answers.close()


def test_who_stops_listening_waits_for_nobody(tmp_path: Path) -> None:
    """One worker would wait for good: a FIFO that nobody writes to."""
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    answers = spread(Path.exists, [tmp_path, tmp_path / "no"], jobs=1)
    assert next(answers) == (tmp_path, True)
    answers.close()
    stuck = spread(_read_fifo_or_say, [str(tmp_path), str(fifo)], jobs=2)
    assert next(stuck)[0] == str(tmp_path)
    stuck.close()


def _read_fifo_or_say(path: str) -> bytes:
    return Path(path).read_bytes() if not Path(path).is_dir() else b""


def test_a_lost_worker_costs_its_own_item_which_is_tried_twice(tmp_path: Path) -> None:
    """Codes end the process that is asked; a file that the first attempt leaves behind saves the second."""
    mark = tmp_path / "tried"
    answers = dict(spread(_die_once, [str(mark), "always", "never"], jobs=2))
    assert answers[str(mark)] == "second time"
    assert isinstance(answers["always"], WorkerLost)
    assert answers["never"] == "at once"


def _die_once(what: str) -> str:
    if what == "never":
        return "at once"
    if what != "always" and Path(what).exists():
        return "second time"
    if what != "always":
        Path(what).touch()
    os._exit(3)


def test_each_process_has_one_thread() -> None:
    assert dict(spread(_threads, ["numpy", "scipy.linalg"], jobs=1)) == {"numpy": {1}, "scipy.linalg": {1}}
    assert dict(spread(os.getenv, ["OMP_NUM_THREADS"], jobs=1)) == {"OMP_NUM_THREADS": "1"}


def _threads(library: str) -> set[int]:
    from importlib import import_module

    from threadpoolctl import threadpool_info

    import_module(library)
    return {pool["num_threads"] for pool in threadpool_info()}


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:no", "127.0.0.1:99999999"])
def test_where_no_cluster_answers(address: str) -> None:
    with pytest.raises(SpreadError, match=f"A Ray cluster was expected at {address}, but nothing answers there"):
        list(spread(abs, [1], ray=address))


def test_without_ray_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SpreadError, match=r"pip install -r requirements-cluster\.txt"):
        list(spread(abs, [1], ray="auto"))
