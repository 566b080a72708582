"""A comparison without a page: sounds as they come, failures as sentences, numbers, a report that is valid JSON."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from anonymizers import runner
from anonymizers.heavy import Heavy
from anonymizers.runner import Job
from audio.clip import Clip, decode
from evaluation.predicted_quality import QualityError
from tests.anonymizers import fake_network
from tests.anonymizers.fake_network import KEY
from web import figures, quality, take_away
from web.comparison import Asked, Comparison, stopped
from web.services import Runs, Services
from web.settings import Settings
from web.vault import VaultFull

RUN = "r" * 22


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    services = Services.start(Settings(offline=True, data_dir=tmp_path_factory.mktemp("data")))
    yield services
    services.close()


def finished(services: Services, clip: Clip, *jobs: Job, **how) -> Comparison:
    comparison = Comparison(services, RUN, clip, Asked(jobs, **how))
    for _ in comparison.sounds(threading.Event()):
        pass
    comparison.keep()
    return comparison


def test_the_original_is_first_and_rows_come_one_by_one(services: Services, voice: Clip) -> None:
    comparison = Comparison(services, RUN, voice, Asked([Job("devoiced"), Job("mcadams")]))
    states = []
    for _ in comparison.sounds(threading.Event()):
        states.append([row.state == "ready" for row in comparison.rows.values()])
    assert list(comparison.rows) == ["original", "devoiced", "mcadams"]
    assert states[0] == [True, False, False]
    assert sum(states[1]) == 2
    assert all(states[-1])


def test_what_is_played_is_what_was_made_and_matched_in_loudness(services: Services, voice: Clip) -> None:
    comparison = finished(services, voice, Job("mcadams", {"alpha_min": 0.8, "alpha_max": 0.8}))
    for track in comparison.player(busy=False)["tracks"]:
        played = decode(services.vault.get(track["url"].partition("/")[2])).clip
        row = comparison.rows[track["key"]]
        np.testing.assert_allclose(played.samples, row.result.clip.samples, atol=1 / 16_000)
        peak_db = 20 * np.log10(np.abs(played.samples).max()) + track["gain_db"]
        assert peak_db <= -1 + 1e-3
    json.dumps(comparison.player(busy=True), allow_nan=False)


def test_a_failing_system_is_a_sentence_beside_results(services: Services, voice: Clip) -> None:
    short = Clip(voice.samples[2000:3600], 16_000)
    comparison = finished(services, short, Job("mcadams"), Job("cascade-offline"))
    assert comparison.rows["mcadams"].state == "ready"
    assert comparison.rows["cascade-offline"].state == "failed"
    assert comparison.rows["cascade-offline"].error.endswith(".")
    systems = comparison.report()["systems"]
    assert systems[2] == {"system": "cascade-offline", "error": comparison.rows["cascade-offline"].error}


def test_numbers_of_known_changes(services: Services, spoken: Clip) -> None:
    comparison = finished(services, spoken, Job("mcadams", {"alpha_min": 0.8, "alpha_max": 0.8}))
    original, changed = (row.measured.scores for row in comparison.rows.values())
    for name in ("loudness_change", "centroid_change", "kurtosis_change", "voice_change", "duration_change"):
        assert original[name].value == pytest.approx(0, abs=1e-9)
    assert original["pitch_correlation"].value == pytest.approx(1)
    assert changed["voice_change"].value > 0.1


@pytest.mark.parametrize("seconds", [0.05, 1.0])
def test_silence_and_short_clips_give_a_valid_report_and_figures(services: Services, seconds: float) -> None:
    for samples in (np.zeros(int(16_000 * seconds)), np.full(int(16_000 * seconds), 0.1)):
        comparison = finished(services, Clip(samples, 16_000), Job("mcadams"), Job("devoiced"))
        json.dumps(comparison.report(), allow_nan=False)
        json.dumps(comparison.player(busy=False), allow_nan=False)
        assert set(figures.draw(list(comparison.rows.values()))) == set(figures.TITLES)


def test_figures_stay_under_a_megabyte(services: Services, spoken: Clip) -> None:
    clip = Clip(np.tile(spoken.samples, 3)[: 10 * spoken.sample_rate], spoken.sample_rate)
    keys = ("mcadams", "pitch-formant", "f0-mean-reversion", "devoiced")
    comparison = finished(services, clip, *map(Job, keys))
    rows = list(comparison.rows.values())
    drawn = figures.draw(rows).values()
    size = sum(len(figure.to_json()) for figure in drawn)
    assert size / len(rows) * 7 < 1_000_000


def test_predicted_quality_joins_the_kept_report(services: Services, voice: Clip) -> None:
    comparison = finished(services, voice, Job("mcadams"))
    systems = quality.predict(services, RUN)
    assert [1 <= system["scores"]["OVRL"]["value"] <= 5 for system in systems] == [True, True]
    assert take_away.kept(services.vault, RUN)[0]["systems"] == systems
    assert quality.predict(services, "x" * 22) is None
    assert comparison.rows["mcadams"].sound


def test_without_its_models_quality_is_empty_not_pending(
    services: Services, voice: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(services, voice, Job("mcadams"))
    monkeypatch.setattr(services.workers, "call", lambda function, clip: raise_quality_error(clip))
    assert all("OVRL" not in system["scores"] for system in quality.predict(services, RUN))


def raise_quality_error(clip: Clip) -> None:
    raise QualityError("The models are not installed.")


def test_a_row_that_cannot_be_measured_keeps_its_sound(
    services: Services, voice: Clip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("web.comparison.measure", len)  # called with two clips: a TypeError in the worker
    comparison = finished(services, voice, Job("mcadams"))
    assert comparison.rows["mcadams"].state == "ready"
    assert comparison.rows["mcadams"].measured is None
    assert "could not be measured" in caplog.text
    json.dumps(comparison.report(), allow_nan=False)
    assert set(figures.draw(list(comparison.rows.values()))) == set(figures.TITLES)


def test_a_full_vault_fails_the_row_with_its_sentence(
    services: Services, voice: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, token: str | None = None) -> str:
        raise VaultFull("There is no room.")

    monkeypatch.setattr(services.vault, "put", full)
    comparison = Comparison(services, RUN, voice, Asked([Job("mcadams")]))
    for _ in comparison.sounds(threading.Event()):
        pass
    assert {row.error for row in comparison.rows.values()} == {"There is no room."}


def test_stop_keeps_what_is_there(services: Services, voice: Clip) -> None:
    stop = threading.Event()
    comparison = Comparison(services, RUN, voice, Asked([Job("mcadams"), Job("devoiced"), Job("pitch-formant")]))
    for _ in comparison.sounds(stop):
        stop.set()
    assert comparison.rows["original"].state == "ready"
    assert comparison.rows["pitch-formant"].error == runner.STOPPED
    shown = stopped({**comparison.player(busy=True)})
    assert not shown["busy"]
    assert {track["state"] for track in shown["tracks"]} <= {"ready", "failed"}


def test_nothing_is_measured_for_a_browser_that_has_gone(services: Services, voice: Clip) -> None:
    comparison = Comparison(services, RUN, voice, Asked([Job("mcadams")]))
    comparison.gone.set()
    for _ in comparison.sounds(threading.Event()):
        pass
    assert all(row.measured is None for row in comparison.rows.values())


def test_the_demo_clips_are_there() -> None:
    assert list((Path(__file__).resolve().parents[2] / "assets" / "demo").glob("*.flac"))


# -- systems with weights, and the line ------------------------------------------------------------------------------


@pytest.fixture
def networks(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The services with a system whose weights are here; a pipe that holds it."""
    with fake_network.published(tmp_path, monkeypatch):
        fake_network.here(tmp_path / "store")
        monkeypatch.setattr(services, "heavy", Heavy(services.weight_work.obtain, fake_network.process))
        os.mkfifo(tmp_path / "pipe")
        yield tmp_path / "pipe"
        services.heavy.close()


