"""What the house systems hide and what they keep, measured: the study behind docs/house.md and the models' card.

python -m experiments.house --data ../shared/data/dev --train ../shared/data/train --out runs/house --jobs 2

main: the house systems beside signal processing, attacked and heard. rules: how much of an EER is the choice of the
pseudo-speaker. timbre-style: paper 000's question. ablation: paper 001's, bottleneck x speaker x controls. Killed and
run again, it goes on where it was. Every part is runs of `python -m evaluation run` below OUT; OUT/figures.csv has all
their figures, OUT/*.md the tables and what they say.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments import house_page, house_runs
from experiments.house_plan import PARTS, jobs_of


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m experiments.house", description=(__doc__ or "").split("\n")[0])
    made.add_argument("--data", type=Path, required=True, help="read and acted speech, with a manifest")
    made.add_argument("--train", type=Path, required=True, help="speech of other speakers, for attackers that learn")
    made.add_argument("--out", type=Path, required=True, help="where the runs go, or go on")
    made.add_argument("--part", action="append", choices=tuple(PARTS), help="this alone; may repeat (default: all)")
    made.add_argument("--jobs", type=int, default=2, help="runs at once (default: 2)")
    made.add_argument("--subset", type=int, default=0, help="main: utterances a speaker (default: 0, all)")
    made.add_argument("--words-subset", type=int, default=6, help="main, words: clips a speaker (default: 6)")
    made.add_argument("--small", type=int, default=4, help="other parts: utterances a speaker (default: 4)")
    made.add_argument("--small-words", type=int, default=3, help="ablation, words: clips a speaker (default: 3)")
    made.add_argument("--train-subset", type=int, default=4, help="utterances a speaker to learn from (default: 4)")
    made.add_argument("--tune", type=int, default=300, help="steps of the tuned attacker (default: 300; 0: none)")
    made.add_argument("--tune-minutes", type=float, default=15.0, help="at most, a system (default: 15)")
    made.add_argument("--replicates", type=int, default=1000, help="for intervals (default: 1000)")
    made.add_argument("--page", type=Path, help="a Markdown page whose marked parts get the tables")
    made.add_argument("--card", type=Path, help="a model's card (.json) that gets the figures")
    made.add_argument("--no-runs", action="store_true", help="only what is there: tables, page and card anew")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; 1 if a run failed. The tables are made of what there is."""
    options = parser().parse_args(argv)
    parts, failed = tuple(options.part or PARTS), 0
    if not options.no_runs:
        for job, said in house_runs.carry_out(list(jobs_of(parts)), options):
            print(f"{job.kind} {job.cell.name}: {said}", file=sys.stderr, flush=True)
            failed += said not in {"done", "there already"}
    fragments = house_page.write(options)
    if options.page:
        house_page.fill(options.page, fragments)
    if options.card:
        house_page.to_card(options.card, options)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
