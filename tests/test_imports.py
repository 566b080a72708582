"""Who may import whom: app, web, listening_test, evaluation (machines judge its stimuli), anonymizers, audio."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEIGHT = {"audio": 0, "anonymizers": 1, "evaluation": 2, "listening_test": 3, "web": 4, "app": 5}
TOOLS = {"benchmarks", "deploy", "experiments", "tests", "training"}
DATABASE = ("listening_test/models.py", "listening_test/store", "listening_test/migrations/")
HEAVY_TO_LIST = {
    "torch",
    "torchaudio",
    "scipy",
    "librosa",
    "gradio",
    "pyworld",
    "onnxruntime",
    "pocketsphinx",
    "pandas",
}


class Import(NamedTuple):
    name: str
    line: int
    at_start: bool
    """Whether it runs as soon as its module is imported."""


def imports(source: str) -> Iterator[Import]:
    yield from _imports(ast.parse(source), at_start=True)


def _imports(node: ast.AST, *, at_start: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_start) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield Import("." if child.level else child.module or "", child.lineno, at_start)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, at_start=at_start and not inside)


def faults(path: str, source: str) -> list[str]:
    """What a file, by its path in the project, imports and should not."""
    return [f"{path}:{one.line}: {fault}" for one in imports(source) if (fault := fault_of(path, one))]


def fault_of(path: str, one: Import) -> str:
    package, module = path.removesuffix(".py").split("/")[0], one.name.split(".")[0]
    if module == "":
        return "relative imports hide who imports whom: name the package"
    if module in TOOLS:
        return f"{package} imports {module}, a tool"
    if module in HEIGHT and module != package and HEIGHT[module] >= HEIGHT[package]:
        return f"{package} imports {module}: imports point down"
    if module in {"gradio", "gradio_client"} and package != "web":
        return "gradio only under web/"
    if module in {"sqlalchemy", "alembic"} and not path.startswith(DATABASE):
        return f"{module} only in listening_test/models.py, store.py and migrations/"
    if module == "plotly" and Path(path).name not in {"plots.py", "report.py"}:
        return "plotly only in modules named plots.py or report.py"
    if module in {"torch", "torchaudio"} and package == "anonymizers" and one.at_start:
        return f"{module} is imported inside functions"
    return ""


def sources() -> list[str]:
    found = [path for package in HEIGHT for path in (ROOT / package).rglob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in [*found, *ROOT.glob("app.py")])


def test_there_is_something_to_read():
    assert {path.split("/")[0] for path in sources()} >= {"audio", "anonymizers", "evaluation", "web"}


@pytest.mark.parametrize("path", sources())
def test_imports_point_down(path):
    assert not faults(path, (ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("audio/clip.py", "import anonymizers.base", "imports point down"),
        ("anonymizers/f0.py", "from web.vault import Vault", "imports point down"),
        ("evaluation/metrics/curves.py", "from listening_test import study", "imports point down"),
        ("web/server.py", "def f():\n    import app", "imports point down"),
        ("web/server.py", "from benchmarks import load", "a tool"),
        ("audio/plots.py", "import gradio as gr", "gradio only"),
        ("web/store.py", "from sqlalchemy.orm import Session", "sqlalchemy only"),
        ("web/pages/compare.py", "import plotly.graph_objects as go", "plotly only"),
        ("anonymizers/nn/vits.py", "if True:\n    import torch", "inside functions"),
        ("anonymizers/nn/vits.py", "class A:\n    from torch import nn", "inside functions"),
        ("audio/level.py", "from .clip import Clip", "relative"),
    ],
)
def test_a_wrong_import_is_found(path, source, fault):
    (found,) = faults(path, source)
    assert fault in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("app.py", "from web.server import create_app"),
        ("web/server.py", "import gradio, anonymizers.registry, evaluation.metrics"),
        ("audio/plots.py", "import plotly"),
        ("anonymizers/nn/vits.py", "def load():\n    import torch"),
        ("listening_test/migrations/versions/a.py", "from alembic import op"),
    ],
)
def test_a_right_import_is_let_through(path, source):
    assert not faults(path, source)


def test_listing_the_systems_is_cheap():
    code = (
        "import sys, anonymizers.registry as registry\n"
        "infos = [registry.info(key) for key in registry.keys()]\n"
        "states = [registry.status(key) for key in registry.keys()]\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"anonymizers", "numpy"} <= loaded
    assert not loaded & HEAVY_TO_LIST
