"""The study of emotion compensation, on simulated runs: which answers count, and what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from anonymizers.emotion_compensation import EMOTIONS
from experiments import emotion_compensation as study_of
from experiments import house_runs
from experiments.emotion_compensation import OFF, TOLD_AT, answers, attacked_table, cell, emotion_table, jobs, told
from experiments.house_figures import Study
from experiments.house_tables import ATTACKERS
from tests.experiments.test_house_study import simulated


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    found = Study(tmp_path_factory.mktemp("study"))
    for job in jobs():
        simulated(job, found.out, level=0.5 if job.cell == OFF else 1.0)
    return found


def test_each_clip_is_told_its_own_emotion(study: Study):
    together = told(study, TOLD_AT[0])
    for emotion in EMOTIONS:
        own = study.table("emotions", "acted", [cell(emotion, TOLD_AT[0])])
        kept, wanted = together[together["truth"] == emotion], own[own["truth"] == emotion]
        assert kept["said"].tolist() == wanted["said"].tolist()
        assert len(kept) > 0
    assert len(together) == len(study.table("emotions", "acted", [OFF]))


def test_the_tables_have_every_condition(study: Study):
    text = emotion_table(study)
    for name, _ in answers(study):
        assert f"| {name} |" in text
    rows = [line for line in attacked_table(study).splitlines() if line.startswith(("| house", "| mfcc", "| emotion"))]
    assert len(rows) == len(ATTACKERS) * len(study_of.PROTOCOLS)
    assert not any("nan" in row for row in rows)


def test_voices_that_are_easier_to_tell_have_a_lower_eer(study: Study):
    """Simulated: with compensation a speaker's vectors lie nearer together than without."""
    rows = [line.split("|") for line in attacked_table(study).splitlines()[2:]]
    assert {float(cell.split()[0]) < 0 for row in rows for cell in row[6:9]} == {True}


def test_it_runs_goes_on_and_tells_of_failures(
    study: Study, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    words = ["--data", "none", "--train", "none", "--out", str(study.out)]
    monkeypatch.setattr(house_runs, "carry_out", lambda wanted, options: ((job, "done") for job in wanted))
    assert study_of.main(words) == 0
    assert (Path(study.out) / "emotion_compensation.md").read_text(encoding="utf-8").strip() in capsys.readouterr().out
    monkeypatch.setattr(house_runs, "carry_out", lambda wanted, options: ((job, "it broke.") for job in wanted))
    assert study_of.main(words) == 1
    assert "it broke." in capsys.readouterr().err
