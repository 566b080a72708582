"""python -m benchmarks.study_blinding: can what travels beside the audio name the system? Classifiers try."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from benchmarks.results import PACKAGES, machine, write_result
from benchmarks.study_process import StudyServer, demo_study
from listening_test.simulate import Crowd, Taken, take_all, truths
from listening_test.simulated_listener import ability

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import TrialInfo

TRIALS = 2000
MARGIN = 0.03
FOLDS = 5
PLACES = 500
SOUNDS = 3
"""Of a page, so many sounds are looked at, from the first and the last."""


@dataclass
class Reply:
    """One response as a browser, or somebody who watches its network, sees it; `body` only of JSON."""

    path: str
    status: int
    headers: list[tuple[str, str]]
    size_bytes: int
    at_s: float
    seconds: float
    body: Any = None


@dataclass
class Ledger:
    """What one client received, in order."""

    replies: list[Reply] = field(default_factory=list)

    async def before(self, request: httpx.Request) -> None:
        """Notes when a request goes out."""
        request.extensions["began_s"] = time.perf_counter()

    async def after(self, response: httpx.Response) -> None:
        """Notes what came back."""
        began_s = response.request.extensions["began_s"]
        data = await response.aread()
        is_json = response.headers.get("content-type", "").startswith("application/json")
        self.replies.append(
            Reply(
                response.request.url.path,
                response.status_code,
                list(response.headers.items()),
                len(data),
                began_s,
                time.perf_counter() - began_s,
                json.loads(data) if is_json else None,
            )
        )


async def listen(info: StudyInfo, store: Store, address: str, listeners: int) -> tuple[list[Taken], list[Reply]]:
    """One listener after the other, so that timings are as clear as an attacker could wish."""
    ledger = Ledger()
    hooks: Any = {"request": [ledger.before], "response": [ledger.after]}
    crowd = Crowd(listeners, ability(info.study, lapse_rate=0.0), at_once=1)
    async with httpx.AsyncClient(base_url=address, timeout=30, event_hooks=hooks) as client:
        taken = await take_all(client, info.link, info.simulation_key, crowd, truths(store))
    return taken, ledger.replies


@dataclass(frozen=True)
class Page:
    """A page as it was shown: its JSON, the reply that brought it, the replies with its sounds, its place."""

    shown: Mapping[str, Any]
    brought: Reply
    sounds: tuple[Reply, ...]
    listener: str
    number: int


def pages(replies: Sequence[Reply]) -> list[Page]:
    """Every page that was shown, from what the client received."""
    heard: dict[str, Reply] = {reply.path: reply for reply in replies if "/sound/" in reply.path}
    found, numbers = [], Counter[str]()
    for reply in replies:
        shown = reply.body.get("next", reply.body) if isinstance(reply.body, dict) else None
        if not reply.path.startswith("/take/") or not shown or shown.get("end") or "sounds" not in shown:
            continue
        listener = reply.path.split("/")[2]
        sounds = tuple(heard[f"/take/{listener}/{sound['url']}"] for sound in shown["sounds"])
        found.append(Page(shown, reply, sounds, listener, numbers[listener]))
        numbers[listener] += 1
    return found


def features(page: Page) -> dict[str, float]:
    """Everything but the samples: words and sizes of the page, names, headers, sizes and timings of its sounds."""
    numbers: dict[str, float] = {
        "number": page.number,
        "done": page.shown["progress"]["done"],
        "json_bytes": len(json.dumps(page.shown)),
        "reply_bytes": page.brought.size_bytes,
        "reply_s": page.brought.seconds,
        "since_reply_s": page.sounds[0].at_s - page.brought.at_s if page.sounds else 0.0,
        **_characters("page", page.shown["page"]),
        **{f"reply_header={name}:{value}": 1.0 for name, value in page.brought.headers if name != "date"},
        **{f"word={key}:{page.shown[key]}": 1.0 for key in ("title", "text", "note", "heard_share", "max_plays")},
    }
    for where, sounds in (("first", page.sounds), ("last", page.sounds[::-1])):
        for i, sound in enumerate(sounds[:SOUNDS]):
            numbers |= {f"{where}_{i}_{name}": value for name, value in _sound(sound).items()}
    return numbers


def _sound(sound: Reply) -> dict[str, float]:
    headers = {f"header={name}:{value}": 1.0 for name, value in sound.headers if name not in {"date", "content-length"}}
    named = {"bytes": float(sound.size_bytes), "seconds": sound.seconds, "status": float(sound.status)}
    return {**named, **headers, **_characters("handle", sound.path.rsplit("/", 1)[1])}


def _characters(what: str, name: str) -> dict[str, float]:
    codes = {f"{what}_character_{i}": float(ord(character)) for i, character in enumerate(name)}
    return {**codes, f"{what}_length": float(len(name))}


def attack(
    table: Sequence[Mapping[str, float]], labels: Sequence[str], groups: Sequence[str], *, trees: int = 300
) -> dict[str, float]:
    """Share of right names by each classifier, each listener named by a model that saw only others."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    models = {
        "random_forest": RandomForestClassifier(trees, min_samples_leaf=3, random_state=1),
        "logistic_regression": make_pipeline(MaxAbsScaler(), LogisticRegression(max_iter=2000, C=0.1)),
    }
    matrix = DictVectorizer(sparse=False).fit_transform([dict(row) for row in table])
    right, folds = np.array(labels), GroupKFold(FOLDS, shuffle=True, random_state=1)
    return {
        name: float(np.mean(cross_val_predict(model, matrix, right, groups=groups, cv=folds) == right))
        for name, model in models.items()
    }


