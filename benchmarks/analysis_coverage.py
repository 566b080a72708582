"""python -m benchmarks.analysis_coverage [RUNS]: do the 95 % intervals cover the truth? Studies whose truth is known.

For 8, 20 and 40 speakers and three mixes of variance, 2,000 studies each. A cell that is done is kept in
results/analysis_coverage.json, so that an interrupted run goes on from there; docs/analysis.md holds the table.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.results import RESULTS, write_result
from listening_test.analysis import crossed, equivalence, resampling, within
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.worlds import Pairs, PairWorld, Ratings, RatingWorld

NAME = "analysis_coverage"
RUNS, LISTENERS, REPLICATES, PROCESSES = 2000, 40, 400, 2
SPEAKERS = (8, 20, 40)
MIXES = {"listeners differ": (0.8, 0.2), "speakers differ": (0.2, 0.8), "both differ": (0.5, 0.5)}
"""Standard deviations between listeners and between speakers: of ratings in points, of d' in units of d'."""
MARGIN = 0.1
SEED = 20_261_121
Z95 = 1.959964


def main(runs: int = RUNS) -> None:
    """Every cell that is not there yet."""
    done = _kept(runs)
    with ProcessPoolExecutor(PROCESSES) as pool:
        cells = [(speakers, mix) for speakers in SPEAKERS for mix in MIXES if _key(speakers, mix) not in done]
        for (speakers, mix), found in zip(cells, pool.map(partial(_cell, runs), cells), strict=True):
            done[_key(speakers, mix)] = found
            write_result(NAME, {"runs": runs, "listeners": LISTENERS, "cells": done})
            print(_key(speakers, mix), json.dumps(found), flush=True)


def _kept(runs: int) -> dict[str, Any]:
    path = RESULTS / f"{NAME}.json"
    old = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return dict(old["cells"]) if old.get("runs") == runs else {}


def _key(speakers: int, mix: str) -> str:
    return f"{speakers} speakers, {mix}"


def _cell(runs: int, cell: tuple[int, str]) -> dict[str, float]:
    """Coverage of every interval, and how often the equivalence test errs at its margin; shares of runs."""
    return {**coverage_of_means(*cell, runs), **coverage_of_areas(*cell, runs), **false_declarations(*cell, runs)}


def coverage_of_means(speakers: int, mix: str, runs: int) -> dict[str, float]:
    """MOS: the mixed model, the bootstrap, and all ratings pooled as other tools do."""
    world = rating_world(speakers, mix)
    truth, rng = world.truth(), np.random.default_rng([SEED, speakers, *map(ord, mix)])
    hits = [[_covers(one, truth) for one in _means(world.draw(rng), rng)] for _ in range(runs)]
    return dict(zip(("mos", "mos_bootstrap", "mos_pooled"), np.mean(hits, 0).tolist(), strict=True))


def rating_world(speakers: int, mix: str) -> RatingWorld:
    """40 listeners who rate four voices each."""
    listener, speaker = MIXES[mix]
    return RatingWorld(LISTENERS, speakers, sd_listener=listener, sd_speaker=speaker)


def _means(drawn: Ratings, rng: np.random.Generator) -> Iterator[Estimate]:
    values = drawn.values
    yield crossed.mean(values, drawn.listeners, drawn.speakers, rng=rng)
    yield resampling.interval(
        lambda weights: weights @ values / weights.sum(1),
        drawn.listeners, drawn.speakers, rng=rng, replicates=REPLICATES,
    )  # fmt: skip
    half = Z95 * values.std(ddof=1) / math.sqrt(len(values))
    yield Estimate(values.mean(), values.mean() - half, values.mean() + half)


def coverage_of_areas(speakers: int, mix: str, runs: int) -> dict[str, float]:
    """Within-listener AUC, and the AUC of all answers pooled with the interval for independent ones."""
    world = pair_world(speakers, mix)
    truth, rng = world.truth(np.random.default_rng(SEED)), np.random.default_rng([SEED, speakers, *map(ord, mix), 1])
    hits = [[_covers(one, truth) for one in _areas(world.draw(rng))] for _ in range(runs)]
    return {"true_auc": truth, **dict(zip(("auc", "auc_pooled"), np.mean(hits, 0).tolist(), strict=True))}


def pair_world(speakers: int, mix: str) -> PairWorld:
    """40 listeners with eight pairs each, on a scale of six points."""
    listener, speaker = MIXES[mix]
    return PairWorld(LISTENERS, speakers, sd_listener=listener, sd_speaker=speaker)


def _areas(drawn: Pairs) -> Iterator[Estimate]:
    yield within.auc(drawn.scores, drawn.same, drawn.listeners, drawn.speakers, drawn.others)
    yield pooled_area(drawn.scores[drawn.same], drawn.scores[~drawn.same])


def pooled_area(same: Any, different: Any) -> Estimate:
    """AUC of pooled answers with DeLong's interval for independent ones (DeLong et al. 1988, doi 10.2307/2531595)."""
    above = np.sign(same[:, None] - different[None, :]) / 2 + 0.5
    value = above.mean()
    se = math.sqrt(above.mean(1).var(ddof=1) / len(same) + above.mean(0).var(ddof=1) / len(different))
    return Estimate(value, value - Z95 * se, value + Z95 * se)


def false_declarations(speakers: int, mix: str, runs: int) -> dict[str, float]:
    """How often listeners are declared at chance when they are at the margin exactly; at most 5 % is promised."""
    world = at_the_margin(pair_world(speakers, mix))
    rng = np.random.default_rng([SEED, speakers, *map(ord, mix), 2])
    declared = [equivalence.of(_within(world.draw(rng)), MARGIN).declared for _ in range(runs)]
    return {"false_declarations": float(np.mean(declared))}


def _within(drawn: Pairs) -> Estimate:
    return within.auc(drawn.scores, drawn.same, drawn.listeners, drawn.speakers, drawn.others)


def at_the_margin(world: PairWorld) -> PairWorld:
    """The world with the d' at which its true AUC is 0.5 + MARGIN."""
    from scipy import optimize

    def beyond(d_prime: float) -> float:
        return replace(world, d_prime=d_prime).truth(np.random.default_rng(SEED)) - 0.5 - MARGIN

    return replace(world, d_prime=float(optimize.brentq(beyond, 0, 1.5, xtol=1e-4)))


def _covers(one: Estimate, truth: float) -> bool:
    return bool(one.low <= truth <= one.high)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
