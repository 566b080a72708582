"""Systems that need weights are seen to before a run begins, and the run says which weights they had."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anonymizers import registry, weights_ready
from anonymizers.base import AnonymizerError, Status
from anonymizers.weights import WeightFile, WeightRef
from evaluation import provenance
from evaluation.pipeline_checks import checked_params

REF = WeightRef("tiny", "Tiny", "torchaudio", "", (WeightFile("m.pt", "https://hub.example/m.pt"),), "MIT")


def test_weights_are_fetched_once_before_the_workers_start(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Any] = []
    monkeypatch.setattr(registry, "status", lambda key, params: Status("downloads first"))
    monkeypatch.setattr(weights_ready, "prepare", lambda key, params, progress: prepared.append((key, params)))
    found = checked_params("mcadams", {"alpha_min": "0.6"})
    assert found == {"alpha_min": 0.6, "alpha_max": 0.9}
    assert prepared == [("mcadams", found)]


def test_what_cannot_be_fetched_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "status", lambda key, params: Status("licence to accept", "CC BY-NC 4.0 for Tiny"))
    with pytest.raises(AnonymizerError, match=r"mcadams cannot run here \(licence to accept\): CC BY-NC 4\.0 for Tiny"):
        checked_params("mcadams", {})


def test_a_run_says_which_weights_there_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "needs", lambda key, params: (REF,) if params["alpha_min"] == 0.6 else ())
    ready: Any = SimpleNamespace(plan=SimpleNamespace(versions={}, params={"mcadams": {"alpha_min": 0.6}}))
    told = json.loads(json.dumps(provenance._system("mcadams", ready)))
    assert [one["id"] for one in told["weights"]] == ["tiny"]
