"""What all recipes of the house share: the next step made ahead, the rate, the plan, what a card tells of losses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from training import common, house_card, plan
from training.ahead import Ahead
from training.loop import one_cycle


def test_the_next_step_is_made_ahead():
    asked = []
    ahead = Ahead(lambda step: asked.append(step) or step * 10)
    assert [ahead.at(step) for step in (0, 1, 2, 7, 3)] == [0, 10, 20, 70, 30]
    assert asked[:4] == [0, 1, 2, 3]


def test_the_rate_rises_and_falls():
    rates = [one_cycle(step / 1_000) for step in range(1_001)]
    assert max(rates) == pytest.approx(1, abs=1e-3)
    assert 40 <= int(np.argmax(rates)) <= 60
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert (np.diff(rates[50:]) <= 0).all()


def test_a_plan_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    options = SimpleNamespace(work=tmp_path, seed=1, steps=50, minutes=2.0, start=None)
    monkeypatch.setattr(plan, "steps_within", lambda minutes, made: 123)
    assert plan.steps(options, {"hours": 1.0}, made=lambda folder: pytest.fail("not needed")) == 123
    monkeypatch.setattr(plan, "steps_within", lambda minutes, made: 456)
    assert plan.steps(options, {"hours": 1.0}, made=lambda folder: pytest.fail("not needed")) == 123
    with pytest.raises(common.TrainingError, match=r"is under way there: ask for the same, or name another"):
        plan.steps(options, {"hours": 2.0}, made=lambda folder: pytest.fail("not needed"))
    assert plan.device("cpu") == "cpu"


def test_minutes_become_steps_by_the_middle_of_a_few():
    clock = iter([0.0, 9.0, 10.0, 11.0, 20.0, 21.0, 30.0, 31.0, 40.0, 41.0, 50.0, 51.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan.time, "perf_counter", lambda: next(clock))
        assert plan.steps_within(1.0, lambda folder: SimpleNamespace(one_step=lambda: None)) == 60


def test_a_card_tells_the_mean_of_the_last_losses(tmp_path: Path):
    rows = [f"{step},{step},{2 * step}" for step in range(100)]
    (tmp_path / "log.csv").write_text("\n".join(["step,loss,seconds", *rows]) + "\n")
    assert house_card.last_losses(tmp_path / "log.csv") == {"loss": 97, "seconds": 194}
