from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonymizers import runner
from anonymizers.base import AnonymizerError, Result
from anonymizers.workers import Stopped, WorkerLost, Workers
from audio.clip import Clip
from listening_test.headphones import ORDERS
from listening_test.stimuli import Rendered, render
from listening_test.study import Clips, Study, StudyClip, StudyError
from listening_test.trial import Sound
from tests.conftest import synthetic_voice
from tests.listening_test.rendering import heard, opened, study, versions, voices, write_clip

SETUP = [Sound("level"), *(Sound("headphones", detail=order) for order in ORDERS)]
ANEW = {"system": "cascade-offline", "label": "anew", "params": {"transcript": "This takes much longer to say."}}
FACTS = {
    *("duration_s", "sound_s", "voiced_s", "level_lufs", "peak_dbfs", "source_lufs", "gain_db", "short_by_db"),
    *("fidelity", "seed", "params", "pseudo_speaker", "seconds", "real_time_factor", "warnings", "versions"),
}
OF_SPEECH = {"centroid_hz", "kurtosis"}


def rendered(
    a_study: Study, clips: list[StudyClip], folder: Path, sounds: list[Sound], **how: Any
) -> dict[str, Rendered]:
    return {one.sound_key: one for one in render(a_study, clips, folder, sounds, **how)}


def refused(a_study: Study, clips: list[StudyClip], folder: Path, sounds: list[Sound]) -> tuple[list[str], list[str]]:
    """Keys of what was rendered, and the sentences on what was not."""
    keys: list[str] = []
    with pytest.raises(StudyError) as error:
        keys.extend(one.sound_key for one in render(a_study, clips, folder, sounds))
    return keys, str(error.value).splitlines()


def lengths_s(found: dict[str, Rendered]) -> dict[str, set[float]]:
    by_clip: dict[str, set[float]] = {}
    for key, one in found.items():
        by_clip.setdefault(key.split("/")[1], set()).add(one.facts["duration_s"])
    return by_clip


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[Clip], Clip]], None]:
    """broken(system, make): from now on the system makes this of a clip."""
    real = runner.run

    def breaks(system: str, make: Callable[[Clip], Clip]) -> None:
        before = runner.run

        def run(clip: Clip, key: str, **how: Any) -> Result:
            return replace(real(clip, "original"), clip=make(clip)) if key == system else before(clip, key, **how)

        monkeypatch.setattr(runner, "run", run)

    return breaks


def fails(error: Exception) -> Callable[[Clip], Clip]:
    def make(clip: Clip) -> Clip:
        raise error

    return make


def test_every_sound_is_rendered_once_with_its_facts(tmp_path):
    a_study, clips = study(), voices(tmp_path)
    sounds = [*versions(a_study, clips), *SETUP]
    found = list(render(a_study, clips, tmp_path, [*sounds, *sounds]))
    assert sorted(one.sound_key for one in found) == sorted(sound.key for sound in sounds)
    for one in found:
        assert set(one.facts) == FACTS | (OF_SPEECH if one.sound_key.startswith("speech") else set())
        json.dumps(one.facts, allow_nan=False)
        assert one.facts["duration_s"] == len(heard(one.wav).samples) / 16_000


def test_a_version_is_what_the_system_makes_of_the_clip(tmp_path):
    a_study = study([{"system": "mcadams", "seed": 7, "params": {"alpha_min": 0.6}}, "original"])
    voice = synthetic_voice(2.0)
    clip = write_clip(tmp_path, "a", voice, speaker="anna")
    sounds = [Sound("speech", "a", "mcadams", level) for level in ("utterance", "speaker")]  # type: ignore[arg-type]
    found = rendered(a_study, [clip], tmp_path, sounds)
    from audio.clip import decode

    stored = decode(tmp_path / "a.wav").clip
    for sound in sounds:
        asked = {"params": {"alpha_min": 0.6}, "seed": 7, "level": sound.level, "speaker": "anna"}
        wanted = runner.run(stored, "mcadams", **asked).clip.samples
        got = heard(found[sound.key].wav).samples[1600 : 1600 + len(wanted)]
        assert np.corrcoef(got, wanted)[0, 1] > 0.9999
        assert found[sound.key].facts["params"]["alpha_min"] == 0.6
        assert found[sound.key].facts["seed"] == 7
    one, other = (found[sound.key].facts["pseudo_speaker"] for sound in sounds)
    assert one != other


