"""Who took part, and whose answers are left out by the rules frozen in the study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Column, Table
from listening_test.study import Study

if TYPE_CHECKING:
    import pandas as pd

NOBODY = "Nobody has taken part yet."
LISTENERS = Table(
    "listeners",
    "Listeners",
    (
        Column("enrolled", "Listeners who gave at least one answer"),
        Column("finished", "Of these, who answered their last page"),
        Column("screened_out", "Sent back by the study during the checks at its beginning"),
        Column("replaced", "Whose place was given to a replacement"),
        Column("used", "Whose answers are analysed"),
        Column("excluded", "Who finished, but whose answers are not analysed"),
        Column("median_minutes", "From agreeing to take part to the last answer, median of those who finished, in min"),
    ),
    reading="How many came, finished and are analysed.",
    method="Counted from the answers; whoever left or withdrew before the first answer is in no answer.",
    caution="A study that many left half-way speaks for those who stayed.",
)
EXCLUSIONS = Table(
    "exclusions",
    "Exclusions",
    (Column("reason", "Why answers are not analysed"), Column("listeners", "Listeners of whom that is true")),
    reading="Each rule frozen in the study, and how many listeners it left out; one listener may break several rules.",
    method=(
        "Rules fixed before the study opened, after ITU-T P.808 (accept and use are two questions). Everything is also "
        "computed with nobody excluded."
    ),
    caution="If estimates with and without exclusions differ, the story depends on who was left out: report both.",
)


@dataclass(frozen=True)
class _Rule:
    """A rule of screening: what it says, and the words by which its sentences are known."""

    text: str
    words: str


def tables(answers: Answers) -> list[Table]:
    """`listeners`, one row of counts, and `exclusions`, one row a rule."""
    people = answers.frame.drop_duplicates("listener")
    reason = "" if len(people) else NOBODY
    exclusions = EXCLUSIONS.filled(_excluded(answers.study, people), reason=reason, notes=list(_notes(answers.study)))
    return [LISTENERS.filled([_counts(people)], reason=reason), exclusions]


def _counts(people: pd.DataFrame) -> dict[str, Any]:
    state = people["listener_state"]
    finished = state.eq("finished").fillna(False).astype(bool)
    used = people["use"].fillna(False).astype(bool)
    minutes = (people["finished_s"] - people["enrolled_s"])[finished].dropna() / 60
    return {
        "enrolled": len(people),
        "finished": int(finished.sum()),
        "screened_out": int(state.eq("screened_out").sum()),
        "replaced": int(people["replaced"].fillna(False).sum()),
        "used": int(used.sum()),
        "excluded": int((finished & ~used).sum()),
        "median_minutes": float(minutes.median()) if len(minutes) else None,
    }


def _excluded(study: Study, people: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Every rule with how many broke it, then reasons that no rule here knows, in their own words."""
    given = [reason for text in people["reasons"].fillna("") for reason in str(text).split("; ") if reason]
    rules = list(_rules(study))
    for rule in rules:
        yield {"reason": rule.text, "listeners": sum(rule.words in reason for reason in given)}
    others = [reason for reason in given if not any(rule.words in reason for rule in rules)]
    for reason in dict.fromkeys(others):
        yield {"reason": reason, "listeners": others.count(reason)}


def _rules(study: Study) -> Iterator[_Rule]:
    asked = study.screening
    yield _Rule("did not finish", "did not finish")
    yield _Rule("was sent back by the study", "was sent back")
    if asked.attention_checks and asked.attention_pass:
        needed = min(asked.attention_pass, asked.attention_checks)
        yield _Rule(f"passed fewer than {needed} of {asked.attention_checks} attention checks", "attention checks")
    if asked.gold:
        yield _Rule("answered half or fewer of the items with a known answer as expected", "with a known answer")
    if asked.min_rating_variance:
        least = f"{asked.min_rating_variance:g}"
        yield _Rule(f"gave almost the same rating throughout (variance below {least})", "almost the same rating")


def _notes(study: Study) -> Iterator[str]:
    asked = study.screening
    hearing = "recorded" if asked.hearing else "off"
    checks = {"headphones": asked.headphones, "hearing": hearing, "language": asked.fluency}
    said = {
        "required": "Sent back during the study is who does not pass these checks",
        "recorded": "Recorded, but excludes nobody",
    }
    for kind, words in said.items():
        if names := [name for name, one in checks.items() if one == kind]:
            yield f"{words}: {', '.join(names)}."
