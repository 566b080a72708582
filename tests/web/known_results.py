"""Studies that listeners with a known ability have taken, straight in the database; and results computed in process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

from anonymizers.workers import Stopped
from listening_test.store import Heard
from tests.listening_test import rendered_study


class Here:
    """In place of workers: runs jobs in this process. `hold` makes them wait for `go_on`, `fault` ends them."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.jobs: list[tuple[Any, ...]] = []
        self.fault: Exception | None = None
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def __call__(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def call(self, function: Callable[..., Any], *args: Any, cancelled: threading.Event) -> Any:
        self.jobs.append(args)
        while not self.go_on.wait(0.01):
            if cancelled.is_set():
                raise Stopped
        if self.fault is not None:
            raise self.fault
        self.before()
        answer = function(*args)
        self.after()
        return answer


def listener(store: Any, info: Any, *, origin: str = "participant", choice: int = 0, finish: bool = True) -> Any:
    """One who answers every page (or only the first rated one); `choice` says which option."""
    from listening_test import page, plan, questions

    asked = questions.of(info.study)
    person = store.enrol(
        info.id,
        origin=origin,
        language="en",
        consent_version="1",
        plan=lambda place: (plan.rung(info.study, place), plan.plan(info.study, info.clips, place)),
    ).listener
    trials = store.trials(person.id)
    for number, trial in enumerate(trials):
        store.issue(trial.id)
        candidates = sum(sound.slot == "candidate" for sound in trial.sounds)
        answers = {key: _answer(asked[key], page.options, candidates, choice + number) for key in trial.questions}
        answers |= {key: accepted[0] for key, accepted in (trial.truth.get("expected") or {}).items()}
        last = trial is trials[-1]
        heard = [Heard(1, 1.0) for _ in trial.sounds]
        store.save(trial.id, answers, heard, 1.0, state="finished" if last and finish else None)
        if not finish and trial.kind == "rated":
            break
    return person


def _answer(question: Any, options: Callable[..., Any], candidates: int, choice: int) -> str:
    if question.widget == "text":
        return "SECRET-COMMENT"
    values = options(question, candidates)
    return values[choice % len(values)]


def taken(store: Any, *, listeners: int = 3, close: bool = True, **changes: Any) -> Any:
    """The tiny study, taken; its StudyInfo."""
    info = rendered_study.opened(store, **changes)
    for number in range(listeners):
        listener(store, info, choice=number)
    if close:
        store.close_study(info.id)
    return store.study(info.id)


def kept(store: Any, info: Any, origin: Any = "participant", results: Any = None, **facts: Any) -> None:
    """Known tables in the store as if they had just been computed of this study."""
    from listening_test.analysis.results import EXTRAS
    from listening_test.export import WATERMARKS
    from tests.listening_test import known_tables

    fingerprint = store.fingerprint(info.id, (origin,))
    names = ("version", "state", "digest", "opened_s", "closed_s")
    about = {name: getattr(info, name) for name in names} | {"watermark": WATERMARKS[origin], **facts}
    found = results or known_tables.results()
    data = {**found.to_json(), "about": {**found.about, **about}}
    assert store.put_results(info.id, origin, fingerprint, data)
    for extra in EXTRAS:
        store.put_results(info.id, f"{origin}/{extra}", fingerprint, {"tables": []})
