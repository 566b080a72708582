"""kNN-VC against the reference with the same random weights; its targets, what is kept of them, and bad input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers import knn_vc, target_features, wavlm_vocoder
from anonymizers.base import AnonymizerError, Result
from anonymizers.knn_vc import KnnVc
from anonymizers.nearest import neighbours, searchable
from anonymizers.nn import hifigan
from audio.clip import Clip, decode, encode_wav
from tests.anonymizers import tiny_knn_vc
from tests.anonymizers.filled import filled
from tests.anonymizers.tiny_knn_vc import RATE_HZ, networks, voice

Arrays = Mapping[str, np.ndarray]
TOLERANCE = 1e-4
DEFAULTS = {param.name: param.default for param in KnnVc.info.params}


@pytest.fixture(scope="module")
def golden(shared_dir: Path) -> tuple[Arrays, Arrays, hifigan.Module]:
    folder = shared_dir / "golden" / "knn_vc"
    vocoder = filled(hifigan.network(hifigan.Sizes(192, 64, channels=64)), load_file(folder / "state.safetensors"))
    return np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz"), vocoder


def test_features_become_the_references_sound_at_its_loudness(golden) -> None:
    given, wanted, vocoder = golden
    frames, _ = neighbours(given["query_match"], searchable(given["pool_real"]), 4)
    sound = wavlm_vocoder.spoken(vocoder, frames)
    np.testing.assert_allclose(sound, wanted["wav_noloud"], atol=TOLERANCE)
    np.testing.assert_allclose(wavlm_vocoder.levelled(sound), wanted["wav_loud_m16"], atol=TOLERANCE)


def test_another_set_may_be_spoken_than_searched(golden) -> None:
    given, wanted, vocoder = golden
    _, places = neighbours(given["query_match"], searchable(given["pool_real"]), 4)
    sound = wavlm_vocoder.spoken(vocoder, given["synth_set"][places].mean(axis=1))
    np.testing.assert_allclose(sound, wanted["wav_synthset_noloud"], atol=TOLERANCE)


def test_the_source_can_be_stretched_in_time(golden) -> None:
    given, wanted, vocoder = golden
    query = knn_vc.stretched(given["query_match"], len(wanted["wav_dur1p5_noloud"]) / RATE_HZ)
    frames, _ = neighbours(query, searchable(given["pool_real"]), 4)
    np.testing.assert_allclose(wavlm_vocoder.spoken(vocoder, frames), wanted["wav_dur1p5_noloud"], atol=TOLERANCE)


def test_reference_speech_is_trimmed_as_in_the_reference(golden) -> None:
    given, wanted, _ = golden
    sound = target_features.trimmed(given["vad_wav"])
    assert len(sound) // 320 * 320 == wanted["vad_trimmed_len_floor320"][0]
    ends = np.concatenate([sound[:320], sound[: len(sound) // 320 * 320][-320:]])
    np.testing.assert_allclose(ends, wanted["vad_first_last_320"], atol=1e-6)


def test_long_frames_in_pieces_give_the_very_same_sound(monkeypatch) -> None:
    vocoder = networks().vocoder
    frames = np.random.default_rng(0).standard_normal((100, vocoder.sizes.inputs)).astype(np.float32)
    whole = wavlm_vocoder.spoken(vocoder, frames)
    monkeypatch.setattr(wavlm_vocoder, "LONGEST_FRAMES", 30)
    np.testing.assert_allclose(wavlm_vocoder.spoken(vocoder, frames), whole, atol=1e-6)


def test_what_the_vocoder_hears_beyond_a_frame_is_less_than_the_context() -> None:
    """With the published kernels and dilations; only the channels are fewer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vocoder = hifigan.network(hifigan.Sizes(4, 4, channels=16)).eval()
    frames = torch.zeros(1, 61, 4, requires_grad=True)
    vocoder(frames)[0, 30 * 320 : 31 * 320].abs().sum().backward()
    heard = np.flatnonzero(frames.grad.abs().sum(dim=(0, 2)).numpy())
    assert max(30 - heard.min(), heard.max() - 30) < wavlm_vocoder.CONTEXT_FRAMES


