"""python -m listening_test check | render | open | close | list | serve | simulate | export | analyse | report | …"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from listening_test import commands_power, commands_results
from listening_test.arguments import ORIGINS, parser
from listening_test.command_line import default_database, find_study, is_file, open_store, study_file, write
from listening_test.study import StudyError

if TYPE_CHECKING:
    from listening_test.simulate import Crowd, Taken
    from listening_test.store import Store, StudyInfo


def check(args: argparse.Namespace) -> int:
    """Print what is wrong with a study, or worth knowing; exit status 1 if anything is wrong."""
    from listening_test import prepare

    study, clips = prepare.read(study_file(args.study))
    found = prepare.findings(study, clips)
    for one in found:
        where = f"{one.where}: " if one.where else ""
        print(f"{one.severity}: {where}{one.sentence}", file=sys.stderr if one.severity == "error" else sys.stdout)
    errors = sum(one.severity == "error" for one in found)
    if not errors:
        print(
            f"{study.name}: feasible, {len(clips)} clips, {len(study.systems)} systems, {study.limits.listeners} places"
        )
    return 1 if errors else 0


def render(args: argparse.Namespace) -> int:
    """Put a study into the database and render what it still needs."""
    from tqdm import tqdm

    from anonymizers.workers import Workers
    from listening_test import prepare

    with open_store(args) as store:
        file = is_file(args.study)
        info = prepare.put(store, study_file(args.study)) if file else find_study(store, args.study)
        with Workers(args.jobs) as workers, tqdm(unit="sound", disable=None) as bar:

            def planned(done: int, of: int) -> None:
                bar.total, bar.n = of, done
                bar.refresh()

            info = prepare.render(
                store, info, call=workers.call, jobs=args.jobs, planned=planned, rendered=lambda: bar.update() and None
            )
        count = len(store.stimuli(info.id))
    print(f"{info.name}, version {info.version}: {info.state}, {count} sounds")
    return 0


def open_study(args: argparse.Namespace) -> int:
    """Freeze a study, let listeners in, print where they go; and once in the life of a database, the payment key."""
    from listening_test.study import digest

    with open_store(args) as store:
        info = find_study(store, args.study)
        if info.state != "open":
            store.open_study(info.id, digest(info.study, info.clips))
        key = _payment_key(store)
    base = (args.public_url or os.environ.get("PUBLIC_URL", "") or "http://127.0.0.1:7860").rstrip("/")
    print(f"{base}/study/{info.link}")
    if key:
        print(f"Payment key: {key}", file=sys.stderr)
        print(
            "It opens the sealed ids of crowd platforms. Keep it: it is not stored and not shown again.",
            file=sys.stderr,
        )
    return 0


def _payment_key(store: Store) -> str:
    """The private half of a new payment key; "" where there is one."""
    from listening_test.store_records import StoreError, StoreUnavailable

    try:
        return store.make_payment_key()
    except StoreUnavailable:
        raise
    except StoreError:
        return ""


def close(args: argparse.Namespace) -> int:
    """Let nobody in any more."""
    with open_store(args) as store:
        info = find_study(store, args.study)
        store.close_study(info.id)
    print(f"{info.name}, version {info.version}: closed")
    return 0


def list_studies(args: argparse.Namespace) -> int:
    """Print the studies."""
    with open_store(args) as store:
        listed = [_listed(store, info) for info in store.studies()]
    if args.json:
        print(json.dumps(listed, indent=1, ensure_ascii=False))
        return 0
    for one in listed:
        print(f"{one['name']:24} {one['version']:>3} {one['state']:10} {one['finished']:>5} finished  {one['title']}")
    return 0


def _listed(store: Store, info: StudyInfo) -> dict[str, Any]:
    watch = store.counts(info.id)
    return {
        **{name: getattr(info, name) for name in ("name", "version", "state", "title", "digest")},
        **{name: getattr(watch, name) for name in ("enrolled", "taking", "finished", "screened_out", "abandoned")},
        "places": info.study.limits.listeners,
        "path": f"/study/{info.link}",
    }


def serve(args: argparse.Namespace) -> int:
    """Serve the listeners' pages until stopped."""
    from listening_test.http import serve as server

    server.serve(args.database or default_database(), args.host, args.port, args.workers)
    return 0


