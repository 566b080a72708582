"""The recipe of the emotion recogniser: its classifiers against scikit-learn's, who is not heard, and end to end."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip, decode
from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.recognisers.house_emotion import HouseEmotion, load
from training import common, emotion_recogniser
from training.__main__ import main
from training.emotion_choice import LINEAR, Choice, Task, emotions_of, made
from training.emotion_copies import Heard, Voices, copies, heard
from training.emotion_models import balanced_log_loss, calibrated, linear, machine, principal

SHOWCASE = Path(__file__).resolve().parents[2] / "assets" / "showcase"
ACTED = {"neutral": "plain", "happy": "lively", "angry": "hurried", "sad": "subdued"}
SPEAKERS = ("edie", "noel", "vera")
FEW = (Choice(0.3), Choice(0.3, 6, 1.0))


def points(n: int = 80, d: int = 12, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % classes
    return rng.normal(size=(n, d)) + rng.normal(size=(classes, d))[truth], truth


def imagined(seed: int = 0, speakers: int = 4, acts: int = 3, copied: int = 2) -> Heard:
    """Clips that were never sound: speakers differ, and so do emotions."""
    rng = np.random.default_rng(seed)
    emotions = np.array([*CORE_EMOTIONS, "fear"])
    of = np.repeat(np.arange(speakers), acts * len(emotions))
    acted = np.tile(np.arange(len(emotions)), speakers * acts)
    places = rng.normal(size=(speakers, 10))[of] + 0.8 * rng.normal(size=(len(emotions), 10))[acted]
    rows = places[:, None] + rng.normal(size=(len(of), 1 + copied, 10))
    names = tuple(f"f{i}" for i in range(10))
    digests = tuple(f"{i:016x}" for i in range(len(of)))
    return Heard(names, rows, emotions[acted], np.array([f"s{i}" for i in of]), digests)


@pytest.mark.parametrize("shrinkage", [0.05, 0.6])
def test_linear_equals_scikit_learn(shrinkage: float) -> None:
    from sklearn.covariance import EmpiricalCovariance
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    class TowardsDiagonal:
        def fit(self, z: np.ndarray) -> None:
            covariance = EmpiricalCovariance().fit(z).covariance_
            self.covariance_ = (1 - shrinkage) * covariance + shrinkage * np.diag(np.diag(covariance))

    z, truth = points()
    z = z * np.geomspace(0.1, 10, z.shape[1])
    referee = LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=TowardsDiagonal(), priors=np.full(4, 0.25))
    expected = referee.fit(z, truth).decision_function(z)
    expected = expected - expected.mean(1, keepdims=True)
    assert np.allclose(linear(z, truth, shrinkage).logits(z), expected / expected.std(), atol=1e-8)


@pytest.mark.parametrize("classes", [3, 4, 6])
def test_machine_equals_scikit_learn(classes: int) -> None:
    from sklearn.decomposition import PCA
    from sklearn.svm import SVC

    z, truth = points(classes=classes)
    referee = SVC(C=2.0, class_weight="balanced", decision_function_shape="ovo", break_ties=False)
    places = PCA(5, svd_solver="full").fit_transform(z)
    expected = referee.fit(places, truth).decision_function(places)
    found = machine(z, truth, principal(z, 8), 5, 2.0)
    assert np.allclose(found.margins(z), expected, atol=1e-6)
    assert found.logits(z).std() == pytest.approx(1)
    votes = np.sign(found.margins(z)) @ np.sign(found.votes).T
    clear = np.sort(votes)[:, -1] > np.sort(votes)[:, -2]
    assert np.array_equal(votes.argmax(1)[clear], referee.predict(places)[clear])


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 1.5, (4000, 4))
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    truth = np.array([rng.choice(4, p=one) for one in shares])
    temperature, loss = calibrated(5 * honest, truth)
    assert temperature == pytest.approx(5, rel=0.1)
    assert loss == pytest.approx(balanced_log_loss(honest, truth), abs=0.01)
    assert balanced_log_loss(np.zeros((8, 4)), np.arange(8) % 4) == pytest.approx(np.log(4))


def test_a_left_out_speaker_has_no_say() -> None:
    clips = imagined()
    others = ["s0", "s1", "s2"]
    noise = np.random.default_rng(9)
    changed = clips.functionals.copy()
    changed[clips.speakers == "s3"] = noise.normal(5, 9, changed[clips.speakers == "s3"].shape)
    shuffled = clips.emotions.copy()
    shuffled[clips.speakers == "s3"] = noise.permutation(shuffled[clips.speakers == "s3"])
    folds = []
    for one in (clips, Heard(clips.names, changed, shuffled, clips.speakers, clips.digests)):
        four, every = Task(one, CORE_EMOTIONS, FEW), Task(one, emotions_of(one), LINEAR)
        folds.append(made(four, every, others))
    assert folds[0][1:] == folds[1][1:]
    for name in vars(folds[0][0]):
        assert np.array_equal(getattr(folds[0][0], name), getattr(folds[1][0], name)), name


def test_what_is_written_says_what_was_fitted(tmp_path: Path) -> None:
    clips = imagined()
    path = tmp_path / "model.npz"
    chosen = emotion_recogniser.train(clips, path)
    model = load(path)
    assert list(chosen) == list(model.folds) == ["s0", "s1", "s2", "s3", "all"]
    assert model.emotions == tuple(sorted([*CORE_EMOTIONS, "fear"]))
    four = Task(clips, CORE_EMOTIONS, (chosen["s1"][0].choice,))
    expected = four.logits({"s0", "s2", "s3"})[chosen["s1"][0].choice] / chosen["s1"][0].temperature
    found = np.stack([model.folds["s1"].logits(rows[0]) for rows in clips.functionals])
    assert np.allclose(found - found.mean(1, keepdims=True), expected, atol=0.01)
    answers = found[clips.speakers == "s1"].argmax(1)
    four_of = np.isin(clips.emotions[clips.speakers == "s1"], CORE_EMOTIONS)
    assert np.mean(np.array(CORE_EMOTIONS)[answers[four_of]] == clips.emotions[clips.speakers == "s1"][four_of]) > 0.4
    again = tmp_path / "again.npz"
    emotion_recogniser.train(clips, again)
    assert again.read_bytes() == path.read_bytes()


def test_an_emotion_too_few_act_is_left_out_or_refused() -> None:
    clips = imagined()
    rare = (clips.emotions == "fear") & np.isin(clips.speakers, ["s0", "s1"])
    kept = Heard(clips.names, clips.functionals[~rare], clips.emotions[~rare], clips.speakers[~rare], clips.digests)
    assert "fear" not in emotions_of(kept)
    renamed = np.where(clips.emotions == "sad", "fear", clips.emotions)
    with pytest.raises(common.TrainingError, match="fewer act sad: add speech"):
        emotions_of(Heard(clips.names, clips.functionals, renamed, clips.speakers, clips.digests))


def test_copies_are_other_voices_that_say_the_same() -> None:
    clip = Clip(decode(SHOWCASE / "vera_plain.flac").clip.resampled(16_000).samples[:12_000], 16_000)
    first, again, other = copies(clip, Voices(2)), copies(clip, Voices(2)), copies(clip, Voices(2, seed=7))
    assert [len(one.samples) for one in first] == [12_000, 12_000]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].samples, first[1].samples)
    assert not np.array_equal(first[0].samples, other[0].samples)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three synthesised speakers, one short clip of each emotion, one without speech, and one that is not free."""
    import soundfile

    folder = tmp_path_factory.mktemp("acted")
    rows = []
    for speaker in SPEAKERS:
        for emotion, style in ACTED.items():
            clip = decode(SHOWCASE / f"{speaker}_{style}.flac").clip.resampled(16_000)
            soundfile.write(folder / f"{speaker}_{emotion}.flac", clip.samples[:14_000], 16_000)
            rows.append((f"{speaker}_{emotion}.flac", speaker, emotion))
    soundfile.write(folder / "vera_mute.flac", np.zeros(8_000), 16_000)
    rows += [("vera_mute.flac", "vera", "sad"), ("nc/hidden.flac", "nobody", "sad"), ("read.flac", "reader", "")]
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "speaker", "emotion", "corpus", "sex", "licence", "duration_s"])
        table.writerows([*one, "made here", "F", "CC0-1.0", 0.9] for one in rows)
    return folder


