"""Before launch: how precise a study will be, what it is able to show, and how many listeners that takes.

The study's own plan says who hears whom how often; assumptions say how much listeners, speakers and answers scatter
(forecast/assumptions.py). From both follow the parts of each estimate's variance, its expected interval and the power
of its test (forecast/spread.py, forecast/chances.py). Simulated answers to the same plan, given to the estimators that
will analyse the study, check the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from listening_test.analysis.table import Column, Table
from listening_test.forecast import chances, design, moments, simulated
from listening_test.forecast.assumptions import Assumptions
from listening_test.forecast.goals import POWER, Goal, goals, of_mean
from listening_test.study import Study, StudyClip

CURVE = (8, 12, 16, 20, 30, 40, 60, 80, 120, 160, 240)
TELL = 0.6

_ABOUT = (
    Column("task", "Key of the task"),
    Column("question", "What is asked"),
    Column("pair", "What is compared, or which trials are meant; empty: all"),
    Column("rung", "Rung of the attacker ladder, or all"),
    Column("measure", "What is estimated for a system, or tested between two"),
    Column("goal", "What it shall be able to do, by the study's `analysis`; empty: nothing is asked for"),
)
EXPECTED = Table(
    "power",
    "What this study will be able to show",
    (
        *_ABOUT,
        Column("listeners", "Listeners who finish"),
        Column("used", "Of these, with answers that count"),
        Column("speakers", "Speakers heard"),
        Column("answers", "Answers for each system"),
        Column("design_effect", "Variance of the mean over that of as many independent answers"),
        Column("half_width", "Expected half width of the interval"),
        Column("best_half_width", "The least that more listeners could bring, with these speakers"),
        Column("power", "Probability that the goal is reached"),
        Column("listeners_needed", "Listeners for the width, or for a power of 80 %; empty where no number will do"),
        Column("simulated_half_width", "Mean half width in simulated studies"),
        Column("simulated_power", "Share of simulated studies that reached the goal"),
        Column("runs", "Simulated studies"),
        Column("note", "What is missing or doubtful"),
    ),
    reading=(
        "Narrower intervals and a power of 0.8 or more are what to look for. Where no number of listeners will do, the "
        "study needs more speakers."
    ),
    method=(
        "V = s_L/L + s_S/S + s_E/n from the plan and the assumptions; half width by Student's t with Satterthwaite's "
        "degrees of freedom (1946, doi 10.2307/3002019); power of differences by the noncentral t, of equivalence to "
        "chance by two one-sided tests (Schuirmann 1987, doi 10.1007/BF01068419), given the truth."
    ),
    caution=(
        "As good as the assumptions, which are listed: none of them is measured in this study. Take them from a pilot "
        "study where there is one."
    ),
)
CURVES = Table(
    "power_curve",
    "What other numbers of listeners would bring",
    (
        *_ABOUT,
        Column("listeners", "Listeners who finish"),
        Column("half_width", "Expected half width of the interval"),
        Column("power", "Probability that the goal is reached"),
    ),
    reading="Where the curve flattens, more listeners bring nothing: more speakers would.",
    method=EXPECTED.method,
    caution=EXPECTED.caution,
)
TRIALS = Table(
    "sample_size",
    "Answers that a goal takes",
    (
        Column("goal", "What shall be shown for one system"),
        Column("independent", "Independent answers for it, with a power of 80 % (for a width: expected)"),
        Column("design_effect", "By how much answers that share listeners and speakers count less, in this plan"),
        Column("answers", "Answers for each system, by this plan's listeners and speakers"),
    ),
    reading="Textbook numbers hold for independent answers; those of a listening study are not.",
    method=(
        "Exact binomial tests, one-sided at 5 % and two one-sided at 5 % each (in fives); z sd/√n for a mean. Design "
        "effect: V over the variance of as many independent answers (Kish 1965, Survey Sampling)."
    ),
    caution="The design effect is that of the planned listeners and speakers, and changes with both.",
)


def expected(study: Study, clips: Sequence[StudyClip], assumed: Assumptions | None = None, **how: Any) -> Table:
    """The table `power`: the first of `tables`, which see."""
    return tables(study, clips, assumed, **how)[0]


def tables(
    study: Study,
    clips: Sequence[StudyClip],
    assumed: Assumptions | None = None,
    *,
    listeners: int | None = None,
    runs: int = 0,
    seed: int = 1,
    done: Callable[[int, int], None] = lambda done, of: None,
) -> list[Table]:
    """`power`, `power_curve` and `sample_size` of a study that nobody has taken.

    Args:
        listeners: who finish; the places of the study unless given.
        runs: simulated studies for each row of `power`; none when 0.
        seed: of these.
        done: called with (rows done, rows in all) as the simulation goes on.

    Raises:
        StudyError: if the study is not feasible.
    """
    assumed = assumed or Assumptions()
    finish = listeners or study.limits.listeners
    used = max(1, round(finish * assumed.used))
    found = list(goals(study, design.conditions(study, clips, used), assumed, used))
    rows = []
    for number, goal in enumerate(found):
        rng = np.random.default_rng([seed, number])
        rows.append(_row(goal, finish, assumed) | _tried(goal, assumed, runs, rng))
        done(number + 1, len(found))
    curves = [row for goal in found for row in _curve(goal, finish, assumed)]
    notes = [_assumptions(assumed)]
    return [
        EXPECTED.filled(rows, notes=notes),
        CURVES.filled(curves),
        TRIALS.filled(_trials(study, found, assumed)),
    ]


def _about(goal: Goal) -> dict[str, Any]:
    one = goal.conditions[0]
    names = {name: getattr(one, name) for name in ("task", "question", "pair", "rung")}
    return {**names, "measure": goal.measure, "goal": goal.words}


def _row(goal: Goal, finish: int, assumed: Assumptions) -> dict[str, Any]:
    one, spread = goal.conditions[0], goal.spread
    needed = goal.needed()
    aimed = not math.isnan(goal.wanted) and spread is not None
    return {
        **_about(goal),
        "listeners": finish,
        "used": goal.used,
        "speakers": len(np.unique(np.concatenate([one.speakers, one.others]))),
        "answers": len(one.listeners),
        "design_effect": spread.value / goal.independent if spread else math.nan,
        "half_width": goal.half_width(spread),
        "best_half_width": goal.best_half_width(),
        "power": goal.power(spread),
        "listeners_needed": math.ceil(needed / assumed.used) if needed else None,
        "note": goal.note or (_hopeless(goal) if aimed and needed is None else ""),
    }


def _hopeless(goal: Goal) -> str:
    aim = "that narrow an interval" if goal.aim == "width" else f"a power of {POWER:.0%}".replace("%", " %")
    heard = len(np.unique(goal.conditions[0].speakers))
    return f"No number of listeners brings {aim} with these {heard} speakers: add speakers."


def _tried(goal: Goal, assumed: Assumptions, runs: int, rng: np.random.Generator) -> dict[str, Any]:
    if not runs or goal.spread is None:
        return {}
    found = simulated.tried(goal, assumed, runs, rng)
    return {"simulated_half_width": found.half_width, "simulated_power": found.power, "runs": runs}


def _curve(goal: Goal, finish: int, assumed: Assumptions) -> Iterator[dict[str, Any]]:
    for count in sorted({*CURVE, finish}) if goal.spread else ():
        spread = goal.with_listeners(max(1, round(count * assumed.used)))
        yield {
            **_about(goal),
            "listeners": count,
            "half_width": goal.half_width(spread),
            "power": goal.power(spread),
        }


def _trials(study: Study, found: Sequence[Goal], assumed: Assumptions) -> Iterator[dict[str, Any]]:
    """Goals for independent answers, and how many that are in this plan."""
    decided = study.analysis
    share = _design_effect(found, ("pair", "share"), moments.share(assumed))
    rating = _design_effect(found, ("rating",), moments.rating(assumed))
    margin, width = decided.auc_margin, decided.mos_difference / 2
    sd = math.sqrt(moments.rating(assumed).whole)
    within = f"{100 * margin:g} points"
    for goal, trials, effect in (
        (f"{TELL:.0%} right answers are told from 50 %".replace("%", " %", 1), chances.trials_to_tell(TELL), share),
        (f"50 % right answers are shown to be within {within} of it", chances.trials_for_equivalence(margin), share),
        (f"mean rating ± {width:g}", chances.trials_for_width(width, sd, decided.confidence), rating),
    ):
        many = math.nan if math.isnan(effect) else math.ceil(trials * effect)
        yield {"goal": goal, "independent": trials, "design_effect": effect, "answers": many}


def _design_effect(found: Sequence[Goal], kinds: Sequence[str], parts: moments.Parts) -> float:
    """Of a mean of such answers in the first condition of one of the kinds, the kinds in turn; NaN if there is none."""
    for kind in kinds:
        if one := next((goal.conditions[0] for goal in found if goal.conditions[0].kind == kind), None):
            return of_mean(one, parts).value / (parts.whole / len(one.listeners))
    return math.nan


def _assumptions(assumed: Assumptions) -> str:
    from dataclasses import asdict

    return "Assumed: " + ", ".join(f"{name} {value:g}" for name, value in asdict(assumed).items()) + "."