def simulate(args: argparse.Namespace) -> int:
    """Have simulated listeners take a study; exit status 1 if one of them met an error."""
    from contextlib import nullcontext

    from tqdm import tqdm

    from listening_test import simulate as simulation

    with open_store(args) as store:
        info = find_study(store, args.study)
        crowd = _crowd(args, info)
        serving = (
            nullcontext(args.base_url) if args.base_url else simulation.serving(args.database or default_database())
        )
        with serving as base_url, tqdm(total=args.listeners, unit="listener", disable=None) as bar:
            taken = simulation.run(store, info, crowd, base_url, done=lambda one: bar.update() and None)
    return _tell(taken, as_json=args.json)


def _crowd(args: argparse.Namespace, info: StudyInfo) -> Crowd:
    from listening_test.simulate import Crowd
    from listening_test.simulated_listener import ability

    if info.state not in ("ready", "open"):
        raise StudyError(
            f"A study that is ready or open was expected, but {info.name} is {info.state}: render it first."
        )
    if args.language not in info.study.languages:
        languages = ", ".join(info.study.languages)
        raise StudyError(f"--language is one of the study's ({languages}), but {args.language} came.")
    able = ability(
        info.study,
        d_prime=dict(_assignment("--d-prime", text) for text in args.d_prime),
        mos=dict(_assignment("--mos", text) for text in args.mos),
        sd=args.sd,
        bias_sd=args.bias_sd,
        lapse_rate=args.lapse_rate,
    )
    how = {name: getattr(args, name) for name in ("listeners", "inattentive", "seed", "at_once", "think_s", "language")}
    return Crowd(ability=able, **how)


def _assignment(option: str, text: str) -> tuple[str, float]:
    label, equals, number = text.rpartition("=")
    try:
        return label, float(number if equals else "")
    except ValueError:
        raise StudyError(f"{option} takes SYSTEM=NUMBER, but {text!r} came.") from None


def _tell(taken: Sequence[Taken], *, as_json: bool) -> int:
    from listening_test.simulate import percentile

    seconds = [s for one in taken for s in one.answer_s]
    errors = sorted({one.error for one in taken if one.error})
    facts = {
        "origin": "simulation",
        "listeners": len(taken),
        **{end: sum(one.end == end for one in taken) for end in ("finished", "screened_out", "closed")},
        "pages_answered": sum(len(one.acknowledged) for one in taken),
        "sent_again": sum(one.sent_again for one in taken),
        "answer_median_ms": 1000 * percentile(seconds, 0.5) if seconds else None,
        "answer_p95_ms": 1000 * percentile(seconds, 0.95) if seconds else None,
        "errors": errors,
    }
    if as_json:
        print(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        for name, value in facts.items():
            if name != "errors":
                print(
                    f"{name.replace('_', ' '):18} {value:.1f}"
                    if isinstance(value, float)
                    else f"{name.replace('_', ' '):18} {value}"
                )
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


def export(args: argparse.Namespace) -> int:
    """Write the answers, and the codebook beside them."""
    from listening_test import export as exports

    kind = args.format or exports.format_of(args.output)
    with open_store(args) as store:
        info = find_study(store, args.study, args.version)
        table = exports.of(store, info, ORIGINS[args.origin])
        mark = exports.watermark(table)
        write(args.output, exports.encode(table, kind))
        write(args.output.with_name(f"{args.output.stem}.codebook.md"), exports.codebook(mark).encode("utf-8"))
        store.event(info.id, "exported", f"{kind}, {args.origin}, {len(table)} answers")
    if mark:
        print(mark, file=sys.stderr)
    print(f"{len(table)} answers of {table['listener'].nunique()} listeners")
    return 0


COMMANDS = {
    "check": check,
    "render": render,
    "open": open_study,
    "close": close,
    "list": list_studies,
    "serve": serve,
    "simulate": simulate,
    "export": export,
    "analyse": commands_results.analyse,
    "report": commands_results.report,
    "preregister": commands_results.preregister,
    "power": commands_power.power,
}


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0: done, 1: failed, 2: asked for wrongly."""
    args = parser().parse_args(argv)
    faults = _faults(args)
    try:
        return COMMANDS[args.command](args)
    except faults as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or 'A file'} could not be used: {error.strerror}.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped. What was done stays; the same command goes on from there.", file=sys.stderr)
    return 1


def _faults(args: argparse.Namespace) -> tuple[type[Exception], ...]:
    """What a command may fail with, as sentences; loaded with what it needs anyway."""
    if args.command == "check":
        return (StudyError,)
    from anonymizers.workers import WorkerLost
    from listening_test.simulated_listener import SimulationError
    from listening_test.store import StoreError

    return StudyError, StoreError, SimulationError, WorkerLost


if __name__ == "__main__":
    sys.exit(main())
