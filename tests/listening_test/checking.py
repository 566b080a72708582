"""What check finds in a study that is good but for what a test changes."""

from __future__ import annotations

from typing import Any

from listening_test.check import Finding, check
from listening_test.study import Study, StudyClip
from tests.listening_test import planning
from tests.listening_test.planning import MOS

ETHICS = planning.study([MOS]).ethics.model_dump(mode="json")
ENOUGH = {"max_trials_per_speaker": 30}


def ethics(**parts: Any) -> dict[str, Any]:
    return {**ETHICS, **parts}


def changed(clips: list[StudyClip], **parts: Any) -> list[StudyClip]:
    return [clip.model_copy(update=parts) for clip in clips]


def faults(study: Study, voices: list[StudyClip] | None = None) -> list[Finding]:
    """Errors and warnings."""
    findings = check(study, planning.clips() if voices is None else voices)
    return [finding for finding in findings if finding.severity != "note"]


def found(
    severity: str, where: str, tasks: Any = (MOS,), *, voices: list[StudyClip] | None = None, **parts: Any
) -> str:
    """The sentences of one severity at one place, a line each; there is at least one."""
    findings = check(planning.study(list(tasks), **parts), planning.clips() if voices is None else voices)
    said = [one.sentence for one in findings if (one.severity, one.where) == (severity, where)]
    assert said, findings
    return "\n".join(said)
