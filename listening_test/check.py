"""Whether a study can work, before anybody is invited: what is wrong with it, in sentences that say what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from listening_test import check_clips, check_plan, check_study
from listening_test.plan import Planner
from listening_test.study import Study, StudyClip, StudyError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """An error keeps a study from opening; a warning is for its owner to weigh; a note is worth knowing. `where` is the
    place in the study file, "" for the study as a whole."""

    severity: Severity
    sentence: str
    where: str = ""


def check(study: Study, clips: Sequence[StudyClip]) -> list[Finding]:
    """What is wrong with a study or worth knowing, errors first.

    Feasibility is proved by planning, once nothing else is wrong: all lists are dealt, and every place has one of them.
    """
    found = [Finding(*one) for one in (*check_study.findings(study), *check_clips.findings(study, clips))]
    if not any(one.severity == "error" for one in found):
        found += _planned(study, clips)
    return sorted(found, key=lambda one: ("error", "warning", "note").index(one.severity))


def _planned(study: Study, clips: Sequence[StudyClip]) -> Iterator[Finding]:
    try:
        planner = Planner(study, clips)
    except StudyError as error:
        yield Finding("error", str(error), "tasks")
        return
    for one in check_plan.findings(study, clips, planner):
        yield Finding(*one)
