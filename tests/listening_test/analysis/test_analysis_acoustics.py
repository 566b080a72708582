"""Acoustics of the rendered sounds, and what they have to do with answers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from anonymizers import runner
from audio import vad
from audio.clip import Clip, decode
from audio.vad import Segment
from listening_test.analysis import acoustic_links, acoustic_points, acoustics
from listening_test.analysis.table import Table
from listening_test.sounding import sounding
from listening_test.stimuli import render
from listening_test.store_records import StimulusInfo
from listening_test.study import StudyClip
from listening_test.trial import Sound
from tests.listening_test import analysed, planning
from tests.listening_test.rendering import study, voices

STUDY = planning.study([planning.MOS, planning.SAME, planning.EMOTION], design=analysed.ROOM)
CLIP = StudyClip(
    key="a-1", path=Path("a.wav"), speaker="a", sex="F", duration_s=3.0, sha256=64 * "0", emotion="sadness"
)


VOICE = Path(__file__).resolve().parents[3] / "assets" / "studies" / "voices" / "alan_1.flac"


def brighter(clip: Clip) -> Clip:
    """The first difference: 6 dB an octave more treble."""
    return Clip(np.diff(clip.samples, prepend=np.float32(0)), clip.sample_rate)


def stimulus(number: int, system: str, source_lufs: float, **facts: float | None) -> StimulusInfo:
    key = Sound("speech", CLIP.key, system).key
    return StimulusInfo(number, key, {"source_lufs": source_lufs, **facts}, 64 * "0", 1000)


def rows(*stimuli: StimulusInfo) -> Table:
    return acoustics.measured(STUDY, [CLIP], stimuli)


def test_a_brighter_sound_has_a_higher_centroid_and_levels_are_those_of_before():
    voice = decode(VOICE).clip
    speech = vad.segments(voice)
    softer = Clip(voice.samples * 0.5, voice.sample_rate)
    table = rows(
        stimulus(1, "original", -30.0, **sounding(voice, speech)),
        stimulus(2, "mcadams", -24.5, **sounding(brighter(voice), speech)),
        stimulus(3, "devoiced", -36.0, **sounding(softer, speech)),
    )
    found = {row["system"]: row for row in table.rows}
    assert list(found) == ["original", "mcadams", "devoiced"]
    assert found["original"]["centroid_change_octaves"] == found["original"]["loudness_change_lu"] == 0
    assert found["mcadams"]["centroid_change_octaves"] > 0.2
    assert found["mcadams"]["loudness_change_lu"] == pytest.approx(5.5)
    assert found["devoiced"]["centroid_change_octaves"] == pytest.approx(0, abs=1e-6)
    assert found["devoiced"]["kurtosis_change_octaves"] == pytest.approx(0, abs=1e-6)


def test_rendering_measures_what_the_system_gave_and_not_the_file(tmp_path):
    """McAdams leaves bands so quiet that the dither of a file fills them, so that its kurtosis is another one."""
    (clip,) = voices(tmp_path, [1.5])
    given = runner.run(decode(tmp_path / clip.path).clip, "mcadams").clip
    (one,) = render(study(), [clip], tmp_path, [Sound("speech", clip.key, "mcadams")])
    speech = vad.segments(decode(tmp_path / clip.path).clip)
    assert {name: one.facts[name] for name in ("centroid_hz", "kurtosis")} == pytest.approx(sounding(given, speech))


def test_silence_has_neither_centroid_nor_kurtosis():
    silence = Clip(np.zeros(48_000, np.float32), 16_000)
    measured = sounding(silence, [Segment(0.0, 3.0)])
    assert measured == {"centroid_hz": None, "kurtosis": None}
    table = rows(stimulus(1, "original", -70.0, **measured), stimulus(2, "mcadams", -70.0))
    assert all(row["centroid_hz"] is None and row["kurtosis_change_octaves"] is None for row in table.rows)


def test_studies_without_sounds_are_said():
    assert "rendered" in rows().reason
    for table in acoustic_links.tables(analysed.none(STUDY), rows()):
        assert table.reason
        assert not table.rows


def taken(effect: float, seed: int = 0) -> tuple[Any, Table]:
    """Answers of a study in which a doubling of kurtosis adds `effect` to ratings and to anger heard, and the table."""
    answers = analysed.answers([planning.MOS, planning.EMOTION], listeners=40)
    rng = np.random.default_rng(seed)
    frame = answers.frame.copy()
    sounds = {}
    for row in frame[frame["kind"] == "rated"].itertuples():
        key = (row.sound_1_clip, row.sound_1_system, row.sound_1_level)
        sounds.setdefault(key, (row.sound_1_speaker, row.sound_1_emotion, rng.normal(0.5, 0.5)))
    changes = [
        sounds.get(key, ("", "", 0.0))[2]
        for key in zip(frame["sound_1_clip"], frame["sound_1_system"], frame["sound_1_level"], strict=True)
    ]
    rated = frame["question"] == "overall_quality"
    frame["value_number"] = (frame["value_number"] + np.where(rated, effect * np.array(changes), 0)).astype("Float64")
    sad = (frame["question"] == "emotion") & (frame["emotion"] == "sadness")
    angry = sad & (rng.random(len(frame)) < np.clip(0.3 + effect * np.array(changes) / 3, 0, 1))
    frame.loc[sad, "value"] = "sadness"
    frame.loc[angry, "value"] = "anger"
    table = acoustics.ACOUSTICS.filled(
        {"system": system, "clip": clip, "level": level, "speaker": speaker, "emotion": emotion,
         "kurtosis": 5 * 2**change, "kurtosis_change_octaves": change,
         "centroid_change_octaves": 0.0, "loudness_change_lu": rng.normal()}
        for (clip, system, level), (speaker, emotion, change) in sounds.items()
    )  # fmt: skip
    return type(answers)(answers.study, frame), table


def test_a_known_slope_is_found_and_its_absence_too():
    links, emotional = acoustic_links.tables(*taken(0.8))
    found = {(row["perceived"], row["feature"]): row for row in links.rows}
    rating = found["overall_quality", "kurtosis"]
    assert rating["low"] < 0.8 < rating["high"]
    assert rating["low"] > 0
    assert rating["spearman"] > 0.1
    assert found["overall_quality", "centroid"]["value"] is None
    assert "all changed alike" in found["overall_quality", "centroid"]["note"]
    assert "more often" in emotional.notes[0]
    assert {row["acted"] for row in emotional.rows} == set(planning.EMOTIONS)


def test_each_recording_is_a_point_with_its_mean():
    answers, table = taken(0.8)
    points = acoustic_points.table(answers, table)
    own = answers.rated("overall_quality")
    for row in [row for row in points.rows if row["perceived"] == "overall_quality"][:20]:
        same = own[(own["sound_1_clip"] == row["clip"]) & (own["sound_1_system"] == row["system"])]
        assert row["mean"] == pytest.approx(same["value_number"].mean())
        assert row["answers"] == len(same)
    assert {row["perceived"] for row in points.rows} == {"overall_quality", "anger heard where it was not acted"}
    assert {row["system"] for row in points.rows} == {"mcadams", "devoiced"}
    anger = [row for row in points.rows if row["perceived"].startswith("anger")]
    assert all(row["emotion"] != "anger" and 0 <= row["mean"] <= 1 for row in anger)


def test_there_are_no_points_without_sounds_or_answers():
    assert "rendered" in acoustic_points.table(taken(0.0)[0], rows()).reason
    assert "Nobody" in acoustic_points.table(analysed.none(STUDY), taken(0.0)[1]).reason


def test_without_a_link_the_question_stays_open():
    _, emotional = acoustic_links.tables(*taken(0.0, seed=3))
    assert "Undecided" in emotional.notes[0]


def test_systems_are_not_compared():
    """One system has both more kurtosis and lower ratings: within it, nothing."""
    rng = np.random.default_rng(1)
    system = np.repeat(["a", "b"], 100)
    heard = acoustic_links.Heard(
        np.where(system == "a", 4.0, 2.0) + rng.normal(0, 0.5, 200),
        np.where(system == "a", 0.0, 2.0) + rng.normal(0, 0.3, 200),
        system,
        np.tile(np.arange(20).astype(str), 10),
        np.tile(np.arange(10).astype(str), 20),
        np.arange(200).astype(str),
    )
    found = acoustic_links.slope(heard, 0.95)
    assert found.low < 0 < found.high


@pytest.mark.parametrize(
    ("medians", "kept"),
    [
        ({"anger": 7.0, "happiness": 6.0, "neutral": 5.0, "sadness": 4.0}, True),
        ({"anger": 7.0, "neutral": 5.0, "sadness": 5.5}, False),
        ({"anger": 7.0, "fear": 9.0}, None),
    ],
)
def test_the_order_of_emotions(medians, kept):
    assert acoustic_links.order_kept(medians) is kept


def test_the_slope_is_that_of_least_squares():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=40), rng.normal(size=40)
    numbers = np.arange(40).astype(str)
    found = acoustic_links.slope(acoustic_links.Heard(y, x, np.full(40, "a"), numbers, numbers, numbers), 0.95)
    assert found.value == pytest.approx(np.polyfit(x, y, 1)[0])
    frame = pd.DataFrame({"x": x - x.mean(), "y": y - y.mean()})
    residual = frame["y"] - found.value * frame["x"]
    robust = math.sqrt(float(((frame["x"] * residual) ** 2).sum())) / float((frame["x"] ** 2).sum())
    assert found.se == pytest.approx(robust, rel=0.03)
