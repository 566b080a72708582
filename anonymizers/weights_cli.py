"""python -m anonymizers fetch KEY: get a system's weights; and how weights are listed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anonymizers import licences, registry, runner, weights
from anonymizers.base import AnonymizerError
from anonymizers.terminal import progress_bar
from anonymizers.weights import WeightRef, megabytes
from anonymizers.weights_ready import prepare_weights

EXAMPLE = "example: python -m anonymizers fetch knn-vc"


def add(commands: Any) -> None:
    """The command, to those of `python -m anonymizers`."""
    one = commands.add_parser(
        "fetch",
        help="get the weights that a system needs, or check those that are here",
        description="Get the weights that a system needs. Those that are here are read in full and compared with the "
        "published ones. Stopped or cut off, the same command goes on where it was.",
        epilog=EXAMPLE,
    )
    one.add_argument("key", help="the system: see 'list'")
    one.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter that other weights belong to"
    )
    one.add_argument(
        "--accept-licence",
        action="append",
        default=[],
        metavar="NAME",
        help="accept a licence by its exact name; may be repeated",
    )
    one.add_argument("--json", action="store_true", help="print what is here, as JSON")
    one.set_defaults(do=fetch)


def fetch(args: argparse.Namespace) -> int:
    """Get the weights of a system."""
    params = runner.check_params(registry.info(args.key), dict(assignment(text) for text in args.set))
    refs = registry.needs(args.key, params)
    _accept(refs, args.accept_licence)
    try:
        with progress_bar() as progress:
            prepare_weights(refs, progress=progress, thorough=True)
    except KeyboardInterrupt:
        raise AnonymizerError("Stopped; what has come is kept, and the same command goes on from there.") from None
    if args.json:
        print(json.dumps({"system": args.key, "weights": [listed(ref) for ref in refs]}, indent=1))
    else:
        for ref in refs:
            print(f"{ref.title}: here, {megabytes(weights.size_bytes(ref))}, {weights.located(ref)}", file=sys.stderr)
        if not refs:
            print(f"{args.key} needs no weights.", file=sys.stderr)
    return 0


def assignment(text: str) -> tuple[str, str]:
    """NAME=VALUE.

    Raises:
        AnonymizerError: if it is not.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise AnonymizerError(f"--set takes NAME=VALUE, but {text!r} came.")
    return name, value


def listed(ref: WeightRef) -> dict[str, Any]:
    """All that is to be said of weights, here and now; JSON-ready."""
    folder: Path | None = weights.located(ref)
    return {
        **weights.described(ref),
        "here": folder is not None,
        "folder": str(folder) if folder else "",
        "bytes_on_disk": weights.size_bytes(ref),
        "accepted": licences.accepted(ref),
    }


def line(ref: WeightRef) -> str:
    """Weights on one line."""
    size = megabytes(ref.bytes) if ref.bytes else "size not known"
    gone = "not here" if ref.source != "here" else f"not here: python -m training {ref.recipe}"
    where = "here" if weights.located(ref) else gone
    terms = "" if ref.commercial else f", not for commercial use, {_state(ref)}"
    return f"weights {ref.id}   {size}   {ref.licence}{terms}   {where}"


def _state(ref: WeightRef) -> str:
    return "accepted" if licences.accepted(ref) else "to be accepted"


def _accept(refs: Sequence[WeightRef], names: Sequence[str]) -> None:
    """Accept the licences of these names.

    Raises:
        AnonymizerError: if none of the weights is under one of that name.
    """
    for name in names:
        if not (meant := [ref for ref in refs if ref.licence == name]):
            there = ", ".join(dict.fromkeys(repr(ref.licence) for ref in refs)) or "none"
            raise AnonymizerError(f"--accept-licence takes the exact name of one of {there}, but {name!r} came.")
        for ref in meant:
            licences.accept(ref, name)
