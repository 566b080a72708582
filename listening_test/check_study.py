"""What can be wrong with a study's definition, whatever its clips are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from listening_test.study import LOW_ANCHOR, ORIGINAL, Study, System, Task, Text
from listening_test.study_faults import nearest

Found = tuple[Literal["error", "warning", "note"], str, str]
"""Severity, sentence, where."""
IDENTITY = frozenset({"same-different", "line-up", "speaker-similarity"})
SHORT_MIN = 5.0
"""Studies longer than this need two attention checks."""
LANGUAGE_NAMES = {"english": "en", "englisch": "en", "en": "en", "german": "de", "deutsch": "de", "de": "de"}


def findings(study: Study) -> Iterator[Found]:
    """Systems, anchors, tasks, screening, the attacker ladder, ethics, texts."""
    yield from _systems(study)
    yield from _rates(study)
    for i, task in enumerate(study.tasks):
        yield from _task(study, task, f"tasks[{i}]")
    yield from _screening(study)
    yield from _attention(study)
    yield from _rungs(study)
    yield from _languages(study)
    yield from _texts(study)
    yield from _told_beforehand(study)
    yield from _codes(study)
    yield from _pay(study)
    yield from _masked(study)


def _systems(study: Study) -> Iterator[Found]:
    from anonymizers import registry
    from anonymizers.base import AnonymizerError
    from anonymizers.runner import check_params
    from listening_test import anchors

    known = (*registry.keys(), LOW_ANCHOR)
    for i, system in enumerate(study.systems):
        where = f"systems[{i}]"
        if system.system not in known:
            yield (
                "error",
                f"There is no system {system.system!r}; the nearest is {nearest(system.system, known)!r} (of "
                f"{', '.join(known)}).",
                where,
            )
            continue
        params: dict[str, Any] = {}
        try:
            if system.system == LOW_ANCHOR:
                anchors.check_params(system.params)
            else:
                params = check_params(registry.info(system.system), system.params)
        except AnonymizerError as error:
            yield "error", str(error), f"{where}.params"
        if system.system != LOW_ANCHOR and (status := registry.status(system.system, params)).state != "ready":
            mend = _fetching(system) if status.state in {"downloads first", "licence to accept"} else ""
            yield "error", f"{system.system} cannot run here yet ({status.state}): {status.detail}{mend}", where
        if system.level == "speaker" and any(task.type in IDENTITY for task in study.tasks):
            yield (
                "note",
                f"{system.label} has one pseudo-speaker for each speaker in mos and emotion only: where voices are "
                "compared each recording has its own, or the pseudo-speaker would give the answer away.",
                f"{where}.level",
            )


def _fetching(system: System) -> str:
    """How the weights are had that it needs."""
    params = "".join(f" --set {name}={value}" for name, value in system.params.items())
    return f": run python -m anonymizers fetch {system.system}{params}"


def _rates(study: Study) -> Iterator[Found]:
    from anonymizers import registry

    used = dict.fromkeys(system.system for system in study.systems if system.system in registry.keys())
    rates_hz = {key: registry.info(key).sample_rate for key in used}
    duller = [f"{key} ({hz} Hz)" for key, hz in rates_hz.items() if 0 < hz < study.limits.sample_rate_hz]
    if duller:
        yield (
            "note",
            f"At {study.limits.sample_rate_hz} Hz originals sound brighter than what systems make that work at a lower "
            f"rate ({', '.join(duller)}), and listeners may go by that: 16000 treats all alike.",
            "limits.sample_rate_hz",
        )


def _task(study: Study, task: Task, where: str) -> Iterator[Found]:
    unknown = [label for label in task.systems if label not in study.labels]
    for label in unknown:
        yield (
            "error",
            f"A label of systems was expected, but {label!r} came; the nearest is {nearest(label, study.labels)!r}.",
            f"{where}.systems",
        )
    if unknown:
        return
    yield from _anchors(study, task, where)
    if task.type in IDENTITY:
        yield from _compared(study, task, where)


def _anchors(study: Study, task: Task, where: str) -> Iterator[Found]:
    used = [study.system(label) for label in study.task_systems(task)]
    there = study.systems if task.type == "same-different" else used  # it takes originals without being told
    if not any(system.system == ORIGINAL for system in there):
        yield (
            "error",
            f"{task.type} needs original, as what is best possible, but it is missing: add `- original` to systems"
            f"{' and to the task' if task.systems else ''}.",
            where,
        )
    if task.type == "mos":
        for system, anchor, mend in (
            (LOW_ANCHOR, "low", "add `- low-anchor`"),
            ("", "strong", "mark the strongest of its systems with `anchor: strong`"),
        ):
            if not any(one.anchor == anchor or one.system == system for one in used):
                yield (
                    "error",
                    f"mos needs a {anchor} anchor, or listeners stretch the scale as they like, but there is none: "
                    f"{mend}.",
                    where,
                )
    elif task.type != "emotion" and any(study.system(label).system == LOW_ANCHOR for label in task.systems):
        yield "warning", f"low-anchor is for mos and not used in {task.type}: leave it out.", f"{where}.systems"


def _compared(study: Study, task: Task, where: str) -> Iterator[Found]:
    hidden = [label for label in study.task_systems(task) if study.system(label).system not in (ORIGINAL, LOW_ANCHOR)]
    wanted = task.type != "same-different" or any(pair != "original-original" for pair in task.pairs)
    if wanted and not hidden:
        yield "error", f"{task.type} needs an anonymizer, but its systems have none: add one.", f"{where}.systems"
    if task.type == "same-different" and "original-original" not in task.pairs:
        yield (
            "error",
            "same-different needs pairs of originals, as what is best possible, but they are missing: add "
            "original-original to pairs.",
            f"{where}.pairs",
        )
    if task.type != "line-up" and task.trials_per_system < 2:
        yield (
            "note",
            f"With one trial of each kind nobody hears one speaker and two through one system: {task.type} then has "
            "no AUC within listeners, only the pooled one. Set trials_per_system to 2 or more where the AUC matters.",
            f"{where}.trials_per_system",
        )


def _screening(study: Study) -> Iterator[Found]:
    screening = study.screening
    if not screening.hearing:
        yield "warning", "Hearing is not asked about: the results cannot say who listened.", "screening.hearing"
    if screening.fluency == "off":
        yield (
            "warning",
            "How well the clips' language is understood is not asked: the results cannot say who listened.",
            "screening.fluency",
        )
    if screening.headphones == "off":
        yield (
            "note",
            "Headphones are not checked: fine details are lost on loudspeakers, and nobody can say who used them.",
            "screening.headphones",
        )
    if screening.gold and all(task.type == "emotion" for task in study.tasks):
        yield "note", "Emotion has no items with a known answer: gold has no effect.", "screening.gold"


def _attention(study: Study) -> Iterator[Found]:
    from anonymizers import speech_synthesis

    screening = study.screening
    if study.limits.minutes > SHORT_MIN and screening.attention_checks < 2:
        yield (
            "error",
            f"A study over {SHORT_MIN:g} minutes needs at least two attention checks, but "
            f"{screening.attention_checks} came: raise attention_checks.",
            "screening.attention_checks",
        )
    if screening.attention_pass > screening.attention_checks > 0:
        yield (
            "error",
            f"At most the {screening.attention_checks} attention checks there are can be passed, but "
            f"{screening.attention_pass} are asked for: lower attention_pass.",
            "screening.attention_pass",
        )
    if screening.attention_checks and not screening.attention_pass:
        yield (
            "warning",
            "Attention checks are asked, but none has to be passed: raise attention_pass to use them.",
            "screening.attention_pass",
        )
    if screening.attention_checks and not speech_synthesis.available():
        yield "error", f"Attention checks are spoken. {speech_synthesis.MISSING_PACKAGE}", "screening.attention_checks"


def _rungs(study: Study) -> Iterator[Found]:
    rungs = study.design.rungs
    if len(set(rungs)) < len(rungs):
        yield "error", "Each rung stands once, but one stands twice: keep one.", "design.rungs"
    if set(rungs) != {"unfamiliar"} and not any(task.type in IDENTITY for task in study.tasks):
        yield (
            "error",
            "The rungs familiar and system-trained are about recognising voices, but no task asks for that: leave "
            "rungs out, or add same-different or line-up.",
            "design.rungs",
        )
    if study.limits.listeners % len(rungs):
        yield (
            "warning",
            f"{study.limits.listeners} listeners cannot be dealt equally to {len(rungs)} rungs: take a multiple of "
            f"{len(rungs)}.",
            "limits.listeners",
        )


def _languages(study: Study) -> Iterator[Found]:
    ethics, spoken = study.ethics, study.ethics.clip_language
    code = LANGUAGE_NAMES.get(spoken.casefold(), spoken.casefold())
    if not ethics.listener_languages:
        yield (
            "error",
            "It should be said who may take part, but listener_languages is empty: list their languages.",
            "ethics.listener_languages",
        )
    elif set(ethics.listener_languages) != {code} and not ethics.language_mismatch_reason:
        yield (
            "error",
            f"Listeners should speak the language of the clips, {spoken}, but {', '.join(ethics.listener_languages)} "
            "came: match them, or give the reason in language_mismatch_reason.",
            "ethics.listener_languages",
        )


def _texts(study: Study) -> Iterator[Found]:
    for where, text in _owned(study).items():
        missing = [language for language in study.languages if not text.get(language, "").strip()]
        if missing:
            yield (
                "error",
                f"A text in each of the study's languages was expected, but {', '.join(missing)} is missing: add it, "
                "or take the language out of languages.",
                where,
            )


def _told_beforehand(study: Study) -> Iterator[Found]:
    keys = {system.system for system in study.systems} - {ORIGINAL}
    labels = {system.label for system in study.systems if system.system != ORIGINAL} - keys
    before = {"public_title": study.public_title, "consent.text": study.consent.text, "ethics.pay": study.ethics.pay}
    for where, text in before.items():
        if named := _named(keys, text):
            yield (
                "error",
                f"What listeners read beforehand must not tell a system, but it names {named}: leave that to the "
                "debrief.",
                where,
            )
        if named := _named(labels, text):
            yield (
                "warning",
                f"What listeners read beforehand has words that are labels of systems ({named}): see that it does not "
                "tell what is compared.",
                where,
            )


def _named(names: Iterable[str], text: Text) -> str:
    """Those of the names that are words of a text; labels of a letter or two, which may be articles, aside."""
    words = " ".join(text.values()).casefold()
    found = [n for n in sorted(names) if len(n) > 2 and re.search(rf"(?<!\w){re.escape(n.casefold())}(?!\w)", words)]
    return ", ".join(found)


def _owned(study: Study) -> Mapping[str, Text]:
    """The owner's texts, by place; those that may be left out only where they are given."""
    texts = {
        "public_title": study.public_title,
        "consent.text": study.consent.text,
        "ethics.debrief": study.ethics.debrief,
        "thank_you": study.thank_you,
    }
    optional = {"ethics.pay": study.ethics.pay}
    for i, item in enumerate(study.questionnaire):
        texts[f"questionnaire[{i}].text"] = item.text
        texts |= {f"questionnaire[{i}].options.{value}": text for value, text in item.options.items()}
        optional |= {f"questionnaire[{i}].low": item.low, f"questionnaire[{i}].high": item.high}
    return texts | {where: text for where, text in optional.items() if text}


