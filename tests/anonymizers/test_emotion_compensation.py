"""Emotion compensation against the reference's numbers and closed forms, and inside the house systems."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from anonymizers import emotion_compensation as compensation
from anonymizers import registry, runner, speaker_encoder
from anonymizers.base import AnonymizerError
from anonymizers.emotion_compensation import EMOTIONS, Boundaries, compensated, edited, scaled
from anonymizers.pseudo_speaker import PseudoSpeaker
from audio.clip import Clip, decode

D = 192
OFF = {"emotion_compensation": "off", "emotion_distance": 30.0}
VECTORS = arrays.arrays(np.float64, D, elements=st.floats(-5, 5)).filter(lambda one: np.linalg.norm(one) > 0.1)


def boundaries(encoder: str = "ecapa") -> Boundaries:
    rng = np.random.default_rng(0)
    signs = np.array(compensation.SIGNS[encoder])
    return Boundaries(encoder, 3 * rng.standard_normal((4, D)), rng.standard_normal(4), signs)


def target(vector: np.ndarray) -> PseudoSpeaker:
    return PseudoSpeaker(vector.astype(np.float32), 200.0, 2.0, {"rule": "fixed", "cosine_distance_to_source": 9.0})


@pytest.fixture(scope="module")
def golden(shared_dir: Path) -> tuple[np.lib.npyio.NpzFile, np.lib.npyio.NpzFile]:
    folder = shared_dir / "golden" / "emotion_comp"
    return np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")


def test_the_reference_scales_alike(golden):
    given_, expected = golden
    np.testing.assert_allclose(scaled(given_["vectors"]), expected["normed"], atol=1e-4)


@pytest.mark.parametrize(("place", "distance"), [(0, 30.0), (1, 40.0)])
def test_the_reference_moves_alike(golden, place: int, distance: float):
    given_, expected = golden
    own = Boundaries("ecapa", 5 * given_["boundaries"], np.zeros(4), np.array(compensation.SIGNS["ecapa"]))
    for row, emotion in enumerate(given_["emotion_index"]):
        asked = {"emotion_compensation": EMOTIONS[emotion], "emotion_distance": distance}
        found = compensated(target(given_["vectors"][row]), None, None, asked, lambda clip: own)
        np.testing.assert_allclose(found.vector, expected["edited"][row, place], atol=1e-4)


@given(vector=VECTORS, normal=VECTORS, distance=st.floats(-40, 40))
def test_only_the_projection_changes_and_becomes_the_distance(vector: np.ndarray, normal: np.ndarray, distance: float):
    b = normal / np.linalg.norm(normal)
    before, after = scaled(vector), edited(vector, b, distance)
    assert after @ b == pytest.approx(distance, abs=1e-9)
    np.testing.assert_allclose(after - (after @ b) * b, before - (before @ b) * b, atol=1e-9)
    assert np.linalg.norm(before) == pytest.approx(np.sqrt(D))
    np.testing.assert_array_equal(after[None], edited(vector[None], b, distance))


@given(vector=VECTORS, emotion=st.sampled_from(EMOTIONS))
def test_vectors_of_unit_length_keep_it(vector: np.ndarray, emotion: str):
    own = boundaries("house")
    asked = {"emotion_compensation": emotion, "emotion_distance": 30.0}
    moved = compensated(target(vector / np.linalg.norm(vector)), None, None, asked, lambda clip: own).vector
    assert np.linalg.norm(moved) == pytest.approx(1, abs=1e-5)
    rest = np.sqrt(D - (scaled(vector) @ own.normal(emotion)) ** 2)
    assert moved @ own.normal(emotion) == pytest.approx(30 / np.hypot(30, rest), abs=1e-4)


@pytest.mark.parametrize(("encoder", "side"), [("ecapa", -1), ("house", 1)])
def test_sad_is_moved_to_the_other_side_as_published_and_among_house_vectors_not(encoder: str, side: int):
    vector, own = np.random.default_rng(1).standard_normal(D), boundaries(encoder)
    asked = {"emotion_compensation": "sad", "emotion_distance": 40.0}
    moved = compensated(target(vector), None, None, asked, lambda clip: own)
    assert np.sign(moved.vector @ own.normal("sad")) == side
    assert moved.provenance["emotion_distance"] == 40 * side


def test_the_largest_decision_is_the_prediction_and_what_happened_is_told():
    own, source = boundaries(), np.random.default_rng(2).standard_normal(D).astype(np.float32)
    rows = scaled(source) @ own.coefficients.T + own.intercepts
    np.testing.assert_allclose(own.decisions(7 * source), rows, rtol=1e-6)
    asked = {"emotion_compensation": "predicted", "emotion_distance": 10.0}
    made = compensated(target(np.ones(D)), source, None, asked, lambda clip: own)
    assert made.provenance["emotion"] == EMOTIONS[int(np.argmax(rows))]
    assert made.provenance["emotion_from"] == "speaker vector"
    assert made.provenance["rule"] == "fixed"
    cosine = made.vector @ source / np.linalg.norm(made.vector) / np.linalg.norm(source)
    assert made.provenance["cosine_distance_to_source"] == pytest.approx(1 - cosine, abs=1e-4)
    assert made.median_f0_hz == 200


def test_off_leaves_everything_and_looks_for_nothing():
    one = target(np.ones(D))
    assert compensated(one, None, None, OFF, lambda clip: pytest.fail("boundaries were looked for")) is one
    assert compensation.needs(OFF, "ecapa") == ()
    (needed,) = compensation.needs({**OFF, "emotion_compensation": "sad"}, "ssl-sas")
    assert needed.recipe == "emotion-boundaries --encoder ssl-sas --data DIR"


def test_what_does_not_fit_is_said():
    asked = {"emotion_compensation": "predicted", "emotion_distance": 30.0}
    with pytest.raises(AnonymizerError, match="name the emotion"):
        compensated(target(np.ones(D)), None, None, asked, lambda clip: boundaries())
    for vector in (np.ones(D - 1), np.zeros(D)):
        with pytest.raises(AnonymizerError, match="encoder ecapa"):
            compensated(target(vector), None, None, asked, lambda clip: boundaries())


def test_missing_and_strange_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(AnonymizerError, match="python -m training emotion-boundaries"):
        compensation.of(None, tmp_path / "none.npz")
    strange = tmp_path / "strange.npz"
    strange.write_bytes(b"no archive")
    with pytest.raises(AnonymizerError, match="holds none"):
        compensation.of(None, strange)
    np.savez(tmp_path / "other.npz", encoder=np.array("house"))
    with pytest.raises(AnonymizerError, match="holds none"):
        compensation.of(None, tmp_path / "other.npz")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    with pytest.raises(AnonymizerError, match="Emotion boundaries, ecapa"):
        compensation.trained_for("ecapa")(None)


def test_the_shipped_boundaries_are_of_the_house_encoder_and_leave_speakers_out(shared_dir: Path):
    folds, heard = compensation.load(compensation.HOUSE)
    assert all(own.encoder == "house" and own.coefficients.shape == (4, D) for own in folds.values())
    assert set(heard.values()) == set(folds) - {"all"} == set(speaker_encoder_actors())
    clip = decode(sorted((shared_dir / "data" / "dev" / "emotional").rglob("*03a01F*.flac"))[0]).clip
    assert compensation.of(clip) is folds["emodb-03"]
    assert compensation.of(Clip(clip.samples[1:], 16_000)) is folds["all"]


def speaker_encoder_actors() -> list[str]:
    """Whom the boundaries were learnt from, by their card; none of them is in the encoder's own training."""
    import json

    card = json.loads(compensation.HOUSE.with_suffix(".json").read_text(encoding="utf-8"))
    assert not set(card["training_speakers"]) & set(speaker_encoder.card()["training_speakers"])
    return card["training_speakers"]