def chance(labels: Sequence[str], strata: Sequence[str]) -> float:
    """Share right by always naming the commonest system of the task, which the page itself gives away."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label, stratum in zip(labels, strata, strict=True):
        counts[stratum][label] += 1
    return sum(max(count.values()) for count in counts.values()) / len(labels)


def upper_bound(share: float, n: int) -> float:
    """Exact (Clopper-Pearson) one-sided 95 % upper bound of a share of n."""
    from scipy.stats import binomtest

    return float(binomtest(round(share * n), n, alternative="less").proportion_ci(0.95, method="exact").high)


def measure(info: StudyInfo, store: Store, address: str, listeners: int) -> dict[str, Any]:
    """The attack on rated trials: which system? And on all trials of tasks: what for?"""
    taken, replies = asyncio.run(listen(info, store, address, listeners))
    trials: dict[str, TrialInfo] = {}
    for one in taken:
        listener = store.listener(one.token)
        trials |= {trial.page: trial for trial in store.trials(listener.id)} if listener else {}
    shown = [page for page in pages(replies) if trials[page.shown["page"]].block == "task"]
    rated = [page for page in shown if trials[page.shown["page"]].kind == "rated"][:TRIALS]
    systems = [trials[page.shown["page"]].truth["system"] for page in rated]
    kinds = [trials[page.shown["page"]].kind for page in shown]
    return {
        "listeners": len(taken),
        "errors": sorted({one.error for one in taken if one.error}),
        "system": _verdict(rated, systems, [trials[page.shown["page"]].task for page in rated]),
        "purpose": _verdict(shown, kinds, [trials[page.shown["page"]].task for page in shown]),
    }


def _verdict(shown: Sequence[Page], labels: Sequence[str], strata: Sequence[str]) -> dict[str, Any]:
    shares = attack([features(page) for page in shown], labels, [page.listener for page in shown])
    base = chance(labels, strata)
    bounds = {name: upper_bound(share, len(labels)) for name, share in shares.items()}
    return {
        "trials": len(labels),
        "labels": dict(Counter(labels)),
        "chance": base,
        "accuracy": shares,
        "upper_bound_95": bounds,
        "kept": max(bounds.values()) <= base + MARGIN,
    }


def rated_trials(info: StudyInfo) -> int:
    """Rated trials of one listener, least over the first places."""
    from listening_test.plan import Planner

    planner = Planner(info.study, info.clips)
    return min(sum(trial.kind == "rated" for trial in planner.plan(place)) for place in range(8))


def main() -> int:
    """Measure and write; status 1 if a classifier does better than chance."""
    with demo_study(PLACES, attention_checks=2, gold=1) as (url, store, info), StudyServer(url) as server:
        result = {
            "study": "demo",
            "margin": MARGIN,
            **measure(info, store, server.address, -(-TRIALS // rated_trials(info))),
        }
    result["scikit-learn"] = machine((*PACKAGES, "scikit-learn"))["packages"]["scikit-learn"]
    kept = result["system"]["kept"] and result["purpose"]["kept"] and not result["errors"]
    write_result("study_blinding", result)
    print(json.dumps(result, indent=1))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
