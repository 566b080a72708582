"""The folder of target speech: whose it is, of which sex, who is drawn, and what is said when nobody is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from anonymizers import target_speech
from anonymizers.base import AnonymizerError
from audio.clip import Clip, encode_wav

RATE_HZ = 16_000


def voice(f0_hz: float, duration_s: float = 1.0) -> Clip:
    """A buzz with harmonics up to 2 kHz that the pitch tracker hears as a voice."""
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    harmonics = range(1, int(2000 / f0_hz))
    return Clip(sum(np.sin(2 * np.pi * f0_hz * h * time_s) / h for h in harmonics).astype(np.float32) * 0.2, RATE_HZ)


def write(path: Path, clip: Clip) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_wav(clip))


@pytest.fixture
def librispeech(tmp_path: Path) -> Path:
    """Three speakers in LibriSpeech's layout, with its list of speakers."""
    folder = tmp_path / "LibriSpeech" / "dev-clean"
    for speaker, f0_hz in (("84", 210.0), ("174", 110.0), ("251", 120.0)):
        for number in range(2):
            write(folder / speaker / "100" / f"{speaker}-100-000{number}.wav", voice(f0_hz))
    table = "; comment | of | the list\n84   | F | dev-clean |  8.02 | A\n174  | M | dev-clean |  8.04 | B\n"
    (tmp_path / "LibriSpeech" / "SPEAKERS.TXT").write_text(table + "251 | M | dev-clean | 8.0 | C\n", encoding="utf-8")
    return folder


def drawn(folder: Path, seed: int = 0, name: str = "", gender: str = "any", sex: str = "") -> target_speech.Target:
    return target_speech.chosen(folder, name, gender, sex, np.random.default_rng(seed))


def test_a_folder_of_ones_own_needs_no_download(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEVEIL_TARGETS", str(tmp_path))
    assert target_speech.needs() == ()
    assert target_speech.folder() == tmp_path


def test_without_one_librispeech_is_needed_where_it_is_unpacked(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VOICEVEIL_TARGETS", raising=False)
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    (ref,) = target_speech.needs()
    assert (ref.loader, len(ref.files[0].sha256)) == ("archive", 64)
    with pytest.raises(AnonymizerError, match="LibriSpeech"):
        target_speech.folder()


def test_librispeech_unpacked_in_the_store_is_the_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VOICEVEIL_TARGETS", raising=False)
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    unpacked = tmp_path / "librispeech" / "dev-clean" / "LibriSpeech"
    unpacked.mkdir(parents=True)
    (unpacked / "SPEAKERS.TXT").write_text("84 | F | dev-clean | 8.02 | A\n", encoding="utf-8")
    with pytest.raises(AnonymizerError, match="not here: fetch them first"):
        target_speech.folder()
    write(unpacked / "dev-clean" / "84" / "100" / "84-100-0000.wav", voice(210.0))
    assert target_speech.sexes(target_speech.folder()) == {"84": "F"}
    assert list(target_speech.speakers(target_speech.folder())) == ["84"]


def test_a_folder_that_is_not_there_is_said_so(monkeypatch) -> None:
    monkeypatch.setenv("VOICEVEIL_TARGETS", "/nowhere/at/all")
    with pytest.raises(AnonymizerError, match="VOICEVEIL_TARGETS, but /nowhere/at/all is none"):
        target_speech.folder()


def test_speakers_and_sexes_of_librispeech(librispeech: Path) -> None:
    found = target_speech.speakers(librispeech)
    assert {name: len(files) for name, files in found.items()} == {"174": 2, "251": 2, "84": 2}
    assert target_speech.sexes(librispeech) == {"84": "F", "174": "M", "251": "M"}


def test_a_folder_without_a_recording_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound", encoding="utf-8")
    with pytest.raises(AnonymizerError, match="Recordings of target speakers were expected"):
        target_speech.speakers(tmp_path)


def test_the_seed_draws_the_target_and_every_target_comes_up(librispeech: Path) -> None:
    names = [drawn(librispeech, seed).name for seed in range(20)]
    assert names == [drawn(librispeech, seed).name for seed in range(20)]
    assert set(names) == {"84", "174", "251"}


def test_gender_is_kept_or_crossed(librispeech: Path) -> None:
    for seed in range(5):
        assert drawn(librispeech, seed, gender="same", sex="F").name == "84"
        assert drawn(librispeech, seed, gender="cross", sex="F").sex == "M"


def test_a_target_can_be_named(librispeech: Path) -> None:
    target = drawn(librispeech, name="251", gender="same", sex="F")
    assert (target.name, target.sex) == ("251", "M")
    with pytest.raises(AnonymizerError, match=r"one of 174, 251, 84, but 'nobody' came"):
        drawn(librispeech, name="nobody")


def test_without_a_list_the_pitch_tells_the_sex(tmp_path: Path) -> None:
    write(tmp_path / "high_1.wav", voice(220.0))
    write(tmp_path / "low_1.wav", voice(110.0))
    assert drawn(tmp_path, gender="same", sex="M").name == "low"
    assert drawn(tmp_path, gender="same", sex="F") == target_speech.Target("high", "F", (tmp_path / "high_1.wav",))


def test_nobody_of_that_sex_and_a_sex_not_known(tmp_path: Path) -> None:
    write(tmp_path / "a_1.wav", voice(110.0))
    write(tmp_path / "b_1.wav", voice(115.0))
    with pytest.raises(AnonymizerError, match="of sex F was expected, but there is none: choose gender 'any'"):
        drawn(tmp_path, gender="cross", sex="M")
    with pytest.raises(AnonymizerError, match="choose gender 'any'"):
        drawn(tmp_path, gender="same")


def test_one_speaker_alone_is_no_choice_but_may_be_named(tmp_path: Path) -> None:
    write(tmp_path / "only_1.wav", voice(110.0))
    with pytest.raises(AnonymizerError, match="at least 2 target speakers"):
        drawn(tmp_path)
    assert drawn(tmp_path, name="only").files == (tmp_path / "only_1.wav",)


def test_speech_is_cut_at_its_limit_and_leaves_out_silence_and_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a_0.wav").write_bytes(b"no sound at all")
    write(tmp_path / "a_1.wav", Clip(np.zeros(RATE_HZ, np.float32), RATE_HZ))
    write(tmp_path / "a_2.wav", voice(110.0))
    write(tmp_path / "a_3.wav", voice(110.0).resampled(8_000))
    clips = target_speech.speech(drawn(tmp_path, name="a"), 1.25)
    assert [(len(clip.samples), clip.sample_rate) for clip in clips] == [(RATE_HZ, RATE_HZ), (RATE_HZ // 4, RATE_HZ)]


def test_a_target_with_nothing_to_hear_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a_0.wav").write_bytes(b"no sound at all")
    with pytest.raises(AnonymizerError, match="none of 1 files holds a sound"):
        target_speech.speech(drawn(tmp_path, name="a"), 60.0)
