"""Work on a Ray cluster (ray.io, Apache-2.0; optional: requirements-cluster.txt).

Every machine of the cluster needs Python with requirements-cluster.txt installed; this project's code and its shipped
models are sent along. Recordings and results travel with the calls, so no disk has to be shared. Ray itself asks
nobody for a password: whoever reaches its ports can run programs there, so keep it on networks you trust.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from anonymizers.base import AnonymizerError
from anonymizers.workers import WorkerLost

Item = TypeVar("Item")
ROOT = Path(__file__).resolve().parents[1]
SENT = {"": {"audio", "anonymizers", "evaluation", "assets"}, "assets": {"models"}}
"""What is sent along of ROOT, and of folders in it."""
AHEAD = 2
ANSWER_S = 5.0
LOOPBACK = {"127.0.0.1", "localhost"}
MISSING = "--ray needs the package ray, but it is not installed: run `pip install -r requirements-cluster.txt`."


class SpreadError(AnonymizerError):
    """Why no cluster does the work, in one sentence."""


def on_cluster(
    function: Callable[[Any], Any], items: Iterable[Item], address: str, prepare: Callable[[Item], Any]
) -> Iterator[tuple[Item, Any]]:
    """As anonymizers.spread.spread; one core a call. A call whose machine or process is lost is made once more.

    Raises:
        SpreadError: if Ray is not installed, or no cluster answers at the address.
    """
    with _connected(address) as ray:
        remote = ray.remote(num_cpus=1, max_retries=1)(function)
        waiting: Iterator[Item] = iter(items)
        under_way: dict[Any, Item] = {}
        while True:
            most = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
            for item in islice(waiting, max(0, most - len(under_way))):
                try:
                    under_way[remote.remote(prepare(item))] = item
                except Exception as error:
                    yield item, error
            if not under_way:
                return
            for ready in ray.wait(list(under_way), num_returns=1)[0]:
                yield under_way.pop(ready), _answer(ray, ready)


def _answer(ray: Any, ready: Any) -> Any:
    try:
        return ray.get(ready)
    except ray.exceptions.RuntimeEnvSetupError as error:
        raise SpreadError(f"The cluster could not prepare this project's code: {_first_line(error)}") from None
    except ray.exceptions.RayTaskError as error:
        return error.cause if isinstance(error.cause, Exception) else RuntimeError(_first_line(error))
    except ray.exceptions.RayError as error:
        return WorkerLost(f"The machine or process doing this was lost twice ({type(error).__name__}): try again.")
    except Exception as error:  # what cannot be read here
        return error


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """The package ray, connected; disconnected at the end unless somebody else had connected it."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if host in LOOPBACK:
        # Else Ray takes loopback for the machine's address in the network, where a cluster on loopback is not.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    if host:
        _check_reachable(host, port, address)
    try:
        import ray
    except ImportError:
        raise SpreadError(MISSING) from None
    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address, runtime_env=_surroundings(), log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise SpreadError(
            f"A Ray cluster was expected at {address}, but connecting failed ({_first_line(error)}): start one with "
            "`ray start --head`, and name the address that it prints."
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_reachable(host: str, port: str, address: str) -> None:
    """Ray itself tries for minutes."""
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise SpreadError(
            f"A Ray cluster was expected at {address}, but nothing answers there ({error}): check host:port, or start "
            "one with `ray start --head`."
        ) from None


def _surroundings() -> dict[str, Any]:
    """This project's code for the workers, and one thread each."""
    from anonymizers.spread import THREADS

    offline = {name: os.environ[name] for name in ("VOICEVEIL_OFFLINE",) if name in os.environ}
    return {"working_dir": str(ROOT), "excludes": _left_here(), "env_vars": {**THREADS, **offline}}


def _left_here() -> list[str]:
    """What is not sent, as patterns of .gitignore."""
    there = [(folder, path.name) for folder in SENT for path in (ROOT / folder).iterdir()]
    return [
        "__pycache__",
        *(f"/{folder}/{name}".replace("//", "/") for folder, name in there if name not in SENT[folder]),
    ]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().partition("\n")[0] or type(error).__name__)[:300]
