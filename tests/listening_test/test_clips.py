"""The voices of a study: read with their facts, or refused with file and row."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.clip import Clip, encode_wav
from listening_test import clips
from listening_test.study import Clips, Study, StudyError

RATE_HZ = 16_000


def wav(seed: int, duration_s: float = 0.2) -> bytes:
    samples = np.random.default_rng(seed).uniform(-0.1, 0.1, int(duration_s * RATE_HZ))
    return encode_wav(Clip(samples.astype(np.float32), RATE_HZ))


def study(**given: Any) -> Study:
    """A study of which only the clips matter here."""
    return Study.model_construct(clips=Clips.model_validate(given))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, name in enumerate(["anna_f_1.wav", "anna_f_2.wav", "bert_M.wav", "cora_x_f.WAV", "dora.wav"]):
        (tmp_path / name).write_bytes(wav(i))
    (tmp_path / "notes.txt").write_text("no clip")
    (tmp_path / ".hidden.wav").write_bytes(b"no clip")
    return tmp_path


def manifest(folder: Path, *lines: str, header: str = "file,speaker,sex") -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def fault(folder: Path, *lines: str, header: str = "file,speaker,sex", **given: Any) -> str:
    manifest(folder, *lines, header=header)
    with pytest.raises(StudyError) as caught:
        clips.read(study(manifest="manifest.csv", **given), folder)
    return str(caught.value)


def test_a_folder_tells_speaker_and_sex_by_name(folder):
    found = clips.read(study(folder="."), folder)
    assert [(clip.key, clip.speaker, clip.sex) for clip in found] == [
        ("anna_f_1.wav", "anna", "F"),
        ("anna_f_2.wav", "anna", "F"),
        ("bert_M.wav", "bert", "M"),
        ("cora_x_f.WAV", "cora", "F"),
        ("dora.wav", "dora", "X"),
    ]


def test_duration_and_hash_are_the_files_own(folder):
    (first, *_) = clips.read(study(folder="."), folder)
    assert first.duration_s == pytest.approx(0.2)
    assert first.sha256 == hashlib.sha256((folder / "anna_f_1.wav").read_bytes()).hexdigest()


def test_a_manifest_brings_every_fact(folder):
    manifest(
        folder,
        'anna_f_1.wav, anna ,f,anger,"Well, yes.",2,English,CC0-1.0,loud',
        "",
        ",,,,,,,,",
        header="File,Speaker,Sex,Emotion,Transcript,Session,Language,Licence,Note",
    )
    (clip,) = clips.read(study(manifest="manifest.csv"), folder)
    assert (clip.speaker, clip.sex, clip.emotion, clip.transcript) == ("anna", "F", "anger", "Well, yes.")
    assert (clip.session, clip.language, clip.licence) == ("2", "English", "CC0-1.0")


def test_a_manifest_from_a_german_spreadsheet_is_read(folder):
    path = folder / "manifest.csv"
    path.write_text("file;speaker;sex;transcript\r\ndora.wav;dora;X;Grüße, alle\r\n", encoding="utf-8-sig", newline="")
    (clip,) = clips.read(study(manifest="manifest.csv"), folder)
    assert clip.transcript == "Grüße, alle"


def test_paths_start_from_the_folder_of_the_manifest(folder):
    deeper = folder / "deeper"
    deeper.mkdir()
    manifest(deeper, "../dora.wav,dora,X")
    (clip,) = clips.read(study(manifest="deeper/manifest.csv"), folder)
    assert clip.path.resolve() == (folder / "dora.wav").resolve()


def test_include_keeps_the_rows_that_match(folder):
    lines = ("anna_f_1.wav,anna,F,English,a", "bert_M.wav,bert,M,German,a", "dora.wav,dora,X,English,b")
    manifest(folder, *lines, header="file,speaker,sex,language,batch")
    kept = clips.read(study(manifest="manifest.csv", include={"language": ["English"], "batch": ["a", "c"]}), folder)
    assert [clip.speaker for clip in kept] == ["anna"]


def test_include_works_on_a_folder_too(folder):
    assert {clip.sex for clip in clips.read(study(folder=".", include={"sex": ["f"]}), folder)} == {"F"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "at least one clip was expected"),
        (["gone.wav,anna,F"], "manifest.csv, line 2 (gone.wav): a sound file was expected, but there is none"),
        (["dora.wav,dora,X", "notes.txt,anna,F"], "manifest.csv, line 3 (notes.txt): A sound file was expected"),
        (["dora.wav,,F"], "line 2 (dora.wav): a speaker was expected, but the cell is empty"),
        (["dora.wav,dora,W"], 'a sex was expected, F, M or X (unknown), but "W" came'),
        (["dora.wav,dora,"], "a sex was expected, F, M or X (unknown), but nothing came"),
        ([",dora,F"], "the name of a sound file was expected"),
        ([".,dora,F"], "there is none at"),
        (
            ["dora.wav,dora,X", "./dora.wav,dora,X"],
            "line 3 (./dora.wav): each file stands once, but manifest.csv, line 2",
        ),
        (["dora.wav,dora"], "line 2: 3 cells were expected"),
        (["dora.wav,dora,X,1"], "line 2: 3 cells were expected"),
        (['"dora.wav,dora,X'], "a row of CSV was expected"),
        (["dora.wav\0,dora,X"], "line 2"),
        ([f"{'x' * 5000}.wav,dora,X"], "line 2"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(folder, lines, said):
    assert said in fault(folder, *lines)


def test_every_bad_row_is_told(folder):
    said = fault(folder, "gone.wav,anna,F", "dora.wav,,X", "bert_M.wav,bert,W").splitlines()
    assert len(said) == 3


def test_a_flood_of_faults_is_cut_short(folder):
    said = fault(folder, *(f"gone{i}.wav,a,F" for i in range(500))).splitlines()
    assert len(said) == clips.SHOWN_FAULTS + 1
    assert said[-1] == "… and 480 more like these."


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("file,speaker", "sex is missing"),
        ("name", "file, speaker, sex are missing"),
        ("file,speaker,sex,sex", "sex stands twice"),
    ],
)
def test_columns_are_checked(folder, header, said):
    assert said in fault(folder, header=header)


def test_include_names_the_columns_there_are(folder):
    said = fault(folder, "dora.wav,dora,X", include={"langauge": ["English"]})
    assert "clips.include.langauge: a column of manifest.csv was expected, but it has only file, speaker, sex" in said


def test_include_that_keeps_nothing_is_refused(folder):
    assert "but none does" in fault(folder, "dora.wav,dora,X", include={"sex": ["F"]})


def test_silence_is_refused(folder):
    (folder / "dora.wav").write_bytes(encode_wav(Clip(np.zeros(RATE_HZ, np.float32), RATE_HZ)))
    assert "digital silence" in fault(folder, "dora.wav,dora,X")


def test_the_same_recording_under_two_names_is_refused(folder):
    (folder / "copy.wav").write_bytes((folder / "dora.wav").read_bytes())
    assert "copy.wav: each clip was expected to be another recording" in fault(
        folder, "dora.wav,dora,X", "copy.wav,dora,X"
    )


def test_a_truncated_or_empty_clip_is_refused_by_name(folder):
    (folder / "dora.wav").write_bytes(b"")
    (folder / "bert_M.wav").write_bytes(b"RIFF\x00\x00")
    said = fault(folder, "dora.wav,dora,X", "bert_M.wav,bert,M")
    assert "(dora.wav)" in said
    assert "(bert_M.wav)" in said


def test_a_clip_that_may_not_be_read_is_refused(folder, monkeypatch):
    """Root may read everything, so the refusal is the test's own and not the system's."""
    read = Path.read_bytes

    def forbidden(path: Path) -> bytes:
        if path.name == "dora.wav":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    said = fault(folder, "dora.wav,dora,X")
    assert "cannot be read" in said
    assert "dora.wav" in said


def test_a_special_file_is_no_clip(folder):
    os.mkfifo(folder / "pipe.wav")
    assert "there is none at" in fault(folder, "pipe.wav,dora,X")


def test_files_outside_are_refused_where_asked(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "other.wav"
    elsewhere.write_bytes(wav(9))
    (folder / "link.wav").symlink_to(elsewhere)
    manifest(folder, f"{elsewhere},anna,F", "link.wav,anna,F", "dora.wav,dora,X")
    with pytest.raises(StudyError) as caught:
        clips.read(study(manifest="manifest.csv"), folder, inside=folder)
    assert str(caught.value).count("it lies outside: copy it there") == 2


@pytest.mark.parametrize(
    "given", [{"folder": "gone"}, {"manifest": "gone.csv"}, {"manifest": "."}, {"folder": "dora.wav"}]
)
def test_a_missing_source_is_refused(folder, given):
    with pytest.raises(StudyError, match="cannot be read: "):
        clips.read(study(**given), folder)


def test_a_manifest_in_another_encoding_is_refused(folder):
    (folder / "manifest.csv").write_bytes("file,speaker,sex\ndora.wav,Dörte,X\n".encode("latin-1"))
    with pytest.raises(StudyError, match="save it as UTF-8"):
        clips.read(study(manifest="manifest.csv"), folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(StudyError, match="at least one clip was expected"):
        clips.read(study(folder="."), tmp_path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8") | st.sampled_from(',;"\n\r\0./'), max_size=60))
def test_any_manifest_is_read_or_a_study_error(folder, rest):
    (folder / "manifest.csv").write_text(f"file,speaker,sex\n{rest}", encoding="utf-8", newline="")
    with pytest.raises(StudyError):
        clips.read(study(manifest="manifest.csv"), folder)
