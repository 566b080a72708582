"""What can be asked on the command line, and what it means."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymizers.base import AnonymizerError
from evaluation.batch import RunError

if TYPE_CHECKING:
    from evaluation.corpus import Corpus
    from evaluation.pipeline import Request

RUN_EXAMPLE = (
    "example: python -m evaluation run --data corpus --systems mcadams,pitch-formant --out runs/first --jobs 2"
)
SHOW_EXAMPLE = "example: python -m evaluation show runs/first"
REPORT_EXAMPLE = "example: python -m evaluation report runs/first --out first.html"
RECOGNISERS_EXAMPLE = "example: python -m evaluation recognisers --json"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main = argparse.ArgumentParser(
        prog="python -m evaluation", description="What machines say of anonymized speech.", epilog=RUN_EXAMPLE
    )
    commands = main.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run", help="anonymize a corpus and judge it", epilog=RUN_EXAMPLE)
    _add_data(one)
    _add_judges(one)
    _add_how(one)
    one = commands.add_parser("show", help="the main figures of a run", epilog=SHOW_EXAMPLE)
    one.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    one = commands.add_parser("report", help="a page of a run, in one HTML file", epilog=REPORT_EXAMPLE)
    one.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    one.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE", help="default: report.html")
    one = commands.add_parser("recognisers", help="who can hear, and what is missing", epilog=RECOGNISERS_EXAMPLE)
    one.add_argument("--json", action="store_true", help="as JSON")
    return main


def _add_data(one: Any) -> None:
    group = one.add_argument_group("what is judged")
    data = "a Kaldi-style directory, a folder with manifest.csv, or speaker/utterance.wav"
    group.add_argument("--data", type=Path, required=True, metavar="DIR", help=data)
    group.add_argument("--systems", required=True, metavar="A,B", help="see python -m anonymizers list")
    group.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the run goes, or goes on")
    group.add_argument(
        "--set", action="append", default=[], metavar="SYSTEM.NAME=VALUE", help="a parameter; may repeat"
    )
    group.add_argument("--split", default="", metavar="NAME", help="which part of the data")
    group.add_argument("--speakers", default="", metavar="A,B", help="these alone")
    group.add_argument("--exclude-speakers", default="", metavar="A,B", help="without these")
    group.add_argument("--corpus", action="append", default=[], metavar="NAME", help="this data set alone; may repeat")
    group.add_argument("--subset", type=_count, default=0, metavar="N", help="at most N utterances a speaker")
    group.add_argument("--least", type=_count, default=1, metavar="N", help="speakers with at least N utterances")


def _add_judges(one: Any) -> None:
    group = one.add_argument_group("who judges")
    group.add_argument("--attackers", metavar="A,B", help="default: all that need no download; none for none")
    group.add_argument("--words", metavar="A,B", help="recognisers of words; default: an offline one; none for none")
    group.add_argument("--emotion", metavar="A,B", help="recognisers of emotions; default: an offline one; or none")
    protocols = "single, multi, given; default: given where the data brings lists, else the others"
    group.add_argument("--protocols", default="", metavar="A,B", help=protocols)
    group.add_argument("--train", type=Path, metavar="DIR", help="speech of other speakers, to learn from")
    group.add_argument("--train-corpus", action="append", default=[], metavar="NAME", help="of that, this alone")
    group.add_argument("--train-subset", type=_count, default=0, metavar="N", help="of that, at most N a speaker")
    tune = "train the house attacker's network for N steps on each system's output of --train (default: 0; try 300)"
    group.add_argument("--tune", type=_count, default=0, metavar="N", help=tune)
    group.add_argument("--tune-minutes", type=float, default=60.0, metavar="M", help="at most, a system (default: 60)")
    group.add_argument("--no-control", action="store_true", help="without the trust check's control")
    group.add_argument("--quality", choices=("yes", "no"), help="DNSMOS, seconds a file; default: up to 200 utterances")
    group.add_argument("--replicates", type=_count, default=1000, metavar="N", help="for intervals (default: 1000)")


def _add_how(one: Any) -> None:
    group = one.add_argument_group("how")
    group.add_argument(
        "--level", choices=("utterance", "speaker"), default="utterance", help="a pseudo-speaker per ..."
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of pseudo-speakers, trials and intervals")
    group.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes (default: 1)")
    group.add_argument("--ray", default="", metavar="ADDRESS", help="a Ray cluster instead: host:port, or auto")
    group.add_argument("--retry", action="store_true", help="try again what failed in an earlier run")


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _names(text: str | None) -> tuple[str, ...] | None:
    """What commas separate; None where nothing was said."""
    if text is None:
        return None
    names = dict.fromkeys(name.strip() for name in text.split(","))
    return () if text.strip() == "none" else tuple(name for name in names if name)


def request_of(args: argparse.Namespace) -> Request:
    """What the arguments of `run` ask for.

    Raises:
        CorpusError, AnonymizerError, RunError: if the data cannot be read, or an argument is none.
    """
    from evaluation.corpus import load, select
    from evaluation.pipeline import Request

    corpus = select(
        load(args.data, split=args.split),
        speakers=_names(args.speakers) or (),
        exclude=_names(args.exclude_speakers) or (),
        corpora=args.corpus,
        least=args.least,
        subset=args.subset,
        seed=args.seed,
    )
    systems = _names(args.systems) or ()
    if args.out.resolve().is_relative_to(args.data.resolve()):
        raise RunError(
            f"--out {args.out} lies in --data {args.data}, so results would be taken for data: name another."
        )
    if not systems:
        raise RunError("--systems names at least one system, but none came: see python -m anonymizers list.")
    return Request(
        corpus=corpus,
        systems=systems,
        out=args.out,
        seed=args.seed,
        level=args.level,
        params=_params(args.set),
        attackers=_names(args.attackers),
        words=_names(args.words),
        emotions=_names(args.emotion),
        protocols=_names(args.protocols) or (),
        control=not args.no_control,
        quality=None if args.quality is None else args.quality == "yes",
        train=_train(args),
        tune=args.tune,
        tune_minutes=args.tune_minutes,
        processes=max(1, args.jobs),
        ray=args.ray,
        retry=args.retry,
        replicates=max(1, args.replicates),
        command=tuple(args.typed),
    )


def _train(args: argparse.Namespace) -> Corpus | None:
    from evaluation.corpus import load, select

    if args.train is None:
        return None
    return select(load(args.train), corpora=args.train_corpus, subset=args.train_subset, seed=args.seed)


def _params(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        system, dot, param = name.partition(".")
        if not (equals and dot):
            raise AnonymizerError(f"--set takes SYSTEM.NAME=VALUE, but {text!r} came.")
        found.setdefault(system, {})[param] = value
    return found
