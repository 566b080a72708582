"""The study of paper 001 in small: what do the offline systems do to speakers, words and acted emotions?

python -m experiments.paper_001 --data ../shared/data/dev --train ../shared/data/train --out runs/paper_001 --jobs 2

Two runs of `python -m evaluation run`: read speech (LibriSpeech and speechocean762, for EER and WER) and acted emotions
(EmoDB, for UAR and the three acoustic features). Killed and run again, it goes on where it was. The tables go to
OUT/paper_001.md; with --ship the runs' tables, without voices, embeddings or transcripts, are copied to a folder that
the app shows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation import summary
from evaluation.__main__ import main as evaluation
from experiments import paper_001_tables as tables

SYSTEMS = "mcadams,pitch-formant,f0-mean-reversion,prosody-scaling,devoiced,cascade-offline"
SEEN = "ls-4088,ls-4406,ls-5652,ls-8226"
"""Speakers of the read speech whom training data has, too."""
READ = ("LibriSpeech", "speechocean762")
LEARNED = "speechocean762"
"""What attackers learn from: of LibriSpeech the training data has one utterance a speaker, which teaches nothing of
what differs within speakers."""
SHIPPED = ("files", "emotions", "figures", "speakers", "curves", "confusion", "trust")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m experiments.paper_001", description=(__doc__ or "").split("\n")[0])
    made.add_argument("--data", type=Path, required=True, help="speech with the columns of a manifest, by data set")
    made.add_argument("--train", type=Path, help="speech of other speakers, for the attackers that learn")
    made.add_argument("--out", type=Path, required=True, help="where the runs go")
    made.add_argument("--ship", type=Path, help="a folder for the tables alone, e.g. assets/evaluations")
    made.add_argument("--jobs", default="2", help="processes")
    made.add_argument("--subset", default="6", help="utterances of each speaker of the read speech")
    made.add_argument("--train-subset", default="3", help="utterances of each speaker that attackers learn from")
    return made


def read_speech(args: argparse.Namespace) -> list[str]:
    """Arguments of the run over read speech."""
    asked = ["run", "--data", str(args.data), "--systems", SYSTEMS, "--out", str(args.out / "read")]
    asked += ["--exclude-speakers", SEEN, "--least", "2", "--subset", args.subset, "--jobs", args.jobs]
    asked += [word for name in READ for word in ("--corpus", name)]
    if args.train:
        asked += ["--train", str(args.train), "--train-subset", args.train_subset]
        asked += ["--train-corpus", LEARNED]
    return asked


def acted_speech(args: argparse.Namespace) -> list[str]:
    """Arguments of the run over acted emotions. Six speakers say little of privacy: it is without the control."""
    asked = ["run", "--data", str(args.data), "--systems", SYSTEMS, "--out", str(args.out / "emotional")]
    return [*asked, "--corpus", "EmoDB", "--no-control", "--jobs", args.jobs]


def report(out: Path) -> str:
    """The tables of both runs."""
    read, acted = (pd.read_parquet(out / name / "tables" / "figures.parquet") for name in ("read", "emotional"))
    confusion = pd.read_parquet(out / "emotional" / "tables" / "confusion.parquet")
    parts = [tables.privacy(read, "house", protocol) for protocol in ("single", "multi")]
    parts += [tables.attackers(read, "multi", attack) for attack in tables.ATTACKS[1:]]
    parts += [tables.words(read), tables.emotions(acted, confusion), tables.attributes(acted)]
    return "\n".join([*parts, *(tables.medians(acted, feature) for feature in tables.FEATURES)])


def ship(out: Path, folder: Path) -> None:
    """Copy what a page may show of both runs."""
    for run in ("read", "emotional"):
        target = folder / f"paper-001-{run}"
        (target / "tables").mkdir(parents=True, exist_ok=True)
        told = json.loads((out / run / "provenance.json").read_text(encoding="utf-8"))
        (target / "provenance.json").write_text(json.dumps(public(told, out), indent=1) + "\n", encoding="utf-8")
        for name in SHIPPED:
            shutil.copyfile(out / run / "tables" / f"{name}.parquet", target / "tables" / f"{name}.parquet")
        summary.write({"transcripts": summary.conformed("transcripts", [])}, target)  # the speakers' words stay theirs


def public(told: dict[str, Any], out: Path) -> dict[str, Any]:
    """A provenance without the folders and the name of the machine."""
    command = [word.replace(str(out), "OUT") for word in told.get("command", [])]
    versions = {name: version for name, version in told.get("versions", {}).items() if name != "platform"}
    return {**told, "command": command, "versions": versions}


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit status of the first run that failed, else 0."""
    args = parser().parse_args(argv)
    for asked in (read_speech(args), acted_speech(args)):
        if status := evaluation(asked):
            return status
    text = report(args.out)
    (args.out / "paper_001.md").write_text(text, encoding="utf-8")
    print(text)
    if args.ship:
        ship(args.out, args.ship)
    return 0


if __name__ == "__main__":
    sys.exit(main())
