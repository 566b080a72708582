"""Kaldi-style directories as VoicePrivacy has them; nothing in them is executed."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.corpus import CorpusError, load
from evaluation.corpus_kaldi import set_of
from tests.evaluation.example_corpus import kaldi, touch

NAMES = [f"{speaker}-{chapter}-{take:04}" for speaker in (19, 26) for chapter in (7, 8) for take in range(2)]
LISTS = {
    "wav.scp": [f"{name} wav/{name}.wav" for name in NAMES],
    "utt2spk": [f"{name} {name.partition('-')[0]}" for name in NAMES],
    "spk2gender": ["19 f", "26 m"],
    "text": [f"{name} HELLO  THERE" for name in NAMES[:3]],
}
SOUNDS = [f"wav/{name}.wav" for name in NAMES]


def test_what_the_lists_say(tmp_path: Path) -> None:
    extra = {"utt2emo": [f"{NAMES[0]} ang", f"{NAMES[1]} exc"], "utt2lang": [f"{NAMES[0]} en"]}
    found = load(kaldi(tmp_path / "mine", {**LISTS, **extra}, recordings=SOUNDS))
    assert [one.key for one in found.utterances] == sorted(NAMES)
    first = found.utterances[0]
    assert (first.speaker, first.sex, first.session, first.transcript) == ("19", "F", "19-7", "HELLO THERE")
    assert (first.emotion, first.language, first.corpus) == ("angry", "en", "mine")
    assert found.utterances[1].emotion == "happy"
    assert (found.utterances[4].sex, found.utterances[4].transcript) == ("M", "")
    assert (found.name, found.split, found.trials, found.problems) == ("mine", "mine", None, ())


def vpc(root: Path, suffix: str = "", name: str = "libri_dev") -> Path:
    """enrolls, trials_f and trials_m beside one another, as VoicePrivacy 2024 has them."""
    women, men = [one for one in NAMES if one[:2] == "19"], [one for one in NAMES if one[:2] == "26"]
    for part, names in (("enrolls", [women[0], men[0]]), ("trials_f", women[2:]), ("trials_m", men[2:])):
        lists = {
            "wav.scp": [f"{one} data/{name}_{part}{suffix}/wav/{one}.wav" for one in names],
            "utt2spk": [f"{one} {one[:2]}" for one in names],
            "spk2gender": LISTS["spk2gender"],
        }
        if part == "enrolls":
            lists["enrolls"] = names
        else:
            models = ("19", "26")
            same = [
                f"{model} {one} {'target' if one[:2] == model else 'nontarget'}" for model in models for one in names
            ]
            lists["trials"] = same
        kaldi(root / "data" / f"{name}_{part}{suffix}", lists, recordings=[f"wav/{one}.wav" for one in names])
    return root / "data"


def test_a_folder_of_the_challenge(tmp_path: Path) -> None:
    found = load(vpc(tmp_path))
    assert (found.name, len(found.utterances), found.problems) == ("libri_dev", 6, ())
    assert found.enrolments == {"19": ("19-7-0000",), "26": ("26-7-0000",)}
    assert found.trials is not None
    assert len(found.trials) == 8
    assert ("19", "19-8-0000", True) in found.trials
    assert ("26", "19-8-0000", False) in found.trials


def test_one_of_several_sets_is_named(tmp_path: Path) -> None:
    vpc(tmp_path)
    folder = vpc(tmp_path, suffix="_mcadams")
    with pytest.raises(CorpusError, match="holds the sets libri_dev, libri_dev_mcadams: name one of them with --split"):
        load(folder)
    found = load(folder, split="libri_dev_mcadams")
    assert {one.path.parent.parent.name for one in found.utterances} == {
        "libri_dev_enrolls_mcadams", "libri_dev_trials_f_mcadams", "libri_dev_trials_m_mcadams",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("libri_dev_trials_f", "libri_dev"),
        ("vctk_dev_trials_m_all", "vctk_dev"),
        ("libri_test_enrolls", "libri_test"),
        ("libri_dev_trials_mixed_ours", "libri_dev_ours"),
        ("IEMOCAP_dev", "IEMOCAP_dev"),
        ("my_trialsome_set", "my_trialsome_set"),
    ],
)
def test_sets_by_name(directory: str, name: str) -> None:
    assert set_of(directory) == name


def test_commands_are_refused_and_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    lines = [*LISTS["wav.scp"][1:], f"{NAMES[0]} touch {trap} |"]
    found = load(kaldi(tmp_path / "mine", {**LISTS, "wav.scp": lines}, recordings=SOUNDS))
    (said,) = found.problems
    assert "1 of 8 entries are commands (19-7-0000)" in said
    assert "not executed here" in said
    assert len(found.utterances) == 7
    every = [f"{name} sox {name}.flac -t wav - |" for name in NAMES]
    with pytest.raises(CorpusError, match="8 of 8 entries are commands"):
        load(kaldi(tmp_path / "all", {**LISTS, "wav.scp": every}))
    assert not trap.exists()


def test_paths_start_from_the_directory_those_above_or_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, here = tmp_path / "a" / "b" / "mine", tmp_path / "here"
    lines = [
        f"{NAMES[0]} in.wav", f"{NAMES[1]} b/above.wav", f"{NAMES[2]} near.wav", f"{NAMES[3]} {tmp_path}/far away.wav",
        f"{NAMES[4]} nowhere.wav", f"{NAMES[5]} ../up.wav",
    ]  # fmt: skip
    touch(tmp_path, ["a/b/mine/in.wav", "a/b/above.wav", "here/near.wav", "far away.wav", "a/b/up.wav"])
    monkeypatch.chdir(here)
    found = load(kaldi(root, {**LISTS, "wav.scp": lines}))
    names = [one.path.resolve().relative_to(tmp_path).as_posix() for one in found.utterances]
    assert names == ["a/b/mine/in.wav", "a/b/above.wav", "here/near.wav", "far away.wav", "a/b/up.wav"]
    assert "1 of 6 sound files are not there: 26-7-0000 (nowhere.wav)" in found.problems[0]


def test_segments_are_parts_of_recordings(tmp_path: Path) -> None:
    lists = {
        "wav.scp": ["tape tape.wav"],
        "segments": ["a tape 1.5 3", "b tape 3 -1", "c tape 5 4", "d gone 0 1", "e tape x 1"],
        "utt2spk": ["a ann", "b bob", "c ann", "d ann", "e ann"],
    }
    found = load(kaldi(tmp_path / "mine", lists, recordings=["tape.wav"]))
    assert [(one.key, one.start_s, one.end_s) for one in found.utterances] == [("a", 1.5, 3.0), ("b", 3.0, 0.0)]
    assert any("line 3: a start before the end" in one for one in found.problems)
    assert any("line 5" in one for one in found.problems)


def test_what_is_wrong_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    lists = {
        **LISTS,
        "utt2spk": [*LISTS["utt2spk"][1:], f"{NAMES[1]} 26"],
        "spk2gender": ["19 f", "26 robot"],
        "enrolls": ["19 19-7-0001", "26 26-7-0000 nobody"],
        "trials": ["19 19-8-0000 target", "19 ghost target", "99 19-8-0000 nontarget", "19 19-8-0001"],
    }
    found = load(kaldi(tmp_path / "mine", lists, recordings=SOUNDS))
    said = "\n".join(found.problems)
    for part in (
        "names no speaker of 19-7-0000", "19-7-0001 stands twice", "26 have another", "enrolls: 1 utterances",
        "trials: 1 utterances are not there (ghost)", "1 models have no enrolment (99)", "trials, line 4",
    ):  # fmt: skip
        assert part in said
    assert found.trials == (("19", "19-8-0000", True),)
    assert found.enrolments == {"19": ("19-7-0001",), "26": ("26-7-0000",)}


def test_without_enrolls_those_enrol_whom_no_trial_hears(tmp_path: Path) -> None:
    lists = {**LISTS, "trials": ["19 19-8-0000 target", "26 19-8-0000 nontarget"]}
    found = load(kaldi(tmp_path / "mine", lists, recordings=SOUNDS))
    assert found.enrolments is not None
    assert found.enrolments["19"] == ("19-7-0000", "19-7-0001", "19-8-0001")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"utt2spk": None}, "utt2spk was expected"),
        ({"wav.scp": b"a \xff\xfe.wav\n"}, "line 1 holds other bytes"),
        ({"text": "a ä\nb b\n".encode("latin-1")}, "text: text in UTF-8 was expected"),
        ({"wav.scp": b""}, "at least one recording was expected"),
        ({"utt2spk": b""}, "at least one recording was expected"),
    ],
)
def test_lists_that_cannot_be_read_at_all(change: dict, said: str, tmp_path: Path) -> None:
    folder = kaldi(tmp_path / "mine", LISTS, recordings=SOUNDS)
    for name, data in change.items():
        (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    with pytest.raises(CorpusError, match=said):
        load(folder)
