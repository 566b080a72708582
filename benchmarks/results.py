"""Where a benchmark's numbers go: benchmarks/results/<name>.json, with the machine they came from."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("numpy", "scipy", "librosa", "pyworld-prebuilt", "pocketsphinx", "onnxruntime", "gradio")


def write_result(name: str, numbers: Mapping[str, Any], *, folder: Path = RESULTS) -> Path:
    """Write `numbers` (JSON-ready) with date, machine and versions to `folder`/`name`.json; where it went."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    text = json.dumps({"date": date, "machine": machine(), **numbers}, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def machine(packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    """Platform, processor, cores this process may use, Python and package versions (None where not installed)."""
    return {
        "platform": platform.platform(),
        "cpu_model": cpu_model(Path("/proc/cpuinfo")),
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in packages},
    }


def cpu_model(cpuinfo: Path) -> str:
    """The processor's name as Linux tells it; elsewhere, what Python knows."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
