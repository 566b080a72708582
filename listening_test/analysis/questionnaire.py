"""What listeners said of themselves and in the questionnaire, counted; their own words, for the owner alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from listening_test import questions
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Column, Table
from listening_test.questions import Question
from listening_test.study import Study

if TYPE_CHECKING:
    import pandas as pd

HEADPHONE_TRIALS = 6
NOBODY = "Nobody has finished yet."
NO_ANSWER = "no answer"
DEVICES = {"pointer": "mouse or trackpad", "touch": "touch screen"}
QUESTIONNAIRE = Table(
    "questionnaire",
    "Listeners in their own account",
    (
        Column("question", "Key of the question; headphone_score: right answers of 6 in the better attempt"),
        Column("value", "The answer; no answer: the question was left open"),
        Column("label", "The answer in words, as the listener read it"),
        Column("listeners", "Listeners who gave it"),
    ),
    reading="How many of the listeners who finished gave each answer, whether or not their ratings are used.",
    method=(
        "Counted. Headphones: three tones, which is the softest; 5 of 6 right is what listeners with headphones reach "
        "and few with loudspeakers (Woods et al. 2017, doi 10.3758/s13414-017-1361-2)."
    ),
    caution="What people say of their hearing and their fluency is not tested.",
)
COMMENTS = Table(
    "comments",
    "Comments",
    (
        Column("question", "Key of the question"),
        Column("comment", "What the listener wrote"),
    ),
    reading="Listeners' own words, in alphabetical order, so that nothing is told of who wrote when.",
    method="As they were given, also by listeners whose ratings are not used.",
    caution="For the owner alone: words may tell who wrote them.",
    public=False,
)


def tables(answers: Answers) -> list[Table]:
    """`questionnaire`: counts of the answers of listeners who finished; `comments`: texts, for the owner alone."""
    frame, asked = answers.frame, questions.of(answers.study)
    finished = frame[frame["listener_state"].eq("finished").fillna(False).astype(bool)]
    rows = list(_counted(answers.study, finished, asked)) if len(finished) else []
    comments = list(_comments(answers.study, frame, asked))
    return [
        QUESTIONNAIRE.filled(rows, reason="" if rows else NOBODY),
        COMMENTS.filled(comments, reason="" if comments else _silence(answers.study, asked)),
    ]


def _counted(study: Study, finished: pd.DataFrame, asked: Mapping[str, Question]) -> Iterator[dict[str, Any]]:
    people = finished.drop_duplicates("listener")
    yield from _counts("language", people["language"].tolist(), dict.fromkeys(study.languages, ""))
    yield from _counts("device", people["device"].tolist(), DEVICES)
    if study.screening.headphones != "off":
        labels = {str(score): f"{score} of {HEADPHONE_TRIALS} right" for score in range(HEADPHONE_TRIALS + 1)}
        yield from _counts("headphone_score", _headphone_scores(finished), labels)
    for key in _keys(study, asked):
        given = finished[finished["question"].eq(key).fillna(False).astype(bool)].drop_duplicates("listener")
        values = given.set_index("listener")["value"].reindex(people["listener"]).tolist()
        yield from _counts(key, values, _labels(study, asked[key]))


def _keys(study: Study, asked: Mapping[str, Question]) -> Iterator[str]:
    """Questions about the listener, then the owner's that have no text for an answer."""
    if study.screening.hearing:
        yield "hearing"
    if study.screening.fluency != "off":
        yield "fluency"
    yield from (item.key for item in study.questionnaire if asked[item.key].widget != "text")


def _labels(study: Study, question: Question) -> dict[str, str]:
    """Every answer there is, in words of the study's first language; ends of a scale say what they mean."""
    words = question.words[study.languages[0]]
    labels = {value: words.labels.get(value, "") for value in question.options}
    if question.widget == "scale" and question.options:
        labels[question.options[0]] = words.low
        labels[question.options[-1]] = words.high
    return {value: "" if label == value else label for value, label in labels.items()}


def _counts(question: str, values: Sequence[Any], labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A row for each answer there is, also for those that nobody gave; other answers and none after them."""
    given = [value if isinstance(value, str) and value else NO_ANSWER for value in values]
    others = sorted(set(given) - set(labels) - {NO_ANSWER})
    for value in [*labels, *others, *([NO_ANSWER] if NO_ANSWER in given else [])]:
        yield {"question": question, "value": value, "label": labels.get(value, ""), "listeners": given.count(value)}


def _headphone_scores(finished: pd.DataFrame) -> list[str | None]:
    """Right answers in the better attempt of each listener, as text; None without the check."""
    check = finished[finished["question"].eq("headphone_softest").fillna(False).astype(bool)]
    right = check["correct"].fillna(False).astype(int).groupby([check["listener"], check["attempt"]]).sum()
    best = right.groupby(level="listener").max().to_dict()
    return [str(best[one]) if one in best else None for one in finished["listener"].unique()]


def _comments(study: Study, frame: pd.DataFrame, asked: Mapping[str, Question]) -> Iterator[dict[str, Any]]:
    for key in _texts(study, asked):
        texts = frame["value"][frame["question"].eq(key).fillna(False).astype(bool)]
        for text in sorted(str(text) for text in texts if isinstance(text, str) and text.strip()):
            yield {"question": key, "comment": text}


def _texts(study: Study, asked: Mapping[str, Question]) -> list[str]:
    own = [item.key for item in study.questionnaire if asked[item.key].widget == "text"]
    return own + [key for key in (questions.COMMENT,) if key in asked]


def _silence(study: Study, asked: Mapping[str, Question]) -> str:
    if not _texts(study, asked):
        return "This study asks for no comments."
    return "Nobody has written anything yet."
