"""The recipe of the speaker encoder, on seconds of synthesised voices: from a manifest to a model with a card."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizers import speaker_encoder
from anonymizers.nn import ecapa
from audio.clip import decode
from training import common, verification
from training.__main__ import main
from training.speaker_training import Settings, Training, one_cycle, two_sounds

SHOWCASE = Path(__file__).resolve().parents[2] / "assets" / "showcase"
FIELDS = ("path", "corpus", "speaker", "sex", "licence", "duration_s", "speaker_in_dev")


@dataclass(frozen=True)
class Small(Settings):
    """Settings with which a step takes an instant."""

    steps: int = 4
    speakers: int = 3
    crop_s: tuple[float, float] = (0.3, 0.4)
    longer_crop_s: tuple[float, float] = (0.5, 0.6)


SMALL = Small()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three voices with two utterances each, one with one, one that may not be learned and one that is not free."""
    import soundfile

    folder = tmp_path_factory.mktemp("data")
    rows = []
    for name, speaker, sex, in_dev in (
        ("read/vera_plain", "vera", "F", "no"),
        ("read/vera_lively", "vera", "F", "no"),
        ("read/edie_plain", "edie", "F", "no"),
        ("read/edie_lively", "edie", "F", "no"),
        ("read/noel_plain", "noel", "M", "no"),
        ("read/noel_lively", "noel", "M", "no"),
        ("read/edie_hurried", "single", "F", "no"),
        ("read/noel_hurried", "ls-4088", "M", "yes"),
        ("nc/noel_subdued", "unfree", "M", "no"),
    ):
        samples = decode(SHOWCASE / f"{Path(name).name}.flac").clip.resampled(16_000).samples[8_000:32_000]
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / f"{name}.flac", samples, 16_000, subtype="PCM_16")
        rows.append((f"{name}.flac", "showcase", speaker, sex, "Apache-2.0", len(samples) / 16_000, in_dev))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    return folder


def speech_of(data: Path) -> common.Speech:
    return common.load_speech(common.read_manifest(data))


def weights(training: Training) -> dict[str, Any]:
    return {name: tensor.clone() for name, tensor in training.module.state_dict().items()}


