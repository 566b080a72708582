"""The shipped emotion recogniser: its answers, which model gives them, and what it says when it cannot answer."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import registry as systems
from audio.clip import Clip, decode
from evaluation.metrics.recognition import uar
from evaluation.recognisers import registry
from evaluation.recognisers.base import CORE_EMOTIONS, RecogniserError
from evaluation.recognisers.house_emotion import ALL, FURTHEST, MODEL, HouseEmotion, load

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("VOICEVEIL_SHARED", ROOT.parent / "shared"))
EMODB = SHARED / "data" / "dev"
RATE = 16_000
FOLDS = ("emodb-03", "emodb-08", "emodb-09", "emodb-10", "emodb-11", "emodb-13", ALL)
shared = pytest.mark.skipif(
    not (EMODB / "manifest.csv").is_file(),
    reason="no EmoDB: ../shared/data/dev is not here; VOICEVEIL_SHARED names another folder",
)


@cache
def voice() -> Clip:
    clip = decode(ROOT / "assets" / "showcase" / "vera_plain.flac").clip.resampled(RATE)
    return Clip(clip.samples[: int(1.6 * RATE)], RATE)


@cache
def recogniser() -> HouseEmotion:
    return registry.load("house-emotion")


def emodb() -> list[dict[str, str]]:
    with (EMODB / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["speaker"] in FOLDS and row["emotion"] in CORE_EMOTIONS]


def test_probabilities_are_of_the_four_in_their_order() -> None:
    found = recogniser().probabilities(voice())
    assert tuple(found) == CORE_EMOTIONS
    assert sum(found.values()) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in found.values())
    assert found == recogniser().probabilities(voice())
    assert sum(recogniser().all_emotions(voice()).values()) == pytest.approx(1)
    assert set(recogniser().all_emotions(voice())) >= {*CORE_EMOTIONS, "boredom", "fear"}


@pytest.mark.parametrize(
    ("speaker", "fold"),
    [
        ("", ALL),
        ("p225", ALL),
        ("all", ALL),
        ("emodb-03", "emodb-03"),
        ("EmoDB_13", "emodb-13"),
        (" emodb/08", "emodb-08"),
    ],
)
def test_a_speaker_is_judged_by_the_model_that_never_heard_them(speaker: str, fold: str) -> None:
    assert recogniser().fold(voice(), speaker=speaker) == fold


def test_every_model_has_its_own_numbers() -> None:
    assert tuple(load(MODEL).folds) == FOLDS
    answers = {tuple(recogniser().probabilities(voice(), speaker=fold).values()) for fold in FOLDS}
    assert len(answers) == len(FOLDS)


def test_the_file_is_the_one_on_the_card() -> None:
    card = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"][MODEL.name].startswith(recogniser().version())
    assert set(card["training_speakers"]) == set(FOLDS) - {ALL}
    assert card["uar"] >= 0.88
    assert f"{100 * card['uar']:.1f} %" in MODEL.with_suffix(".md").read_text(encoding="utf-8")


def test_embedding_is_bounded_and_deaf_to_level() -> None:
    found = recogniser().embed(voice())
    quiet = recogniser().embed(Clip(0.1 * voice().samples, RATE))
    assert found.shape == (len(load(MODEL).names),)
    assert np.abs(found).max() <= FURTHEST
    assert np.allclose(found, quiet, atol=0.05)


@given(st.integers(0, 2**32 - 1), st.sampled_from(FOLDS))
def test_logits_are_the_formula_on_any_functionals(seed: int, key: str) -> None:
    fold = load(MODEL).folds[key]
    functionals = fold.centre + np.random.default_rng(seed).standard_cauchy(len(fold.centre)) * fold.spread
    z = np.clip((functionals - fold.centre) / fold.spread, -FURTHEST, FURTHEST)
    kernel = [np.exp(-fold.gamma * np.sum((fold.axes @ z - one) ** 2)) for one in fold.vectors]
    found = fold.logits(functionals)
    assert np.isfinite(found).all()
    duels = np.tanh(3 * (fold.coefficients @ np.array(kernel) + fold.duel_bias))
    assert np.allclose(found, fold.weights @ z + fold.bias + fold.votes @ duels)


@pytest.mark.parametrize("key", ["mcadams", "pitch-formant"])
def test_anonymized_speech_gets_an_answer(key: str) -> None:
    system = systems.load(key)
    params = {one.name: one.default for one in system.info.params}
    found = recogniser().probabilities(system.anonymize(voice(), seed=1, **params).clip, speaker="emodb-03")
    assert sum(found.values()) == pytest.approx(1)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0])
def test_too_little_speech_is_said(seconds: float) -> None:
    for ask in (recogniser().probabilities, recogniser().embed):
        with pytest.raises(RecogniserError, match=r"At least 0\.3 s of speech was expected.*longer clip"):
            ask(Clip(np.zeros(int(seconds * RATE)), RATE))


def test_without_its_file_it_needs_training(tmp_path: Path) -> None:
    lost = HouseEmotion(tmp_path / "emotion_recogniser.npz")
    assert lost.version() == ""
    assert lost.status().state == "needs training"
    assert "python -m training emotion-recogniser" in lost.status().detail
    with pytest.raises(RecogniserError, match="is not here: run"):
        lost.probabilities(voice())


def test_a_model_of_other_functionals_is_refused(tmp_path: Path) -> None:
    with np.load(MODEL) as file:
        arrays = {**file, "names": np.array(["loudness"])}
    np.savez(tmp_path / "old.npz", **arrays)
    with pytest.raises(RecogniserError, match="train it again"):
        HouseEmotion(tmp_path / "old.npz").probabilities(voice())


def test_neither_torch_nor_scikit_learn_is_needed() -> None:
    script = (
        "import sys, numpy as np; from audio.clip import decode; from pathlib import Path;"
        "from evaluation.recognisers.house_emotion import HouseEmotion;"
        "HouseEmotion().probabilities(decode(Path('assets/showcase/vera_plain.flac')).clip);"
        "print(sorted({'torch', 'sklearn', 'librosa', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@shared
def test_a_clip_it_learned_from_is_known_without_a_name() -> None:
    row = emodb()[0]
    clip = decode(EMODB / row["path"]).clip
    assert recogniser().fold(clip) == row["speaker"]
    assert recogniser().fold(clip, speaker="somebody else") == row["speaker"]


@shared
@pytest.mark.slow
def test_emodb_gives_the_figure_on_the_card() -> None:
    rows = emodb()
    answers = [recogniser().probabilities(decode(EMODB / row["path"]).clip, speaker=row["speaker"]) for row in rows]
    said = [max(answer, key=answer.__getitem__) for answer in answers]
    card = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    assert uar([row["emotion"] for row in rows], said) == pytest.approx(card["uar"], abs=0.002)
