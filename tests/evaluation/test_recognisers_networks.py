"""Downloaded recognisers with tiny random weights in their publishers' layout: from a clip to an answer."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizers.nn.ecapa_voxceleb import Sizes
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip
from evaluation.recognisers.base import CORE_EMOTIONS, RecogniserError
from evaluation.recognisers.ecapa import Ecapa
from evaluation.recognisers.hearing import transcribed
from evaluation.recognisers.wav2vec2_emotion import Wav2Vec2Emotion
from evaluation.recognisers.wav2vec2_words import Wav2Vec2Words, greedy
from evaluation.recognisers.whisper_words import OTHER_FILES, Whisper

torch = pytest.importorskip("torch")

RATE = 16_000
SILENCE = Clip(np.zeros(RATE), RATE)
TINY_ECAPA = Sizes(channels=(16, 16, 16, 16, 48), attention_channels=8, se_channels=8, res2net_scale=8, lin_neurons=24)
TINY_WAV2VEC2 = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "conv_dim": (8,) * 7, "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
TINY_WORDS = WeightRef("tiny-words", "Tiny", "torchaudio", "", (WeightFile("tiny.pth", ""),), "made here")
LABELS = "'neu' => 0\n'ang' => 1\n'hap' => 2\n'sad' => 3\n================\n'starting_index' => 0\n"


def source(repo: str, *names: str) -> WeightRef:
    return WeightRef(repo, repo, f"github:{repo}", "", tuple(WeightFile(name, "") for name in names), "made here")


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models, and no network."""
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    return tmp_path


def saved(state: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)
    return path


def voice_of(seconds: float, seed: int = 0) -> Clip:
    rng = np.random.default_rng(seed)
    times_s = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * 150 * times_s) * np.sin(2 * np.pi * 2 * times_s)
    return Clip(0.2 * tone + 0.02 * rng.standard_normal(len(times_s)), RATE)