def test_the_command_makes_a_model_and_its_card(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import torch

    monkeypatch.setattr("training.speaker_encoder.Settings", Small)
    words = ["speaker-encoder", "--data", str(data), "--out", str(tmp_path), "--work", str(tmp_path / "work")]
    assert main([*words, "--steps", "2", "--device", "cpu"]) == 0
    card = json.loads((tmp_path / "speaker_encoder.json").read_text(encoding="utf-8"))
    assert card["training_speakers"] == ["edie", "noel", "single", "vera"]
    assert card["parameters"] == sum(parameter.numel() for parameter in ecapa.network().parameters())
    assert card["sha256"]["speaker_encoder.onnx"] == common.sha256(tmp_path / "speaker_encoder.onnx")
    clip = decode(SHOWCASE / "vera_plain.flac").clip.resampled(16_000)
    heard = speaker_encoder.embed(clip, tmp_path / "speaker_encoder.onnx")
    with torch.no_grad():
        same = ecapa.load(tmp_path / "speaker_encoder.safetensors")(
            torch.from_numpy(ecapa.features(clip.samples)[None])
        )
    assert np.abs(heard - same[0].numpy()).max() < 1e-4

    assert main([*words, "--steps", "3"]) == 1
    assert "is under way there" in capsys.readouterr().err
    assert main(["speaker-encoder", "--evaluate", str(data), "--out", str(tmp_path)]) == 1
    assert "nothing in" in capsys.readouterr().err


def test_a_killed_training_ends_as_one_that_was_left_alone(data: Path, tmp_path: Path):
    speech = speech_of(data)
    alone = Training(speech, SMALL, tmp_path / "alone")
    alone.run()
    Training(speech, SMALL, tmp_path / "killed").run(stop_after=2)
    with (tmp_path / "killed" / "log.csv").open("a") as file:
        file.write("2,1,1,1,1,1,1\n3,1,1")  # steps after the checkpoint, the last cut off
    resumed = Training(speech, SMALL, tmp_path / "killed")
    assert resumed.step == 2
    resumed.run()
    expected, found = weights(alone), weights(resumed)
    assert all((expected[name] == found[name]).all() for name in expected)
    losses = [
        [row["loss"] for row in csv.DictReader((tmp_path / name / "log.csv").read_text().splitlines())]
        for name in ("alone", "killed")
    ]
    assert losses[0] == losses[1]
    assert len(losses[0]) == SMALL.steps


def test_a_step_draws_the_same_crops_whenever_it_is_asked(data: Path, tmp_path: Path):
    batches = Training(speech_of(data), SMALL, tmp_path).batches
    (mel, classes), (again, _), (other, _) = batches.of_step(1), batches.of_step(1), batches.of_step(2)
    assert np.array_equal(mel, again)
    assert mel.shape != other.shape or not np.array_equal(mel, other)
    assert np.array_equal(classes[::2], classes[1::2])
    assert len(set(classes)) == len(classes) // 2
    assert 0 <= classes.min() <= classes.max() < batches.classes


def test_two_crops_share_no_sample():
    rng = np.random.default_rng(0)
    only = np.arange(101)
    first, second = two_sounds([only], rng)
    assert not set(first) & set(second)
    assert len(first) + len(second) == len(only)
    for _ in range(10):
        first, second = two_sounds([only, only + 1, only + 2], rng)
        assert first[0] != second[0]


def test_the_learning_rate_rises_and_falls():
    rates = [one_cycle(done) for done in np.linspace(0, 1, 200)]
    assert max(rates) == pytest.approx(1, abs=1e-3)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert np.diff(np.sign(np.diff(rates))).astype(bool).sum() == 1


def utterance(speaker: str, sex: str = "F", session: str = "", corpus: str = "LibriSpeech dev") -> common.Utterance:
    return common.Utterance(Path(), corpus, speaker, sex, session, "", 1.0)


def test_trials_are_of_one_sex_and_across_sessions_where_there_are_several():
    spoken = [
        *(utterance("a", session=s) for s in ("1", "1", "2")),
        *(utterance("b", session="7") for _ in range(2)),
        utterance("c", sex="M"),
        utterance("d", sex=""),
    ]
    made = verification.trials(spoken)
    pairs = {tuple(pair): bool(same) for pair, same in zip(made.pairs.tolist(), made.same, strict=True)}
    targets = {pair for pair, same in pairs.items() if same}
    assert targets == {(0, 2), (1, 2), (3, 4)}
    assert len(pairs) - len(targets) == 3 * 2
    assert not made.across[made.pairs.tolist().index([3, 4])]


def test_figures_of_a_perfect_and_of_a_blind_encoder():
    spoken = [utterance(f"{sex}{who}", sex, str(s)) for sex in "FM" for who in range(4) for s in range(3)]
    perfect = np.repeat(np.eye(8, dtype=np.float32), 3, axis=0)
    known = verification.figures(perfect, spoken)
    assert known["all"]["eer"] == 0
    assert known["sex F"]["target_trials"] == 4 * 3
    assert known["LibriSpeech, across sessions"]["speakers"] == 8
    blind = np.tile(np.eye(1, 8, dtype=np.float32), (24, 1))
    assert verification.figures(blind, spoken)["all"]["eer"] == 0.5
    with pytest.raises(common.TrainingError, match="there are no trials"):
        verification.figures(perfect[:1], spoken[:1])


def test_what_cannot_be_learned_from_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    import soundfile

    assert main(["speaker-encoder"]) == 1
    assert "--data is missing" in capsys.readouterr().err
    assert main(["speaker-encoder", "--data", str(tmp_path)]) == 1
    assert "A folder with manifest.csv was expected" in capsys.readouterr().err
    soundfile.write(tmp_path / "a.wav", np.zeros(800), 8_000)
    with pytest.raises(common.TrainingError, match=r"16 kHz mono was expected.*8000 Hz"):
        common.load_speech([common.Utterance(tmp_path / "a.wav", "", "a", "F", "", "", 0.1)])


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "model"
    path.write_text("old")

    def fail(draft: Path) -> None:
        draft.write_text("half")
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        common.save_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
