"""python -m evaluation run | show | report | recognisers"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymizers.base import AnonymizerError
from evaluation.batch import RunError
from evaluation.corpus import CorpusError
from evaluation.heard import HeardError
from evaluation.options import parser, request_of
from evaluation.recognisers.base import RecogniserError

if TYPE_CHECKING:
    from evaluation.pipeline import Ready

SENTENCES = (AnonymizerError, RunError, CorpusError, HeardError, RecogniserError)


def run(args: argparse.Namespace) -> int:
    """Anonymize and judge; 1 if any file failed."""
    from anonymizers.spread import THREADS
    from evaluation import pipeline
    from evaluation.bar import Bar

    os.environ.update(THREADS)  # of the workers: they are the parallel part
    ready = pipeline.prepare(request_of(args))
    for sentence in _beforehand(ready):
        print(sentence, file=sys.stderr)
    with Bar(ready.jobs) as bar:
        tally = pipeline.run(ready, now=lambda: datetime.now(UTC), tell=bar.tell)
    for sentence in (*tally.deaf, *tally.untuned):
        print(sentence, file=sys.stderr)
    print(
        f"{tally.done} done, {tally.earlier} were there already, {tally.failed} failed. "
        f"python -m evaluation show {args.out}",
        file=sys.stderr,
    )
    return 1 if tally.failed else 0


def _beforehand(ready: Ready) -> list[str]:
    """What there is to be known before hours go by."""
    corpus, train = ready.request.corpus, ready.train
    speakers = len({one.speaker for one in corpus.utterances})
    said = [f"{corpus.name} ({corpus.split}): {speakers} speakers, {len(corpus.utterances)} utterances."]
    said += [*corpus.problems, *(train.problems if train else ())]
    for protocol in ready.protocols:
        said += [f"{protocol.key}: {protocol.title}.", *protocol.notes]
    return said


def show(args: argparse.Namespace) -> int:
    """Print the main figures."""
    from evaluation.show import text

    print(text(_run(args.run)), end="")
    return 0


def report(args: argparse.Namespace) -> int:
    """Write the report."""
    from evaluation.report import write

    write(_run(args.run), args.out)
    print(args.out, file=sys.stderr)
    return 0


def _run(folder: Path) -> Any:
    from evaluation.runs import Run

    found = Run(folder)
    if not found.shows:
        raise RunError(" ".join(found.problems) or f"{folder}: a run with figures was expected, but it has none.")
    return found


def recognisers(args: argparse.Namespace) -> int:
    """Print who can hear."""
    from evaluation.recognisers.listing import text

    print(text(as_json=args.json))
    return 0


COMMANDS = {"run": run, "show": show, "report": report, "recognisers": recognisers}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 0: done, 1: failed, at least in part, 2: asked for wrongly."""
    typed = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(typed)
    args.typed = typed
    try:
        return COMMANDS[args.command](args)
    except SENTENCES as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'A file'} could not be used: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. What is done is kept: the same command goes on from there.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
