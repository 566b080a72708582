"""Uploaded voices: what is kept, where, and what is refused whole."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening_test.study import StudyError
from web.study_uploads import Limits, put

LIMITS = Limits(file_bytes=1000, files=5, bytes=2500)


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def inside(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_loose_files_and_zips_land_together(tmp_path: Path) -> None:
    loose = tmp_path / "ann_1.wav"
    loose.write_bytes(b"loose")
    packed = archive(tmp_path / "more.zip", {"b/ben_1.flac": b"ben", "manifest.csv": b"rows"})
    names = put([loose, packed], tmp_path / "to" / "clips", LIMITS)
    assert names == ["ann_1.wav", "b/ben_1.flac", "manifest.csv"]
    assert inside(tmp_path / "to" / "clips")["b/ben_1.flac"] == b"ben"


def test_a_folder_around_everything_is_left_out_and_leftovers_too(tmp_path: Path) -> None:
    packed = archive(
        tmp_path / "v.zip", {"my voices/manifest.csv": b"1", "my voices/a.wav": b"2", "__MACOSX/._a.wav": b"3"}
    )
    assert put([packed], tmp_path / "clips", LIMITS) == ["a.wav", "manifest.csv"]


def test_new_voices_replace_the_old_ones(tmp_path: Path) -> None:
    put([archive(tmp_path / "1.zip", {"a.wav": b"1", "b.wav": b"1"})], tmp_path / "clips", LIMITS)
    put([archive(tmp_path / "2.zip", {"a.wav": b"2", "c.wav": b"1"})], tmp_path / "clips", LIMITS)
    assert inside(tmp_path / "clips") == {"a.wav": b"2", "c.wav": b"1"}


BROKEN = {
    "../../escape.wav": "Plain file names",
    "/etc/cron.d/x": "Plain file names",
    "a/../../b.wav": "Plain file names",
    "C:\\x.wav": "Plain file names",
    ".hidden": "Plain file names",
    "line\nbreak.wav": "Plain file names",
    "x" * 200: "Plain file names",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_name_that_is_not_plain_refuses_the_upload_whole(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "clips"
    put([archive(tmp_path / "1.zip", {"kept.wav": b"1"})], folder, LIMITS)
    with pytest.raises(StudyError, match=BROKEN[name]):
        put([archive(tmp_path / "2.zip", {"fine.wav": b"1", name: b"2"})], folder, LIMITS)
    assert inside(folder) == {"kept.wav": b"1"}
    assert {path.name for path in tmp_path.iterdir()} == {"1.zip", "2.zip", "clips"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.wav": b"x" * 1001}, "goes beyond"),
        ({f"{n}.wav": b"x" * 900 for n in range(3)}, "goes beyond"),
        ({f"{n}.wav": b"" for n in range(6)}, "At most 5 files"),
    ],
)
def test_too_much_is_refused(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        put([archive(tmp_path / "1.zip", files)], tmp_path / "clips", LIMITS)
    assert not (tmp_path / "clips").exists()


def test_a_zip_that_lies_about_its_size_is_stopped_on_the_way(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "bomb.zip", {"a.wav": bytes(50_000_000)})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(StudyError, match="goes beyond"):
        put([bomb], tmp_path / "clips", LIMITS)


def test_twice_the_same_name_is_refused(tmp_path: Path) -> None:
    first = archive(tmp_path / "1.zip", {"a.wav": b"1"})
    second = archive(tmp_path / "2.zip", {"a.wav": b"2"})
    with pytest.raises(StudyError, match="came twice"):
        put([first, second], tmp_path / "clips", LIMITS)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    packed = archive(tmp_path / "1.zip", {"a.wav": bytes(range(256)) * 3})
    data = bytearray(packed.read_bytes())
    data[60] ^= 0xFF
    packed.write_bytes(data)
    with pytest.raises(StudyError, match="whole ZIP"):
        put([packed], tmp_path / "clips", LIMITS)
    assert not (tmp_path / "clips").exists()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_whatever_calls_itself_a_zip_is_a_sentence_or_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04" + data)
    with pytest.raises(StudyError, match="whole ZIP"):
        put([path], tmp_path / "clips", LIMITS)
