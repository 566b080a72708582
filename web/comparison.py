"""One clip through several systems: the sounds as they come, then what was measured. No Gradio here."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from anonymizers import registry, runner
from anonymizers.base import Level, Result
from anonymizers.heavy import is_heavy
from anonymizers.report import describe, versions
from anonymizers.runner import Job, Outcome
from anonymizers.workers import Stopped
from audio.clip import Clip, encode_wav
from audio.level import playback_gain_db
from web import take_away
from web.measure import Measured, describe_scores, measure
from web.services import Services
from web.steps import Step
from web.vault import VaultFull

TARGET_LUFS = -23.0
TICK_S = 0.5
"""How often progress is looked at."""
OVER = ("ready", "failed")
FAULT = "This failed in a way nobody expected: please report it."


@dataclass(frozen=True)
class Asked:
    """What a person asked for: the systems (the original is added, first), seed, level and speaker."""

    jobs: Sequence[Job]
    seed: int = 0
    level: Level = "utterance"
    speaker: str = ""

    def with_original(self) -> list[Job]:
        return [Job("original"), *(job for job in self.jobs if job.key != "original")]


@dataclass
class Row:
    """One system of a comparison, as far as it has come."""

    key: str
    state: str = "waiting"
    heavy: bool = False
    step: Step = field(default_factory=Step)
    error: str = ""
    result: Result | None = None
    sound: str = ""
    gain_db: float = 0.0
    short_by_db: float = 0.0
    measured: Measured | None = None

    @property
    def doing(self) -> str:
        """What it is doing and how long yet, or whom it waits for; "" if there is nothing to say but its state."""
        words = "" if self.state in OVER else self.step.words
        return f"{words[:1].upper()}{words[1:]}"

    def as_track(self) -> dict[str, Any]:
        """The row as the player wants it."""
        info, entry = registry.info(self.key), registry.entry(self.key)
        result = self.result
        return {
            "key": self.key,
            "title": info.title,
            "colour": entry.colour,
            "dash": entry.dash,
            "state": self.state,
            "doing": self.doing,
            "share_done": self.step.fraction if self.state == "running" and self.doing else None,
            "message": self.error,
            "url": f"media/{self.sound}" if self.sound else None,
            "download": f"media/{self.sound}?download={self.key}" if self.sound else None,
            "gain_db": self.gain_db,
            "short_by_db": self.short_by_db,
            "duration_s": result.clip.duration_s if result else None,
            "keeps_timing": info.keeps_timing,
            "fidelity": info.fidelity,
            "hides": sorted(info.hides),
            "notes": self._notes(),
            "transcript": result.intermediates.get("transcript") if result else None,
        }

    def _notes(self) -> list[str]:
        if self.result is None:
            return []
        caution = registry.info(self.key).caution
        return [*([caution] if caution else []), *self.result.warnings]

    def as_report(self) -> dict[str, Any]:
        """The row as the JSON file wants it."""
        if self.result is None:
            return {"system": self.key, "error": self.error}
        scores = describe_scores(self.measured.scores) if self.measured else {}
        played = {"playback_gain_db": self.gain_db, "short_by_db": self.short_by_db}
        return {**describe(self.result), **played, "scores": scores}


@dataclass
class Comparison:
    """The rows of one run and how they come about. `now` tells the time in s; `gone` ends all work for it."""

    services: Services
    run: str
    clip: Clip
    asked: Asked
    now: Callable[[], float] = time.monotonic
    gone: threading.Event = field(default_factory=threading.Event)
    rows: dict[str, Row] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = {job.key: Row(job.key, heavy=is_heavy(job)) for job in self.asked.with_original()}
        self.ahead = 0
        self._measuring: list[Future[None]] = []
        self._started_s = self.now()

    def sounds(self, stop: threading.Event) -> Iterator[None]:
        """Run every system until `stop`; yields when a row has a sound, or a sentence, or something new to say.

        Systems with weights go their own way (see Heavy), so that the others never wait for them. Each row is measured
        as soon as no system waits for a worker; the last yield comes when all are.
        """
        jobs, arrived = self.asked.with_original()[1:], queue.Queue[Outcome]()
        with ThreadPoolExecutor(self.services.workers.count) as threads, ThreadPoolExecutor(2 + len(jobs)) as waiting:
            self._take(Outcome("original", runner.run(self.clip, "original", **self._how)))
            yield
            heavy, light = ([job for job in jobs if self.rows[job.key].heavy is one] for one in (True, False))
            self._feed(waiting, light, lambda: self._light(light, threads, stop), arrived)
            self._feed(waiting, heavy, lambda: self._heavy(heavy, waiting, stop), arrived)
            for outcome in self._arrivals(arrived, len(jobs)):
                if outcome is not None:
                    if not self._measuring:
                        self._measure_later(self.rows["original"], threads)
                    self._take(outcome)
                    self._measure_later(self.rows[outcome.key], threads)
                yield
            wait(self._measuring)
        yield

    @property
    def _how(self) -> dict[str, Any]:
        return {"seed": self.asked.seed, "level": self.asked.level, "speaker": self.asked.speaker}

    def _light(self, jobs: Sequence[Job], threads: Executor, stop: threading.Event) -> Iterator[Outcome]:
        with self.services.turns.turn(stop, self._behind):
            self._behind(0)
            how = {**self._how, "cancelled": stop, "started": self._start, "told": self._told}
            yield from runner.run_all(self.clip, jobs, self.services.workers, threads, **how)

    def _heavy(self, jobs: Sequence[Job], threads: Executor, stop: threading.Event) -> Iterator[Outcome]:
        how = {**self._how, "cancelled": stop, "told": self._told, "waits": self._waits}
        yield from self.services.heavy.run_all(self.clip, jobs, threads, **how)

    def _feed(
        self,
        threads: Executor,
        jobs: Sequence[Job],
        outcomes: Callable[[], Iterator[Outcome]],
        arrived: queue.Queue[Outcome],
    ) -> None:
        """Put the outcome of every job where it is awaited, whatever happens."""

        def work() -> None:
            awaited, problem = {job.key for job in jobs}, runner.STOPPED
            try:
                for outcome in outcomes():
                    awaited.discard(outcome.key)
                    arrived.put(outcome)
            except Stopped:
                pass
            except Exception:
                logging.getLogger(__name__).exception("A comparison failed")
                problem = FAULT
            finally:
                for key in awaited:
                    arrived.put(Outcome(key, error=problem))

        if jobs:
            threads.submit(work)

    def _arrivals(self, arrived: queue.Queue[Outcome], count: int) -> Iterator[Outcome | None]:
        """Every outcome as it comes; None between them, when a row has something new to say."""
        said: list[Any] = []
        while count:
            try:
                outcome: Outcome | None = arrived.get(timeout=TICK_S)
                count -= 1
            except queue.Empty:
                outcome = None
            if outcome is None and said == self._said():
                continue
            said = self._said()  # before it is shown: what changes meanwhile is shown the next time
            yield outcome

    def _said(self) -> list[Any]:
        return [self.ahead, *((row.state, row.doing) for row in self.rows.values())]

    def _behind(self, ahead: int) -> None:
        self.ahead = ahead

    def _start(self, key: str) -> None:
        self.rows[key].state = "running"

    def _told(self, key: str, fraction: float, doing: str) -> None:
        self.rows[key].step.note(fraction, doing)
        self.rows[key].state = "running"

    def _waits(self, key: str, ahead: int) -> None:
        row = self.rows[key]
        row.state, row.step = "waiting", Step()
        if ahead:
            row.step.note(0.0, f"{ahead} ahead of you")

    def _take(self, outcome: Outcome) -> None:
        row = self.rows[outcome.key]
        if outcome.result is None:
            row.state, row.error = "failed", outcome.error
            return
        try:
            row.sound = self.services.vault.put(encode_wav(outcome.result.clip))
        except VaultFull as error:
            row.state, row.error = "failed", str(error)
            return
        row.result = outcome.result
        row.gain_db, row.short_by_db = playback_gain_db(outcome.result.clip, target_lufs=TARGET_LUFS)
        row.state = "ready"

    def _measure_later(self, row: Row, threads: Executor) -> None:
        if row.result is not None:
            self._measuring.append(threads.submit(self._measure, row, row.result.clip))

    def _measure(self, row: Row, processed: Clip) -> None:
        """Measure a row in a worker; nothing if the browser is gone, and a failure costs this row's numbers alone."""
        keeps = registry.info(row.key).keeps_timing
        call = self.services.workers.call
        try:
            row.measured = call(measure, self.clip, processed, keeps_timing=keeps, cancelled=self.gone)
        except Stopped:
            return
        except Exception:
            logging.getLogger(__name__).exception("%s could not be measured", row.key)

    @property
    def _begun(self) -> bool:
        return any(row.state != "waiting" for row in self.rows.values())

    @property
    def all_heard(self) -> bool:
        """Whether every row has its sound or its sentence."""
        return all(row.state in OVER for row in self.rows.values())

    def player(self, busy: bool) -> dict[str, Any]:
        """The state as the player wants it."""
        return {
            "run": self.run,
            "target_lufs": TARGET_LUFS,
            "busy": busy,
            "progress": self._progress() if busy and self._begun else None,
            "tracks": [row.as_track() for row in self.rows.values()],
        }

    def _progress(self) -> dict[str, Any]:
        systems = [row for row in self.rows.values() if row.key != "original"]
        done = sum(row.state in OVER for row in systems)
        open_heavy = any(row.heavy and row.state not in OVER for row in systems)
        running = [registry.info(row.key).title for row in systems if row.state == "running"]
        elapsed_s = self.now() - self._started_s
        # Systems with weights take other times than those without; their rows tell it themselves.
        eta_s = elapsed_s / done * (len(systems) - done) if done and not open_heavy else None
        return {
            "done": done,
            "total": len(systems),
            "doing": ", ".join(running),
            "elapsed_s": elapsed_s,
            "eta_s": eta_s,
        }

    def report(self) -> dict[str, Any]:
        """Everything about this comparison, JSON-ready."""
        return {
            "versions": versions(),
            "clip": {
                "duration_s": self.clip.duration_s,
                "sample_rate_hz": self.clip.sample_rate,
                "samples_sha256": self.clip.digest,
            },
            "seed": self.asked.seed,
            "level": self.asked.level,
            "speaker": self.asked.speaker,
            "target_lufs": TARGET_LUFS,
            "systems": [row.as_report() for row in self.rows.values()],
        }

    def keep(self) -> None:
        """Keep the report and the sounds for the ZIP, under the run's own token."""
        sounds = {row.key: row.sound for row in self.rows.values() if row.sound}
        take_away.keep(self.services.vault, self.report(), sounds, self.run)


def stopped(player: Mapping[str, Any]) -> dict[str, Any]:
    """A player's value after "stop": what was not done is not coming."""
    tracks = [
        track if track["state"] in OVER else {**track, "state": "failed", "message": runner.STOPPED}
        for track in player.get("tracks", [])
    ]
    return {**player, "busy": False, "progress": None, "tracks": tracks}