class Runs:
    """What a pickle may hold: something that is done when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_pickles_are_never_executed(models: Path) -> None:
    trap = models / "executed"
    recogniser = ecapa(models, random_ecapa())
    path = models / "us" / "ecapa" / "embedding_model.ckpt"
    path.write_bytes(pickle.dumps({"weight": Runs(trap)}, protocol=2))
    with pytest.raises(RecogniserError, match="a file of tensors and nothing else was expected"):
        recogniser.embed(voice_of(1.0))
    assert not trap.exists()


def test_damaged_weights_are_a_sentence(models: Path) -> None:
    recogniser = ecapa(models, random_ecapa())
    (models / "us" / "ecapa" / "embedding_model.ckpt").write_bytes(b"not weights")
    with pytest.raises(
        RecogniserError, match=r"embedding_model\.ckpt: a file of tensors and nothing else was expected"
    ):
        recogniser.embed(voice_of(1.0))


# who speaks


def ecapa(models: Path, state: dict[str, Any]) -> Ecapa:
    saved(state, models / "us" / "ecapa" / "embedding_model.ckpt")
    return Ecapa(source("us/ecapa", "embedding_model.ckpt"), TINY_ECAPA)


def random_ecapa() -> dict[str, Any]:
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    torch.manual_seed(0)
    sizes = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(TINY_ECAPA).items()}
    return ECAPA_TDNN(sizes.pop("n_mels"), **sizes).state_dict()


def test_ecapa_hears_a_speaker(models: Path) -> None:
    recogniser = ecapa(models, random_ecapa())
    assert recogniser.status().state == "ready"
    clip = voice_of(1.0)
    vector = recogniser.embed(clip)
    assert (vector.shape, vector.dtype) == ((24,), np.float64)
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    np.testing.assert_array_equal(vector, recogniser.embed(clip))
    louder = recogniser.embed(Clip(clip.samples * 2, RATE))
    np.testing.assert_allclose(louder, vector, atol=1e-4)  # dB: level is a constant, and the mean is taken away
    assert recogniser.embed(voice_of(0.1)).shape == (24,)


def test_ecapa_refuses_what_it_cannot_hear(models: Path) -> None:
    with pytest.raises(RecogniserError, match="of sound was expected, but silence came"):
        ecapa(models, random_ecapa()).embed(SILENCE)


def test_ecapa_takes_a_long_clip_in_parts(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluation.recognisers import ecapa as module

    recogniser = ecapa(models, random_ecapa())
    first, second = voice_of(1.0), voice_of(1.0, seed=1)
    monkeypatch.setattr(module, "LONGEST_S", 1.0)
    whole = recogniser.embed(Clip(np.concatenate([first.samples, second.samples]), RATE))
    mean = recogniser.embed(first) + recogniser.embed(second)
    np.testing.assert_allclose(whole, mean / np.linalg.norm(mean), atol=1e-6)


def test_weights_of_another_network_are_a_sentence(models: Path) -> None:
    with pytest.raises(RecogniserError, match=r"embedding_model\.ckpt: the weights of another network.*Missing key"):
        ecapa(models, {"weight": torch.zeros(3)}).embed(voice_of(1.0))


@pytest.mark.parametrize("sex", ["F", "M"])
def test_ecapa_equals_speechbrains(models: Path, shared_dir: Path, sex: str) -> None:
    from safetensors.torch import load_file

    folder = shared_dir / "golden" / "ecapa"
    if not folder.is_dir():
        pytest.skip(f"no golden/ecapa in {shared_dir}: the reference outputs of ECAPA are not there to compare with")
    inputs, outputs = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    recogniser = ecapa(models, load_file(folder / "state.safetensors"))
    network = recogniser._network
    heard = network.features(torch.tensor(inputs[f"wav_{sex}"])[None])
    np.testing.assert_allclose(heard[0], outputs[f"fbank_{sex}"], atol=1e-2)  # dB
    levelled = network.normalise(heard, torch.ones(1))
    np.testing.assert_allclose(levelled[0], outputs[f"fbank_norm_{sex}"], atol=1e-2)
    expected = outputs[f"emb_{sex}"].astype(np.float64)
    found = recogniser.embed(Clip(inputs[f"wav_{sex}"], RATE)) * np.linalg.norm(expected)
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.std())


# how it is said


def wav2vec2_emotion(models: Path, *, labels: str = LABELS) -> tuple[Wav2Vec2Emotion, Any, Any]:
    """The recogniser, the network whose weights it reads, and the weights of its last layer."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    torch.manual_seed(0)
    network = Wav2Vec2Model(Wav2Vec2Config(apply_spec_augment=False, **TINY_WAV2VEC2)).eval()
    state = {f"model.{name}": value for name, value in network.state_dict().items()}
    for new, old in (("original0", "weight_g"), ("original1", "weight_v")):  # as torch named them in 2021
        name = f"model.encoder.pos_conv_embed.conv.parametrizations.weight.{new}"
        state[f"model.encoder.pos_conv_embed.conv.{old}"] = state.pop(name)
    weight = torch.randn(4, 16)
    there = models / "us" / "emotion"
    saved(state, there / "wav2vec2.ckpt")
    saved({"0.w.weight": weight}, there / "model.ckpt")
    (there / "label_encoder.txt").write_text(labels)
    files = source("us/emotion", "wav2vec2.ckpt", "model.ckpt", "label_encoder.txt")
    return Wav2Vec2Emotion(files, TINY_WAV2VEC2), network, weight


def test_emotions_of_a_clip(models: Path) -> None:
    recogniser, _, _ = wav2vec2_emotion(models)
    clip = voice_of(1.0)
    found = recogniser.probabilities(clip, speaker="anybody")
    assert tuple(found) == CORE_EMOTIONS
    assert sum(found.values()) == pytest.approx(1.0)
    assert all(0 < share < 1 for share in found.values())
    assert recogniser.embed(clip).shape == (16,)
    assert recogniser.probabilities(Clip(clip.samples / 4, RATE)) == pytest.approx(
        found, abs=1e-4
    )  # level is no matter
    with pytest.raises(RecogniserError, match="silence came"):
        recogniser.probabilities(SILENCE)


def test_emotions_are_those_of_speechbrains_own_classes(models: Path) -> None:
    from speechbrain.integrations.huggingface.wav2vec2 import Wav2Vec2
    from speechbrain.nnet.activations import Softmax
    from speechbrain.nnet.linear import Linear
    from speechbrain.nnet.pooling import StatisticsPooling
    from transformers import Wav2Vec2FeatureExtractor

    recogniser, network, weight = wav2vec2_emotion(models)
    network.save_pretrained(models / "base")
    Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(models / "base")
    theirs = Wav2Vec2(str(models / "base"), str(models / "cache"), output_norm=True, freeze=True)
    head = Linear(input_size=16, n_neurons=4, bias=False)
    head.w.weight.data = weight
    clip = voice_of(1.0)
    with torch.no_grad():
        pooled = StatisticsPooling(return_std=False)(theirs(torch.tensor(clip.samples)[None]), torch.ones(1))
        expected = Softmax(apply_log=False)(head(pooled))[0, 0]
    np.testing.assert_allclose(recogniser.embed(clip), pooled[0, 0], atol=5e-4)  # SpeechBrain adds noise
    named = dict(zip(("neutral", "angry", "happy", "sad"), expected.tolist(), strict=True))
    assert recogniser.probabilities(clip) == pytest.approx(named, abs=1e-3)


