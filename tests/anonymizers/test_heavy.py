"""Systems with weights: one process keeps their networks, one job at a time, all in line, downloads outside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from anonymizers import runner, weights
from anonymizers.base import AnonymizerError
from anonymizers.heavy import Heavy, downloading, is_heavy, routed
from anonymizers.runner import Job, Outcome
from audio.clip import Clip
from tests.anonymizers import fake_network, hub
from tests.anonymizers.fake_network import FILE, KEY


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub.Hub]:
    with fake_network.published(tmp_path, monkeypatch) as server:
        yield server


@pytest.fixture
def heavy(server: hub.Hub) -> Iterator[Heavy]:
    heavy = Heavy(workers=fake_network.process)
    yield heavy
    heavy.close()


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """A pipe that nobody has written to yet."""
    os.mkfifo(tmp_path / "pipe")
    return str(tmp_path / "pipe")


def let_go(pipe: str) -> None:
    Path(pipe).write_bytes(b"go on")


class Asker:
    """Somebody who asks for jobs, in a thread of their own."""

    def __init__(self, heavy: Heavy, clip: Clip, *jobs: Job) -> None:
        self.stop, self.outcomes, self.seen = threading.Event(), list[Outcome](), list[tuple[str, Any]]()
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._ask, args=(heavy, clip, jobs), daemon=True)
        self.thread.start()

    def _ask(self, heavy: Heavy, clip: Clip, jobs: tuple[Job, ...]) -> None:
        with ThreadPoolExecutor(len(jobs)) as threads:
            ways: dict[str, Any] = {"told": lambda key, share, doing: self._see("told", doing), "cancelled": self.stop}
            ways["waits"] = lambda key, ahead: self._see("waits", ahead)
            for outcome in heavy.run_all(clip, jobs, threads, **ways):
                self.outcomes.append(outcome)
                self._see("done", outcome.error)

    def _see(self, *what: Any) -> None:
        with self.changed:
            self.seen.append(what)
            self.changed.notify_all()

    def until(self, *what: Any) -> None:
        """Return once this was told."""
        with self.changed:
            assert self.changed.wait_for(lambda: what in self.seen, 60), self.seen

    def end(self) -> list[Outcome]:
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.outcomes


def ran(outcome: Outcome) -> Any:
    assert outcome.result is not None, outcome.error
    return outcome.result.pseudo_speaker


def test_nothing_is_started_for_those_who_do_not_ask(heavy: Heavy) -> None:
    assert heavy.process_ids() == []


def test_which_jobs_are_heavy(server: hub.Hub) -> None:
    assert is_heavy(Job(KEY))
    assert not is_heavy(Job("mcadams"))
    assert not is_heavy(Job("no-such-system"))
    assert not is_heavy(Job(KEY, {"no-such": 1}))


def test_it_downloads_loads_runs_and_a_second_run_pays_no_loading(heavy: Heavy, server: hub.Hub, voice: Clip) -> None:
    first = Asker(heavy, voice, Job(KEY))
    (outcome,) = first.end()
    result = outcome.result
    assert result is not None, outcome.error
    assert abs(result.clip.samples - 0.5 * voice.samples).max() < 1e-6
    assert any(doing == "Downloading Fake Large: 3.0 of 3.0 MB" for kind, doing in first.seen if kind == "told")
    assert ("told", "looking for the nearest frames") in first.seen
    (again,) = Asker(heavy, voice, Job(KEY)).end()
    assert ran(again) == ran(outcome) | {"loads": 1}
    assert len(server.asked) == 1
    assert heavy.process_ids() == [ran(again)["process"]]


def test_one_at_a_time_and_the_others_know_their_place(heavy: Heavy, voice: Clip, pipe: str, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    first = Asker(heavy, voice, Job(KEY, {"held_by": pipe}))
    first.until("told", "looking for the nearest frames")
    second = Asker(heavy, voice, Job(KEY))
    second.until("waits", 1)
    third = Asker(heavy, voice, Job(KEY))
    third.until("waits", 2)
    assert first.outcomes == second.outcomes == third.outcomes == []
    let_go(pipe)
    outcomes = [asker.end()[0] for asker in (first, second, third)]
    assert len({ran(outcome)["process"] for outcome in outcomes}) == 1
    assert ran(outcomes[-1])["loads"] == 1


def test_five_systems_of_one_person_are_one_place_in_the_line(
    heavy: Heavy, voice: Clip, pipe: str, tmp_path: Path
) -> None:
    fake_network.here(tmp_path / "store")
    many = Asker(heavy, voice, *[Job(KEY, {"held_by": pipe})] * 5)
    many.until("told", "looking for the nearest frames")
    one = Asker(heavy, voice, Job(KEY))
    one.until("waits", 1)
    let_go(pipe)
    ran(one.end()[0])
    assert len(many.outcomes) < 5  # the others of the five are held by the pipe again
    many.stop.set()
    assert len(many.end()) == 5


def test_sounds_made_ahead_are_made_where_the_networks_are(heavy: Heavy, voice: Clip, server: hub.Hub) -> None:
    here: list[Any] = []

    def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        here.append(args)
        return function(*args, **kwargs)

    either = routed(call, heavy)
    order = fake_network.Order(voice, Job(KEY))
    first, second = (either(fake_network.made, order, cancelled=threading.Event()) for _ in range(2))
    assert first == second
    assert first["loads"] == 1
    assert heavy.process_ids() == [first["process"]]
    assert not here
    light = fake_network.Order(voice, Job("mcadams"))
    assert either(fake_network.made, light)["process"] == os.getpid()
    assert either(len, "abc") == 3
    assert here == [(light,), ("abc",)]


def test_a_sound_made_ahead_without_the_licence_is_a_sentence(
    heavy: Heavy, voice: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = {"licence": "CC BY-NC 4.0", "commercial": False}
    with fake_network.published(tmp_path / "other", monkeypatch, **terms), pytest.raises(AnonymizerError, match="NC"):
        routed(pytest.fail, heavy)(fake_network.made, fake_network.Order(voice, Job(KEY)))


def test_stop_keeps_what_is_loaded(heavy: Heavy, voice: Clip, pipe: str, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    first = Asker(heavy, voice, Job(KEY, {"held_by": pipe}))
    first.until("told", "looking for the nearest frames")
    (process,) = heavy.process_ids()
    first.stop.set()
    assert [outcome.error for outcome in first.end()] == [runner.STOPPED]
    (outcome,) = Asker(heavy, voice, Job(KEY)).end()
    assert ran(outcome) == {"loads": 1, "process": process}


def test_who_waits_can_leave(heavy: Heavy, voice: Clip, pipe: str, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    first = Asker(heavy, voice, Job(KEY, {"held_by": pipe}))
    first.until("told", "looking for the nearest frames")
    second = Asker(heavy, voice, Job(KEY))
    second.until("waits", 1)
    second.stop.set()
    assert [outcome.error for outcome in second.end()] == [runner.STOPPED]
    let_go(pipe)
    ran(first.end()[0])


def test_a_download_holds_up_nobody_and_can_be_stopped(
    heavy: Heavy, server: hub.Hub, voice: Clip, tmp_path: Path
) -> None:
    asked, go_on = threading.Event(), threading.Event()
    server.files[FILE].steps.append(hub.held(1_000_000, asked, go_on))
    slow = Asker(heavy, voice, Job(KEY))
    assert asked.wait(30)
    store = tmp_path / "other"
    fake_network.here(store)
    with pytest.MonkeyPatch.context() as patch:  # somebody whose weights are here
        patch.setattr(weights, "missing", lambda refs: ())
        patch.setenv("VOICEVEIL_MODELS", str(store))  # for the process, which starts now
        ran(Asker(heavy, voice, Job(KEY)).end()[0])
    assert slow.outcomes == []
    slow.stop.set()
    go_on.set()
    assert [outcome.error for outcome in slow.end()] == [runner.STOPPED]


def test_what_cannot_be_had_is_a_sentence(heavy: Heavy, server: hub.Hub, voice: Clip) -> None:
    del server.files[FILE]
    (outcome,) = Asker(heavy, voice, Job(KEY)).end()
    assert "Fake Large could not be fetched" in outcome.error
    assert heavy.process_ids() == []


def test_a_licence_comes_before_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: Clip) -> None:
    with fake_network.published(tmp_path, monkeypatch, licence="CC BY-NC 4.0", commercial=False) as server:
        heavy = Heavy(workers=fake_network.process)
        (outcome,) = Asker(heavy, voice, Job(KEY)).end()
    assert "CC BY-NC 4.0" in outcome.error
    assert server.asked == []


def test_nothing_is_fetched_for_a_clip_that_is_too_short_or_silent(heavy: Heavy, server: hub.Hub, voice: Clip) -> None:
    (short,) = Asker(heavy, Clip(voice.samples[:100], 16_000), Job(KEY)).end()
    assert "needs at least" in short.error
    (silent,) = Asker(heavy, Clip(0 * voice.samples, 16_000), Job(KEY)).end()
    assert silent.result is not None
    assert silent.result.warnings == (runner.SILENCE,)
    assert server.asked == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("WavLM Large: 312 of 1,262 MB", "Downloading WavLM Large: 312 of 1,262 MB"),
        ("WavLM Large: checking model.pt", "WavLM Large: checking model.pt"),
    ],
)
def test_a_download_says_what_it_does(said: str, shown: str) -> None:
    assert downloading(said) == shown


def test_a_closed_one_runs_nothing(heavy: Heavy, voice: Clip, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    heavy.close()
    assert [outcome.error for outcome in Asker(heavy, voice, Job(KEY)).end()] == [runner.STOPPED]


def test_callers_may_leave_out_whom_to_tell(heavy: Heavy, voice: Clip, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    run: Callable[..., Iterator[Outcome]] = heavy.run_all
    with ThreadPoolExecutor(1) as threads:
        assert [bool(outcome.result) for outcome in run(voice, [Job(KEY)], threads, seed=3)] == [True]