@pytest.mark.parametrize("key", ["house", "house-knn", "house-stream"])
def test_house_systems_move_their_pseudo_speaker(key: str, spoken: Clip):
    short = Clip(spoken.samples[4_000:12_000], spoken.sample_rate)
    plain = runner.run(short, key)
    assert "emotion" not in plain.pseudo_speaker
    moved = runner.run(short, key, params={"emotion_compensation": "angry", "emotion_distance": 5})
    assert moved.pseudo_speaker["emotion"] == "angry"
    assert moved.pseudo_speaker["speakers"] == plain.pseudo_speaker["speakers"]
    assert moved.clip.digest != plain.clip.digest


def test_house_predicts_from_the_source_and_leaves_other_voices_alone(spoken: Clip):
    asked = {"emotion_compensation": "predicted"}
    told = runner.run(spoken, "house", params=asked).pseudo_speaker
    assert told["emotion"] == compensation.of(None).predicted(speaker_encoder.embed(spoken))
    for speaker in ("none", "original"):
        plain, moved = (runner.run(spoken, "house", params={"speaker": speaker, **more}) for more in ({}, asked))
        assert plain.clip.digest == moved.clip.digest
        assert {*moved.warnings} - {*plain.warnings} == {
            "Emotion compensation moves anonymised vectors only: it was left out."
        }
    live = {param.name: param for param in registry.info("house-stream").params}
    assert "predicted" not in live["emotion_compensation"].choices