def _codes(study: Study) -> Iterator[Found]:
    url = study.completion_url
    if url and not _is_https(url):
        yield (
            "error",
            f"An address such as https://example.org/done was expected, but {url!r} came: mend it, or leave it out.",
            "completion_url",
        )
    if "{code}" in url and not study.completion_code:
        yield "error", "completion_url holds {code}, but there is no completion_code: give one.", "completion_code"
    sends_back = study.screening.headphones == "required" or study.screening.fluency == "required"
    if sends_back and study.completion_code and not study.screen_out_code:
        yield (
            "warning",
            "Some listeners are sent back early and have no code to be paid with: give a screen_out_code.",
            "screen_out_code",
        )


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        return False


def _pay(study: Study) -> Iterator[Found]:
    code, paid = study.completion_code, any(text.strip() for text in study.ethics.pay.values())
    if code and not paid:
        yield (
            "warning",
            "There is a completion_code, as for listeners of a crowd platform, but nothing says what they get: fill "
            "ethics.pay.",
            "ethics.pay",
        )
    if paid and not code:
        yield "note", "Pay is promised, but there is no completion_code to claim it with.", "completion_code"


def _masked(study: Study) -> Iterator[Found]:
    if not study.masked:
        yield (
            "warning",
            "Systems are not masked while the study runs: who sees results by system may stop when they please, and "
            "no interval holds then. Set masked to true.",
            "masked",
        )
