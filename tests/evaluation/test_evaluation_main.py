"""python -m evaluation: runs, what they leave, what goes on, and mistakes as one sentence."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation import pipeline
from evaluation.__main__ import main
from evaluation.options import parser, request_of
from evaluation.run_tables import TABLES
from evaluation.runs import Run
from tests.evaluation.example_corpus import kaldi, voices
from tests.ray_cluster import ENVIRONMENT, MISSING, NO_RAY, ROOT, cluster

QUICK = ["--attackers", "mfcc", "--words", "none", "--emotion", "none", "--replicates", "20", "--quality", "no"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices(tmp_path_factory.mktemp("voices"), speakers=4, each=2, duration_s=0.3)


@pytest.fixture(scope="module")
def out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by the command."""
    made = tmp_path_factory.mktemp("runs") / "first"
    assert main(["run", "--data", str(folder), "--systems", "mcadams", "--out", str(made), "--jobs", "2", *QUICK]) == 0
    return made


def contents(out: Path) -> dict[str, bytes]:
    kept = [path for kind in ("audio", "tables", "embeddings", "protocols") for path in (out / kind).rglob("*.*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in kept}


def test_what_a_run_leaves(out: Path, folder: Path) -> None:
    run = Run(out)
    assert run.problems == []
    assert {path.stem for path in (out / "tables").iterdir()} == set(TABLES)
    eers = run.table("figures").query("metric == 'EER' and sex == 'all'")
    assert set(eers["attack"]) >= {"unprotected", "ignorant", "lazy-informed"}
    assert set(eers["protocol"]) == {"single", "multi"}
    assert (eers["about"] != "").all()
    told = run.provenance
    assert told["data"] == {"name": "Synthetic", "split": folder.name, "speakers": 4, "utterances": 8, "problems": []}
    assert told["jobs"] == {"done": 24, "earlier": 0, "failed": 0, "all": 24}
    assert told["attackers"]["mfcc"]["title"]
    assert told["systems"]["mcadams"]["fidelity"] == "exact"
    assert {one["key"] for one in told["protocols"]} == {"single", "multi"}
    assert (out / "protocols" / "single" / "trials").is_file()


def test_run_again_nothing_is_done_twice(out: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(out)
    asked = ["run", "--data", str(folder), "--systems", "mcadams", "--out", str(out), *QUICK]
    assert main(asked) == 0
    said = capsys.readouterr().err
    assert "Synthetic" in said
    assert "4 speakers, 8 utterances" in said
    assert "0 done, 24 were there already, 0 failed" in said
    assert contents(out) == before


def test_show_names_the_main_figures(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("first\n")
    for word in ("mcadams", "lazy-informed", "EER %", "50 % is chance"):
        assert word in said
    assert "nan" not in said


def test_report_is_written(out: Path, tmp_path: Path) -> None:
    assert main(["report", str(out), "--out", str(tmp_path / "r.html")]) == 0
    assert "mcadams" in (tmp_path / "r.html").read_text(encoding="utf-8").lower()


def test_recognisers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recognisers", "--json"]) == 0
    assert {"pocketsphinx", "house-speaker"} <= {one["key"] for one in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--data", "GONE"], "A folder of speech was expected at"),
        (["--data", "EMPTY"], "at least one recording was expected"),
        (["--systems", "nobody"], "no system 'nobody'"),
        (["--systems", ","], "--systems names at least one"),
        (["--set", "mcadams.alpha_min=9"], "alpha_min lies between"),
        (["--set", "alpha_min=1"], "--set takes SYSTEM.NAME=VALUE"),
        (["--set", "devoiced.x=1"], "devoiced, but --systems does not name it"),
        (["--attackers", "god"], "no attacker god; the attackers are mfcc"),
        (["--words", "house-speaker"], "A recogniser of words was expected"),
        (["--words", "nobody"], "no recogniser 'nobody'"),
        (["--protocols", "given"], "lists of trials were expected"),
        (["--protocols", "double"], "A protocol is one of single, multi, given"),
        (["--speakers", "nobody"], "none is called nobody"),
        (["--corpus", "EmoDB"], "but it holds: Synthetic"),
        (["--ray", "127.0.0.1:1"], "nothing answers there"),
        (["--out", "INSIDE"], "so results would be taken for data"),
        (["--train", "GONE"], "A folder of speech was expected at"),
        (["--tune", "300"], "it needs --train, and house among them"),
    ],
)
def test_mistakes_are_one_sentence(
    args: list[str], words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"GONE": tmp_path / "gone", "EMPTY": tmp_path / "empty", "INSIDE": folder / "run"}
    base = ["--data", str(folder), "--systems", "mcadams", "--out", str(tmp_path / "out"), *QUICK]
    assert main(["run", *base, *(str(places.get(arg, arg)) for arg in args)]) == 1
    error = capsys.readouterr().err
    assert words in error.splitlines()[-1]
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "facts").exists()


def test_show_of_no_run_and_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(tmp_path / "gone")]) == 1
    assert "there is none" in capsys.readouterr().err
    for args in (["run"], ["run", "--data", "x", "--systems", "a", "--out", "o", "--jobs", "-1"], ["sing"]):
        with pytest.raises(SystemExit) as caught:
            main(args)
        assert caught.value.code == 2
    assert "example: python -m evaluation run" in _help(["run", "--help"], capsys)