def test_pseudo_speakers_are_of_the_clip_or_of_the_speaker(tmp_path):
    a_study = study(["original", "mcadams"])
    clips = [write_clip(tmp_path, key, synthetic_voice(1.5, seed=i), "anna") for i, key in enumerate("ab")]
    sounds = [Sound("speech", clip.key, "mcadams", level) for clip in clips for level in ("utterance", "speaker")]  # type: ignore[arg-type]
    found = rendered(a_study, clips, tmp_path, sounds)
    drawn = {(s.clip, s.level): found[s.key].facts["pseudo_speaker"] for s in sounds}
    assert drawn["a", "speaker"] == drawn["b", "speaker"]
    assert drawn["a", "utterance"] != drawn["b", "utterance"]


def test_the_same_study_gives_the_same_bytes_whatever_is_there_already(tmp_path):
    a_study, clips = study(["original", "low-anchor", "mcadams", ANEW]), voices(tmp_path)
    sounds = [*versions(a_study, clips), *SETUP]
    whole = rendered(a_study, clips, tmp_path, sounds)
    have = {key for i, key in enumerate(sorted(whole)) if i % 2}
    rest = rendered(a_study, clips, tmp_path, list(reversed(sounds)), have=have, jobs=3)
    assert set(rest) == set(whole) - have
    assert all(one.wav == whole[key].wav for key, one in rest.items())
    assert not rendered(a_study, clips, tmp_path, sounds, have=set(whole))


def test_the_versions_of_a_clip_have_one_length_also_where_one_speaks_anew(tmp_path):
    a_study, clips = study(["original", "low-anchor", "mcadams", ANEW]), voices(tmp_path, (1.5, 4.1))
    found = rendered(a_study, clips, tmp_path, versions(a_study, clips))
    assert found["speech/a/anew/utterance/"].facts["sound_s"] > 1.8
    lengths = lengths_s(found)
    assert lengths["b"] == {4.5}
    ((length_s,),) = (lengths["a"],)
    assert length_s > 2.0
    assert all(len(of_clip) == 1 for of_clip in lengths.values())


@pytest.mark.parametrize("missing", ["original", "anew"])
def test_a_clips_length_does_not_depend_on_what_is_there_already(tmp_path, missing):
    a_study, clips = study(["original", "mcadams", ANEW]), voices(tmp_path, (1.5,))
    sounds = versions(a_study, clips)
    whole = rendered(a_study, clips, tmp_path, sounds)
    have = {sound.key for sound in sounds if sound.system != missing}
    (one,) = rendered(a_study, clips, tmp_path, sounds, have=have).values()
    assert one.wav == whole[one.sound_key].wav


def test_with_line_ups_all_speech_has_one_length(tmp_path):
    a_study = study(["original", "mcadams", ANEW], [{"type": "mos"}, {"type": "line-up"}])
    clips = voices(tmp_path, (1.5, 2.2, 3.3))
    found = rendered(a_study, clips, tmp_path, versions(a_study, clips))
    assert lengths_s(found) == {key: {3.5} for key in "abc"}


def test_attention_checks_have_the_length_of_their_clip(tmp_path):
    pytest.importorskip("espeakng_loader", reason="attention checks are spoken by the package espeakng-loader")
    a_study, clips = study(), voices(tmp_path, (4.2, 7.6))
    checks = [
        Sound("attention", clip.key, detail=f"{language}|overall_quality|2")
        for clip in clips
        for language in ("en", "de")
    ]
    found = rendered(a_study, clips, tmp_path, [*versions(a_study, clips), *checks])
    assert lengths_s(found) == {"a": {4.5}, "b": {8.0}}


@pytest.mark.parametrize("tasks", [[{"type": "mos"}], [{"type": "mos"}, {"type": "line-up"}]])
def test_short_recordings_are_given_files_as_long_as_their_attention_checks(tmp_path, tasks):
    pytest.importorskip("espeakng_loader", reason="attention checks are spoken by the package espeakng-loader")
    a_study, clips = study(["original", "mcadams"], tasks), voices(tmp_path, (1.2, 1.4))
    check = Sound("attention", "a", detail="de|overall_quality|2")
    sounds = [*versions(a_study, clips), check]
    found = rendered(a_study, clips, tmp_path, sounds)
    ((length_s,),) = (lengths_s(found)["a"],)
    assert length_s >= 2.5
    assert lengths_s(found)["b"] == {length_s if len(tasks) > 1 else 2.0}
    (one,) = rendered(a_study, clips, tmp_path, sounds, have=set(found) - {"speech/a/mcadams/utterance/"}).values()
    assert one.wav == found[one.sound_key].wav


def test_recordings_wait_for_the_attention_checks_on_them(tmp_path, monkeypatch):
    a_study, clips = study(["original"]), voices(tmp_path, (1.2, 1.4))
    silenced = fails(AnonymizerError("Speaking needs a package."))
    monkeypatch.setattr("anonymizers.speech_synthesis.synthesise", lambda text, voice: silenced(text))
    checks = [Sound("attention", "a", detail=f"en|overall_quality|{value}") for value in (2, 4)]
    keys, faults = refused(a_study, clips, tmp_path, [*versions(a_study, clips), *checks])
    assert keys == ["speech/b/original/utterance/"]
    assert faults == ["a as an attention check: Speaking needs a package."]


