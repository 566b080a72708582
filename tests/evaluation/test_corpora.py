"""Manifests and folders of speech, and parts of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.corpus import CorpusError, load, select
from evaluation.corpus_words import key_of
from tests.evaluation.example_corpus import corpus, manifest, touch

ROW = {"path": "a/x.wav", "speaker": "ann", "sex": "F"}


def rows(*changes: dict[str, str]) -> list[dict[str, str]]:
    return [{**ROW, **change} for change in changes]


def test_all_columns(tmp_path: Path) -> None:
    touch(tmp_path, ["a/84-121123-0001.flac", "b.wav"])
    full = {
        "path": "a/84-121123-0001.flac", "speaker": "ls-84", "sex": "female", "emotion": "Anger", "language": "en",
        "transcript": "Hello, you", "corpus": "LibriSpeech dev-clean", "session": "", "split": "dev", "utterance": "",
    }  # fmt: skip
    other = {**full, "path": "b.wav", "session": "kitchen", "utterance": "the second", "sex": ""}
    found = load(manifest(tmp_path, [full, other]))
    first, second = found.utterances
    assert (first.key, first.sex, first.session) == ("84-121123-0001", "F", "84-121123")
    assert (first.emotion, first.language, first.transcript) == ("angry", "en", "Hello, you")
    assert (second.session, second.sex) == ("kitchen", "")
    assert second.key.startswith("the_second~")
    assert (found.name, found.split) == ("LibriSpeech dev-clean", tmp_path.name)


def test_the_manifest_may_be_named_and_have_semicolons(tmp_path: Path) -> None:
    touch(tmp_path, ["a/x.wav"])
    found = load(manifest(tmp_path, [ROW], delimiter=";") / "manifest.csv")
    assert [one.key for one in found.utterances] == ["x"]


def test_a_split_is_a_column_where_there_is_one(tmp_path: Path) -> None:
    touch(tmp_path, ["a/x.wav", "a/y.wav"])
    manifest(tmp_path, [{**ROW, "split": "dev"}, {**ROW, "path": "a/y.wav", "split": "test"}])
    found = load(tmp_path, split="test")
    assert ([one.key for one in found.utterances], found.split) == (["y"], "test")
    with pytest.raises(CorpusError, match="'train' was expected, but it has dev, test"):
        load(tmp_path, split="train")


def test_what_is_wrong_is_told_once_a_kind(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out.wav"
    touch(tmp_path, ["in/a/x.wav", "out.wav", "in/same/y.wav", "in/other/y.wav"])
    changes = [
        {}, {"path": "../out.wav"}, {"path": str(outside), "speaker": "bob"}, {"path": "gone.wav"}, {"speaker": ""},
        {"path": "nul\0.wav"}, {"sex": "robot"}, {"path": ""}, {"path": "same/y.wav"}, {"path": "other/y.wav"}, {},
    ]  # fmt: skip
    found = load(manifest(inside, rows(*changes)))
    keys = [one.key for one in found.utterances]
    assert sorted(keys) == sorted([key_of("same/y"), key_of("other/y"), "out", "x"])
    said = "\n".join(found.problems)
    for part in (
        "leads out of it: 1 left out, line 3 (../out.wav)", "there is none: 1", "a speaker was expected",
        "the path of a sound file was expected, but the cell is empty: 2", "'robot' came",
        "each utterance stands once",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"speaker,sex\nann,F\n", "path missing"),
        (b"path,speaker,speaker\n", "speaker there twice"),
        (b"path,speaker\na.wav,\xe4nn\n", "line 2 holds other bytes"),
        (b'path,speaker\n"a.wav,ann\n', "a row of CSV was expected"),
        (b"path,speaker\n", "at least one recording was expected"),
        (b"path,speaker\na.wav,ann,1\n", "2 cells were expected"),
        (b"", "path, speaker missing"),
    ],
)
def test_tables_that_are_none(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(data)
    with pytest.raises(CorpusError, match=said):
        load(tmp_path)


def test_folders_name_speakers_and_sessions(tmp_path: Path) -> None:
    touch(tmp_path, ["ann/x.wav", "bob/kitchen/y.flac", "loose.wav", "ann/.hidden.wav", "ann/notes.md"])
    (tmp_path / "ann" / "x.lab").write_text("good\nmorning", encoding="utf-8")
    (tmp_path / "bob" / "kitchen" / "bob.trans.txt").write_text("y AND GOOD NIGHT\n", encoding="utf-8")
    found = load(tmp_path)
    facts = [(one.key, one.speaker, one.session, one.transcript, one.sex) for one in found.utterances]
    assert facts == [("x", "ann", "", "good morning", ""), ("y", "bob", "kitchen", "AND GOOD NIGHT", "")]
    assert found.problems == ("loose.wav: in no speaker's folder, so left out.",)


def test_a_transcript_that_is_no_text_costs_itself_alone(tmp_path: Path) -> None:
    touch(tmp_path, ["ann/x.wav"])
    (tmp_path / "ann" / "x.txt").write_bytes(b"\xff\xfe")
    found = load(tmp_path)
    assert found.utterances[0].transcript == ""
    assert "Nothing is taken from it" in found.problems[0]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="there is none: check the path"):
        load(tmp_path / "gone")
    with pytest.raises(CorpusError, match=r"at least one recording was expected.*wav\.scp, manifest\.csv or speaker"):
        load(tmp_path)


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, unique=True))
def test_keys_are_safe_file_names_and_stay_different(names: list[str]) -> None:
    keys = [key_of(name) for name in names]
    assert len(set(keys)) == len(names)
    for key in keys:
        assert key == Path(key).name
        assert key.isascii()
        assert 0 < len(key) <= 130
        assert not key.startswith(".")


def test_parts_of_a_corpus() -> None:
    whole = corpus({"ann": ["1", "1", "2", "2", "2"], "bob": ["1"], "cid": ["1", "2"]})
    assert len(select(whole, speakers=["ann", "bob"]).utterances) == 6
    assert {one.speaker for one in select(whole, exclude=["ann"]).utterances} == {"bob", "cid"}
    assert {one.speaker for one in select(whole, least=2).utterances} == {"ann", "cid"}
    drawn = select(whole, subset=2, seed=3)
    assert sorted(one.speaker for one in drawn.utterances) == ["ann", "ann", "bob", "cid", "cid"]
    assert {one.session for one in drawn.utterances if one.speaker == "ann"} == {"1", "2"}
    assert drawn == select(whole, subset=2, seed=3)
    for change in (
        {"speakers": ["dan"]},
        {"exclude": ["dan"]},
        {"corpora": ["EmoDB"]},
        {"exclude": ["ann", "bob", "cid"]},
    ):
        with pytest.raises(CorpusError):
            select(whole, **change)  # type: ignore[arg-type]


def test_lists_of_trials_are_narrowed_too() -> None:
    from dataclasses import replace

    whole = corpus({"ann": ["1", "2"], "bob": ["1", "2"]})
    lists = replace(
        whole,
        enrolments={"ann": ("ann-0",), "bob": ("bob-0",)},
        trials=(("ann", "ann-1", True), ("bob", "ann-1", False), ("ann", "bob-1", False)),
    )
    left = select(lists, exclude=["bob"])
    assert (left.enrolments, left.trials) == ({"ann": ("ann-0",)}, (("ann", "ann-1", True),))


def test_real_speech_of_the_dev_set(shared_dir: Path) -> None:
    found = load(shared_dir / "data" / "dev")
    assert (len(found.utterances), len({one.speaker for one in found.utterances}), found.problems) == (1128, 91, ())
    libri = select(found, corpora=["librispeech"], least=2)
    assert len({one.speaker for one in libri.utterances}) == 13
    assert all(one.session for one in libri.utterances)
    alone = {name for name in {one.speaker for one in libri.utterances}
             if len({one.session for one in libri.utterances if one.speaker == name}) == 1}  # fmt: skip
    assert len(alone) == 6
