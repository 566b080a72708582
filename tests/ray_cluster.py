"""A Ray cluster of two nodes on this machine's loopback, for tests and benchmarks: each node one core, no dashboard.

python -m tests.ray_cluster [NODES] prints its address and runs until its standard input ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MISSING = find_spec("ray") is None and not os.environ.get("CI")
"""Whether tests skip: in CI, where it belongs to what is installed, a missing Ray is a failure."""
NO_RAY = "no ray: pip install -r requirements-cluster.txt"
ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"
STORE_BYTES = 100_000_000
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else Ray binds to the network's address, not to loopback
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
}


@contextmanager
def cluster(nodes: int = 2) -> Iterator[str]:
    """Its address while it runs, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ray_cluster", str(nodes)],
        cwd=ROOT, env={**os.environ, **ENVIRONMENT}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = next((line.split()[1] for line in process.stdout if line.startswith("address ")), "")
        assert address, "the cluster did not start"
        yield address
    finally:
        process.stdin.close()
        process.wait(timeout=60)
        process.stdout.close()


def main(nodes: int) -> None:
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "node_ip_address": LOOPBACK, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    running = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(nodes - 1):
            running.add_node(num_cpus=1, node_ip_address=LOOPBACK, object_store_memory=STORE_BYTES)
        print("address", running.address, flush=True)
        sys.stdin.read()
    finally:
        running.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
