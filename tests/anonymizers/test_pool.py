"""The speaker pool: what it holds, how it is saved and made of recordings, and what is refused."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import pool, speaker_encoder
from anonymizers.base import AnonymizerError
from anonymizers.pool import Pool
from anonymizers.pool_from_speech import from_folder, voice_of
from audio.clip import Clip, encode_wav
from tests.conftest import synthetic_voice


def some_pool(women: int = 4, men: int = 3, size: int = 8, seed: int = 0) -> Pool:
    """Women, then men, with vectors of unit length and a known pitch."""
    vectors = np.random.default_rng(seed).standard_normal((women + men, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Pool(
        tuple(f"s{place}" for place in range(women + men)),
        ("F",) * women + ("M",) * men,
        vectors.astype(np.float32),
        np.array([200.0] * women + [110.0] * men, np.float32),
        np.linspace(1, 3, women + men, dtype=np.float32),
    )


def test_a_part_of_the_pool_keeps_every_row_together():
    whole = some_pool()
    men = whole.of_sex("M")
    assert men.speakers == ("s4", "s5", "s6")
    assert np.array_equal(men.vectors, whole.vectors[4:])
    assert men.median_f0_hz.tolist() == [110.0] * 3
    assert whole.without("s5").speakers == ("s0", "s1", "s2", "s3", "s4", "s6")
    assert len(whole.of_sex("")) == 0
    assert len(men.of_sex("F")) == 0


@given(st.integers(0, 1000), st.floats(0.01, 100))
@settings(max_examples=25)
def test_distances_are_scipys_and_do_not_see_the_length(seed: int, gain: float):
    from scipy.spatial.distance import cdist

    whole = some_pool(seed=seed)
    vector = np.random.default_rng(seed + 1).standard_normal(8)
    assert np.allclose(whole.distances(gain * vector), cdist([vector], whole.vectors, "cosine")[0], atol=1e-6)


@pytest.mark.parametrize("vector", [np.zeros(8), np.full(8, np.nan), np.ones(7), np.ones((8, 1)), np.float64(1)])
def test_a_vector_that_does_not_fit_is_refused(vector: np.ndarray):
    with pytest.raises(AnonymizerError, match="8 finite numbers"):
        some_pool().distances(vector)


def test_saved_and_loaded_again(tmp_path: Path):
    whole = some_pool(size=192)
    pool.save(whole, tmp_path / "one.npz")
    again = pool.load(tmp_path / "one.npz")
    assert (again.speakers, again.sexes) == (whole.speakers, whole.sexes)
    assert again.vectors.dtype == again.median_f0_hz.dtype == np.float32
    assert np.abs(again.vectors - whole.vectors).max() < 2e-4
    assert again.unit_length
    assert np.array_equal(again.f0_deviation_semitones, whole.f0_deviation_semitones)
    assert pool.load(tmp_path / "one.npz") is again
    with pytest.raises(ValueError, match="read-only"):
        again.vectors[0] = 0


@pytest.mark.parametrize("content", [b"", b"PK", b"not a pool", None])
def test_a_file_that_is_no_pool(tmp_path: Path, content: bytes | None):
    path = tmp_path / "none.npz"
    if content is None:
        np.savez(path, speakers=np.array(["a"]))
    else:
        path.write_bytes(content)
    with pytest.raises(AnonymizerError, match=r"none\.npz holds none"):
        pool.load(path)


def test_a_pool_that_is_not_there(tmp_path: Path):
    assert not pool.available(tmp_path / "absent.npz")
    with pytest.raises(AnonymizerError, match=r"absent\.npz is not here.*speaker-pool"):
        pool.load(tmp_path / "absent.npz")


@given(st.floats(70, 400), st.floats(0.3, 5))
@settings(max_examples=25)
def test_f0_statistics_of_a_gaussian_melody(median_hz: float, deviation: float):
    steps = np.random.default_rng(0).standard_normal(5000)
    f0_hz = median_hz * 2 ** (deviation * steps / 12)
    f0_hz[::10] = 0
    f0_hz[1::10] = np.nan
    f0_hz[2::100] *= 2  # octave errors
    found_median, found = pool.f0_statistics(f0_hz)
    assert found_median == pytest.approx(median_hz, rel=0.01 * deviation + 0.005)
    assert found == pytest.approx(deviation, rel=0.1)


def test_f0_statistics_of_a_steady_voice_and_of_none():
    assert pool.f0_statistics([0, 100, 100, np.nan]) == (100, 0)
    assert all(math.isnan(value) for track in ([], [0, np.nan]) for value in pool.f0_statistics(track))


def test_the_sex_of_most_of_the_nearest():
    near_women = np.random.default_rng(1).standard_normal((40, 8)) + np.eye(8)[0] * 20
    near_men = np.random.default_rng(2).standard_normal((40, 8)) - np.eye(8)[0] * 20
    unknown = np.tile(np.eye(8)[0], (40, 1))
    vectors = np.concatenate([near_women, near_men, unknown]).astype(np.float32)
    nan = np.full(120, np.nan, np.float32)
    names = tuple(str(place) for place in range(120))
    mixed = Pool(names, ("F",) * 40 + ("M",) * 40 + ("",) * 40, vectors, nan, nan)
    assert pool.nearest_sex(mixed, np.eye(8)[0]) == "F"
    assert pool.nearest_sex(mixed, -np.eye(8)[0]) == "M"
    assert pool.nearest_sex(mixed.of_sex(""), np.eye(8)[0]) == ""


def pitch_and_brightness(clip: Clip) -> np.ndarray:
    """An encoder of two numbers at unit length, that hears nothing in a quiet clip."""
    if np.abs(clip.samples).max() < 0.01:
        raise AnonymizerError("Sound was expected, but silence came.")
    vector = np.array([clip.samples.std(), np.diff(clip.samples).std()])
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def test_a_speaker_is_the_mean_of_their_clips():
    clips = [synthetic_voice(0.6, f0_hz=f0_hz, seed=seed) for seed, f0_hz in enumerate((110, 130))]
    voice = voice_of(iter([*clips, Clip(np.zeros(8000, np.float32), 16_000)]), pitch_and_brightness)
    assert voice is not None
    assert voice.clips == 2
    mean = np.mean([pitch_and_brightness(clip) for clip in clips], axis=0)
    assert np.allclose(voice.vector, mean / np.linalg.norm(mean))
    assert 105 < voice.median_f0_hz < 140
    assert voice.f0_deviation_semitones > 0.5
    longer = voice_of(clips, lambda clip: 3 * pitch_and_brightness(clip))
    assert longer is not None
    assert np.allclose(longer.vector, 3 * mean)
    assert voice_of([], pitch_and_brightness) is None


def test_a_persons_folder_of_speech(tmp_path: Path):
    def put(name: str, f0_hz: float, loud: float = 1) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        voice = synthetic_voice(0.5, f0_hz=f0_hz)
        path.write_bytes(encode_wav(Clip(np.float32(loud) * voice.samples, 16_000)))

    put("anna/one.wav", 230)
    put("anna/more/two.wav", 240)
    put("p225_001.wav", 100)
    put("p225_002.wav", 105)
    put("quiet/one.wav", 200, loud=0.001)
    (tmp_path / "anna" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "notes.txt").write_text("no sound")
    found = from_folder(tmp_path, pitch_and_brightness)
    assert found.speakers == ("anna", "p225")
    assert found.sexes == ("F", "M")
    assert found.vectors.dtype == np.float32
    assert found.unit_length
    assert len(found.notes) == 2
    assert found.notes[0] == "1 files could not be read and are left out: broken.wav."
    assert "quiet" in found.notes[1]


def test_a_folder_without_two_speakers(tmp_path: Path):
    with pytest.raises(AnonymizerError, match="folder of speech was expected"):
        from_folder(tmp_path / "absent", pitch_and_brightness)
    with pytest.raises(AnonymizerError, match=r"at least 2 speakers.*but 0 can be heard"):
        from_folder(tmp_path, pitch_and_brightness)
    (tmp_path / "a_1.wav").write_bytes(encode_wav(synthetic_voice(0.3)))
    (tmp_path / "a_2.wav").write_bytes(encode_wav(synthetic_voice(0.3)))
    with pytest.raises(AnonymizerError, match="but 1 can be heard"):
        from_folder(tmp_path, pitch_and_brightness)


def test_the_shipped_pool_and_its_card():
    card = json.loads(pool.MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    whole = pool.load()
    assert card["sha256"][pool.MODEL.name] == hashlib.sha256(pool.MODEL.read_bytes()).hexdigest()
    assert list(whole.speakers) == card["training_speakers"] == sorted(set(whole.speakers))
    assert whole.vectors.shape == (len(whole), speaker_encoder.EMBEDDING_SIZE)
    assert whole.unit_length
    assert min(len(whole.of_sex("F")), len(whole.of_sex("M"))) > 100
    assert len(whole.of_sex("F")) + len(whole.of_sex("M")) == len(whole)
    assert np.isfinite(whole.median_f0_hz).all()
    assert 180 < np.median(whole.of_sex("F").median_f0_hz) < 240
    assert 90 < np.median(whole.of_sex("M").median_f0_hz) < 145
    assert not set(whole.speakers) & set(card["test_speakers"])
    assert not {name for name in whole.speakers if name.startswith("ravdess")}
    assert all(entry["licence"] and "NC" not in entry["licence"] for entry in card["training_data"])
    assert pool.MODEL.stat().st_size < 200_000


def test_the_shipped_pool_is_of_the_shipped_encoder(shared_dir: Path):
    from audio.clip import decode
    from training.common import read_manifest

    whole = pool.load()
    single = read_manifest(shared_dir / "data" / "train", lambda row: row["path"].startswith("librispeech_single/"))
    for utterance in single[:3]:
        place = whole.speakers.index(utterance.speaker)
        assert whole.vectors[place] @ speaker_encoder.embed(decode(utterance.path).clip) > 0.995


def test_the_pool_imports_nothing_heavy():
    code = (
        "import sys, anonymizers.pseudo_speaker as p, anonymizers.pool as q; q.available() and q.load(); "
        "sys.exit(bool({'torch', 'onnxruntime', 'scipy', 'pyworld'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