def test_short_and_silent_sounds_keep_their_level() -> None:
    short = np.full(6_399, 0.1, np.float32)
    np.testing.assert_array_equal(wavlm_vocoder.levelled(short), short)
    silent = np.zeros(16_000, np.float32)
    np.testing.assert_array_equal(wavlm_vocoder.levelled(silent), silent)


def test_a_vocoder_as_published_is_read_and_another_ones_weights_are_refused(monkeypatch, tmp_path: Path) -> None:
    sizes = hifigan.Sizes(6, 4, channels=16)
    monkeypatch.setattr(wavlm_vocoder, "SIZES", sizes)
    plain = hifigan.network(sizes).state_dict()
    with_norm = {name: tensor for name, tensor in plain.items() if not name.endswith("weight") or "lin_pre" in name}
    for name in sorted(set(plain) - set(with_norm)):
        norms = plain[name].flatten(1).norm(dim=1).reshape(-1, *[1] * (plain[name].ndim - 1))
        with_norm |= {f"{name}_g": norms, f"{name}_v": plain[name]}
    torch.save({"generator": with_norm}, tmp_path / "g.pt")
    read = wavlm_vocoder._vocoder(tmp_path / "g.pt").state_dict()
    for name, tensor in plain.items():
        torch.testing.assert_close(read[name], tensor)
    torch.save({"generator": {"conv": torch.zeros(2)}}, tmp_path / "other.pt")
    with pytest.raises(AnonymizerError, match="weights of another network"):
        wavlm_vocoder._vocoder(tmp_path / "other.pt")


def converted(folder: Path, keep_in: Path, clip: Clip | None = None, seed: int = 0, **params) -> Result:
    system = KnnVc(networks, lambda: folder, keep_in)
    return system.anonymize(clip or voice(150.0, 9), seed=seed, **{**DEFAULTS, **params})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, f0_hz in (("ann", 210.0), ("bob", 110.0)):
        (tmp_path / "speech" / name).mkdir(parents=True)
        (tmp_path / "speech" / name / "1.wav").write_bytes(encode_wav(voice(f0_hz)))
    return tmp_path / "speech"


def test_what_is_said_of_the_target(folder: Path, tmp_path: Path) -> None:
    result = converted(folder, tmp_path / "kept", gender="cross", k=3)
    assert result.pseudo_speaker == {
        "target": "ann", "target_sex": "F", "rule": "one speaker drawn", "gender": "cross",
        "source_sex_estimated_from_f0": "M", "k": 3, "frames_searched": 59,
        "encoder_precision": "float32",
    }  # fmt: skip
    assert result.fidelity == "original-weights"
    assert len(result.clip.samples) == 320 * len(result.intermediates["nearest_cosine"].values)


def test_a_target_said_again_is_itself(folder: Path, tmp_path: Path) -> None:
    """With one neighbour, the target's own speech finds its own frames."""
    speech = target_features.trimmed(decode(folder / "ann" / "1.wav").clip.samples)
    result = converted(folder, tmp_path / "kept", Clip(speech, RATE_HZ), target="ann", k=1)
    np.testing.assert_allclose(result.intermediates["nearest_cosine"].values, 1.0, atol=1e-5)


def test_features_are_made_once_and_again_when_the_speech_changes(folder: Path, tmp_path: Path, monkeypatch) -> None:
    listened: list[int] = []
    features = knn_vc.content
    monkeypatch.setattr(knn_vc, "content", lambda nets, sound: listened.append(len(sound)) or features(nets, sound))
    first = converted(folder, tmp_path / "kept", target="bob")
    again = converted(folder, tmp_path / "kept", target="bob")
    np.testing.assert_array_equal(first.clip.samples, again.clip.samples)
    assert len(listened) == 1
    (folder / "bob" / "2.wav").write_bytes(encode_wav(voice(115.0, 3)))
    converted(folder, tmp_path / "kept", target="bob")
    assert len(listened) == 3
    converted(folder, tmp_path / "kept", target="bob", minutes=0.1)
    assert len(list((tmp_path / "kept").glob("*.npz"))) == 3