def test_systems_without_weights_do_not_wait_for_those_with(services: Services, networks: Path, voice: Clip) -> None:
    asked = Asked([Job(KEY, {"held_by": str(networks)}), Job("mcadams")])
    comparison = Comparison(services, RUN, voice, asked)
    seen, doing = [], set()
    for _ in comparison.sounds(threading.Event()):
        states = {key: row.state for key, row in comparison.rows.items()}
        doing.add(comparison.rows[KEY].doing)
        if states["mcadams"] == "ready" and "Looking for the nearest frames" in doing and states not in seen:
            if states[KEY] == "running":
                networks.write_bytes(b"go on")
            seen.append(states)
        json.dumps(comparison.player(busy=True), allow_nan=False)
    assert [states[KEY] for states in seen] == ["running", "ready"]
    assert comparison.rows[KEY].measured is not None
    (track,) = [track for track in comparison.player(busy=False)["tracks"] if track["key"] == KEY]
    assert (track["doing"], track["share_done"]) == ("", None)


def test_a_row_that_runs_tells_how_far_it_is(services: Services, networks: Path, voice: Clip) -> None:
    comparison = Comparison(services, RUN, voice, Asked([Job(KEY, {"held_by": str(networks)})]))
    stop = threading.Event()
    tracks = []
    for _ in comparison.sounds(stop):
        tracks.append(comparison.player(busy=True)["tracks"][1])
        if tracks[-1]["doing"] == "Looking for the nearest frames":
            stop.set()
    assert any(track["share_done"] == 0.25 and track["state"] == "running" for track in tracks)
    assert comparison.rows[KEY].error == runner.STOPPED