def _help(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main(args)
    return " ".join(capsys.readouterr().out.split())


def test_a_broken_file_is_status_1_and_the_others_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = voices(tmp_path / "voices", speakers=4, each=2, duration_s=0.3)
    (folder / "spk1" / "spk1-0.wav").write_text("no sound")
    asked = ["run", "--data", str(folder), "--systems", "original", "--out", str(tmp_path / "out"), *QUICK]
    assert main([*asked, "--no-control"]) == 1
    said = capsys.readouterr().err
    assert "original spk1-0: A sound file was expected" in said
    assert "7 done, 0 were there already, 1 failed" in said
    run = Run(tmp_path / "out")
    assert run.provenance["failures"][0].startswith("original spk1-0: ")
    assert run.shows


def test_a_full_disk_at_the_tables_is_a_sentence(
    out: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from evaluation import gather

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "tables/files.parquet")

    monkeypatch.setattr(gather, "gather", full)
    assert main(["run", "--data", str(folder), "--systems", "mcadams", "--out", str(out), *QUICK]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("tables/files.parquet could not be written (No space left on device). What is done is kept")


def test_lists_of_the_data_and_other_speakers_are_taken(folder: Path, tmp_path: Path) -> None:
    lists = kaldi(
        tmp_path / "set_trials",
        {
            "wav.scp": [f"spk{n}-{take} {folder}/spk{n}/spk{n}-{take}.wav" for n in range(4) for take in range(2)],
            "utt2spk": [f"spk{n}-{take} spk{n}" for n in range(4) for take in range(2)],
            "enrolls": [f"spk{n}-0" for n in range(4)],
            "trials": ["spk0 spk0-1 target", "spk0 spk2-1 nontarget"],
        },
    )
    base = ["run", "--data", str(lists), "--systems", "mcadams", "--out", str(tmp_path / "out"), *QUICK]
    typed = parser().parse_args([*base, "--train", str(folder), "--exclude-speakers", "spk3", "--level", "speaker"])
    typed.typed = base
    ready = pipeline.prepare(request_of(typed))
    assert [one.key for one in ready.protocols] == ["given"]
    assert len(ready.protocols[0].trials) == 2
    assert ready.train is not None
    assert {one.speaker for one in ready.train.utterances} == {"spk3"}
    assert "3 speakers are in the evaluated data too" in ready.train.problems[0]
    assert ready.about.train == f"Synthetic {folder.name}, 1 speakers, 2 utterances"
    assert {job.side for job in ready.jobs} == {"trial", "enrolment", "told", "train"}


@pytest.mark.slow
def test_all_that_is_shipped_judges_a_corpus(tmp_path: Path) -> None:
    """Every attacker, recogniser and side that is there, at level speaker, with a corpus of others to learn from."""
    folder = voices(tmp_path / "voices", speakers=4, each=2, duration_s=1.2)
    others = voices(tmp_path / "others", speakers=4, each=2, duration_s=1.2)
    out = tmp_path / "out"
    asked = ["run", "--data", str(folder), "--systems", "mcadams", "--out", str(out), "--level", "speaker"]
    assert (
        main([*asked, "--train", str(others), "--exclude-speakers", "spk3", "--jobs", "2", "--replicates", "20"]) == 0
    )
    run = Run(out)
    assert run.provenance["train"]["speakers"] == 1
    assert run.provenance["deaf"] == []  # steady voices are speech enough for everybody
    assert run.problems == []
    assert {"trial", "enrolment", "told", "train"} == set(run.table("files")["side"])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 recordings, one of which is none."""
    folder = voices(tmp_path_factory.mktemp("many"), speakers=20, each=15, duration_s=0.6)
    (folder / "spk7" / "spk7-7.wav").write_bytes(b"RIFF no sound")
    return folder


def command(folder: Path, out: Path, *more: str) -> list[str]:
    asked = ["run", "--data", str(folder), "--systems", "mcadams", "--out", str(out), "--no-control", *QUICK]
    return [sys.executable, "-m", "evaluation", *asked, *more]


@pytest.mark.slow
def test_killed_in_the_middle_of_300_files(many: Path, tmp_path: Path) -> None:
    """kill -9 three times, at different places; in the end the same bytes as a run that nothing happened to."""
    environment = {**os.environ, **ENVIRONMENT}
    straight = subprocess.run(
        command(many, tmp_path / "straight", "--jobs", "2"), cwd=ROOT, env=environment, check=False
    )
    assert straight.returncode == 1
    out, facts = tmp_path / "killed", tmp_path / "killed" / "facts"
    for until in (60, 250, 420):
        run = subprocess.Popen(command(many, out, "--jobs", "2"), cwd=ROOT, env=environment)
        while sum(1 for _ in facts.rglob("*.json")) < until:
            assert run.poll() is None, "it ended before it could be killed"
            try:
                run.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        run.kill()
        run.wait()
    left = sum(json.loads(path.read_bytes())["state"] == "done" for path in facts.rglob("*.json"))
    ended = subprocess.run(
        command(many, out, "--jobs", "2"), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert f"{598 - left} done, {left} were there already, 2 failed" in ended.stderr, "only what was in flight"
    assert contents(out) == contents(tmp_path / "straight")
    assert len(contents(out)) > 600


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster() as found:
        yield found


@pytest.mark.slow
@pytest.mark.skipif(MISSING, reason=NO_RAY)
def test_a_cluster_gives_the_same_bytes(out: Path, folder: Path, address: str, tmp_path: Path) -> None:
    asked = ["run", "--data", str(folder), "--systems", "mcadams", "--out", str(tmp_path / "there"), *QUICK]
    done = subprocess.run(
        [sys.executable, "-m", "evaluation", *asked, "--ray", address],
        cwd=ROOT, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "there") == contents(out)
