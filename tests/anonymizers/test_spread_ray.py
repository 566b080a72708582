"""The same work on a real Ray cluster of two nodes, bound to loopback."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluation.example_corpus import voices
from tests.ray_cluster import ENVIRONMENT, MISSING, NO_RAY, ROOT, cluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MISSING, reason=NO_RAY),
]
SCRIPT = """
import json, os, sys
from pathlib import Path

from anonymizers.spread import spread


def hear(given):
    import os, time
    if given == b"dies":
        os._exit(3)
    if given == b"dies once" and not os.path.exists(sys_mark):
        open(sys_mark, "w").close()
        os._exit(3)
    if given == b"wrong":
        from anonymizers.base import AnonymizerError
        raise AnonymizerError("a sentence")
    time.sleep(0.3)  # so that one node does not take them all
    import anonymizers, ray
    node = ray.get_runtime_context().get_node_id()
    return [node, os.getcwd(), anonymizers.__file__, os.environ["OMP_NUM_THREADS"], given.decode()]


sys_mark = sys.argv[2]
folder = Path(sys.argv[3])
items = sorted(folder.iterdir()) + [folder / "gone"]
answers = {}
for path, answer in spread(hear, items, ray=sys.argv[1], prepare=Path.read_bytes):
    answers[path.name] = [type(answer).__name__, str(answer)] if isinstance(answer, Exception) else answer
print("answers", json.dumps(answers))
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster() as found:
        yield found


def run(args: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_bytes_travel_failures_stay_and_the_lost_are_tried_twice(address: str, tmp_path: Path) -> None:
    texts = {f"n{n}": f"number {n}" for n in range(12)} | {"bad": "wrong", "lost": "dies", "weak": "dies once"}
    (tmp_path / "files").mkdir()
    for name, text in texts.items():
        (tmp_path / "files" / name).write_text(text)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = run([str(script), address, str(tmp_path / "mark"), str(tmp_path / "files")])
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("answers ")] or [done.stderr]
    answers = json.loads(line.removeprefix("answers "))
    good = [answers[name] for name in (*(f"n{n}" for n in range(12)), "weak")]
    assert [one[-1] for one in good] == [*(f"number {n}" for n in range(12)), "dies once"]
    assert len({one[0] for one in good}) == 2, "both nodes took part"
    assert {one[3] for one in good} == {"1"}
    assert all(one[2].startswith(one[1]) and not one[2].startswith(str(ROOT)) for one in good), (
        "the code was sent along"
    )
    assert answers["bad"] == ["AnonymizerError", "a sentence"]
    assert answers["lost"][0] == "WorkerLost"
    assert answers["gone"][0] == "FileNotFoundError"


def test_the_batch_gives_the_same_files(address: str, tmp_path: Path) -> None:
    folder = voices(tmp_path / "voices", speakers=2, each=2)
    asked = ["-m", "anonymizers", "batch", "--systems", "mcadams,devoiced", "--input", str(folder), "--output"]
    for out, how in (("here", ["--jobs", "2"]), ("there", ["--ray", address])):
        done = run([*asked, str(tmp_path / out), *how])
        assert done.returncode == 0, done.stderr
        assert "8 done, 0 were there already, 0 failed" in done.stderr
    sounds = [{path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*.wav")}
              for out in ("here", "there")]  # fmt: skip
    assert len(sounds[0]) == 8
    assert sounds[0] == sounds[1]


def test_nothing_listens_but_on_loopback(address: str) -> None:
    """Of the ports that Ray's processes opened."""
    import psutil

    names: set[str] = set()
    listening: set[str] = set()
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # a worker may end while it is looked at
            names.add(child.name())
            found = child.net_connections("inet")
            listening |= {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN}
    assert any("raylet" in name or "gcs" in name for name in names)
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