def test_another_rate_and_level(tmp_path):
    a_study = study(["original", "low-anchor", "mcadams"], sample_rate_hz=48_000, level_lufs=-30)
    clips = voices(tmp_path, (1.5,), sample_rate=22_050)
    for one in rendered(a_study, clips, tmp_path, versions(a_study, clips)).values():
        assert opened(one.wav)[1] == 48_000
        assert one.facts["level_lufs"] == pytest.approx(-30, abs=0.5)


def test_the_noise_of_the_low_anchor_is_in_the_band_that_is_heard(tmp_path):
    """At the clip's own rate much of it would lie above the study's, and Q would not be what it says."""
    a_study = study(["original", {"system": "low-anchor", "params": {"q_db": 10}}])
    clips = voices(tmp_path, (3.0,), sample_rate=48_000)
    found = rendered(a_study, clips, tmp_path, versions(a_study, clips))
    clean, noisy = (heard(found[f"speech/a/{label}/utterance/"].wav).samples for label in ("original", "low-anchor"))
    scale = (clean @ noisy) / (clean @ clean)
    noise = noisy - scale * clean
    assert 10 * np.log10((scale * clean) @ (scale * clean) / (noise @ noise)) == pytest.approx(10, abs=0.5)


def test_one_fault_hides_no_other_and_stops_no_other(tmp_path, broken):
    a_study, clips = study(["original", "low-anchor", "mcadams", "pitch-formant"]), voices(tmp_path)
    (tmp_path / "b.wav").unlink()
    broken("mcadams", lambda clip: Clip(0 * clip.samples, clip.sample_rate))
    broken("pitch-formant", fails(AnonymizerError("A voice was expected, but none came.")))
    keys, faults = refused(a_study, clips, tmp_path, [*versions(a_study, clips), *SETUP])
    assert len(keys) == 2 + len(SETUP)
    assert len(faults) == 2 + 1
    assert "a through mcadams: a sound was expected, but silence came." in faults
    assert "a through pitch-formant: A voice was expected, but none came." in faults
    assert sum(fault.startswith("b: its file was expected, but it cannot be read") for fault in faults) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda clip: Clip(clip.samples[:8_000], 16_000), "at least 1 s of sound was expected, but 0.50 s came."),
        (lambda clip: Clip(np.tile(clip.samples, 3), 16_000), "at most 2 times the original's 1.5 s was expected"),
        (fails(WorkerLost("The process ended.")), "The process ended."),
        (fails(ZeroDivisionError("x")), "nobody expected (ZeroDivisionError): please report it."),
    ],
)
def test_what_a_system_gets_wrong_is_a_sentence(tmp_path, broken, make, said):
    a_study, clips = study(["original", "mcadams"]), voices(tmp_path, (1.5,))
    broken("mcadams", make)
    keys, (fault,) = refused(a_study, clips, tmp_path, versions(a_study, clips))
    assert keys == ["speech/a/original/utterance/"]
    assert fault.startswith("a through mcadams: ")
    assert said in fault


def test_no_system_is_left_softer_than_the_others(tmp_path, broken):
    def clicked(clip: Clip) -> Clip:
        samples = 0.01 * clip.samples
        samples[5_000] = 1.0
        return Clip(samples, clip.sample_rate)

    clips = voices(tmp_path, (1.5,))
    broken("mcadams", clicked)
    a_study = study(["original", "mcadams"])
    keys, faults = refused(a_study, clips, tmp_path, versions(a_study, clips))
    assert keys == ["speech/a/original/utterance/"]
    assert "its peaks allow no more than" in faults[-2]
    fits_lufs = float(faults[-1].split("set it to ")[1].split()[0])
    lower = study(["original", "mcadams"], level_lufs=fits_lufs)
    found = rendered(lower, clips, tmp_path, versions(lower, clips))
    assert {round(one.facts["level_lufs"], 1) for one in found.values()} == {fits_lufs}


def test_where_no_level_is_low_enough_the_clip_is_to_be_left_out(tmp_path, broken):
    a_study, clips = study(["original", "mcadams"], sample_rate_hz=48_000), voices(tmp_path, (1.5,), 48_000)
    click = Clip(np.eye(1, 72_000, 30_000)[0], 48_000)
    broken("mcadams", lambda clip: click)
    _, faults = refused(a_study, clips, tmp_path, versions(a_study, clips))
    assert "fit at no level from -40 LUFS up: leave those clips out" in faults[-1]


