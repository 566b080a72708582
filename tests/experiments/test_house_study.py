"""The study of the house systems: what it asks for, how it goes on, and what it says of simulated runs."""

from __future__ import annotations

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anonymizers import house_model, registry
from audio.clip import Clip
from evaluation import protocol, protocol_lists, summary
from evaluation.options import parser as evaluation_parser
from experiments import house, house_card, house_failures, house_page, house_pictures, house_runs, house_tables
from experiments import house_paired as paired
from experiments.house_figures import Study, every_run
from experiments.house_plan import ORIGINAL, PARTS, Cell, Job, ablation_cells, jobs_of, strength_cells
from tests.evaluation import example_corpus, example_run

SPEAKERS = {f"spk-{number:02}": ["a", "b"] for number in range(6)}
SEXES = {name: "FM"[number % 2] for number, name in enumerate(SPEAKERS)}


@pytest.fixture
def options(tmp_path):
    data = example_corpus.voices(tmp_path / "data", speakers=2, each=2, duration_s=0.3)
    asked = ["--data", str(data), "--train", str(data), "--out", str(tmp_path / "out"), "--jobs", "1"]
    return house.parser().parse_args(asked)


def simulated(job: Job, out: Path, level: float = 1.0) -> None:
    """A run folder: the example's tables under the cell's name; voices at `level` of speaker against chance."""
    like = "original" if job.cell == ORIGINAL else "mcadams"
    data = example_run.ACTED if job.kind == "acted" else example_run.READ
    tables = example_run.tables(seed=zlib.crc32(job.cell.name.encode()) % 2, speakers=4, utterances=4)
    for name, table in tables.items():
        tables[name] = table[table["system"] == like].assign(system=job.cell.system)
    tables["figures"] = tables["figures"][tables["figures"]["data"].isin([data, ""])]
    folder = job.folder(out)
    needed = ("figures", "confusion", "trust", "files", "transcripts", "emotions")
    summary.write({name: tables[name] for name in needed}, folder)
    if job.kind not in {"lazy"}:
        return
    corpus = example_corpus.corpus(SPEAKERS, sexes=SEXES)
    rng, noise = np.random.default_rng(0), np.random.default_rng(1)
    voices = {name: rng.normal(size=16) for name in SPEAKERS}
    rows = [
        {"system": job.cell.system, "side": "trial", "utterance": one.key,
         "vector": level * voices[one.speaker] + noise.normal(size=16)}
        for one in corpus.utterances
    ]  # fmt: skip
    (folder / "embeddings").mkdir(exist_ok=True)
    for attacker in house_tables.ATTACKERS:
        pd.DataFrame(rows).to_parquet(folder / "embeddings" / f"{attacker}.parquet")
    for made in protocol.make(corpus):
        protocol_lists.write(made, corpus, folder / "protocols")


def test_every_run_is_asked_for_in_words_that_the_command_knows(options):
    every = list(jobs_of(tuple(PARTS)))
    assert {(job.kind, job.cell.name) for job in every} == {(kind, cell.name) for kind, cell in every_run()}
    for job in every:
        known = evaluation_parser().parse_args(job.asked(options))
        assert known.systems == job.cell.system
        assert len(known.set) == len(job.cell.changed)
    names = [(job.kind, job.cell.name) for job in every]
    assert len(names) == len(set(names))


def test_the_default_is_one_run_whatever_a_table_calls_it():
    usual = Cell("house", "house")
    soft = next(cell for cell in ablation_cells() if cell.title == "soft, anonymised, controls")
    own = {param.name: param.default for param in registry.info("house").params}
    assert soft.name == usual.name == Cell("the same", params=own).name == "house"
    assert Cell("", params={"rule": "selec-anon", "gender": "cross"}).name == "house+gender=cross+rule=selec-anon"
    assert len({cell.name for cell in ablation_cells()}) == 12