def test_the_oldest_features_go_when_there_are_too_many(folder: Path, tmp_path: Path, monkeypatch) -> None:
    converted(folder, tmp_path / "kept", target="ann")
    (first,) = (tmp_path / "kept").iterdir()
    monkeypatch.setattr(target_features, "LARGEST_BYTES", 1)
    converted(folder, tmp_path / "kept", target="bob")
    (second,) = (tmp_path / "kept").iterdir()
    assert first != second


def test_damaged_features_are_made_anew(folder: Path, tmp_path: Path) -> None:
    wanted = converted(folder, tmp_path / "kept", target="ann")
    (path,) = (tmp_path / "kept").iterdir()
    whole = path.read_bytes()
    for cut in (0, len(whole) // 2):
        knn_vc._searchable.cache_clear()
        path.write_bytes(whole[:cut])
        again = converted(folder, tmp_path / "kept", target="ann")
        np.testing.assert_array_equal(again.clip.samples, wanted.clip.samples)
    knn_vc._searchable.cache_clear()
    path.write_bytes(whole[:300] + bytes(100) + whole[400:])
    with pytest.raises(AnonymizerError, match="the file was damaged: it is removed"):
        converted(folder, tmp_path / "kept", target="ann")
    assert not path.exists()


def test_features_that_cannot_be_kept_are_said_so(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(AnonymizerError, match=r"were to be kept in .*kept, but that failed"):
        converted(folder, tmp_path / "kept")


def test_silence_among_the_targets_speech_is_left_out(folder: Path, tmp_path: Path) -> None:
    wanted = converted(folder, tmp_path / "kept", target="ann")
    faint = 1e-4 * np.random.default_rng(0).standard_normal(2 * RATE_HZ).astype(np.float32)
    (folder / "ann" / "0.wav").write_bytes(encode_wav(Clip(np.zeros(RATE_HZ, np.float32), RATE_HZ)))
    (folder / "ann" / "2.wav").write_bytes(encode_wav(Clip(faint, RATE_HZ)))
    np.testing.assert_array_equal(converted(folder, tmp_path / "kept", target="ann").clip.samples, wanted.clip.samples)
    (folder / "ann" / "1.wav").unlink()
    with pytest.raises(AnonymizerError, match="target speaker ann was expected, but none was found"):
        converted(folder, tmp_path / "kept", target="ann")


def test_one_speaker_nobody_of_that_sex_and_less_than_a_frame(folder: Path, tmp_path: Path) -> None:
    (folder / "ann" / "1.wav").unlink()
    with pytest.raises(AnonymizerError, match="at least 2 target speakers"):
        converted(folder, tmp_path / "kept")
    (folder / "cid").mkdir()
    (folder / "cid" / "1.wav").write_bytes(encode_wav(voice(120.0)))
    with pytest.raises(AnonymizerError, match="of sex F was expected, but there is none"):
        converted(folder, tmp_path / "kept", gender="cross")
    with pytest.raises(AnonymizerError, match="one frame of the encoder"):
        converted(folder, tmp_path / "kept", Clip(np.ones(399, np.float32), RATE_HZ))


def test_what_it_needs(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VOICEVEIL_TARGETS", raising=False)
    assert [ref.id for ref in KnnVc.needs(DEFAULTS)] == ["wavlm-large", "knn-vc-hifigan", "librispeech-dev-clean"]
    monkeypatch.setenv("VOICEVEIL_TARGETS", str(tmp_path))
    assert [ref.id for ref in KnnVc.needs(DEFAULTS)] == ["wavlm-large", "knn-vc-hifigan"]
    assert all(
        len(file.sha256) == hashlib.sha256().digest_size * 2 for ref in KnnVc.info.weights for file in ref.files[:1]
    )


def test_the_small_one_runs_whole() -> None:
    result = tiny_knn_vc.tiny().anonymize(voice(150.0), seed=0, **DEFAULTS)
    assert np.isfinite(result.clip.samples).all()


def test_a_target_is_listened_to_in_half_minutes_so_that_few_files_are_kept() -> None:
    lengths = {target_features.listened_s(minutes) for minutes in np.linspace(0.1, 10, 1000)}
    assert len(lengths) == 21
    assert min(lengths) == pytest.approx(6)
    assert [target_features.listened_s(minutes) for minutes in (0.5, 5.0, 5.2, 10.0)] == [30, 300, 300, 600]
