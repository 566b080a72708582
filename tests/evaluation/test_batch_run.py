"""The batch of a run: resumed without redoing or halving anything, failures told and kept apart, the same bytes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip, decode
from evaluation import batch, performing, protocol
from evaluation.batch import RunError, carry_out, jobs_of
from evaluation.corpus import Corpus, Utterance, load
from evaluation.gather import gather
from evaluation.heard import Heard, HeardError
from evaluation.job import Job, Places, Plan
from evaluation.performing import perform
from tests.evaluation.example_corpus import voices

ROOT = Path(__file__).resolve().parents[2]
PLAN = Plan(attackers=("mfcc",))
SCRIPT = """
import sys
from pathlib import Path
from evaluation.batch import carry_out, jobs_of
from evaluation.corpus import load
from evaluation.job import Plan
if __name__ == "__main__":
    corpus = load(Path(sys.argv[1]))
    for work in carry_out(jobs_of(corpus, ["mcadams"], [], Plan(attackers=("mfcc",)), control=False),
                          Path(sys.argv[2]), processes=2):
        print(work.job.name, flush=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices(tmp_path_factory.mktemp("voices"), speakers=3, each=3)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Corpus:
    return load(folder)


@pytest.fixture(scope="module")
def plain(whole: Corpus) -> list[Job]:
    return jobs_of(whole, ["mcadams"], [], PLAN, control=False)


@pytest.fixture(scope="module")
def straight(plain: list[Job], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing happened to."""
    out = tmp_path_factory.mktemp("straight")
    assert {work.error for work in carry_out(plain, out, processes=1)} == {""}
    gather(plain, out)
    return out


def contents(out: Path) -> dict[str, bytes]:
    """What a run must leave the same whatever happened to it; how long things took is not among it."""
    kept = [path for kind in ("audio", "tables", "embeddings") for path in (out / kind).rglob("*") if path.is_file()]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in kept}


def test_who_goes_through_what(whole: Corpus) -> None:
    protocols = protocol.make(whole)
    systems = ["mcadams", "devoiced"]
    jobs = jobs_of(whole, systems, protocols, PLAN, train=whole)
    count: dict[tuple[str, str], int] = {}
    for job in jobs:
        count[job.side, job.system] = count.get((job.side, job.system), 0) + 1
    every = {(side, system): 9 for side in ("trial", "train") for system in ("original", *systems)}
    assert count == {**every, ("told", "mcadams"): 9, ("told", "devoiced"): 9}
    by_speaker = jobs_of(whole, ["original", "mcadams"], protocols, replace(PLAN, level="speaker"), control=False)
    assert {(job.side, job.system) for job in by_speaker} == {
        ("trial", "original"), ("trial", "mcadams"), ("enrolment", "mcadams"),
    }  # fmt: skip
    assert {job.side for job in jobs_of(whole, systems, protocols, Plan(), train=whole)} == {"trial"}


def test_a_run_leaves_sound_facts_and_tables(plain: list[Job], straight: Path) -> None:
    job = next(job for job in plain if job.system == "mcadams")
    places = Places(straight, job)
    facts = places.read()
    assert facts is not None
    assert (facts["state"], facts["error"], facts["faults"]) == ("done", "", {})
    assert 0.5 < facts["pseudo_speaker"]["alpha"] < 1
    sound = decode(places.sound).clip
    assert sound.duration_s == pytest.approx(facts["duration_s"])
    heard = Heard.load(straight)
    assert len(heard.files) == 18
    assert not heard.files.duplicated(["system", "side", "utterance"]).any()
    assert heard.files["loudness_lufs"].between(-60, 0).all()
    own = heard.embeddings["mfcc", "mcadams", "trial"]
    assert own.keys == tuple(sorted(job.utterance.key for job in plain if job.system == "mcadams"))
    assert own.vectors.shape == (9, 24)
    assert not list(straight.rglob("*.part"))


def test_the_same_bytes_however_many_work_and_nothing_twice(plain: list[Job], straight: Path, tmp_path: Path) -> None:
    assert [work.earlier for work in carry_out(plain, tmp_path, processes=2)] == [False] * 18
    gather(plain, tmp_path)
    assert contents(tmp_path) == contents(straight)
    assert [work.earlier for work in carry_out(plain, tmp_path, processes=2)] == [True] * 18
    gather(list(reversed(plain)), tmp_path)
    assert contents(tmp_path) == contents(straight)


def test_killed_and_run_again(folder: Path, plain: list[Job], straight: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(out)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    told = [run.stdout.readline() for _ in range(5)]
    run.kill()
    run.wait()
    run.stdout.close()
    assert all(told)
    left = sum(Places(out, job).read() is not None for job in plain)
    assert 5 <= left < 18
    for path in sorted(out.rglob("*.json"))[:1]:
        path.write_text(path.read_text()[:-9])  # as if killed in the middle of it on a disk that lies
    works = list(carry_out(plain, out, processes=2))
    assert sum(work.earlier for work in works) == left - 1
    assert len(works) == 18
    gather(plain, out)
    assert contents(out) == contents(straight)


def test_what_a_result_depends_on_makes_another_job(whole: Corpus, tmp_path: Path) -> None:
    one = Job(whole.utterances[0], "mcadams", "trial", PLAN)
    others = [
        replace(one, system="devoiced"), replace(one, side="told"), replace(one, plan=replace(PLAN, seed=1)),
        replace(one, plan=replace(PLAN, level="speaker")), replace(one, plan=replace(PLAN, quality=True)),
        replace(one, plan=replace(PLAN, versions={"mfcc": "2"})), replace(one, plan=replace(PLAN, attackers=())),
        replace(one, plan=replace(PLAN, params={"mcadams": {"alpha_min": 0.8}})),
        replace(one, utterance=replace(one.utterance, start_s=0.1)),
        replace(one, utterance=replace(one.utterance, path=whole.utterances[1].path)),
    ]  # fmt: skip
    assert len({job.digest for job in (one, *others)}) == 1 + len(others)
    assert replace(one, plan=replace(PLAN, params={"devoiced": {"x": 1}})).digest == one.digest


def test_pseudo_speakers_of_each_side(whole: Corpus) -> None:
    def alpha(take: int, side: str, level: str) -> float:
        own = [one for one in whole.utterances if one.speaker == "spk0"][take]
        plan = Plan(level=level)  # type: ignore[arg-type]
        job = Job(own, "mcadams", side, plan)  # type: ignore[arg-type]
        return perform((job, own.path.read_bytes())).facts["pseudo_speaker"]["alpha"]

    assert alpha(0, "trial", "utterance") != alpha(1, "trial", "utterance")
    assert alpha(0, "told", "utterance") == alpha(1, "told", "utterance")
    assert alpha(0, "trial", "speaker") == alpha(1, "trial", "speaker")
    assert alpha(0, "enrolment", "speaker") == alpha(1, "enrolment", "speaker")
    assert alpha(0, "train", "speaker") == alpha(0, "train", "utterance") != alpha(1, "train", "speaker")
    assert len({alpha(0, side, "speaker") for side in ("trial", "enrolment", "told", "train")}) == 4


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_done(tmp_path: Path) -> None:
    folder = voices(tmp_path / "voices", speakers=1, each=5, duration_s=0.3)
    broken, gone = folder / "spk0" / "spk0-1.wav", folder / "spk0" / "spk0-3.wav"
    broken.write_text("no sound")
    whole = load(folder)
    gone.unlink()
    jobs, out = jobs_of(whole, [], [], PLAN), tmp_path / "out"
    failed = {work.job.utterance.key: work.error for work in carry_out(jobs, out, processes=1) if work.error}
    assert set(failed) == {"spk0-1", "spk0-3"}
    assert "this is none that can be read" in failed["spk0-1"]
    assert "No such file" in failed["spk0-3"]
    files = gather(jobs, out)["files"].set_index("utterance")
    assert (files["state"] == "failed").sum() == 2
    assert files.loc["spk0-1", "error"] == failed["spk0-1"]
    assert np.isnan(files.loc["spk0-1", "centroid_hz"])
    broken.write_bytes((folder / "spk0" / "spk0-0.wav").read_bytes())
    again = {work.job.utterance.key: work for work in carry_out(jobs_of(load(folder), [], [], PLAN), out)}
    assert (again["spk0-1"].error, again["spk0-1"].earlier) == ("", False), "the file is another now"
    later = {work.job.utterance.key: work for work in carry_out(jobs, out)}
    assert later["spk0-3"].earlier
    assert later["spk0-3"].error == failed["spk0-3"]
    tried = {work.job.utterance.key: work for work in carry_out(jobs, out, retry=True)}
    assert not tried["spk0-3"].earlier


def test_a_full_disk_stops_the_run_and_keeps_what_is_done(
    plain: list[Job], straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, left = batch.write_whole, [7]

    def limited(path: Path, data: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, data)

    monkeypatch.setattr(batch, "write_whole", limited)
    with pytest.raises(RunError, match=r"could not be written \(No space left on device\). What is done is kept"):
        list(carry_out(plain, tmp_path, processes=2))
    monkeypatch.undo()
    works = list(carry_out(plain, tmp_path, processes=2))
    assert sum(work.earlier for work in works) == 2  # three files each
    gather(plain, tmp_path)
    assert contents(tmp_path) == contents(straight)


def test_the_longest_come_first_and_a_recording_s_systems_together(tmp_path: Path) -> None:
    short = load(voices(tmp_path / "short", speakers=1, each=1, duration_s=0.3)).utterances[0]
    long = load(voices(tmp_path / "long", speakers=1, each=1, duration_s=0.9)).utterances[0]
    part = replace(long, key="part", start_s=0.1, end_s=0.2)
    unknown = replace(long, key="unknown", path=tmp_path / "gone.wav")
    every = [
        Job(one, system, "trial", PLAN)
        for system in ("a", "b")
        for one in (short, unknown, part, replace(long, key="l"))
    ]
    names = [(job.utterance.key, job.system) for job in batch.longest_first(every)]
    assert names == [(key, system) for key in ("l", "spk0-0", "part", "unknown") for system in ("a", "b")]


def test_parts_of_recordings(whole: Corpus) -> None:
    one = whole.utterances[0]
    data = one.path.read_bytes()
    part = replace(one, start_s=0.2, end_s=0.5)
    made = perform((Job(part, "original", "trial", PLAN), data))
    assert made.facts["duration_s"] == pytest.approx(0.3)
    whole_clip = decode(data).clip
    assert made.facts["samples_sha256"] == Clip(whole_clip.samples[3200:8000], 16_000).digest
    with pytest.raises(ValueError, match="correct the list of segments"):
        perform((Job(replace(one, start_s=9.0), "original", "trial", PLAN), data))


def test_measures_are_those_of_the_scores(spoken: Clip, tmp_path: Path) -> None:
    """centroid and kurtosis within the original's speech, of the samples that the system gave."""
    from anonymizers import runner
    from audio.distributions import median
    from audio.features import spectral_centroid
    from audio.vad import segments
    from evaluation.clip_scores import pitch_correlation

    path = tmp_path / "a.flac"
    path.write_bytes(performing.flac(Clip(spoken.samples[:32_000], 16_000)))
    clip = decode(path).clip
    job = Job(Utterance("a", path, "ann"), "pitch-formant", "trial", Plan(seed=5))
    measures = perform((job, path.read_bytes())).facts["measures"]
    result = runner.run(clip, "pitch-formant", seed=5)
    assert measures["centroid_hz"] == pytest.approx(median(spectral_centroid(result.clip, segments=segments(clip))))
    assert measures["rho_f0"] == pytest.approx(pitch_correlation(clip, result.clip).value)
    own = perform((replace(job, system="original"), path.read_bytes())).facts["measures"]
    assert own["rho_f0"] == pytest.approx(1)
    assert own["loudness_lufs"] is not None


def test_digital_silence_has_no_measures_and_no_embedding(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(performing.flac(Clip(np.zeros(16_000), 16_000)))
    plan = Plan(attackers=("mfcc",), words=("pocketsphinx",), languages={"pocketsphinx": "en"})
    made = perform((Job(Utterance("a", path, "ann", language="en"), "mcadams", "trial", plan), path.read_bytes()))
    assert set(made.facts["measures"].values()) == {None}
    assert made.facts["heard"] == {"pocketsphinx": ""}
    assert set(made.facts["faults"]) == {"mfcc"}
    assert made.embeddings == {}


def test_words_are_heard_in_their_language_on_the_side_of_the_trials() -> None:
    plan = Plan(words=("english", "any"), languages={"english": "en", "any": ""}, emotions=("e",), quality=True)
    one = Utterance("a", Path("a.wav"), "ann", language="de")
    assert Job(one, "original", "trial", plan).words == ("any",)
    assert Job(replace(one, language="en"), "original", "trial", plan).words == ("english", "any")
    assert Job(replace(one, language=""), "original", "trial", plan).words == ("english", "any")
    for side in ("told", "train", "enrolment"):
        job = Job(one, "original", side, plan)  # type: ignore[arg-type]
        assert (job.words, job.emotions, job.quality) == ((), (), False)


def test_what_was_heard_becomes_rows(tmp_path: Path) -> None:
    said = Utterance("a", tmp_path / "a.wav", "ann", transcript="Good morning, you!", emotion="happy")
    mute = Utterance("b", tmp_path / "b.wav", "bob")
    shares = {"angry": 0.1, "happy": 0.2, "neutral": 0.3, "sad": 0.4}

    def made(words: str) -> performing.Made:
        facts = {"state": "done", "error": "", "heard": {"w": words}, "emotions": {"e": shares},
                 "faults": {"house": "Too short."}, "seconds": {"decode": 0.5}}  # fmt: skip
        return performing.Made(facts, b"sound", {"mfcc": np.zeros(2, np.float32)})

    jobs = [Job(one, system, "trial", PLAN) for system in ("original", "mcadams") for one in (said, mute)]
    for job, words in zip(jobs, ["good morning", "one two", "good evening you", "one three four"], strict=True):
        batch.put(Places(tmp_path, job), made(words))
    tables = gather(jobs, tmp_path)
    rows = tables["transcripts"].set_index(["system", "utterance"])
    facts = rows[["reference", "against", "errors", "words"]].apply(tuple, axis=1)
    assert facts["original", "a"] == ("good morning you", "transcript", 1, 3)
    assert facts["mcadams", "a"] == ("good morning you", "transcript", 1, 3)
    assert facts["original", "b"] == ("one two", "own original", 0, 2)
    assert facts["mcadams", "b"] == ("one two", "own original", 2, 2)
    assert tables["emotions"]["said"].tolist() == ["sad"] * 4
    assert sorted(tables["emotions"]["truth"]) == ["", "", "happy", "happy"]
    assert set(tables["files"]["error"]) == {"house: Too short."}
    assert json.loads(Places(tmp_path, jobs[0]).facts.read_text())["digest"] == jobs[0].digest


def test_a_folder_without_tables_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(HeardError, match="the tables files, transcripts, emotions of a run were expected"):
        Heard.load(tmp_path)
