"""What a listener's browser is told: the study in words, and pages. Never a system, a clip, or an answer."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast
from urllib.parse import quote

from listening_test import questions
from listening_test.questions import Question
from listening_test.store import HandleInfo, Listener, StudyInfo, TrialInfo
from listening_test.study import EmotionTask, Language, Study
from listening_test.texts import Texts, choose, paragraphs, texts

HEARD_SHARE = 0.98
"""Share of a sound, as the union of what was played, that has to be heard before answering."""


def words_of(language: str) -> Texts:
    """The texts of a language of a study."""
    return texts(cast(Language, language))


def about(info: StudyInfo, language: str, *, preview: bool = False, simulation: bool = False) -> dict[str, Any]:
    """The study before and around its pages: title, what is agreed to, facts, and the words of the page itself."""
    study, words = info.study, words_of(language)
    return {
        "title": choose(study.public_title, language),
        "language": language,
        "languages": [{"code": one, "name": texts(one).get("language")} for one in study.languages],
        "minutes": study.limits.minutes,
        "consent": _consent(study, words),
        "facts": [_fact(words, name, values) for name, values in _facts(study, language)],
        "min_age": study.ethics.min_age,
        "ui": words.section("page"),
        "preview": preview,
        "simulation": simulation,
    }


def _consent(study: Study, words: Texts) -> dict[str, Any]:
    named = ("title", "agree", "start", "tick_both", "facts_title")
    return {
        "version": study.consent.version,
        "paragraphs": paragraphs(choose(study.consent.text, words.language)),
        "version_text": words.format("consent.version", version=study.consent.version),
        "minutes": words.format("consent.minutes", minutes=f"{study.limits.minutes:g}"),
        "age_ok": words.format("consent.age_ok", min_age=study.ethics.min_age),
        **{name: words.get(f"consent.{name}") for name in named},
    }


def _facts(study: Study, language: str) -> list[tuple[str, dict[str, object]]]:
    pay = choose(study.ethics.pay, language)
    days = study.limits.keep_answers_days
    found: list[tuple[str, dict[str, object]]] = [
        ("minutes", {"minutes": f"{study.limits.minutes:g}"}),
        ("headphones" if study.screening.headphones == "required" else "needed", {}),
        ("pay", {"pay": pay}) if pay else ("volunteer", {}),
        ("voices", {}),
    ]
    if any(isinstance(task, EmotionTask) for task in study.tasks):
        found.append(("emotion", {}))
    return [
        *found,
        ("stored", {}),
        ("pseudonymous", {}),
        ("kept", {"days": f"{days:g}"}) if days else ("kept_open", {}),
        ("withdrawal", {}),
        ("controller", {"controller": study.ethics.controller}),
    ]


def _fact(words: Texts, name: str, values: dict[str, object]) -> dict[str, str]:
    key = f"consent.facts.{name}"
    return {"term": words.get(f"{key}.term"), "text": words.format(f"{key}.text", **values)}


def trial_page(
    info: StudyInfo, listener: Listener, trial: TrialInfo, progress: tuple[int, int], asked: dict[str, Question]
) -> dict[str, Any]:
    """A page that is still to be answered. `asked` is questions.of the study."""
    words = words_of(listener.language)
    candidates = sum(sound.slot == "candidate" for sound in trial.sounds)
    title, text = _heading(info.study, trial, words)
    return {
        **_progress(trial.page, trial.block, progress),
        "title": title,
        "text": text,
        "sounds": _sounds(trial, words),
        "questions": [_question(asked[key], words.language, candidates) for key in trial.questions],
        "heard_share": HEARD_SHARE if trial.sounds and listener.origin != "simulation" else 0,
        "max_plays": max_plays(trial),
        "note": None,
        "end": None,
    }


def max_plays(trial: TrialInfo) -> int | None:
    """How often each sound of a page may be played; None without a limit."""
    return 1 if trial.block == "headphones" else None


def options(question: Question, candidates: int) -> tuple[str, ...]:
    """The values that may be answered on a page with so many candidates of a line-up."""
    if question.key != "line_up":
        return question.options
    return tuple(value for value in question.options if value == questions.NONE or int(value) <= candidates)


def _progress(page: str, block: str, progress: tuple[int, int]) -> dict[str, Any]:
    return {"page": page, "block": block, "progress": {"done": progress[0], "of": progress[1]}}


def _heading(study: Study, trial: TrialInfo, words: Texts) -> tuple[str, list[str]]:
    """Title and paragraphs. The text that a trial names takes the usual one's place; a task's intro goes before it."""
    kind = dict(zip(study.task_keys(), (task.type for task in study.tasks), strict=True)).get(trial.task, "")
    own = f"tasks.{kind}" if kind else f"blocks.{trial.block}"
    usual = f"{own}.reference" if any(sound.slot == "reference" for sound in trial.sounds) else f"{own}.text"
    if trial.block == "headphones" and trial.attempt > 1:
        usual = f"{own}.again"
    keys = [trial.text or usual]
    if trial.text.endswith(".intro"):
        keys.append(usual)
    if trial.block == "practice":
        keys.insert(0, "blocks.practice.training" if trial.feedback else "blocks.practice.text")
    title = "blocks.practice.title" if trial.block == "practice" else f"{own}.title"
    return words.get(title), [line for key in dict.fromkeys(keys) for line in words.paragraphs(key)]


def _sounds(trial: TrialInfo, words: Texts) -> list[dict[str, str]]:
    count, seen = Counter(sound.slot for sound in trial.sounds), Counter[str]()
    found = []
    for sound in trial.sounds:
        seen[sound.slot] += 1
        label = _sound_label(trial, sound, words, seen[sound.slot], count[sound.slot])
        found.append({"label": label, "url": f"sound/{sound.token}", "slot": sound.slot})
    return found


def _sound_label(trial: TrialInfo, sound: HandleInfo, words: Texts, number: int, count: int) -> str:
    if trial.block in {"headphones", "level"}:
        return words.get("page.test_sound")
    if sound.slot in {"reference", "target"}:
        return words.get(f"page.{sound.slot}")
    if sound.slot == "candidate":
        return words.format("page.candidate", number=number)
    if sound.slot in {"first", "second"}:
        return words.format("page.recording_number", number=1 if sound.slot == "first" else 2)
    return words.format("page.recording_number", number=number) if count > 1 else words.get("page.recording")


def _question(question: Question, language: Language, candidates: int) -> dict[str, Any]:
    said, values = question.words[language], options(question, candidates)
    keys = _shortcuts(values)
    return {
        "key": question.key,
        "widget": question.widget,
        "text": said.text,
        "options": [{"value": value, "label": said.labels[value], "shortcut": keys[value]} for value in values],
        "low": said.low,
        "high": said.high,
        "points": question.points,
        "required": question.required,
        "max_chars": question.max_chars,
    }


def _shortcuts(values: tuple[str, ...]) -> dict[str, str]:
    """A digit for each answer: its own where it is one, 0 for "none of them", else its place in the list."""
    if all(len(value) == 1 and value.isdigit() for value in values if value != questions.NONE):
        return {value: "0" if value == questions.NONE else value for value in values}
    places = {value: str(place) for place, value in enumerate(values, start=1)}
    return {value: place if len(place) == 1 else "" for value, place in places.items()}


def end_page(info: StudyInfo, listener: Listener, kind: str, progress: tuple[int, int]) -> dict[str, Any]:
    """The last page: finished, screened_out, closed or withdrawn."""
    study, words = info.study, words_of(listener.language)
    code = {"finished": study.completion_code, "screened_out": study.screen_out_code}.get(kind, "")
    end = {
        "kind": kind,
        "title": words.get(f"ends.{kind}.title"),
        "paragraphs": _end_paragraphs(study, words, kind, listener.screen_out_reason),
        "code": code,
        "url": _back(study.completion_url, code, kind),
        "can_withdraw": kind != "withdrawn",
    }
    return {
        **_progress("", "end", progress),
        "title": end["title"],
        "text": [],
        "sounds": [],
        "questions": [],
        "heard_share": 0,
        "max_plays": None,
        "note": None,
        "end": end,
    }


def _end_paragraphs(study: Study, words: Texts, kind: str, reason: str) -> list[str]:
    if kind == "screened_out":
        key = f"ends.screened_out.{reason}"
        return words.paragraphs(key if key in words else "ends.screened_out.other")
    if kind != "finished":
        return words.paragraphs(f"ends.{kind}.text")
    return [
        *paragraphs(choose(study.thank_you, words.language)),
        *words.paragraphs("ends.finished.saved"),
        *paragraphs(choose(study.ethics.debrief, words.language)),
        *words.paragraphs("ends.finished.withdraw"),
    ]


def _back(url: str, code: str, kind: str) -> str:
    """Where the crowd platform wants its people back. An address without {code} is the one for who finished."""
    if kind == "finished" or (kind == "screened_out" and code and "{code}" in url):
        return url.replace("{code}", quote(code, safe=""))
    return ""
