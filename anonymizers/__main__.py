"""python -m anonymizers list | fetch | run | batch"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from anonymizers import batch, registry, runner, weights_cli
from anonymizers.base import AnonymizerError, Param
from anonymizers.report import describe, versions
from anonymizers.terminal import progress_bar
from audio.clip import ClipError, decode, encode_wav

LIST_EXAMPLE = "example: python -m anonymizers list --json"
RUN_EXAMPLE = (
    "example: python -m anonymizers run mcadams in.wav out.wav --seed 7 --set alpha_min=0.8 --set alpha_max=0.8"
)
BATCH_EXAMPLE = (
    "example: python -m anonymizers batch --systems mcadams,devoiced --input voices --output anonymized --jobs 2"
)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main = argparse.ArgumentParser(prog="python -m anonymizers", description="Anonymize voices.", epilog=RUN_EXAMPLE)
    commands = main.add_subparsers(dest="command", required=True)
    one = commands.add_parser(
        "list", help="the systems, their parameters and whether they can run", epilog=LIST_EXAMPLE
    )
    one.add_argument("--json", action="store_true", help="as JSON")
    one.set_defaults(do=list_systems)
    weights_cli.add(commands)
    _add_run(commands)
    _add_batch(commands)
    return main


def _add_run(commands: Any) -> None:
    one = commands.add_parser("run", help="one file through one system", epilog=RUN_EXAMPLE)
    one.add_argument("key", help="the system: see 'list'")
    one.add_argument("input", type=Path, help="a sound file")
    one.add_argument("output", type=Path, help="the WAV file to write (16 bit)")
    one.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter; may be repeated")
    one.add_argument("--json", action="store_true", help="print how the sound came about, as JSON")
    _add_seed(one)
    one.add_argument("--speaker", default="", help="who speaks, for --level speaker")
    one.set_defaults(do=run_one)


def _add_batch(commands: Any) -> None:
    one = commands.add_parser("batch", help="a folder through several systems", epilog=BATCH_EXAMPLE)
    one.add_argument("--systems", required=True, metavar="A,B", help="systems, with commas between")
    one.add_argument(
        "--input", type=Path, required=True, metavar="DIR", help="a folder; its first folders name speakers"
    )
    one.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="results: DIR/<system>/<path>.wav and .json"
    )
    one.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (default: 1)")
    one.add_argument(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="spread over a Ray cluster instead: host:port, or auto for a running one",
    )
    _add_seed(one)
    one.set_defaults(do=run_batch)


def _add_seed(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--seed", type=int, default=0, metavar="N", help="another seed, another pseudo-speaker (default: 0)"
    )
    one.add_argument(
        "--level", choices=("utterance", "speaker"), default="utterance", help="a new pseudo-speaker per ..."
    )


def list_systems(args: argparse.Namespace) -> int:
    """Print the systems."""
    if args.json:
        print(json.dumps([_listed(key) for key in registry.keys()], indent=1))
        return 0
    for key in registry.keys():
        info, status = registry.info(key), registry.status(key)
        print(f"{key:20} {info.fidelity:17} {status.state:17} {info.summary}")
        if status.detail:
            print(f"{'':20} {status.detail}")
        for param in info.params:
            print(f"{'':20} --set {param.name}={param.default}   {_range(param)}")
        for ref in info.weights:
            print(f"{'':20} {weights_cli.line(ref)}")
    return 0


def _listed(key: str) -> dict[str, Any]:
    info, status = registry.info(key), registry.status(key)
    return {
        **{name: getattr(info, name) for name in ("key", "title", "family", "summary", "reference", "fidelity")},
        **{name: getattr(info, name) for name in ("published", "streaming", "keeps_timing", "caution")},
        "hides": sorted(info.hides),
        "sample_rate_hz": info.sample_rate,
        "status": status.state,
        "status_detail": status.detail,
        "params": [vars(param) for param in info.params],
        "weights": [weights_cli.listed(ref) for ref in info.weights],
    }


def _range(param: Param) -> str:
    if param.choices:
        return "one of " + ", ".join(param.choices)
    if param.minimum is not None:
        return f"{param.minimum:g} to {param.maximum:g} {param.unit}".rstrip()
    return param.kind


def run_one(args: argparse.Namespace) -> int:
    """Anonymize one file."""
    params = dict(weights_cli.assignment(text) for text in args.set)
    decoded = decode(args.input)
    how = {"params": params, "seed": args.seed, "level": args.level, "speaker": args.speaker}
    with progress_bar() as progress:
        result = runner.run(decoded.clip, args.key, progress=progress, **how)
    batch.write_whole(args.output, encode_wav(result.clip))
    if args.json:
        print(json.dumps({**describe(result), "notes": decoded.notes, "versions": versions()}, indent=1))
    else:
        for note in (*decoded.notes, *result.warnings):
            print(note, file=sys.stderr)
    return 0


def run_batch(args: argparse.Namespace) -> int:
    """Anonymize a folder; exit status 1 if any file failed."""
    from tqdm import tqdm

    systems = [key for key in args.systems.split(",") if key]
    for key in systems:
        registry.entry(key)
    if not args.input.is_dir():
        raise ClipError(f"--input is a folder of sound files, but {args.input} is none.")
    if args.jobs < 1:
        raise AnonymizerError(f"--jobs is at least 1, but {args.jobs} came.")
    todo = batch.tasks(args.input, args.output, systems, seed=args.seed, level=args.level)
    if not todo:
        raise ClipError(f"Sound files were expected below {args.input}, but there are none.")
    done = sum(task.is_done for task in todo)
    failures = 0
    with tqdm(total=len(todo), initial=done, unit="file", disable=None) as bar:
        for task, error in batch.run(todo, args.jobs, args.ray, progress=lambda _, doing: bar.set_description(doing)):
            bar.update()
            if error:
                failures += 1
                tqdm.write(f"{task.key} {task.source}: {error}", file=sys.stderr)
    print(f"{len(todo) - done - failures} done, {done} were there already, {failures} failed", file=sys.stderr)
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0: done, 1: failed, 2: asked for wrongly."""
    args = parser().parse_args(argv)
    try:
        return args.do(args)
    except (AnonymizerError, ClipError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'A file'} could not be used: {error.strerror}.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
