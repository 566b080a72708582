"""The commands after and before a study: analyse, report, preregister."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listening_test.arguments import ORIGINS
from listening_test.command_line import default_database, find_study, is_file, open_store, study_file, write
from listening_test.study import StudyError

if TYPE_CHECKING:
    from listening_test.analysis.results import Results
    from listening_test.analysis.table import Table
    from listening_test.study import Study, StudyClip


def analyse(args: argparse.Namespace) -> int:
    """Print the tables of a study, as text or JSON, or write them into a folder."""
    from listening_test.reporting import plain

    found = _only(_results(args), args.table)
    if mark := found.about.get("watermark"):
        print(mark, file=sys.stderr)
    if args.json:
        print(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    elif args.out:
        for name, data in plain.files(found).items():
            write(args.out / name, data)
        print(f"{len(found.tables)} tables in {args.out}")
    else:
        print(plain.text(found))
    return 0


def report(args: argparse.Namespace) -> int:
    """Write the report; what is too large for one file goes beside it."""
    from listening_test import report as reports

    with open_store(args) as store:
        info = find_study(store, args.study, args.version)
        made = reports.of(store, info, ORIGINS[args.origin], args.out.name)
        for name, data in made.files.items():
            write(args.out.with_name(name), data)
        store.event(info.id, "reported", args.origin)
    for note in made.notes:
        print(note, file=sys.stderr)
    print(f"{args.out}: {len(made.files[args.out.name]) / 1e6:.1f} MB, opens without a network")
    return 0


def preregister(args: argparse.Namespace) -> int:
    """Write what is decided before a study opens."""
    from listening_test import preregistration

    found = _preregistration(args)
    as_json = args.out.suffix.lower() == ".json"
    text = preregistration.encode(found) if as_json else preregistration.markdown(found)
    write(args.out, text.encode("utf-8"))
    if found["warning"]:
        print(found["warning"], file=sys.stderr)
    print(f"{args.out}: digest {found['digest']}")
    return 0


def _results(args: argparse.Namespace) -> Results:
    from listening_test.analysis import results

    if args.answers:
        return _from_file(args)
    with open_store(args) as store:
        return results.of(store, find_study(store, args.study, args.version), ORIGINS[args.origin])


def _from_file(args: argparse.Namespace) -> Results:
    """Results of an exported file and the study's own YAML file."""
    from listening_test import answers_file, export
    from listening_test.analysis import results
    from listening_test.analysis.answers import Answers

    study, clips = _definition(study_file(args.study))
    table = answers_file.read(args.answers)
    masked = answers_file.check(table, study)
    table = table[table["origin"].isin(ORIGINS[args.origin])].reset_index(drop=True)
    digests = sorted(set(table["digest"].dropna()) - {""})
    _compare(digests, study, clips)
    about = {"digest": ", ".join(digests), "watermark": export.watermark(table), "state": "", "version": None}
    return results.analyse(Answers(study, table, masked), about)


def _definition(path: Path) -> tuple[Study, list[StudyClip] | None]:
    """The study of a file, and its clips where they are there too."""
    from listening_test import prepare, yaml_file

    try:
        return prepare.read(path)
    except StudyError:
        return yaml_file.load_study(path), None


def _compare(digests: list[str], study: Study, clips: list[StudyClip] | None) -> None:
    """Say where the answers were given to another definition than the file's; without the clips nobody can tell."""
    from listening_test.study import digest

    if not digests or clips is None:
        return
    if digests != [digest(study, clips)]:
        print(
            "The study's file or its recordings are not those that were frozen when it opened (the digests differ): "
            "the analysis goes by the file as it is now.",
            file=sys.stderr,
        )


def _only(found: Results, keys: list[str]) -> Results:
    if unknown := [key for key in keys if key not in found.tables]:
        raise StudyError(f"--table is one of {', '.join(found.tables)}, but {unknown[0]} came.")
    return replace(found, tables={key: found.tables[key] for key in keys}) if keys else found


def _preregistration(args: argparse.Namespace) -> dict[str, Any]:
    """Of a file, with what the database knows of the same definition; or of a study of the database."""
    from listening_test import prepare, preregistration

    now_s = time.time()
    if is_file(args.study):
        path = study_file(args.study)
        study, clips = prepare.read(path)
        known = _known(args, study, clips)
        yaml, expected = path.read_text(encoding="utf-8"), _expected(study, clips)
        return preregistration.of(study, clips, made_s=now_s, yaml=yaml, expected=expected, **known)
    with open_store(args) as store:
        info = find_study(store, args.study, args.version)
        known = {"state": info.state, "frozen": info.digest}
        expected = _expected(info.study, info.clips)
        return preregistration.of(info.study, info.clips, made_s=now_s, yaml=info.yaml, expected=expected, **known)


def _expected(study: Study, clips: Sequence[StudyClip]) -> Table | None:
    """What the study will be able to show; None where it is not feasible, which the document says elsewhere."""
    from listening_test import power

    try:
        return power.expected(study, clips)
    except StudyError:
        return None


def _known(args: argparse.Namespace, study: Study, clips: list[StudyClip]) -> dict[str, str]:
    """State and frozen digest where the database has this very definition; a database is not made for it."""
    from listening_test.study import digest

    address = args.database or default_database()
    if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).is_file():
        return {"state": "draft"}
    wanted = digest(study, clips)
    with open_store(args) as store:
        same = [
            info for info in store.studies() if info.name == study.name and digest(info.study, info.clips) == wanted
        ]
    return {"state": same[-1].state, "frozen": same[-1].digest} if same else {"state": "draft"}