def test_the_order_of_emotions_is_read_not_assumed(models: Path) -> None:
    clip = voice_of(1.0)
    usual = wav2vec2_emotion(models)[0].probabilities(clip)
    turned = LABELS.replace("'neu' => 0", "'neu' => 3").replace("'sad' => 3", "'sad' => 0")
    other = wav2vec2_emotion(models, labels=turned)[0].probabilities(clip)
    assert (other["neutral"], other["sad"]) == (usual["sad"], usual["neutral"])
    with pytest.raises(RecogniserError, match="neu, ang, hap and sad were expected, but neutral, calm came"):
        wav2vec2_emotion(models, labels="'neu' => 0\n'calm' => 1\n")[0].probabilities(clip)


def test_a_long_clip_is_the_mean_of_its_parts(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evaluation.recognisers import wav2vec2_emotion as module

    recogniser, _, _ = wav2vec2_emotion(models)
    first, second = voice_of(1.0), voice_of(1.0, seed=1)
    monkeypatch.setattr(module, "LONGEST_S", 1.0)
    whole = recogniser.embed(Clip(np.concatenate([first.samples, second.samples]), RATE))
    np.testing.assert_allclose(whole, (recogniser.embed(first) + recogniser.embed(second)) / 2, atol=1e-6)


def test_another_last_layer_is_a_sentence(models: Path) -> None:
    recogniser, _, _ = wav2vec2_emotion(models)
    saved({"0.w.weight": torch.zeros(7, 16)}, models / "us" / "emotion" / "model.ckpt")
    with pytest.raises(RecogniserError, match=r"of shape \(4, 16\) was expected, but \(7, 16\) came"):
        recogniser.probabilities(voice_of(1.0))


# what is said


def wav2vec2_words(models: Path) -> tuple[Wav2Vec2Words, Any]:
    """The recogniser, and torchaudio's own network with the same weights."""
    import torchaudio

    published = torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H
    params = {
        **published._params, "extractor_conv_layer_config": [(8, 10, 5), *[(8, 3, 2)] * 4, (8, 2, 2), (8, 2, 2)],
        "encoder_embed_dim": 16, "encoder_pos_conv_kernel": 8, "encoder_pos_conv_groups": 2,
        "encoder_num_layers": 1, "encoder_num_heads": 2, "encoder_ff_interm_features": 24,
    }  # fmt: skip
    torch.manual_seed(1)
    network = torchaudio.models.wav2vec2_model(**params).eval()
    state = network.state_dict()
    for name in ("aux.weight", "aux.bias"):  # fairseq's three labels that nobody uses
        rows = state[name]
        state[name] = torch.cat([rows[:1], torch.full_like(rows[:3], 9.0), rows[1:]])
    saved(state, models / "torchaudio" / "tiny.pth")
    bundle = torchaudio.pipelines.Wav2Vec2ASRBundle(
        "tiny.pth", params, RATE, False, published._model_type, _labels=published._labels
    )
    return Wav2Vec2Words(TINY_WORDS, bundle), network


def test_letters_of_a_clip(models: Path) -> None:
    recogniser, network = wav2vec2_words(models)
    clip = voice_of(1.0)
    with torch.no_grad():
        best = network(torch.tensor(clip.samples)[None])[0][0].argmax(dim=1).tolist()
    labels = recogniser._network[1]
    assert len(labels) == 29
    text = recogniser.transcribe(clip)
    assert text == transcribed(greedy(best, labels))
    assert text
    assert recogniser.transcribe(SILENCE) == ""
    assert recogniser.transcribe(Clip(np.ones(300), RATE)) == ""


@pytest.mark.parametrize(
    ("best", "text"),
    [([], ""), ([0, 0], ""), ([6, 6, 0, 6, 1, 1, 4], "NN A"), ([0, 8, 2, 0, 12, 0, 12, 5, 0], "HELLO")],
)
def test_greedy_decoding(best: list[int], text: str) -> None:
    import torchaudio

    labels = ("-", *torchaudio.pipelines.WAV2VEC2_ASR_BASE_960H._labels)
    assert greedy(best, labels) == text


def test_long_clips_are_heard_piece_by_piece(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recogniser, _ = wav2vec2_words(models)
    lengths: list[int] = []
    monkeypatch.setattr(recogniser, "_read", lambda samples: lengths.append(len(samples)) or "One,")
    assert recogniser.transcribe(voice_of(40.0)) == "one one one one"[: 4 * len(lengths) - 1]
    assert sum(lengths) == 40 * RATE
    assert max(lengths) <= 15 * RATE


def test_words_with_another_networks_weights(models: Path) -> None:
    recogniser, _ = wav2vec2_words(models)
    saved({"aux.weight": torch.zeros(32, 3), "aux.bias": torch.zeros(32)}, models / "torchaudio" / "tiny.pth")
    with pytest.raises(RecogniserError, match=r"tiny\.pth: .* but the file is damaged or another"):
        recogniser.transcribe(voice_of(1.0))
    (models / "torchaudio" / "tiny.pth").write_bytes(b"not weights")
    with pytest.raises(RecogniserError, match=r"tiny\.pth: .* but the file is damaged or another"):
        recogniser.transcribe(voice_of(1.0))


def whisper(models: Path, language: str = "en") -> Whisper:
    from tokenizers import pre_tokenizers
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

    there = models / "us" / "whisper"
    if not there.exists():
        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer = WhisperTokenizer(vocab={letter: index for index, letter in enumerate(letters)}, merges=[])
        names = ("startoftranscript", "en", "de", "translate", "transcribe", "startofprev", "nospeech", "notimestamps")
        tokenizer.add_special_tokens({"additional_special_tokens": [f"<|{name}|>" for name in names]})
        tokenizer.save_pretrained(there)
        WhisperFeatureExtractor(feature_size=16).save_pretrained(there)
        ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in (*names, "endoftext")}
        ends = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), ids["endoftext"])
        torch.manual_seed(2)
        WhisperForConditionalGeneration(
            WhisperConfig(
                vocab_size=len(tokenizer), num_mel_bins=16, d_model=16, encoder_layers=1, decoder_layers=1,
                encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24,
                max_target_positions=32, decoder_start_token_id=ids["startoftranscript"], suppress_tokens=None,
                begin_suppress_tokens=None, **ends,
            )
        ).half().save_pretrained(there)  # fmt: skip
        published = {
            "is_multilingual": True, "lang_to_id": {"<|en|>": ids["en"], "<|de|>": ids["de"]}, "max_length": 448,
            "task_to_id": {"transcribe": ids["transcribe"], "translate": ids["translate"]}, "return_timestamps": False,
            "no_timestamps_token_id": ids["notimestamps"], "decoder_start_token_id": ids["startoftranscript"],
            "forced_decoder_ids": [[1, None], [2, ids["transcribe"]]], "begin_suppress_tokens": [ids["endoftext"]],
            "suppress_tokens": [1, 2, 7], "max_initial_timestamp_index": 50, "prev_sot_token_id": ids["startofprev"],
            **ends,
        }  # fmt: skip
        (there / "generation_config.json").write_text(json.dumps(published))
    return Whisper("tiny", language, source("us/whisper", "model.safetensors", *OTHER_FILES))


