"""What can be asked: three widgets, and the questions of the tasks with their wording in every language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from listening_test.study import EmotionTask, Language, LineUpTask, MosTask, QuestionnaireItem, Study
from listening_test.texts import LANGUAGES, Texts, choose, texts

Widget = Literal["choice", "scale", "text"]
Problem = Literal["answer_missing", "answer_unknown", "answer_too_long", "answer_unreadable"]
"""A code: texts under errors.CODE say it to a listener."""

COMMENT, NONE = "comment", "none"
"""The comment at the end, and the answer that none of a line-up's voices is the person."""
RATINGS = ("5", "4", "3", "2", "1")
"""Values of the category ratings, best first, as ITU-T P.808 shows them."""
SIGNED = ("-3", "-2", "-1", "1", "2", "3")
"""Same or different with confidence: the sign says which, the size how sure."""
POINTS = 5
STEPS = ("headphone_softest", "level_ok", "ready", "hearing", "fluency")
_CHOICES: dict[str, tuple[str, ...]] = {
    "overall_quality": RATINGS,
    "naturalness": RATINGS,
    "intelligibility": RATINGS,
    "same_different": SIGNED,
    "headphone_softest": ("1", "2", "3"),
    "level_ok": ("ok",),
    "ready": ("ok",),
    "hearing": ("normal", "impaired", "unsaid"),
    "fluency": ("first", "fluent", "some", "none"),
}
_NUMBERED = ("overall_quality", "naturalness", "intelligibility", "same_different")
RESERVED = frozenset({*_CHOICES, "line_up", "similarity", "emotion", "intensity", COMMENT})
"""Keys an owner's question cannot have."""


@dataclass(frozen=True)
class QuestionWords:
    """A question in one language; `labels` by value, `low` and `high` are what the ends of a scale mean."""

    text: str
    labels: Mapping[str, str] = field(default_factory=dict)
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked, and which answers there are: `options` are their values in the order shown, none for a text."""

    key: str
    widget: Widget
    words: Mapping[Language, QuestionWords]
    options: tuple[str, ...] = ()
    required: bool = True
    points: int = 0
    """Of a scale; its options are "1" to this."""
    max_chars: int = 0
    """Of a text."""
    numbered: bool = False
    """Whether the values are points on a scale, which can be averaged."""

    def problem(self, value: str | None) -> Problem | None:
        """What is wrong with an answer, as a code; None for a good one. None and "" are no answer."""
        if value is None or value == "":
            return "answer_missing" if self.required else None
        if self.widget != "text":
            return None if value in self.options else "answer_unknown"
        if self.required and not value.strip():
            return "answer_missing"
        if len(value) > self.max_chars:
            return "answer_too_long"
        return "answer_unreadable" if unreadable(value) else None

    def numeric(self, value: str) -> float | None:
        """The answer as a number, where the values are points on a scale: -3 to 3 or 1 to the number of points."""
        return float(value) if self.numbered and value in self.options else None


def of(study: Study) -> dict[str, Question]:
    """Every question a study can ask, by key: its tasks', those of the steps around them, the owner's, the comment."""
    questions = [_choice(key) for key in STEPS if key != "fluency"] + [_fluency(study)]
    questions += _asked_by_tasks(study) + [_owned(item, study) for item in study.questionnaire]
    if study.comment and study.limits.comment_max_chars:
        questions.append(_comment(study.limits.comment_max_chars))
    return {question.key: question for question in questions}


def of_task(study: Study, task_key: str) -> tuple[str, ...]:
    """Keys of the questions that a task asks; a mos task asks each in a block of its own.

    Raises:
        KeyError: if the study has no such task.
    """
    task = dict(zip(study.task_keys(), study.tasks, strict=True))[task_key]
    if task.type == "mos":
        return tuple(task.questions)
    if task.type == "emotion":
        return ("emotion", "intensity") if task.intensity else ("emotion",)
    return ({"same-different": "same_different", "line-up": "line_up"}.get(task.type, "similarity"),)


def problems(study: Study) -> list[str]:
    """What is wrong with a study's questions, a sentence each."""
    keys = [item.key for item in study.questionnaire]
    found = [
        f"questionnaire[{i}].key: a key of its own was expected, but {key} is {why}: choose another."
        for i, key in enumerate(keys)
        if (why := "a question of ours" if key in RESERVED else "used twice" if key in keys[:i] else "")
    ]
    found += [
        f"questionnaire[{i}].options: a choice has at least 2 options, but {len(item.options)} came: add some."
        for i, item in enumerate(study.questionnaire)
        if item.widget == "choice" and len(item.options) < 2
    ]
    if not study.limits.comment_max_chars and any(item.widget == "text" for item in study.questionnaire):
        found.append("limits.comment_max_chars: texts of some length are asked for, but it is 0: raise it.")
    return found + list(_problems_of_tasks(study))


