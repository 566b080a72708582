"""python -m benchmarks.analysis_speed: how long all tables of a study with 20,000 rated answers take, part by part."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.results import write_result
from listening_test import clips, export, simulated_answers, yaml_file
from listening_test.analysis import results
from listening_test.analysis.answers import Answers
from listening_test.plan import Planner
from listening_test.simulated_listener import ability

STUDY = Path(__file__).resolve().parents[1] / "assets" / "studies" / "full.yaml"
ANSWERS = 20_000


def main() -> None:
    """Simulated listeners take the example study with every task; every part of the analysis is timed."""
    answers = simulated(ANSWERS)
    seconds = {part: _timed(part, answers) for part in results.PARTS}
    began = time.perf_counter()
    found = results.analyse(answers, {"state": "closed", "watermark": ""})
    whole_s = time.perf_counter() - began
    numbers: dict[str, Any] = {
        "rated_answers": int(answers.frame["kind"].eq("rated").sum()),
        "listeners": int(answers.frame["listener"].nunique()),
        "replicates": answers.study.analysis.replicates,
        "tables": len(found.tables),
        "seconds_by_part": seconds,
        "seconds_in_all": whole_s,
    }
    for name, value in numbers.items():
        print(name, value)
    print(write_result("analysis_speed", numbers))


def simulated(least: int) -> Answers:
    """As many listeners as it takes for so many rated answers."""
    study = yaml_file.load_study(STUDY)
    found = clips.read(study, STUDY.parent)
    planner = Planner(study, found)
    each = sum(len(page.questions) for page in planner.plan(0) if page.kind == "rated")
    rows = simulated_answers.rows(
        study, found, ability(study, bias_sd=0.5), listeners=-(-least // each), planner=planner, origin="participant"
    )
    return Answers(study, export.frame(rows, study))


def _timed(part: str, answers: Answers) -> float:
    fresh = Answers(answers.study, answers.frame)
    began = time.perf_counter()
    import_module(f"listening_test.analysis.{part}").tables(fresh)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
