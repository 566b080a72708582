"""Benchmark files: the numbers, and the machine they came from."""

from __future__ import annotations

import json

import pytest

from benchmarks.mcadams import measure
from benchmarks.results import cpu_model, machine, write_result


def test_numbers_and_machine_are_written(tmp_path):
    path = write_result("speed", {"median_s": 0.5}, folder=tmp_path / "new")
    written = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "speed.json"
    assert written["median_s"] == 0.5
    assert written["machine"]["packages"]["numpy"]
    assert written["date"].endswith("+00:00")


def test_nan_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_result("speed", {"median_s": float("nan")}, folder=tmp_path)


def test_processor_name(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Fast One\n", encoding="utf-8")
    assert cpu_model(info) == "Fast One"
    assert cpu_model(tmp_path / "absent")
    assert machine(["no-such-package"])["packages"] == {"no-such-package": None}


def test_both_sides_of_the_mcadams_benchmark_agree(voice):
    numbers = measure(voice.samples[:8000], 16_000, runs=1)
    assert numbers["difference_relative_to_peak"] < 1e-6
    assert numbers["times_faster"] > 0
    json.dumps(numbers, allow_nan=False)