def test_what_is_done_is_not_done_again_until_it_is_asked_otherwise(options):
    ran: list[str] = []

    def run(asked: list[str]) -> int:
        job = next(job for job in jobs if job.asked(options) == asked)
        ran.append(job.cell.name)
        if job.cell.system == "mcadams":
            raise OSError("the disk is full")
        summary.write({"figures": example_run.tables()["figures"]}, job.folder(options.out))
        return 0

    jobs = [Job("acted", Cell(key, key)) for key in ("devoiced", "mcadams", "original")]
    with ThreadPoolExecutor(1) as one:
        first = {job.cell.name: said for job, said in house_runs.carry_out(jobs, options, run=run, executor=one)}
        assert first == {"original": "done", "devoiced": "done", "mcadams": "OSError: the disk is full"}
        assert ran[0] == "original"
        ran.clear()
        again = {job.cell.name: said for job, said in house_runs.carry_out(jobs, options, run=run, executor=one)}
        assert (again["devoiced"], ran) == ("there already", ["mcadams"])
        options.replicates = 5
        assert not house_runs.is_done(jobs[0], options)
    folder = jobs[0].folder(options.out)
    assert (folder / "facts" / "original").resolve() == (options.out / "acted" / "original" / "facts" / "original")


def test_runs_of_other_weights_are_thrown_away(options, monkeypatch, tmp_path):
    job = Job("acted", Cell("house", "house"))
    monkeypatch.setattr(house_model, "FOLDER", tmp_path)
    (tmp_path / "house_decoder.onnx").write_bytes(b"one")
    house_runs.prepare(job, options)
    kept = job.folder(options.out) / "facts" / "house.json"
    kept.write_text("{}")
    house_runs.prepare(job, options)
    assert kept.exists()
    (tmp_path / "house_decoder.onnx").write_bytes(b"another")
    house_runs.prepare(job, options)
    assert not kept.exists()


def test_acted_speech_is_that_of_the_four_emotions(options):
    rows = [{"path": f"{n}.wav", "speaker": "s", "corpus": corpus, "emotion": emotion} for n, (corpus, emotion) in
            enumerate((("EmoDB", "angry"), ("EmoDB", "fear"), ("RAVDESS", "sad")))]  # fmt: skip
    example_corpus.manifest(options.data, rows)
    house_runs.prepare_acted(options.data, options.out)
    (_, line) = (options.out / "acted-data" / "manifest.csv").read_text().splitlines()
    assert line.startswith(str((options.data / "0.wav").resolve()))


@pytest.mark.slow
def test_pages_and_cards_say_what_all_runs_hold(options, tmp_path, monkeypatch):
    monkeypatch.setattr(paired, "REPLICATES", 20)
    for job in jobs_of(tuple(PARTS)):
        simulated(job, options.out, 0.5 if job.cell.params else 1.0)
    options.page, options.card = tmp_path / "page.md", None
    options.page.write_text("before\n<!-- ablation -->\nold\n<!-- /ablation -->\nafter\n<!-- unknown -->\n")
    assert house.main([*_asked(options), "--no-runs", "--page", str(options.page)]) == 0
    text = options.page.read_text()
    assert text.startswith("before\n<!-- ablation -->\n\n| Bottleneck")
    assert text.endswith("after\n<!-- unknown -->\n")
    assert len([line for line in text.splitlines() if line.startswith("| soft") or line.startswith("| vq")]) == 12
    every = pd.read_csv(options.out / "figures.csv", keep_default_na=False)
    assert {"kind_of_run", "cell", "value", "low", "high"} <= set(every)
    assert {"privacy-single", "rules", "rules-words", "timbre-style-words", "strengths-words", "ablation-words"} <= {
        path.stem for path in options.out.glob("*.md")
    }


