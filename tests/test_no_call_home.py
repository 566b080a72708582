"""Nothing we run reports to anyone: ONNX Runtime would, and leaves an identifier behind when it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIP = "import numpy as np; from audio.clip import Clip; clip = Clip(np.zeros(16000, np.float32) + 0.1, 16000)"
SILERO = (
    "import importlib.util, pathlib, onnxruntime\n"
    "folder = pathlib.Path(importlib.util.find_spec('silero_vad').origin).parent / 'data'\n"
    "onnxruntime.InferenceSession(str(sorted(folder.glob('*.onnx'))[0]), providers=['CPUExecutionProvider'])"
)


def left_behind(code: str, folder: Path) -> list[str]:
    """The files a fresh process leaves in its home, its temporary and its working folder, numba's cache aside."""
    homes = {"HOME": folder, "TMPDIR": folder, "XDG_CACHE_HOME": folder / "cache"}
    # Telemetry is off under CI, which would hide what this is about.
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "ORT_DISABLE_TELEMETRY"}}
    environment |= {name: str(path) for name, path in homes.items()} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [path.name for path in folder.rglob("*") if path.is_file() and path.suffix not in {".nbi", ".nbc", ".pyc"}]


@pytest.mark.parametrize(
    "use",
    [
        "from audio.vad import segments; segments(clip)",
        "from evaluation.predicted_quality import predicted_quality; predicted_quality(clip)",
    ],
    ids=["voice activity", "predicted quality"],
)
def test_models_run_without_leaving_an_identifier(use, tmp_path):
    assert left_behind(f"{CLIP}\n{use}", tmp_path) == []


def test_the_variable_is_the_one_that_works(tmp_path):
    assert left_behind(f"import audio\n{SILERO}", tmp_path) == []
