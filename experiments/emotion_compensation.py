"""What emotion compensation keeps and what it gives away: the figures of docs/systems/emotion-compensation.md.

python -m experiments.emotion_compensation --data ../shared/data/dev --train ../shared/data/train --out runs/emotion

The house system with the emotion predicted from the source's vector, at several distances, and told the true one, on
EmoDB by boundaries and a recogniser that never heard the speaker; and lazy-informed attackers on read speech. Killed
and run again, it goes on where it was. OUT/emotion_compensation.md has the tables.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from anonymizers.emotion_compensation import EMOTIONS
from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.recognition import recalls, uar_interval
from experiments import house, house_runs
from experiments.house_figures import Study
from experiments.house_paired import SEED, eer_difference, uar_difference_of
from experiments.house_plan import ORIGINAL, Cell, Job
from experiments.house_tables import ATTACKERS, eer, percent
from training.cards import table

OFF = Cell("off")
DISTANCES = (4.0, 8.0, 30.0)
TOLD_AT = (30.0,)
ATTACKED = (("predicted", 4.0), ("predicted", 30.0), ("neutral", 30.0))
"""The last is the same for everybody: it says nothing of the source, but all pseudo-speakers get more alike."""
PROTOCOLS = ("single", "multi")


def cell(asked: str, distance: float) -> Cell:
    """House with that setting and distance."""
    params = {"emotion_compensation": asked, "emotion_distance": distance}
    return Cell(f"{asked}, {distance:g}", params=params)


def jobs() -> list[Job]:
    """Everything that is run."""
    acted = [OFF, *(cell("predicted", one) for one in DISTANCES)]
    acted += [cell(emotion, one) for one in TOLD_AT for emotion in EMOTIONS]
    attacked = [Job("lazy", one) for one in (ORIGINAL, OFF, *(cell(*one) for one in ATTACKED))]
    return [Job("acted", ORIGINAL), *(Job("acted", one) for one in acted), *attacked]


def answers(study: Study) -> Iterator[tuple[str, pd.DataFrame]]:
    """What the recogniser said of every clip, by condition."""
    yield "original", study.table("emotions", "acted", [ORIGINAL])
    yield "off", study.table("emotions", "acted", [OFF])
    for distance in DISTANCES:
        yield f"predicted, {distance:g}", study.table("emotions", "acted", [cell("predicted", distance)])
    for distance in TOLD_AT:
        yield f"the true one, {distance:g}", told(study, distance)


def told(study: Study, distance: float) -> pd.DataFrame:
    """The answers where each clip was moved to the emotion that it acts."""
    moved = {emotion: study.table("emotions", "acted", [cell(emotion, distance)]) for emotion in EMOTIONS}
    return pd.concat([one[one["truth"] == emotion] for emotion, one in moved.items()], ignore_index=True)


def emotion_table(study: Study) -> str:
    """UAR and recalls of every condition, and how much its UAR differs from that without compensation."""
    found = dict(answers(study))
    rows = []
    for name, one in found.items():
        truth, said, who = (one[column].tolist() for column in ("truth", "said", "speaker"))
        rows.append({
            "what": name,
            "uar": percents(uar_interval(truth, said, who, rng=np.random.default_rng(SEED))),
            **{emotion: f"{100 * share:.0f}" for emotion, share in recalls(truth, said).items()},
            "less": "" if name in ("original", "off") else percents(uar_difference_of(one, found["off"]), "+"),
        })  # fmt: skip
    heads = {"what": "Emotion, distance", "uar": "UAR", **{name: name for name in EMOTIONS}, "less": "less that of off"}
    return table(rows, heads)


def attacked_table(study: Study) -> str:
    """EER of lazy-informed attackers without and with compensation, and the differences by the same trials."""
    moved, rows = [cell(*one) for one in ATTACKED], []
    for attacker in ATTACKERS:
        for protocol in PROTOCOLS:
            row = {"who": f"{attacker}, {protocol}"}
            for one in (OFF, *moved):
                found = eer(study.figures("lazy", [one]), one.title, attacker, "lazy-informed", protocol)
                row[one.title] = percent(found)
            for one in moved:
                less = eer_difference(study, "lazy", attacker, protocol, one, OFF)
                row[f"less {one.title}"] = percents(less, "+")
            rows.append(row)
    heads = {"who": "Attacker, enrolment", **{one.title: one.title for one in (OFF, *moved)}}
    return table(rows, {**heads, **{f"less {one.title}": f"{one.title}, less off" for one in moved}})


def percents(interval: Interval, sign: str = "") -> str:
    """An estimate in % with its interval: 66.0 [64.2, 67.7]."""
    value, low, high = (f"{100 * one:{sign}.1f}" for one in (interval.value, interval.low, interval.high))
    return f"{value} [{low}, {high}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if a run failed."""
    parser = argparse.ArgumentParser(prog="python -m experiments.emotion_compensation", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="read and acted speech, with a manifest")
    parser.add_argument("--train", type=Path, required=True, help="speech of other speakers")
    parser.add_argument("--out", type=Path, required=True, help="where the runs go, or go on")
    asked = parser.parse_args(argv)
    places = ["--data", str(asked.data), "--train", str(asked.train), "--out", str(asked.out), "--jobs", "1"]
    failed = 0
    for job, said in house_runs.carry_out(jobs(), house.parser().parse_args(places)):
        print(f"{job.kind} {job.cell.name}: {said}", file=sys.stderr, flush=True)
        failed += said not in {"done", "there already"}
    if failed:
        return 1
    study = Study(asked.out)
    text = f"{emotion_table(study)}\n\n{attacked_table(study)}\n"
    (asked.out / "emotion_compensation.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