def test_cards_and_pages_say_what_a_few_runs_hold(options, monkeypatch):
    monkeypatch.setattr(paired, "REPLICATES", 20)
    house_of = {kind: [ORIGINAL, Cell("house", "house")] for kind in ("attacked", "words", "acted")}
    for kind, cells in {**house_of, "acted": [*house_of["acted"], *strength_cells()[:1]]}.items():
        for cell in cells:
            simulated(Job(kind, cell), options.out)
    found = house_page.write(options)
    assert {"privacy-single", "privacy-multi", "utility", "emotions", "strengths", "strengths-words"} <= set(found)
    assert "controls" in found["strengths-words"]
    card = json.loads((options.out / "card.json").read_text(encoding="utf-8"))
    assert [len(table["rows"]) for table in card] == [3, 2, 2]
    assert all(set(table["columns"]) <= {*row} for table in card for row in table["rows"])
    assert card[0]["rows"][0]["attack"] == "unprotected"


def _asked(options) -> list[str]:
    return ["--data", str(options.data), "--train", str(options.train), "--out", str(options.out)]


def test_without_runs_there_is_nothing_to_say(options):
    assert house.main([*_asked(options), "--no-runs"]) == 0
    assert list(house_page.fragments(Study(options.out))) == []


def test_a_difference_between_a_run_and_itself_is_nothing(tmp_path):
    off, on = strength_cells()[:2]
    for kind in ("acted", "lazy", "words"):
        for cell in (off, on):
            simulated(Job(kind, cell), tmp_path, 3.0 if cell == on else 0.1)
    study = Study(tmp_path)
    assert paired.uar_difference(study, "acted", on, on).value == 0
    assert paired.wer_ratio(study, "words", on, on).value == 1
    assert paired.eer_difference(study, "lazy", "mfcc", "single", on, on).value == pytest.approx(0)
    apart = paired.eer_difference(study, "lazy", "mfcc", "single", off, on)
    both = [paired.lazy_scores(study, "lazy", "mfcc", "single", cell) for cell in (off, on)]
    from evaluation.metrics import eer

    known = [eer(scores[trials.same], scores[~trials.same]) for trials, scores in both]
    assert apart.value == pytest.approx(known[0] - known[1])
    assert apart.low < apart.value < apart.high
    assert "missing" in paired.uar_difference(study, "acted", on, Cell("", "mcadams")).note


def test_uar_of_two_runs_differs_as_their_uars_do(tmp_path):
    off, on = strength_cells()[:2]
    for cell in (off, on):
        simulated(Job("acted", cell), tmp_path)
    study = Study(tmp_path)
    from evaluation.metrics import uar

    found = []
    for cell in (on, off):
        table = study.table("emotions", "acted", [cell])
        found.append(uar(table["truth"].tolist(), table["said"].tolist()))
    assert paired.uar_difference(study, "acted", on, off).value == pytest.approx(found[0] - found[1])


def test_failures_come_from_clips_that_ship(tmp_path):
    for failure in house_failures.FAILURES:
        assert all((house_failures.DEMO / name).is_file() for name in failure.clips)
    both = house_failures.source(house_failures.FAILURES[0])
    house_failures.save(both, tmp_path / "clip.opus")
    assert 1_000 < (tmp_path / "clip.opus").stat().st_size < 50_000


def test_spectrograms_stand_one_below_the_other():
    import io

    from PIL import Image

    clip = Clip(np.random.default_rng(0).normal(0, 0.1, 8_000).astype(np.float32), 16_000)
    image = Image.open(io.BytesIO(house_pictures.drawn([("Original", clip), ("House", clip)])))
    assert image.size[1] > 2 * house_pictures.HEIGHT_PX


def test_failures_are_on_the_card_and_on_the_page(tmp_path):
    told = {"what": "A whisper.", "before": "a.opus", "after": "b.opus", "heard_before": "one", "heard_after": "two"}
    (tmp_path / "failures.json").write_text(json.dumps([told]), encoding="utf-8")
    (table,) = house_card.figures(Study(tmp_path))
    assert table["rows"][0]["after"] == "[clip](../../docs/audio/b.opus): “two”"
    (name, text) = next(house_page.fragments(Study(tmp_path)))
    assert name == "failures"
    assert "[clip](audio/a.opus): “one”" in text
