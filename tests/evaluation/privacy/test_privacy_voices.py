"""Attackers on the voices that come with the project, from the command to the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.__main__ import main
from evaluation.runs import Run

VOICES = Path(__file__).resolve().parents[3] / "assets" / "studies" / "voices"
SYSTEMS = ("original", "mcadams", "devoiced")


@pytest.mark.slow
def test_attackers_on_synthetic_voices(tmp_path: Path) -> None:
    """Voices of a synthesiser: each is told from all others at once, and McAdams' system hides them from the unaware.

    What is measured is that all attackers come through, not how private anything is.
    """
    out = tmp_path / "out"
    asked = ["run", "--data", str(VOICES), "--systems", ",".join(SYSTEMS), "--out", str(out), "--jobs", "2"]
    asked += ["--attackers", "mfcc,house,text", "--words", "none", "--emotion", "none", "--replicates", "50"]
    assert main([*asked, "--quality", "no"]) == 0
    run = Run(out)
    assert run.problems == []
    figures = run.table("figures")
    eers = figures.query("metric == 'EER' and sex == 'all' and protocol == 'single'")
    eer = eers.set_index(["system", "attacker", "attack"])["value"]
    assert set(eer.index.get_level_values("attacker")) == {"mfcc", "house", "text"}
    for attacker in ("mfcc", "house"):
        assert eer["original", attacker, "unprotected"] < 0.2
        assert eer["mcadams", attacker, "ignorant"] > eer["original", attacker, "unprotected"] + 0.1
        assert eer["mcadams", attacker, "semi-informed"] <= eer["mcadams", attacker, "lazy-informed"] + 0.03
    trust = run.table("trust")
    assert set(trust["system"]) == {"mcadams", "devoiced"}
    assert trust["eer_told"].notna().all()
    assert (trust.query("attacker == 'mfcc'")["eer_originals"] < 0.3).all()
    gender = figures.query("kind == 'attribute' and metric == 'UAR' and group == 'gender'")
    assert set(gender["attack"]) == {"fixed", "retrained"}
    assert (gender.query("system == 'original'")["value"] > 0.8).all()
