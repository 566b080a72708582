"""Predicted quality of a finished comparison: slow to load, so it comes after the sound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from anonymizers.workers import Stopped, WorkerLost
from evaluation.predicted_quality import QualityError, predicted_quality
from web import take_away
from web.measure import describe_scores
from web.services import Services

PREDICTED = "OVRL"


def predict(services: Services, run: str) -> list[dict[str, Any]] | None:
    """The systems of a comparison's report with their predicted quality, also kept for the ZIP; None if it is gone.

    It is computed once.
    """
    both = take_away.kept(services.vault, run)
    if both is None:
        return None
    report, sounds = both
    if any(PREDICTED in system.get("scores", {}) for system in report["systems"]):
        return report["systems"]

    def add(system: dict[str, Any]) -> dict[str, Any]:
        clip = services.clip(sounds.get(system["system"], ""))
        if clip is None or clip.is_silent:
            return system
        try:
            scores = describe_scores(services.workers.call(predicted_quality, clip))
        except (Stopped, WorkerLost, QualityError):
            return system
        return {**system, "scores": {**system["scores"], **scores}}

    with ThreadPoolExecutor(services.workers.count) as threads:
        report["systems"] = list(threads.map(add, report["systems"]))
    take_away.keep(services.vault, report, sounds, run)
    return report["systems"]
