"""Whose answers are used, and who is paid: two questions, kept apart as in P.808 (accept, accept_and_use)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from listening_test import questions
from listening_test.study import Study

Row = Mapping[str, Any]
"""A row of the long table (Store.table): one answer."""


@dataclass(frozen=True)
class Screened:
    """What screening says of one listener.

    `pay`: took part in good faith (finished, or was sent back by the study) and is to be paid. `use`: the answers are
    to be analysed. `reasons`: why not, a sentence each. `headphones_score`: right answers of 6 in the better attempt,
    None if the check was not made; `rating_variance`: see rating_variance().
    """

    pay: bool
    use: bool
    reasons: tuple[str, ...]
    attention_passed: int
    attention_checks: int
    gold_passed: int
    gold_items: int
    headphones_score: int | None
    rating_variance: float | None


def screen(study: Study, rows: Iterable[Row]) -> Screened:
    """Judge one listener by the rules of the study, from all their rows of the long table.

    Used are those who finished, passed `attention_pass` attention checks and more than half of the gold items, and
    whose ratings vary. Headphones, hearing and language send people back during the study, or are recorded for the
    analysis to look at; they do not decide here. Not paid is who did not finish, and who passed no attention check and
    always gave the same rating: one sign alone is no proof of bad faith.
    """
    rows = list(rows)
    attention, checks = _as_expected(rows, "attention")
    gold, items = _as_expected(rows, "gold")
    variance = rating_variance(study, rows)
    state = str(rows[0]["listener_state"]) if rows else "taking"
    same = variance is not None and variance < study.screening.min_rating_variance
    reasons = [
        *_unfinished(state),
        *_missed(attention, checks, study.screening.attention_pass),
        *([f"answered {gold} of {items} items with a known answer as expected"] if items and 2 * gold <= items else []),
        *([f"gave almost the same rating throughout (variance {variance:.2f})"] if same else []),
    ]
    careless = checks >= 2 and attention == 0 and same
    return Screened(
        pay=state == "screened_out" or (state == "finished" and not careless),
        use=not reasons,
        reasons=tuple(reasons),
        attention_passed=attention,
        attention_checks=checks,
        gold_passed=gold,
        gold_items=items,
        headphones_score=headphones_score(rows),
        rating_variance=variance,
    )


def _unfinished(state: str) -> list[str]:
    return (
        [] if state == "finished" else ["was sent back by the study" if state == "screened_out" else "did not finish"]
    )


def _missed(passed: int, checks: int, least: int) -> list[str]:
    needed = min(least, checks)
    return [f"passed {passed} of {checks} attention checks, at least {needed} needed"] if passed < needed else []


def _as_expected(rows: Sequence[Row], kind: str) -> tuple[int, int]:
    """How many pages of a kind have only accepted answers, and how many there are."""
    pages: dict[int, list[bool]] = {}
    for row in rows:
        expected = row["truth"].get("expected") or {}
        if row["kind"] == kind and row["question"] in expected:
            pages.setdefault(row["position"], []).append(row["value"] in expected[row["question"]])
    return sum(map(all, pages.values())), len(pages)


def headphones_score(rows: Iterable[Row]) -> int | None:
    """Right answers (of 6) in the listener's better attempt at the headphone check; None without one."""
    attempts: dict[int, int] = {}
    for row in rows:
        right = (row["truth"].get("correct") or {}).get("headphone_softest")
        if row["question"] == "headphone_softest":
            attempts[row["attempt"]] = attempts.get(row["attempt"], 0) + (row["value"] == right)
    return max(attempts.values(), default=None)


def headphones_passed(study: Study, rows: Iterable[Row]) -> bool:
    """Whether the headphone check was passed (Woods et al. 2017: 5 of 6 unless the study says otherwise)."""
    score = headphones_score(rows)
    return score is not None and score >= study.screening.headphones_pass


def rating_variance(study: Study, rows: Iterable[Row]) -> float | None:
    """Variance of a listener's ratings around their mean for each question, pooled over the questions.

        sum over questions of sum (x - mean)² / sum over questions of (n - 1)

    Over rated trials and questions answered on a scale; None if none was asked twice.
    """
    asked = questions.of(study)
    ratings: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        question = asked.get(row["question"])
        value = question.numeric(row["value"]) if question and row["kind"] == "rated" else None
        if value is not None:
            ratings.setdefault((row["task"], row["question"]), []).append(value)
    means = {key: sum(values) / len(values) for key, values in ratings.items()}
    squares = sum((value - means[key]) ** 2 for key, values in ratings.items() for value in values)
    free = sum(len(values) - 1 for values in ratings.values())
    return squares / free if free else None
