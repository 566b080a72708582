"""The packaged synthesiser as a separate program, and the demo clips made with it."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import speech_synthesis
from anonymizers.base import AnonymizerError
from anonymizers.speech_synthesis import MEN, PROGRAM, WOMEN, Voice, draw_voice, synthesise
from assets.demo import make_demo
from audio.clip import Clip, decode
from audio.features import f0

SENTENCE = "We may all lie in the warm sun."


def median_f0_hz(clip: Clip) -> float:
    return float(np.nanmedian(f0(clip).values))


def test_same_request_same_samples_even_with_a_breathy_voice():
    voice = Voice(variant="Alicia")  # its breath is noise, which the library seeds with the clock
    first, again = synthesise(SENTENCE, voice), synthesise(SENTENCE, voice)
    assert first.sample_rate == 22_050
    assert 1.0 < first.duration_s < 5.0
    assert np.array_equal(first.samples, again.samples)


def test_pitch_rate_and_sex_are_heard():
    low, high = (synthesise(SENTENCE, Voice(pitch=pitch)) for pitch in (30, 70))
    assert median_f0_hz(high) > 1.15 * median_f0_hz(low)
    assert synthesise(SENTENCE, Voice(rate_wpm=120)).duration_s > 1.2 * low.duration_s
    assert median_f0_hz(synthesise(SENTENCE, Voice(variant="f2"))) > 1.5 * median_f0_hz(
        synthesise(SENTENCE, Voice(variant="m2"))
    )


def test_markup_is_text_and_nothing_else():
    plain = synthesise("one two", Voice())
    assert synthesise('one <break time="20s"/> two', Voice()).duration_s < plain.duration_s + 10
    phonemes = synthesise("[[h@l'oU]]", Voice())
    assert not np.array_equal(phonemes.samples, synthesise("hello", Voice()).samples)


@settings(max_examples=15, deadline=None)
@given(text=st.text(max_size=30))
def test_any_text_is_spoken_or_refused_in_a_sentence(text):
    try:
        clip = synthesise(text, Voice())
    except AnonymizerError as error:
        said = str(error)
    else:
        said = "" if clip.is_silent or not np.isfinite(clip.samples).all() else "spoken."
    assert said.endswith(".")


@pytest.mark.parametrize("text", ["", "  \n", "\x00"])
def test_empty_text_is_refused(text):
    with pytest.raises(AnonymizerError, match="empty"):
        synthesise(text, Voice())


def test_endless_text_is_refused():
    with pytest.raises(AnonymizerError, match="at most 20000 characters"):
        synthesise("a " * 20_000, Voice())


@pytest.mark.parametrize(
    "wrong", [{"language": "xx"}, {"variant": "robosoft"}, {"pitch": 101}, {"pitch_range": -1}, {"rate_wpm": 10}]
)
def test_unknown_voices_are_refused(wrong):
    with pytest.raises(AnonymizerError, match=r"The voice's .* but .* came\."):
        Voice(**wrong)


def test_the_seed_draws_the_voice():
    drawn = [draw_voice(np.random.default_rng(seed)) for seed in range(60)]
    assert drawn == [draw_voice(np.random.default_rng(seed)) for seed in range(60)]
    assert len(set(drawn)) > 55
    assert {voice.sex for voice in drawn} == {"F", "M"}
    assert not set(WOMEN) & set(MEN)


def test_every_voice_on_the_list_exists():
    import espeakng_loader

    data = speech_synthesis.Path(espeakng_loader.get_data_path())
    variants = {path.name for path in (data / "voices" / "!v").iterdir()}
    languages = {path.name.lower() for path in (data / "lang" / "gmw").iterdir()}
    assert set(WOMEN + MEN) <= variants
    assert set(speech_synthesis.LANGUAGES) <= languages


def test_a_hanging_synthesiser_is_stopped(monkeypatch, tmp_path):
    waiting = tmp_path / "waiting.py"
    waiting.write_text("import threading\nthreading.Event().wait()\n")
    monkeypatch.setattr(speech_synthesis, "PROGRAM", waiting)
    monkeypatch.setattr(speech_synthesis, "TIMEOUT_S", 0.2)
    with pytest.raises(AnonymizerError, match="try a shorter text"):
        synthesise(SENTENCE, Voice())


def test_a_failing_synthesiser_says_why(monkeypatch, tmp_path):
    failing = tmp_path / "failing.py"
    failing.write_text("import sys\nsys.exit('no voice today')\n")
    monkeypatch.setattr(speech_synthesis, "PROGRAM", failing)
    with pytest.raises(AnonymizerError, match="no voice today"):
        synthesise(SENTENCE, Voice())


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(speech_synthesis, "find_spec", lambda name: None)
    with pytest.raises(AnonymizerError, match="espeakng-loader"):
        synthesise(SENTENCE, Voice())


def test_the_program_refuses_an_unknown_voice():
    request = {"text": "x", "voice": "nowhere", "pitch": 50, "pitch_range": 50, "rate_wpm": 150}
    done = subprocess.run(
        [sys.executable, PROGRAM], input=json.dumps(request).encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"could not find the voice 'nowhere'" in done.stderr


def test_the_program_is_apart_from_the_project():
    imports = {
        alias.name
        for node in ast.walk(ast.parse(PROGRAM.read_text()))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imports == {"ctypes", "json", "sys", "wave", "espeakng_loader"}


def manifest() -> list[dict[str, str]]:
    with (make_demo.HERE / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_manifest_of_the_demo_clips_is_true():
    rows = manifest()
    assert rows == [make_demo.row(demo) for demo in make_demo.DEMOS]
    assert {row["file"] for row in rows} == {path.name for path in make_demo.HERE.glob("*.flac")}
    assert {row["sex"] for row in rows} == {"F", "M"}
    assert "CC0 1.0" in (make_demo.HERE / "LICENSE.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", manifest(), ids=lambda row: row["file"])
def test_demo_clips_are_fit_to_be_heard(row):
    path = make_demo.HERE / row["file"]
    clip = decode(path).clip
    level = np.abs(clip.samples)
    assert path.stat().st_size < 200_000
    assert clip.sample_rate == 16_000
    assert 4 <= clip.duration_s <= 10
    assert 0.5 < level.max() < 0.9
    assert np.flatnonzero(level > 0.02)[0] < 0.1 * clip.sample_rate
    assert row["licence"] == "CC0-1.0"


def test_a_demo_clip_can_be_made_again():
    demo = make_demo.DEMOS[0]
    made, kept = make_demo.make(demo), decode(make_demo.HERE / demo.file).clip
    assert abs(made.duration_s - kept.duration_s) < 0.02  # platforms may differ in the last sample
    rms = [float(np.sqrt(np.mean(clip.samples**2))) for clip in (made, kept)]
    assert rms[0] == pytest.approx(rms[1], rel=0.02)
