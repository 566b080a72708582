"""What a listener in training is told after an answer: whether it was right, and what was true."""

from __future__ import annotations

from typing import Any, cast

from listening_test.questions import NONE, POINTS
from listening_test.store_records import TrialInfo
from listening_test.study import Language
from listening_test.texts import Texts, texts


def feedback(trial: TrialInfo, given: dict[str, str], language: str) -> dict[str, Any] | None:
    """{"correct": bool, "text"} for a page that asks who speaks; None where no answer is right or wrong."""
    words, truth = texts(cast(Language, language)), trial.truth
    if "line_up" in given:
        right = str(truth["correct"]["line_up"])
        said = words.get("feedback.none") if right == NONE else words.format("feedback.voice", number=right)
        return _told(given["line_up"] == right, said, words)
    if "same_different" in given:
        return _same(float(given["same_different"]) > 0, truth, words)
    if "similarity" in given:
        return _same(float(given["similarity"]) > (POINTS + 1) / 2, truth, words)
    return None


def _same(answered_same: bool, truth: dict[str, Any], words: Texts) -> dict[str, Any]:
    return _told(
        answered_same == truth["same"], words.get("feedback.same" if truth["same"] else "feedback.different"), words
    )


def _told(correct: bool, truth: str, words: Texts) -> dict[str, Any]:
    return {"correct": correct, "text": f"{words.get('feedback.correct' if correct else 'feedback.wrong')} {truth}"}