def test_whisper_writes_words_down(models: Path) -> None:
    recogniser = whisper(models)
    clip = voice_of(1.0)
    text = recogniser.transcribe(clip)
    assert text == text.lower()
    assert "<|" not in text
    assert recogniser.transcribe(clip) == text
    assert recogniser.transcribe(SILENCE) == ""
    network = recogniser._network[1]
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("language", ["en", "de"])
def test_whisper_is_told_the_language(models: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    recogniser = whisper(models, language)
    processor, network = recogniser._network
    prompts: list[list[int]] = []
    forward = network.model.decoder.forward

    def watched(*args: Any, input_ids: Any = None, **kwargs: Any) -> Any:
        prompts.append(input_ids[0].tolist())
        return forward(*args, input_ids=input_ids, **kwargs)

    monkeypatch.setattr(network.model.decoder, "forward", watched)
    recogniser.transcribe(voice_of(1.0))
    expected = [f"<|{name}|>" for name in ("startoftranscript", language, "transcribe", "notimestamps")]
    assert prompts[0] == processor.tokenizer.convert_tokens_to_ids(expected)


def test_whisper_cuts_what_is_longer_than_it_hears(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recogniser = whisper(models)
    lengths: list[int] = []
    monkeypatch.setattr(recogniser, "_read", lambda samples: lengths.append(len(samples)) or " Yes.")
    assert recogniser.transcribe(voice_of(70.0)) == " ".join(["yes"] * len(lengths))
    assert sum(lengths) == 70 * RATE
    assert max(lengths) <= 29 * RATE


def test_whisper_with_a_damaged_file(models: Path) -> None:
    recogniser = whisper(models)
    (models / "us" / "whisper" / "config.json").write_text("{")
    with pytest.raises(RecogniserError, match="the files of us/whisper were expected, but"):
        recogniser.transcribe(voice_of(1.0))
