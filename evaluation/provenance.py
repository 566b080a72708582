"""Where the numbers of a run come from: what was asked, what ran, on what, and what was left out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from anonymizers.report import versions
from evaluation.corpus import Corpus

if TYPE_CHECKING:
    from evaluation.pipeline import Ready, Tally

PACKAGES = ("torch", "onnxruntime", "scikit-learn", "jiwer", "pocketsphinx", "speechbrain", "transformers", "pyarrow")
MOST_FAILURES = 100


def provenance(ready: Ready, tally: Tally, started: datetime, finished: datetime) -> dict[str, Any]:
    """Everything needed to make a run again, and to judge it; JSON-ready. No path of this machine but those typed."""
    request = ready.request
    return {
        "command": list(request.command),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 1),
        "versions": {**versions(), **_installed()},
        "data": _of(request.corpus),
        "train": _of(ready.train) if ready.train else None,
        "seed": request.seed,
        "level": request.level,
        "replicates": request.replicates,
        "control": request.control,
        "tune": request.tune,
        "untuned": tally.untuned,
        "processes": request.processes,
        "ray": bool(request.ray),
        "systems": {key: _system(key, ready) for key in ready.about.systems},
        "attackers": {key: _attacker(key, ready) for key in ready.attackers},
        "recognisers": {key: _recogniser(key, ready) for key in (*ready.plan.words, *ready.plan.emotions)},
        "protocols": [
            {"key": one.key, "title": one.title, "seed": one.seed, "trials": len(one.trials), "notes": list(one.notes)}
            for one in ready.protocols
        ],
        "jobs": {"done": tally.done, "earlier": tally.earlier, "failed": tally.failed, "all": len(ready.jobs)},
        "failures": sorted(tally.failures)[:MOST_FAILURES],
        "deaf": tally.deaf,
    }


def _installed() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _of(corpus: Corpus) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "split": corpus.split,
        "speakers": len({one.speaker for one in corpus.utterances}),
        "utterances": len(corpus.utterances),
        "problems": list(corpus.problems),
    }


def _system(key: str, ready: Ready) -> dict[str, Any]:
    from anonymizers import registry, runner, weights

    info = registry.info(key)
    said = {name: getattr(info, name) for name in ("title", "fidelity", "reference", "caution")}
    params = runner.check_params(info, ready.plan.params.get(key, {}))
    return {
        **said,
        "hides": sorted(info.hides),
        "params": dict(ready.plan.params.get(key, {})),
        "weights": [weights.described(ref) for ref in registry.needs(key, params)],
        "version": ready.plan.versions.get(f"system {key}", ""),
    }


def _attacker(key: str, ready: Ready) -> dict[str, Any]:
    from evaluation.attackers import ATTACKERS

    if key not in ATTACKERS:
        return {"title": "Words alone", "knows": "what is said", "version": ""}
    info = ATTACKERS[key].info
    told = {"title": info.title, "knows": info.knows, "weights": info.weights}
    return {**told, "version": ready.plan.versions.get(key, "")}


def _recogniser(key: str, ready: Ready) -> dict[str, Any]:
    from evaluation.recognisers import registry

    return {**vars(registry.info(key)), "version": ready.plan.versions.get(key, "")}
