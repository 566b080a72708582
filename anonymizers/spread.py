"""One function over many items: by processes of this machine, or by a Ray cluster, with the same results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

from anonymizers.workers import WorkerLost, Workers

Item = TypeVar("Item")
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""One thread a process: as many processes as cores would fight over them otherwise."""
AHEAD = 2
"""How many items are under way for each process: enough to keep it busy while results are put away."""


def itself(item: Any) -> Any:
    """The item."""
    return item


def spread(
    function: Callable[[Any], Any],
    items: Iterable[Item],
    *,
    jobs: int = 1,
    ray: str = "",
    prepare: Callable[[Item], Any] = itself,
) -> Iterator[tuple[Item, Any]]:
    """function(prepare(item)) of every item, as soon as each is there, with its item; an Exception in its place.

    `prepare` is called here when an item's turn has come, `function` by a worker: what it needs (a file's bytes) and
    what it makes travel with the call, so that the machines of a cluster need no disk in common. Items are taken as
    they are needed. A worker that dies costs its own item alone, which is tried once more.

    Args:
        function: importable; it and its argument and answer can be pickled.
        jobs: processes on this machine. ray: address of a Ray cluster ("auto", "host:port"), used instead: all of its
            cores, also those of machines that join later.

    Raises:
        SpreadError: if Ray is not installed, or no cluster answers at the address.
    """
    if ray:
        from anonymizers.spread_ray import on_cluster

        yield from on_cluster(function, items, ray, prepare)
    else:
        yield from _locally(function, items, jobs, prepare)


def one_thread() -> None:
    """Keep the libraries of this process to one thread each, also those that are loaded later."""
    from threadpoolctl import threadpool_limits

    os.environ.update(THREADS)
    threadpool_limits(limits=1)


def _locally(
    function: Callable[[Any], Any], items: Iterable[Item], jobs: int, prepare: Callable[[Item], Any]
) -> Iterator[tuple[Item, Any]]:
    # The workers are ended first: else a consumer that stops would wait for what nobody needs any more.
    with ThreadPoolExecutor(jobs) as threads, Workers(jobs, one_thread) as workers:

        def one(item: Item) -> Any:
            argument = prepare(item)
            try:
                return workers.call(function, argument)
            except WorkerLost:
                return workers.call(function, argument)

        waiting, under_way = iter(items), dict[Future, Item]()
        while True:
            for item in islice(waiting, AHEAD * jobs - len(under_way)):
                under_way[threads.submit(one, item)] = item
            if not under_way:
                return
            done = wait(under_way, return_when=FIRST_COMPLETED).done
            for future in [one for one in under_way if one in done]:  # those that came together in the order they went
                yield under_way.pop(future), _answer(future)


def _answer(future: Future) -> Any:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, Exception):
        return error
    raise error