def test_a_clip_that_changed_after_the_check_is_refused(tmp_path):
    a_study, clips = study(["original"]), voices(tmp_path, (1.5,))
    voices(tmp_path, (1.6,))
    keys, (fault,) = refused(a_study, clips, tmp_path, versions(a_study, clips))
    assert not keys
    assert "has changed since: run check again" in fault


def test_clips_read_from_here_are_found_from_anywhere(tmp_path, monkeypatch):
    """Reading them and rendering them may happen in two processes, in two folders."""
    from listening_test.clips import read

    (tmp_path / "voices").mkdir()
    voices(tmp_path / "voices")
    a_study = study(["original"]).model_copy(update={"clips": Clips(folder=Path("voices"))})
    monkeypatch.chdir(tmp_path)
    clips = read(a_study, Path())
    monkeypatch.chdir(tmp_path.parent)
    assert len(rendered(a_study, clips, tmp_path, versions(a_study, clips))) == 2


def test_sounds_the_study_does_not_have_are_refused(tmp_path):
    a_study, clips = study(["original"]), voices(tmp_path)
    sounds = [
        Sound("speech", "a", "original"),
        Sound("speech", "nobody", "original"),
        Sound("speech", "a", "nothing"),
        Sound("speech", "", "original"),
        Sound("attention", "b", detail="en|overall_quality|9"),
        Sound("headphones", detail="target-target-foil"),
    ]
    keys, faults = refused(a_study, clips, tmp_path, sounds)
    assert keys == ["speech/a/original/utterance/"]
    assert len(faults) == 5


def test_versions_wait_for_the_one_that_decides_their_length(tmp_path, broken):
    a_study, clips = study(["original", "mcadams", ANEW]), voices(tmp_path)
    real = runner.run

    def once(clip: Clip) -> Clip:
        if clip.duration_s < 2:
            raise WorkerLost("The process ended.")
        return real(clip, "original").clip

    broken("cascade-offline", once)
    keys, (fault,) = refused(a_study, clips, tmp_path, versions(a_study, clips))
    assert {key.split("/")[1] for key in keys} == {"b"}
    assert fault == "a through anew: The process ended."


def test_progress_goes_up_to_one(tmp_path):
    a_study, clips = study(["original", ANEW]), voices(tmp_path)
    told: list[tuple[float, str]] = []
    rendered(a_study, clips, tmp_path, versions(a_study, clips), progress=lambda *news: told.append(news))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert "b through original" in told[-1][1]


@pytest.mark.parametrize("jobs", [1, 3])
def test_stopping_keeps_what_is_there_and_says_nothing(tmp_path, jobs):
    a_study, clips = study(), voices(tmp_path)
    cancelled, found = threading.Event(), []
    for one in render(a_study, clips, tmp_path, versions(a_study, clips), cancelled=cancelled, jobs=jobs):
        found.append(one.sound_key)
        cancelled.set()
    assert len(found) == 1


def test_a_stopped_worker_stops_the_rendering(tmp_path):
    a_study, clips = study(), voices(tmp_path)

    def call(function: Callable[..., Any], *args: Any) -> Any:
        raise Stopped

    assert not list(render(a_study, clips, tmp_path, versions(a_study, clips), call=call))


def test_whoever_stops_asking_leaves_nothing_running(tmp_path):
    a_study, clips = study(), voices(tmp_path)
    threads = threading.active_count()
    stimuli = render(a_study, clips, tmp_path, versions(a_study, clips), jobs=2)
    next(stimuli)
    stimuli.close()
    assert threading.active_count() == threads


def test_the_workers_render_the_same(tmp_path):
    a_study, clips = study(["original", "low-anchor", "mcadams"]), voices(tmp_path, (1.5,))
    sounds = [*versions(a_study, clips), Sound("level")]
    with Workers(1) as workers:
        there = rendered(a_study, clips, tmp_path, sounds, call=workers.call)
        (tmp_path / "a.wav").write_bytes(b"")
        with pytest.raises(StudyError, match="has changed"):
            rendered(a_study, clips, tmp_path, sounds, call=workers.call)
    voices(tmp_path, (1.5,))
    here = rendered(a_study, clips, tmp_path, sounds)
    assert {key: one.wav for key, one in there.items()} == {key: one.wav for key, one in here.items()}


def test_whoever_does_the_work_is_told_which_system_it_takes(tmp_path):
    a_study, clips = study(["original", "low-anchor", "mcadams"]), voices(tmp_path, (1.5,))
    told: list[Any] = []

    def call(function: Callable[..., Any], *args: Any) -> Any:
        told.extend(one.runs.key for one in args if hasattr(one, "runs"))
        return function(*args)

    rendered(a_study, clips, tmp_path, versions(a_study, clips), call=call)
    assert sorted(set(told)) == ["low-anchor", "mcadams", "original"]
