"""Training an attacker's network on a system's output: it learns, may be killed, and never hears who is tried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from evaluation import tuned
from evaluation.heard import Heard
from evaluation.privacy import tuning
from evaluation.privacy.tuning import Recipe, margin_loss, tune
from evaluation.run_tables import EMOTIONS, FILES, TRANSCRIPTS

torch = pytest.importorskip("torch")
SYSTEM, RATE = "mcadams", 16_000
QUICK = Recipe(steps=6, batch=4, crop_s=0.5, learning_rate=1e-2)


def small_network() -> torch.nn.Module:
    """Mean of the features, and a layer."""

    class Small(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(64, 8)

        def forward(self, mel):
            spread = mel.std(1) if mel.shape[1] > 1 else mel[:, 0]
            return torch.nn.functional.normalize(self.layer(spread), dim=-1)

    torch.manual_seed(0)
    return Small()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """12 others and 3 who are tried, a vowel each; the last of the others is tried as well."""
    write(tmp_path, "train", [f"t{number:02}" for number in range(12)] + ["s2"])
    write(tmp_path, "trial", ["s0", "s1", "s2"])
    write(tmp_path, "trial", ["s0", "s1", "s2"], system="original")
    tables = tmp_path / "tables"
    tables.mkdir()
    files(tmp_path).to_parquet(tables / "files.parquet")
    for name, columns in (("transcripts", TRANSCRIPTS), ("emotions", EMOTIONS)):
        pd.DataFrame(columns=[column.name for column in columns]).to_parquet(tables / f"{name}.parquet")
    return tmp_path


def write(out: Path, side: str, speakers: list[str], *, system: str = SYSTEM) -> None:
    home = out / "audio" / system / side
    home.mkdir(parents=True)
    for number, name in enumerate(speakers):
        for take in range(2):
            rng = np.random.default_rng([number, take, len(side)])
            time_s = np.arange(RATE // 2 + 1000 * take) / RATE
            sound = sum(np.sin(2 * np.pi * (120 + 20 * number) * n * time_s) / n for n in range(1, 20))
            sound = 0.05 * sound + 0.01 * rng.normal(size=len(time_s))
            soundfile.write(home / f"{name}-{take}.flac", sound, RATE)


def files(out: Path) -> pd.DataFrame:
    rows = []
    for path in sorted((out / "audio").glob("*/*/*.flac")):
        blank = {column.name: "" if column.kind == "text" else 0.0 for column in FILES}
        system, side = path.parts[-3:-1]
        named = {"system": system, "side": side, "utterance": path.stem, "speaker": path.stem.split("-")[0]}
        rows.append({**blank, **named, "state": "done", "duration_s": 0.5})
    return pd.DataFrame(rows)


def seconds(start: float = 0.0, step: float = 0.0) -> Iterator[float]:
    return count(start, step)


def tune_it(out: Path, recipe: Recipe = QUICK, *, step: float = 0.0) -> list[str]:
    clock = seconds(step=step)
    return tune(out, files(out), [SYSTEM], recipe=recipe, clock=lambda: next(clock), network=small_network)


def test_all_sides_are_heard_and_nobody_who_is_tried_was_learned_from(run):
    assert tune_it(run) == []
    found = Heard.load(run).tuned["house", SYSTEM]
    assert {side: len(part.keys) for side, part in found.parts.items()} == {"original": 6, "train": 26, "trial": 6}
    assert found.parts["trial"].vectors.shape == (6, 8)
    assert np.linalg.norm(found.parts["trial"].vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    assert len(found.held_out) == 4
    assert set(found.held_out) < {f"t{number:02}" for number in range(12)}
    assert "6 steps on 16 recordings of 8 other speakers" in found.words
    assert not list((run / "tuned").rglob("*.pt"))


def test_what_is_done_is_not_done_again(run, monkeypatch):
    tune_it(run)
    monkeypatch.setattr(tuning, "Trainer", None)
    assert tune_it(run) == []


def test_stopped_on_the_way_it_goes_on_as_if_nothing_had_happened(run, monkeypatch, tmp_path_factory):
    """Stopped by the time limit after 3 steps, the state is there; a longer limit takes it to the same end."""
    tune_it(run)
    whole = Heard.load(run).tuned["house", SYSTEM]
    (run / "tuned" / "house" / f"{SYSTEM}.json").unlink()
    monkeypatch.setattr(tuning, "SAVED_EVERY", 2)
    real, done = tuning.Trainer._step, []

    def dying(self, step: int) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(step)
        real(self, step)

    monkeypatch.setattr(tuning.Trainer, "_step", dying)
    with pytest.raises(KeyboardInterrupt):
        tune_it(run)
    assert not Heard.load(run).tuned
    monkeypatch.setattr(tuning.Trainer, "_step", lambda self, step: (done.append(step), real(self, step)))
    tune_it(run)
    assert done == [0, 1, 2, 2, 3, 4, 5]
    again = Heard.load(run).tuned["house", SYSTEM]
    for side, part in whole.parts.items():
        assert np.array_equal(part.vectors, again.parts[side].vectors)
    assert again.words == whole.words


def test_when_the_time_is_up_it_says_after_how_many_steps(run):
    """The clock is asked once before, and twice for every step."""
    tune_it(run, Recipe(**{**vars(QUICK), "limit_s": 5.5}), step=1.0)
    found = Heard.load(run).tuned["house", SYSTEM]
    assert "trained for 3 steps" in found.words
    assert list((run / "tuned").rglob("*.pt"))


def test_too_few_to_learn_from_is_a_sentence(run):
    for path in (run / "audio" / SYSTEM / "train").glob("t0*"):
        path.unlink()
    (said,) = tune_it(run)
    assert "at least 10 other speakers" in said
    assert not Heard.load(run).tuned


def test_the_margin_makes_the_true_class_harder():
    heard = torch.nn.functional.normalize(torch.tensor([[1.0, 0.9], [0.8, 1.0]]), dim=1)
    centres, classes = torch.eye(2), torch.tensor([0, 1])
    plain = torch.nn.functional.cross_entropy(8 * heard @ centres.T, classes)
    assert margin_loss(heard, centres, classes, 0.0, 8.0).item() == pytest.approx(plain.item(), rel=1e-3)
    assert margin_loss(heard, centres, classes, 0.2, 8.0) > plain


def test_learning_lowers_the_loss(run):
    sounds = [
        tuning.Sound(path, path.stem.split("-")[0]) for path in sorted((run / "audio" / SYSTEM / "train").glob("t*"))
    ]
    trainer = tuning.Trainer(small_network(), sounds, Recipe(steps=30, batch=12, crop_s=0.5, learning_rate=3e-3), 0)

    def loss() -> float:
        crops = np.stack([trainer._crop(one.path, np.random.default_rng(0)) for one in sounds])
        classes = torch.tensor([trainer.speakers.index(one.speaker) for one in sounds])
        return float(margin_loss(trainer._heard(crops), trainer.centres, classes, 0.2, 30.0).detach())

    before = loss()
    trainer.train(run / "state.pt", lambda: 0.0)
    assert loss() < 0.8 * before


def test_a_half_written_result_is_none(run):
    tune_it(run)
    (run / "tuned" / "house" / f"{SYSTEM}.json").unlink()
    assert not list(tuned.read(run))


@pytest.mark.slow
def test_a_run_tunes_and_then_learns(tmp_path: Path) -> None:
    """From voices to the row of the semi-informed attacker; without --tune, what was tuned plays no part."""
    from evaluation.__main__ import main
    from evaluation.runs import Run
    from tests.evaluation.example_corpus import voices

    data, others = (voices(tmp_path / name, speakers=count, each=2) for name, count in (("data", 2), ("others", 14)))
    asked = ["run", "--data", str(data), "--train", str(others), "--systems", "mcadams", "--out", str(tmp_path / "out")]
    asked += ["--attackers", "house", "--words", "none", "--emotion", "none", "--replicates", "20", "--no-control"]
    assert main([*asked, "--tune", "2"]) == 0
    run = Run(tmp_path / "out")
    assert (run.provenance["tune"], run.provenance["untuned"]) == (2, [])
    assert Heard.load(tmp_path / "out").tuned["house", SYSTEM].parts["train"].vectors.shape == (24, 192)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out" / "tables").iterdir()}
    assert main([*asked, "--tune", "2"]) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "tables").iterdir()} == before
    assert main(asked) == 0
    assert not Run(tmp_path / "out").table("figures")["about"].str.contains("its network trained").any()


@pytest.mark.slow
def test_the_shipped_network_learns_too(run):
    clock = seconds()
    recipe = Recipe(steps=2, batch=4, crop_s=1.0)
    assert tune(run, files(run), [SYSTEM], recipe=recipe, clock=lambda: next(clock)) == []
    assert Heard.load(run).tuned["house", SYSTEM].parts["trial"].vectors.shape == (6, 192)
