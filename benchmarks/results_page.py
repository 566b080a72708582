"""python -m benchmarks.results_page: the Results page of a study with 20,000 answers, in a real Chromium.

The first visit has everything computed; later ones show what was kept, also while it is computed again.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.app_process import AppProcess
from benchmarks.results import write_result
from benchmarks.study_process import demo_study
from listening_test import questions
from listening_test.page import options
from listening_test.plan import Planner, rung
from listening_test.simulated_listener import SimulatedListener, ability
from listening_test.store_records import Heard

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import TrialInfo

RATED_ANSWERS = 20_000
VISITS = 5
LIMIT_S = 600.0
POLL_S = 0.02
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DRAWN = "document.querySelectorAll('.js-plotly-plot .main-svg:first-child').length"


def fill(store: Store, info: StudyInfo, rated: int) -> int:
    """Listeners of one ability take the study until there are so many rated answers; how many listeners."""
    planner, able, asked = Planner(info.study, info.clips), ability(info.study, bias_sd=0.5), questions.of(info.study)
    given = place = 0
    while given < rated:
        listener = store.enrol(
            info.id,
            origin="participant",
            language="en",
            consent_version=info.study.consent.version,
            plan=lambda number: (rung(info.study, number), planner.plan(number)),
        ).listener
        one = SimulatedListener(able, inattentive=False, rng=np.random.default_rng([1, place]))
        trials = store.trials(listener.id)
        for trial in trials:
            answers = answered(one, trial, asked)
            heard = [Heard(1, 1.0) for _ in trial.sounds]
            store.save(trial.id, answers, heard, 5.0, state="finished" if trial is trials[-1] else None)
            given += len(answers) if trial.kind == "rated" else 0
        place += 1
    return place


def answered(listener: SimulatedListener, trial: TrialInfo, asked: Mapping[str, questions.Question]) -> dict[str, str]:
    """What the listener answers on a page."""
    candidates = sum(sound.slot == "candidate" for sound in trial.sounds)
    page = [
        {"key": key, "widget": one.widget, "options": [{"value": value} for value in values]}
        for key in trial.questions
        for one in [asked[key]]
        for values in [options(one, candidates) if one.widget != "text" else ()]
    ]
    return listener.answers(page, trial.kind, trial.truth)


def visit(browser: Any, address: str) -> dict[str, float]:
    """One visit with an empty cache; seconds from asking for the page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{address}/results")
    heading_s = until(lambda: page.locator(".vv-contents a").count() > 0, began)
    first_s = until(lambda: page.evaluate(DRAWN) > 0, began)
    figures = page.locator(".vv-contents a").count()
    all_s = until(lambda: page.evaluate(DRAWN) >= figures, began)
    context.close()
    return {"heading_s": heading_s, "first_figure_s": first_s, "all_figures_s": all_s, "figures": figures}


def until(done: Any, began: float) -> float:
    """Seconds from `began` until done()."""
    pause = threading.Event()
    while not done():
        if time.perf_counter() - began > LIMIT_S:
            raise TimeoutError(f"not done within {LIMIT_S:g} s")
        pause.wait(POLL_S)
    return time.perf_counter() - began


def medians(visits: list[dict[str, float]]) -> dict[str, float]:
    """The median of each number."""
    return {name: statistics.median(one[name] for one in visits) for name in visits[0]}


def make_old(url: str) -> None:
    """Kept results become those of another version: the next visit has them computed again."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database, database:
        database.execute("UPDATE result SET software_version = 'another'")


def main() -> int:
    """Measure and write the result."""
    from playwright.sync_api import sync_playwright

    with demo_study(10_000) as (url, store, info), sync_playwright() as playwright:
        listeners = fill(store, info, RATED_ANSWERS)
        store.close_study(info.id)
        store.publish(info.id)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        with AppProcess(DATABASE_URL=url) as app:
            result: dict[str, Any] = {"rated_answers": RATED_ANSWERS, "listeners": listeners}
            began = time.perf_counter()
            visit(browser, app.address)
            result["first_time_s"] = time.perf_counter() - began
            kept = store.results(info.id, "participant")
            result["computing_s"] = kept.data["about"]["seconds"] if kept else None
            result["kept"] = medians([visit(browser, app.address) for _ in range(VISITS)])
            make_old(url)
            result["while_computing_again"] = visit(browser, app.address)
        browser.close()
    write_result("results_page", result)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
