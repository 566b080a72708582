"""What `python -m listening_test` takes."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from listening_test.store_records import Origin

EXAMPLES = {
    "": "example: python -m listening_test check assets/studies/demo.yaml",
    "check": "example: python -m listening_test check assets/studies/demo.yaml",
    "render": "example: python -m listening_test render assets/studies/demo.yaml --jobs 2",
    "open": "example: python -m listening_test open demo --public-url https://listen.example.org",
    "close": "example: python -m listening_test close demo",
    "list": "example: python -m listening_test list --json",
    "serve": "example: python -m listening_test serve --port 7860 --workers 4",
    "simulate": "example: python -m listening_test simulate demo --listeners 20 --d-prime mcadams=0.8",
    "export": "example: python -m listening_test export demo answers.csv --format csv",
    "analyse": "example: python -m listening_test analyse demo --table mos",
    "report": "example: python -m listening_test report demo --out report.html",
    "power": "example: python -m listening_test power my-study.yaml --listeners 60 --simulate 200",
    "preregister": "example: python -m listening_test preregister my-study.yaml --out prereg.md",
}
EVERYBODY: tuple[Origin, ...] = ("participant", "simulation", "preview")
ORIGINS: dict[str, tuple[Origin, ...]] = {**{origin: (origin,) for origin in EVERYBODY}, "all": EVERYBODY}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main = argparse.ArgumentParser(
        prog="python -m listening_test", description="Blind listening studies.", epilog=EXAMPLES[""]
    )
    commands = main.add_subparsers(dest="command", required=True)
    _add(commands, "check", "is a study feasible? Needs no database", database=False)
    one = _add(commands, "render", "put a study into the database and render its sounds")
    one.add_argument("--jobs", type=_count, default=1, metavar="N", help="processes (default: 1)")
    one = _add(commands, "open", "freeze a rendered study, let listeners in, print its link")
    one.add_argument("--public-url", default="", metavar="URL", help="the address listeners see (default: PUBLIC_URL)")
    _add(commands, "close", "let nobody in any more")
    one = _add(commands, "list", "the studies in the database", study=False)
    one.add_argument("--json", action="store_true", help="as JSON")
    _add_serve(commands)
    _add_simulate(commands)
    _add_export(commands)
    _add_analyse(commands)
    _add_report(commands)
    _add_preregister(commands)
    _add_power(commands)
    return main


def _add(commands: Any, name: str, words: str, *, study: bool = True, database: bool = True) -> Any:
    one = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".", epilog=EXAMPLES[name])
    if study:
        one.add_argument("study", metavar="STUDY", help="a YAML file" + (", or a study's name" if database else ""))
    if database:
        one.add_argument(
            "--database", default="", metavar="URL", help="default: DATABASE_URL, else data/voiceveil.db (SQLite)"
        )
    return one


def _add_serve(commands: Any) -> None:
    one = _add(commands, "serve", "serve the listeners' pages alone", study=False)
    one.add_argument("--host", default="127.0.0.1", help="address it listens on (default: 127.0.0.1)")
    one.add_argument("--port", type=_count, default=7860, help="port it listens on (default: 7860)")
    one.add_argument("--workers", type=_count, default=1, metavar="N", help="processes (default: 1)")


def _add_simulate(commands: Any) -> None:
    one = _add(commands, "simulate", "have listeners of known abilities take a study that is ready or open")
    one.add_argument("--listeners", type=_count, default=20, metavar="N", help="how many (default: 20)")
    one.add_argument("--at-once", type=_count, default=20, metavar="N", help="at the same time (default: 20)")
    one.add_argument("--seed", type=_seed, default=0, metavar="N", help="of their answers (default: 0)")
    one.add_argument(
        "--think-s", type=_positive, default=0.0, metavar="S", help="mean pause before an answer (default: 0)"
    )
    one.add_argument("--language", default="en", help="of the pages (default: en)")
    for name, words in (("d-prime", "d' for speakers"), ("mos", "expected rating, 1 to 5")):
        one.add_argument(f"--{name}", action="append", default=[], metavar="SYSTEM=X", help=f"{words}; may be repeated")
    one.add_argument("--sd", type=_positive, default=0.8, metavar="X", help="of ratings (default: 0.8)")
    one.add_argument("--bias-sd", type=_positive, default=0.0, metavar="X", help="of listeners' biases (default: 0)")
    one.add_argument("--lapse-rate", type=_share, default=0.02, metavar="X", help="random answers (default: 0.02)")
    one.add_argument("--inattentive", type=_share, default=0.0, metavar="X", help="share of listeners (default: 0)")
    one.add_argument(
        "--base-url", default="", metavar="URL", help="where the pages are (default: served for the while)"
    )
    one.add_argument("--json", action="store_true", help="print how it went as JSON")


def _add_export(commands: Any) -> None:
    one = _add(commands, "export", "write all answers as one tidy table, with a codebook beside it")
    one.add_argument("output", type=Path, metavar="OUT", help="the file to write")
    one.add_argument("--format", choices=("csv", "parquet", "sqlite"), help="default: by the file's name, else csv")
    one.add_argument("--origin", choices=tuple(ORIGINS), default="participant", help="whose (default: participant)")
    one.add_argument("--version", type=_count, metavar="N", help="of the study (default: the latest)")


def _add_analyse(commands: Any) -> None:
    one = _add(commands, "analyse", "estimates from the answers of a study, with intervals")
    how = one.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="everything as JSON")
    how.add_argument("--out", type=Path, metavar="DIR", help="write a CSV file for each table, and results.json")
    one.add_argument("--table", action="append", default=[], metavar="KEY", help="only this table; may be repeated")
    one.add_argument(
        "--answers", type=Path, metavar="FILE", help="an exported file in place of the database; STUDY is the YAML file"
    )
    _add_whose(one)


def _add_report(commands: Any) -> None:
    one = _add(commands, "report", "write methods, results and answers as one HTML file")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="the HTML file to write")
    _add_whose(one)


def _add_preregister(commands: Any) -> None:
    one = _add(commands, "preregister", "write what is decided before a study opens, with its digest")
    one.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write: .md or .json")
    one.add_argument("--version", type=_count, metavar="N", help="of the study (default: the latest)")


def _add_power(commands: Any) -> None:
    one = _add(commands, "power", "how precise will a study be, and what will it be able to show? Before it opens")
    one.add_argument("--listeners", type=_count, metavar="N", help="who finish (default: the study's places)")
    one.add_argument(
        "--simulate",
        type=_seed,
        default=0,
        metavar="RUNS",
        help="check the formulas with simulated studies (default: 0)",
    )
    one.add_argument("--seed", type=_seed, default=1, metavar="N", help="of the simulated studies (default: 1)")
    one.add_argument(
        "--assume", action="append", default=[], metavar="NAME=X", help="e.g. rating_sd_listener=0.6; may be repeated"
    )
    one.add_argument("--json", action="store_true", help="everything as JSON")


def _add_whose(one: Any) -> None:
    one.add_argument("--origin", choices=tuple(ORIGINS), default="participant", help="whose (default: participant)")
    one.add_argument("--version", type=_count, metavar="N", help="of the study (default: the latest)")


def _number(text: str, kind: type, low: float, high: float, words: str) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{words} was expected, but {text!r} came")
    return number


def _count(text: str) -> int:
    return _number(text, int, 1, 1_000_000, "a whole number from 1")


def _seed(text: str) -> int:
    return _number(text, int, 0, 2**63, "a whole number from 0")


def _positive(text: str) -> float:
    return _number(text, float, 0, 1e6, "a number from 0")


def _share(text: str) -> float:
    return _number(text, float, 0, 1, "a share from 0 to 1")