def test_from_a_folder_to_a_recogniser(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emotion_recogniser, "CHOICES", FEW)
    monkeypatch.setattr(emotion_recogniser, "LINEAR", FEW[:1])
    words = ["emotion-recogniser", "--data", str(data), "--work", str(tmp_path / "work"), "--copies", "1"]
    assert main([*words, "--out", str(tmp_path / "a"), "--note", "Trained by a test."]) == 0
    card = json.loads((tmp_path / "a" / "emotion_recogniser.json").read_text())
    assert card["training_speakers"] == list(SPEAKERS)
    assert card["left_out"] == ["vera_mute.flac"]
    assert card["sha256"]["emotion_recogniser.npz"] == common.sha256(tmp_path / "a" / "emotion_recogniser.npz")
    assert np.sum(card["figures"]["confusion"]) == card["figures"]["clips"] == 12
    assert card["uar"] == pytest.approx(np.trace(card["figures"]["confusion"]) / 12, abs=1e-4)
    text = (tmp_path / "a" / "emotion_recogniser.md").read_text()
    for part in ("CC0-1.0", "Trained by a test.", "edie, noel, vera", "Limits", f"{100 * card['uar']:.1f} %"):
        assert part in text

    recogniser = HouseEmotion(tmp_path / "a" / "emotion_recogniser.npz")
    clip = decode(data / "noel_sad.flac").clip
    assert recogniser.fold(clip) == recogniser.fold(clip, speaker="edie") == "noel"
    assert recogniser.fold(decode(SHOWCASE / "noel_plain.flac").clip, speaker="Edie") == "edie"
    assert sum(recogniser.probabilities(clip).values()) == pytest.approx(1)

    def never(*_: object) -> None:
        raise AssertionError("functionals were computed again")

    monkeypatch.setattr("training.emotion_copies._functionals", never)
    assert main([*words, "--out", str(tmp_path / "b")]) == 0
    first, second = ((tmp_path / name / "emotion_recogniser.npz").read_bytes() for name in "ab")
    assert first == second


def test_nothing_to_learn_from(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.csv").write_text("path,emotion\nread.flac,\n")
    assert main(["emotion-recogniser", "--data", str(tmp_path)]) == 1
    assert "Speech to learn from was expected" in capsys.readouterr().err
    mute = common.read_manifest(data, lambda row: row["path"] == "vera_mute.flac")
    with pytest.raises(common.TrainingError, match="speech is found in none of them"):
        heard(mute, Voices(1), tmp_path)
