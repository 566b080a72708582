"""What the house networks learn from and by which losses, on seconds of synthetic voices; killed trainings go on."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from anonymizers import phones
from anonymizers.nn import decoder, mel, phone_encoder
from tests.training.house_speech import put
from training import (
    common,
    critics,
    decoder_data,
    decoder_training,
    phone_causal_training,
    phone_labels,
    phone_training,
    pieces,
)
from training.augmentation import LEAD
from training.loop import Loop


@dataclass(frozen=True)
class SmallPhones(phone_training.Settings):
    steps: int = 4
    batch: int = 3
    crop_s: float = 0.4


@dataclass(frozen=True)
class SmallCausal(phone_causal_training.Settings):
    steps: int = 4
    batch: int = 2
    crop_s: float = 0.4


@dataclass(frozen=True)
class SmallDecoder(decoder_training.Settings):
    """Critics have their say in the second half."""

    steps: int = 4
    batch: int = 2
    frames: int = 40
    critics_from: float = 0.5


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> common.Speech:
    return common.load_speech(common.read_manifest(put(tmp_path_factory.mktemp("data"))))


@pytest.fixture(scope="module", autouse=True)
def shallow() -> Iterator[None]:
    """Networks of one block each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone_encoder, "BLOCKS", 1)
        patch.setattr(decoder, "BLOCKS", 1)
        yield