def _problems_of_tasks(study: Study) -> Iterator[str]:
    for i, task in enumerate(study.tasks):
        name = "questions" if isinstance(task, MosTask) else "emotions"
        asked: list[str] = list(getattr(task, name, []))
        if twice := sorted({one for one in asked if asked.count(one) > 1}):
            yield f"tasks[{i}].{name}: each stands once, but {', '.join(twice)} stands twice: keep one."
        if name == "emotions" and (odd := [one for one in asked if not re.fullmatch(r"[^\W_][\w -]{0,39}", one)]):
            yield f"tasks[{i}].emotions: words were expected, but {odd[0][:40]!r} came: use letters, at most 40."
    lists = {tuple(task.emotions) for task in study.tasks if isinstance(task, EmotionTask)}
    if len(lists) > 1:
        yield "tasks: all emotion tasks of a study ask for the same emotions, but they differ: use one list."


def emotion_label(words: Texts, emotion: str) -> str:
    """What an emotion is called; the owner's own word, tidied, where the texts have none."""
    key = f"emotions.{emotion}"
    return words.get(key) if key in words else emotion.replace("_", " ").capitalize()


def _asked_by_tasks(study: Study) -> list[Question]:
    wanted = dict.fromkeys(key for task in study.task_keys() for key in of_task(study, task))
    return [_of_a_task(key, study) for key in wanted]


def _of_a_task(key: str, study: Study) -> Question:
    if key == "line_up":
        return _line_up(max(task.voices for task in study.tasks if isinstance(task, LineUpTask)))
    if key == "emotion":
        return _emotion(next(task.emotions for task in study.tasks if isinstance(task, EmotionTask)))
    return _choice(key) if key in _CHOICES else _scale(key)


def _choice(key: str) -> Question:
    options = _CHOICES[key]
    words = {
        language: QuestionWords(
            said.get(f"questions.{key}.text"),
            {value: said.get(f"questions.{key}.labels.{value}") for value in options},
        )
        for language, said in _said()
    }
    return Question(key, "choice", words, options, numbered=key in _NUMBERED)


def _scale(key: str) -> Question:
    words = {
        language: QuestionWords(
            said.get(f"questions.{key}.text"),
            _numbers(POINTS),
            said.get(f"questions.{key}.low"),
            said.get(f"questions.{key}.high"),
        )
        for language, said in _said()
    }
    return Question(key, "scale", words, tuple(_numbers(POINTS)), points=POINTS, numbered=True)


def _fluency(study: Study) -> Question:
    question, spoken = _choice("fluency"), study.ethics.clip_language
    words = {
        language: QuestionWords(
            said.format("questions.fluency.text", language=said.language_name(spoken)),
            question.words[language].labels,
        )
        for language, said in _said()
    }
    return Question("fluency", "choice", words, question.options)


def _line_up(voices: int) -> Question:
    numbers = tuple(_numbers(voices))
    words = {
        language: QuestionWords(
            said.get("questions.line_up.text"),
            {number: said.format("questions.line_up.labels.voice", number=number) for number in numbers}
            | {NONE: said.get("questions.line_up.labels.none")},
        )
        for language, said in _said()
    }
    return Question("line_up", "choice", words, (*numbers, NONE))


def _emotion(emotions: Iterable[str]) -> Question:
    options = tuple(emotions)
    words = {
        language: QuestionWords(
            said.get("questions.emotion.text"), {emotion: emotion_label(said, emotion) for emotion in options}
        )
        for language, said in _said()
    }
    return Question("emotion", "choice", words, options)


def _comment(max_chars: int) -> Question:
    words = {language: QuestionWords(said.get("questions.comment.text")) for language, said in _said()}
    return Question(COMMENT, "text", words, required=False, max_chars=max_chars)


def _owned(item: QuestionnaireItem, study: Study) -> Question:
    points = item.points if item.widget == "scale" else 0
    options = tuple(item.options) if item.widget == "choice" else tuple(_numbers(points))
    words = {
        language: QuestionWords(
            choose(item.text, language),
            {value: choose(text, language) for value, text in item.options.items()} or _numbers(points),
            choose(item.low, language),
            choose(item.high, language),
        )
        for language in LANGUAGES
    }
    max_chars = study.limits.comment_max_chars if item.widget == "text" else 0
    return Question(item.key, item.widget, words, options, item.required, points, max_chars, item.widget == "scale")


def _said() -> list[tuple[Language, Texts]]:
    return [(language, texts(language)) for language in LANGUAGES]


def _numbers(count: int) -> dict[str, str]:
    return {str(i): str(i) for i in range(1, count + 1)}


def unreadable(text: str) -> bool:
    """Whether a text holds what a database refuses or a page cannot show: control signs and half characters."""
    return any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\r\t" for sign in text)