def test_comparisons_wait_in_line_and_know_their_place(services: Services, voice: Clip) -> None:
    first, stop = threading.Event(), threading.Event()
    places = [services.turns.turn(first), services.turns.turn(first)]
    for place in places:
        place.__enter__()
    comparison = Comparison(services, RUN, voice, Asked([Job("mcadams")]))
    ahead = []
    for _ in comparison.sounds(stop):
        ahead.append(comparison.ahead)
        if comparison.ahead == 1:
            for place in places:
                place.__exit__(None, None, None)
            places = []
    assert 1 in ahead
    assert ahead[-1] == 0
    assert comparison.rows["mcadams"].state == "ready"


def test_who_waits_in_line_can_stop(services: Services, voice: Clip) -> None:
    stop = threading.Event()
    comparison = Comparison(services, RUN, voice, Asked([Job("mcadams")]))
    with services.turns.turn(stop), services.turns.turn(stop):
        for _ in comparison.sounds(stop):
            if comparison.ahead:
                stop.set()
    assert comparison.rows["mcadams"].error == runner.STOPPED


def test_a_fault_of_ours_leaves_no_row_waiting(
    services: Services, voice: Clip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "run_all", lambda *args, **kwargs: divmod(1, 0))
    comparison = finished(services, voice, Job("mcadams"))
    assert "report it" in comparison.rows["mcadams"].error
    assert "A comparison failed" in caplog.text


def test_a_run_that_is_replaced_stops_and_is_known_to_be() -> None:
    runs = Runs()
    runs.begin("a")
    stop = runs.cancelled("a")
    runs.replace("a")
    assert stop.is_set()
    assert runs.is_replaced("a")
    assert not runs.is_replaced("b")
    runs.end("a")
    assert runs.is_replaced("a")


def test_predicted_quality_is_computed_once(services: Services, voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    finished(services, voice, Job("mcadams"))
    first = quality.predict(services, RUN)
    monkeypatch.setattr(services.workers, "call", lambda *args, **kwargs: pytest.fail("computed again"))
    assert quality.predict(services, RUN) == first
