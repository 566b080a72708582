"""The list of recognisers, where weights are looked for, and what is said when they are not there: no torch needed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from anonymizers import download
from anonymizers import weights as store
from anonymizers.base import Status
from anonymizers.transfer import Means
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip
from evaluation.recognisers import downloads, listing, registry, whisper_words
from evaluation.recognisers.base import RecogniserError
from evaluation.recognisers.hearing import SAMPLE_RATE_HZ, audible, parts, transcribed

ROOT = Path(__file__).resolve().parents[2]
HEARD = b"weights"
DOWNLOADED = ("ecapa", "wav2vec2-960h", "wav2vec2-iemocap", "whisper-tiny", "whisper-large-v3")


def weights(source: str = "huggingface:somebody/something", sha256: str = "") -> WeightRef:
    url = "http://127.0.0.1:9/model.bin"  # nobody listens there
    files = (WeightFile("model.bin", url, sha256=sha256), WeightFile("labels.txt", url))
    return WeightRef("something", "Something", source, "a" * 40, files, "MIT", about_bytes=1_234_000_000)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with empty caches."""
    for name in ("VOICEVEIL_MODELS", "VOICEVEIL_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name, folder in (("XDG_CACHE_HOME", "cache"), ("TORCH_HOME", "torch"), ("HF_HUB_CACHE", "hub")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    return tmp_path


def put(folder: Path, *, model: bytes = HEARD) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(model)
    (folder / "labels.txt").write_text("a")
    return folder


@pytest.mark.parametrize("key", registry.keys())
def test_every_recogniser_says_what_it_is(key: str) -> None:
    info = registry.info(key)
    assert info.key == key
    assert info.kind == registry.entry(key).kind
    assert info.fidelity in {"exact", "original-weights", "house-weights", "own-design"}
    assert info.title
    assert info.trained_on
    assert info.reference
    assert isinstance(registry.status(key), Status)
    hears = {"speaker": "embed", "words": "transcribe", "emotion": "probabilities"}[info.kind]
    assert callable(getattr(registry.load(key), hears))


def test_keys_by_kind() -> None:
    speakers, words, emotions = (registry.keys(kind) for kind in ("speaker", "words", "emotion"))
    assert speakers == ("house-speaker", "ecapa")
    assert words[0] == "pocketsphinx"
    assert emotions == ("house-emotion", "wav2vec2-iemocap")
    assert {*speakers, *words, *emotions} == set(registry.keys())


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(RecogniserError, match=r"no recogniser 'whisperer'.*pocketsphinx"):
        registry.load("whisperer")


def test_listing_is_cheap() -> None:
    code = (
        "import sys; from evaluation.recognisers import listing; listing.text()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    heavy = {"torch", "torchaudio", "transformers", "speechbrain", "scipy", "pandas", "pocketsphinx", "onnxruntime"}
    assert not set(done.stdout.split()) & heavy


def test_listing_in_words_and_as_json(nowhere: Path) -> None:
    every = {one["key"]: one for one in json.loads(listing.text(as_json=True))}
    assert tuple(every) == registry.keys()
    assert every["ecapa"]["status"] == "downloads first"
    assert every["ecapa"]["version"].startswith("speechbrain/spkrec-ecapa-voxceleb@0f99f2d")
    assert every["pocketsphinx"]["fidelity"] == "original-weights"
    text = listing.text()
    assert all(line in text for line in ("whisper-large-v3-de", "Whisper large-v3, German (de)", "83 MB, Apache-2.0"))


@pytest.mark.parametrize("key", DOWNLOADED)
def test_what_is_not_here_downloads_first_and_says_how_much(nowhere: Path, key: str) -> None:
    state = registry.status(key)
    assert state.state == "downloads first"
    assert " MB, " in state.detail
    assert list(nowhere.iterdir()) == []


@pytest.mark.parametrize("key", DOWNLOADED)
def test_offline_refuses_in_a_sentence(nowhere: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    state = registry.status(key)
    assert state.state == "unavailable"
    source = registry.load(key).source
    assert f"VOICEVEIL_MODELS/{source.place.as_posix()}" in state.detail
    with pytest.raises(RecogniserError, match="VOICEVEIL_OFFLINE=1 forbids"):
        downloads.folder(source)
    with pytest.raises(RecogniserError, match="VOICEVEIL_OFFLINE=1 forbids"):
        registry.fetch(key)
    assert list(nowhere.iterdir()) == []


def test_versions_tell_weights_apart() -> None:
    assert registry.version("pocketsphinx").startswith("pocketsphinx 5.")
    versions = [registry.version(key) for key in (*DOWNLOADED, "pocketsphinx")]
    assert len(set(versions)) == len(versions)
    assert registry.version("whisper-base") == registry.version("whisper-base-de")


def test_ones_own_folder_is_looked_at_first(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Path(nowhere / "hub", "models--somebody--something", "snapshots", "a" * 40)
    assert store.located(weights()) is None
    put(snapshot)
    assert store.located(weights()) == snapshot
    own = put(nowhere / "own" / "somebody" / "something")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(nowhere / "own"))
    assert store.located(weights()) == own
    (own / "labels.txt").unlink()  # a folder that is not complete is passed by
    assert store.located(weights()) == snapshot
    assert downloads.status(weights(), ()) == Status("ready")


def test_torch_hubs_folder_is_torchs(nowhere: Path) -> None:
    hub = put(nowhere / "torch" / "hub" / "checkpoints")
    assert store.located(weights("torchaudio")) == hub


def test_only_the_published_bytes_are_taken(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = put(nowhere / "somebody" / "something")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(nowhere))
    published = weights(sha256=hashlib.sha256(HEARD).hexdigest())
    assert downloads.folder(published) == own
    (own / "model.bin").write_bytes(b"other weights")
    with pytest.raises(RecogniserError, match=r"model\.bin: the file that somebody/something published.*delete it"):
        downloads.folder(published)


def test_a_download_that_fails_is_a_sentence(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "USUAL", Means(pause=lambda *_: None))
    with pytest.raises(RecogniserError, match=r"could not be fetched: 127\.0\.0\.1 could not be reached.*by hand"):
        downloads.folder(weights())


@pytest.mark.parametrize("key", DOWNLOADED)
def test_a_download_asks_for_the_fixed_revision_and_no_other_files(key: str) -> None:
    for file in registry.load(key).source.files:
        source = registry.load(key).source
        expected = {
            "huggingface": f"https://huggingface.co/{source.place.as_posix()}/resolve/{source.revision}/{file.name}",
            "torchaudio": f"https://download.pytorch.org/torchaudio/models/{file.name}",
        }
        assert file.url == expected[source.source.partition(":")[0]]


def test_missing_packages_are_named(nowhere: Path) -> None:
    assert downloads.status(weights(), ("numpy", "no_such_package")) == Status(
        "unavailable", "needs the packages no_such_package: run pip install -r requirements.txt"
    )


def test_published_weights_are_pinned() -> None:
    for key in registry.keys():
        source = getattr(registry.load(key), "source", None)
        if source is not None:
            assert len(source.files[0].sha256) == 64
            assert source.source == "torchaudio" or len(source.revision) == 40
            assert not any(file.name.endswith(".py") for file in source.files)
    assert set(whisper_words.SIZES) >= {"base", "large-v3"}
    assert registry.load("ecapa").source.licence == "Apache-2.0"
    assert {ref.id for ref in registry.every_weight()} >= {"ecapa-voxceleb", "whisper-base", "wav2vec2-960h"}


def test_parts_cover_everything_in_order() -> None:
    samples = np.arange(100_001, dtype=np.float32)
    found = parts(samples, 2.0)
    np.testing.assert_array_equal(np.concatenate(found), samples)
    assert {len(part) for part in found} == {25_000, 25_001}
    assert [len(part) for part in parts(samples[:10], 2.0)] == [10]


@pytest.mark.parametrize(
    ("clip", "came"), [(Clip(np.zeros(0), 16_000), "0.00 s"), (Clip(np.zeros(9_000), 16_000), "sil")]
)
def test_nothing_to_hear_is_a_sentence(clip: Clip, came: str) -> None:
    with pytest.raises(RecogniserError, match=f"At least 0.1 s of sound was expected, but {came}"):
        audible(clip, 0.1)


def test_sound_is_heard_at_16_khz() -> None:
    heard = audible(Clip(np.ones(44_100), 44_100), 0.1)
    assert heard.dtype == np.float32
    assert len(heard) == SAMPLE_RATE_HZ


def test_words_come_in_lower_case_without_punctuation() -> None:
    assert transcribed(" It's 5 O'CLOCK -- “well‑known”, isn’t it?\n") == "it's 5 o'clock well known isn't it"


def test_pocketsphinx_writes_words_down(spoken: Clip) -> None:
    recogniser = registry.load("pocketsphinx")
    text = recogniser.transcribe(Clip(spoken.samples[:24_000], 16_000))
    assert len(text.split()) > 1
    assert text == transcribed(text)
    assert recogniser.transcribe(Clip(np.zeros(16_000), 16_000)) == ""


def test_without_pocketsphinx_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from anonymizers import phones
    from anonymizers.base import AnonymizerError

    def missing(clip: Clip) -> None:
        raise AnonymizerError(phones.MISSING_PACKAGE)

    monkeypatch.setattr(phones, "transcribe", missing)
    monkeypatch.setattr(phones, "available", lambda: False)
    assert registry.status("pocketsphinx") == Status("unavailable", phones.MISSING_PACKAGE)
    with pytest.raises(RecogniserError, match="needs the package pocketsphinx"):
        registry.load("pocketsphinx").transcribe(Clip(np.ones(16_000), 16_000))


def test_the_house_speaker_encoder(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    from anonymizers import speaker_encoder

    recogniser = registry.load("house-speaker")
    with pytest.raises(RecogniserError, match=r"At least 0\.1 s of sound"):
        recogniser.embed(Clip(np.zeros(16_000), 16_000))
    if speaker_encoder.available():
        vector = recogniser.embed(voice)
        assert (vector.shape, vector.dtype) == ((192,), np.float64)
        assert np.linalg.norm(vector) == pytest.approx(1.0)
        assert len(registry.version("house-speaker")) == 12
        assert recogniser.status() == Status("ready")
    monkeypatch.setattr(speaker_encoder, "MODEL", ROOT / "assets" / "models" / "none.onnx")
    assert recogniser.status().state == "needs training"
    assert registry.version("house-speaker") == ""