@pytest.fixture(scope="module")
def labels(speech: common.Speech) -> list[phone_labels.Labels]:
    """Made up: silence, then one phone after another; the last clip's are not known."""
    made = [(np.arange(int(100 * one.duration_s)) // 10 % 40).astype(np.uint8) for one in speech.utterances]
    made[-1][:] = phone_labels.UNKNOWN
    return made


@pytest.fixture(scope="module")
def known(speech: common.Speech) -> decoder_data.Voices:
    """Made up: a steady pitch, and vectors of unit length."""
    tracks = tuple(np.full(int(100 * one.duration_s) + 1, 120, np.float32) for one in speech.utterances)
    vectors = np.random.default_rng(0).standard_normal((len(tracks), decoder.SPEAKER)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return decoder_data.Voices(tracks, np.full(len(tracks), -20, np.float32), unit)


@pytest.fixture(params=["phone-encoder", "phone-encoder-causal", "house-decoder"])
def loop(request: pytest.FixtureRequest, speech, labels, known) -> Callable[[Path], Loop]:
    """Each recipe's loop, in a folder of its own."""

    def encoder() -> Any:
        torch.manual_seed(0)
        return phone_encoder.network()

    def made(folder: Path) -> Loop:
        if request.param == "phone-encoder":
            return phone_training.PhoneLoop(phone_training.Crops(speech, labels, SmallPhones()), SmallPhones(), folder)
        if request.param == "house-decoder":
            crops = decoder_data.Crops(speech, known, SmallDecoder())
            return decoder_training.DecoderLoop(crops, encoder(), SmallDecoder(), folder)
        sounds = phone_causal_training.Sounds(speech, SmallCausal())
        ordinary = np.full(mel.N_MELS, -6, np.float32)
        return phone_causal_training.CausalLoop(sounds, encoder(), ordinary, SmallCausal(), folder)

    return made


def test_a_killed_training_ends_as_one_that_was_left_alone(loop: Callable[[Path], Loop], tmp_path: Path):
    torch.set_num_threads(1)
    alone = loop(tmp_path / "alone")
    alone.run()
    loop(tmp_path / "killed").run(stop_after=3)
    with (tmp_path / "killed" / "log.csv").open("a") as file:
        file.write("3,1,1,1")  # a step after the checkpoint, cut off
    resumed = loop(tmp_path / "killed")
    assert resumed.step == 3
    resumed.run()
    for name, module in alone.modules.items():
        again = resumed.modules[name].state_dict()
        assert all((tensor == again[key]).all() for key, tensor in module.state_dict().items())
    state, again = alone.extra_state(), resumed.extra_state()
    assert str(state) == str(again)
    rows = [
        list(csv.DictReader((tmp_path / name / "log.csv").read_text().splitlines())) for name in ("alone", "killed")
    ]
    losses = [[{**row, "seconds": ""} for row in one] for one in rows]
    assert losses[0] == losses[1]
    assert [row["step"] for row in losses[0]] == ["0", "1", "2", "3"]
    assert all(np.isfinite(float(value)) for row in rows[0] for value in row.values())


def test_a_step_draws_the_same_whenever_it_is_asked(speech, labels, known):
    for crops in (
        phone_training.Crops(speech, labels, SmallPhones()),
        phone_causal_training.Sounds(speech, SmallCausal()),
        decoder_data.Crops(speech, known, SmallDecoder()),
    ):
        first, again, other = (parts(crops.of_step(step)) for step in (1, 1, 2))
        assert all(np.array_equal(one, same) for one, same in zip(first, again, strict=True))
        assert not np.array_equal(first[0], other[0])


def parts(batch: Any) -> list[np.ndarray]:
    return (
        list(batch)
        if isinstance(batch, tuple)
        else [batch]
        if isinstance(batch, np.ndarray)
        else [*vars(batch).values()]
    )


def test_a_crop_of_phones_is_labelled_where_it_was_taken(speech, labels):
    """Content frame j of a crop lies `speed` * (LEAD + 320 j) samples after the source's start."""
    crops = phone_training.Crops(speech, labels, SmallPhones())
    own = np.arange(200, dtype=np.uint8)
    found = crops._phones(own, 1_600, 1.0, 20)
    np.testing.assert_array_equal(found, (1_600 + LEAD) // 160 + 2 * np.arange(20))
    np.testing.assert_array_equal(crops._phones(own, -LEAD - 1_600, 1.0, 8), [0, 0, 0, 0, 0, 0, 2, 4])
    faster = crops._phones(own, 0, 1.1, 20)
    np.testing.assert_array_equal(faster, (11 * (LEAD + 320 * np.arange(20)) // 1_600))


def test_only_clips_whose_phones_are_known_are_learned_from(speech, labels):
    crops = phone_training.Crops(speech, labels, SmallPhones())
    assert crops.known == list(range(len(labels) - 1))
    assert crops.chances.sum() == pytest.approx(1)
    sounds, phones, classes = crops.of_step(0)
    assert sounds.shape == (3, 40, mel.N_MELS)
    assert phones.shape == (3, 20)
    assert 0 <= classes.min() <= classes.max() < 3
    unknown = [np.full_like(one, phone_labels.UNKNOWN) for one in labels]
    with pytest.raises(common.TrainingError, match="no clip could be aligned"):
        phone_training.Crops(speech, unknown, SmallPhones())


def test_speakers_are_drawn_by_the_root_of_their_seconds():
    utterance = lambda name, s, corpus="c": common.Utterance(Path("x"), corpus, name, "F", "", "", s)  # noqa: E731
    said = [utterance("much", 8.0), utterance("much", 8.0), utterance("little", 4.0)]
    np.testing.assert_allclose(pieces.chances(said), [1 / 3, 1 / 3, 1 / 3])  # roots: 4 and 2
    halved = pieces.chances([utterance("", 4.0, "a"), utterance("", 4.0, "b")], {"b": 0.5})
    np.testing.assert_allclose(halved, [2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("start", "expected"), [(0, [1, 2, 3]), (-2, [0, 0, 1]), (2, [3, 4, 0]), (-1, [0, 1, 2]), (1, [2, 3, 4])]
)
def test_a_piece_may_reach_beyond_its_sound(start: int, expected: list[int]):
    sound = np.arange(1, 5, dtype=np.int16)
    found = pieces.cut(sound, start, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found * 32768, expected)


def test_phones_are_aligned_and_kept(speech, tmp_path: Path):
    place = next(place for place, one in enumerate(speech.utterances) if one.transcript.startswith("I had no idea"))
    few = common.Speech((speech.utterances[place],), speech.sound(place), np.array([0, len(speech.sound(place))]))
    (found,) = phone_labels.of_speech(few, tmp_path)
    assert len(found) == len(few.sound(0)) // 160
    runs = found[np.flatnonzero(np.diff(found, prepend=255))]
    said = [phone_labels.PHONES[one] for one in runs if one]
    assert said[:8] == ["AY", "HH", "AE", "D", "N", "OW", "AY", "D"]
    (path,) = tmp_path.glob("*.npy")
    np.save(path, np.zeros_like(found))
    assert not phone_labels.of_speech(few, tmp_path)[0].any()  # read, not made again
    german = phone_labels.of_sound(few.sound(0), "", "de")
    assert (german == phone_labels.UNKNOWN).all()
    assert phone_labels.aligned_share([found, german]) == 0.5


def test_what_cannot_be_aligned_is_unknown():
    nonsense = phone_labels.of_sound(np.zeros(3_200, np.int16), "an extraordinarily long sentence for so short a sound")
    assert nonsense.tolist() == [phone_labels.UNKNOWN] * 20


def test_segments_become_frames():
    segments = [("SIL", 0.0, 0.02), ("HH", 0.02, 0.04), ("+BREATH+", 0.04, 0.05), ("AY", 0.05, 0.09)]
    framed = phone_labels._framed([phones.Phone(*one) for one in segments], 8)
    assert [phone_labels.PHONES[one] for one in framed] == ["SIL", "SIL", "HH", "HH", "SIL", "AY", "AY", "AY"]


def test_the_speaker_gradient_is_turned_round(speech, labels, tmp_path: Path):
    """The classifier goes down its loss, the bottleneck up, by `reversal` once a third of the steps are done."""
    loop = phone_training.PhoneLoop(phone_training.Crops(speech, labels, SmallPhones()), SmallPhones(), tmp_path)
    content = torch.randn(2, 10, phone_encoder.BOTTLENECK, generator=torch.manual_seed(0)).requires_grad_()
    plain = content.detach().clone().requires_grad_()
    speakers = torch.tensor([0, 1])
    loss = loop._speaker_loss(content, speakers, step=4)
    loss.backward()
    summary = torch.cat((plain.mean(1), plain.std(1)), dim=1)
    expected = torch.nn.functional.cross_entropy(loop.critic(summary), speakers)
    expected.backward()
    assert loss.item() == pytest.approx(expected.item())
    np.testing.assert_allclose(content.grad, -SmallPhones().reversal * plain.grad, atol=1e-8)
    nobody = loop._speaker_loss(content, torch.tensor([-1, -1]), step=4)
    assert nobody.item() == 0


def test_codes_follow_the_mean_of_what_is_nearest(speech, labels, tmp_path: Path):
    loop = phone_training.PhoneLoop(phone_training.Crops(speech, labels, SmallPhones()), SmallPhones(), tmp_path)
    before = loop.module.codebook.clone()
    content = torch.randn(6, phone_encoder.BOTTLENECK)
    loop._move_codes(content, torch.tensor([5, 5, 5, 7, 7, 7]), step=1)
    moved = loop.module.codebook
    np.testing.assert_allclose(moved[5], before[5] + 0.02 * (content[:3].mean(0) - before[5]), atol=1e-6)
    others = [place for place in range(phone_encoder.CODES) if place not in (5, 7)]
    np.testing.assert_array_equal(moved[others], before[others])


def test_the_decoders_target_is_where_its_frames_are(speech, known):
    """Loudness of the target, measured again, is what the decoder was told."""
    batch = decoder_data.Crops(speech, known, SmallDecoder()).of_step(3)
    assert batch.heard.shape == (2, decoder_data.CONTEXT_FRAMES, mel.N_MELS)
    assert batch.prosody.shape == (2, 40, 3)
    assert batch.pulse.shape == batch.hiss.shape == (2, 160 * 41)
    assert batch.target.shape == (2, 160 * 39)
    from anonymizers.nn import controls

    for target, prosody in zip(batch.target, batch.prosody, strict=True):
        level = controls.measured(target)[3:-3, 0]
        loudness, _ = controls.inputs(np.stack([level] * 3, axis=1), np.zeros(len(level)), controls.LOUD_DB)
        np.testing.assert_allclose(loudness, prosody[3:36, 2], atol=0.02)


def test_a_speaker_is_known_from_their_other_clips():
    utterance = lambda name: common.Utterance(Path(name), "c", name, "F", "", "", 2.0)  # noqa: E731
    known = common.Speech(tuple(map(utterance, ("a", "b", "a", "a", ""))), np.zeros(5, np.int16), np.arange(6))
    vectors = np.eye(5, 4, dtype=np.float32)
    others = decoder_data.of_other_clips(known, vectors)
    half = np.float32(0.5**0.5)
    np.testing.assert_allclose(others[0], [0, 0, half, half])
    np.testing.assert_allclose(others[2], [half, 0, 0, half])
    np.testing.assert_array_equal(others[[1, 4]], vectors[[1, 4]])


def test_a_training_may_begin_with_trained_weights(loop: Callable[[Path], Loop], tmp_path: Path):
    from training import export

    first = loop(tmp_path / "first")
    first.run(stop_after=1)
    module = first.modules["module"]
    module = module if isinstance(first, decoder_training.DecoderLoop) else phone_encoder.for_use(module)
    export.safetensors(module, tmp_path / "weights.safetensors")
    second = loop(tmp_path / "second")
    second.begin_with(tmp_path / "weights.safetensors")
    found, expected = (one.modules["module"].state_dict() for one in (second, first))
    for name, tensor in expected.items():
        np.testing.assert_allclose(found[name], tensor, rtol=1e-3, atol=1e-7)
    second.run(stop_after=1)
    trained = {name: tensor.clone() for name, tensor in second.modules["module"].state_dict().items()}
    resumed = loop(tmp_path / "second")
    resumed.begin_with(tmp_path / "weights.safetensors")  # a resumed training has its own by now
    assert all((tensor == trained[name]).all() for name, tensor in resumed.modules["module"].state_dict().items())


def test_a_causal_encoder_that_goes_on_takes_its_teacher_s_codes(speech, tmp_path: Path):
    from training import export

    torch.manual_seed(1)
    export.safetensors(phone_encoder.for_use(phone_encoder.network(causal=True)), tmp_path / "older.safetensors")
    teacher, sounds = phone_encoder.network(), phone_causal_training.Sounds(speech, SmallCausal())
    ordinary = np.full(mel.N_MELS, -6, np.float32)
    loop = phone_causal_training.CausalLoop(sounds, teacher, ordinary, SmallCausal(), tmp_path / "work")
    loop.begin_with(tmp_path / "older.safetensors")
    np.testing.assert_array_equal(loop.module.codebook, teacher.codebook)


def test_clips_too_short_for_a_crop_are_refused(speech, known):
    with pytest.raises(common.TrainingError, match=r"Clips of more than 90 s were expected"):
        decoder_data.Crops(speech, known, SmallDecoder(frames=9_000))


def test_voices_are_measured_once(speech, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    few = common.Speech(speech.utterances[:2], speech.pcm[: speech.starts[2]], speech.starts[:3])
    first = decoder_data.voices(few, tmp_path)
    monkeypatch.setattr(decoder_data, "_measured", lambda sound: pytest.fail("measured again"))
    again = decoder_data.voices(few, tmp_path)
    np.testing.assert_array_equal(first.vectors, again.vectors)
    assert [len(one) for one in again.f0_hz] == [-(-len(few.sound(place)) // 160) for place in range(2)]
    np.testing.assert_allclose(np.linalg.norm(again.vectors, axis=1), 1, atol=1e-5)


def test_what_is_left_out_is_left_out(speech, known, tmp_path: Path):
    """The decoder gets no speaker, no controls, and codes instead of content, where the settings say always."""
    settings = SmallDecoder(quantised=1.0, no_speaker=1.0, no_controls=1.0)
    crops = decoder_data.Crops(speech, known, settings)
    loop = decoder_training.DecoderLoop(crops, phone_encoder.network(), settings, tmp_path)
    given = []
    whole = loop.module.whole
    loop.module.whole = lambda frames, speaker: given.append((frames, speaker)) or whole(frames, speaker)
    batch = crops.of_step(0)
    made = loop.made(batch, np.random.default_rng(0))
    assert made.shape == batch.target.shape
    ((frames, speaker),) = given
    assert not speaker.any()
    assert not frames[:, :, 67:].any()
    codes = {tuple(one) for one in loop.encoder.codebook.tolist()}
    assert {tuple(one) for one in frames[0, :, :64].tolist()} <= codes
    np.testing.assert_array_equal(frames[:, ::2, :64], frames[:, 1::2, :64])


def test_distances_are_nought_between_the_same():
    sound = torch.randn(2, 4_000, generator=torch.manual_seed(0)) * 0.1
    assert critics.spectral_distance(sound, sound).item() == pytest.approx(0, abs=1e-5)
    near, far = (critics.spectral_distance(sound, sound * gain).item() for gain in (1.1, 2.0))
    assert 0 < near < far
    judges = critics.critics()
    heard = judges(sound)
    assert [len(one) for one in heard] == [4, 4, 4]
    assert critics.feature_distance(heard, heard).item() == 0
    assert critics.judged_real([[torch.ones(3)]]) == 0
    assert critics.judged_made([[torch.ones(3)], [torch.zeros(3)]]) == 0.5


def test_ordinary_speech_is_the_same_at_any_level(speech):
    quieter = common.Speech(speech.utterances, (speech.pcm // 4).astype(np.int16), speech.starts)
    ordinary = phone_causal_training.ordinary_mel(speech)
    assert ordinary.shape == (mel.N_MELS,)
    np.testing.assert_allclose(phone_causal_training.ordinary_mel(quieter), ordinary, atol=0.5)
