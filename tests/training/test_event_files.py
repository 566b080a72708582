"""A training's log for TensorBoard: what is in the files, after a kill too, and what happens without the package."""

from __future__ import annotations

import builtins
import math
import struct
from pathlib import Path
from typing import Any

import pytest

from training import common, event_files

pytest.importorskip("tensorboardX", reason="event files are written by tensorboardX (requirements-training.txt)")


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    event_files._can_be_written.cache_clear()


def records(path: Path) -> list[Any]:
    """Events of a file, by TFRecord's layout: length, its checksum, the event, its checksum; a cut-off end is left."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    content, found = path.read_bytes(), []
    while len(content) >= 16:
        size, *checks = struct.unpack("<QI", content[:12])
        event = content[12 : 12 + size]
        if len(content) < 16 + size:
            break
        assert [*checks, *struct.unpack("<I", content[12 + size : 16 + size])] == [
            masked_crc32c(content[:8]),
            masked_crc32c(event),
        ]
        found.append(Event.FromString(event))
        content = content[16 + size :]
    return found


def drawn(folder: Path) -> dict[str, dict[int, float]]:
    """What TensorBoard shows of a folder: files in order of name; a start forgets its step and all later ones."""
    from tensorboardX.proto.event_pb2 import SessionLog

    curves: dict[str, dict[int, float]] = {}
    for path in sorted(folder.glob("*tfevents*")):
        for event in records(path):
            if event.session_log.status == SessionLog.START:
                curves = {tag: {s: v for s, v in own.items() if s < event.step} for tag, own in curves.items()}
            for value in event.summary.value:
                curves.setdefault(value.tag, {})[event.step] = value.simple_value
    return curves


def logged(path: Path, first_step: int, rows: dict[int, tuple[float, ...]]) -> None:
    log = common.Log(path, ("loss", "accuracy"), first_step)
    for step, values in rows.items():
        log.add(step, *values)


def test_tensorboard_draws_what_the_csv_says_after_a_kill_too(tmp_path: Path):
    path = tmp_path / "log.csv"
    logged(path, 0, {0: (3.0, 0.25), 1: (2.0, 0.5), 2: (9.0, 0.0), 3: (9.0, 0.0)})
    (killed,) = (tmp_path / "log").iterdir()
    with killed.open("ab") as file:
        file.write(b"\x30\x00\x00\x00\x00\x00")  # a record that was cut off
    logged(path, 2, {2: (1.5, 0.5), 3: (1.0, 0.75)})
    assert path.read_text().split() == ["step,loss,accuracy", "0,3,0.25", "1,2,0.5", "2,1.5,0.5", "3,1,0.75"]
    assert drawn(tmp_path / "log") == {
        "loss": {0: 3.0, 1: 2.0, 2: 1.5, 3: 1.0},
        "accuracy": {0: 0.25, 1: 0.5, 2: 0.5, 3: 0.75},
    }


def test_each_file_says_its_version_and_where_it_begins(tmp_path: Path):
    for first_step in (0, 7):
        logged(tmp_path / "log.csv", first_step, {})
    files = sorted((tmp_path / "log").iterdir())
    assert [[(event.file_version, event.step) for event in records(path)] for path in files] == [
        [("brain.Event:2", 0), ("", 0)],
        [("brain.Event:2", 7), ("", 7)],
    ]


def test_a_training_that_begins_anew_forgets_the_one_before(tmp_path: Path):
    logged(tmp_path / "log.csv", 0, dict.fromkeys(range(5), (5.0, 0.0)))
    logged(tmp_path / "log.csv", 3, {3: (5.0, 0.0)})
    logged(tmp_path / "log.csv", 0, {0: (1.0, 1.0)})
    assert drawn(tmp_path / "log") == {"loss": {0: 1.0}, "accuracy": {0: 1.0}}
    assert len(list((tmp_path / "log").iterdir())) == 1


def test_a_gap_in_the_names_overwrites_nothing(tmp_path: Path):
    for first_step in (0, 1, 2):
        logged(tmp_path / "log.csv", first_step, {first_step: (float(first_step), 0.0)})
    sorted((tmp_path / "log").iterdir())[1].unlink()
    logged(tmp_path / "log.csv", 3, {3: (3.0, 0.0)})
    assert drawn(tmp_path / "log")["loss"] == {0: 0.0, 2: 2.0, 3: 3.0}


def test_no_number_is_none(tmp_path: Path):
    logged(tmp_path / "log.csv", 0, {0: (math.nan, math.inf)})
    (file,) = (tmp_path / "log").iterdir()
    values = [value.simple_value for value in records(file)[-1].summary.value]
    assert math.isnan(values[0])
    assert values[1] == math.inf


def test_without_the_package_there_is_the_csv_alone_and_it_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "tensorboardX":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    for name in ("one", "two"):
        logged(tmp_path / name / "log.csv", 0, {0: (1.0, 0.5)})
        assert (tmp_path / name / "log.csv").read_text() == "step,loss,accuracy\n0,1,0.5\n"
        assert not (tmp_path / name / "log").exists()
    assert capsys.readouterr().err.count("install tensorboardX (requirements-training.txt)") == 1
    event_files._can_be_written.cache_clear()
