"""Attention checks: a recording like any other, in which a voice suddenly asks for an answer (ITU-T P.808)."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from audio.clip import Clip
from listening_test import questions
from listening_test.finishing import EDGE_S, Levelled, cut, levelled
from listening_test.study import Language, Study, StudyError
from listening_test.texts import texts

PAUSE_S = 0.2
SPEAKERS = {"en": "en-us", "de": "de"}
"""espeak-ng's language for each of ours."""
VARIANT, RATE_WPM = "f2", 170
LEADS_S = {"spoken": 1.0, "short": 0.5}
"""Wordings, the best first, and the least that is heard of the recording before each."""


class Wanted(NamedTuple):
    """What an attention check asks for, from Sound.detail "language|question|value"."""

    language: Language
    question: str
    value: str


def parse(detail: str, study: Study) -> Wanted:
    """What the detail of an attention sound stands for.

    Raises:
        StudyError: if it is no "language|question|value" with a question and an answer of the study.
    """
    parts = detail.split("|")
    known = questions.of(study)
    if len(parts) != 3 or parts[0] not in SPEAKERS or parts[1] not in known or parts[2] not in known[parts[1]].options:
        raise StudyError(f"an attention check was expected as language|question|value, but {detail!r} came: plan again")
    return Wanted(cast(Language, parts[0]), parts[1], parts[2])


def wordings(wanted: Wanted, study: Study) -> dict[str, str]:
    """What may be said, by the names of LEADS_S: the answer by its label on the page, or its number on a scale."""
    words = questions.of(study)[wanted.question].words[wanted.language]
    answer = words.labels.get(wanted.value) or wanted.value
    return {name: texts(wanted.language).format(f"attention.{name}", answer=answer) for name in LEADS_S}


def least_s(detail: str, study: Study) -> float:
    """How long an attention check lasts at least: some of the recording, a pause, the short wording.

    Raises:
        StudyError: if `detail` asks for what the study does not have.
        AnonymizerError: if the synthesiser is missing or fails.
    """
    wanted = parse(detail, study)
    said = _said(wordings(wanted, study)["short"], wanted.language, study)
    return LEADS_S["short"] + PAUSE_S + said.duration_s


def interrupted(original: Levelled, detail: str, length_s: float, study: Study) -> Levelled:
    """The start of a recording, then a voice asking for an answer at the same level, to fill a file of `length_s`.

    That is the length of every file of the recording, so that length does not betray the check: the recording is cut
    to make room, and where the long wording leaves too little of it the short one is said.

    Raises:
        StudyError: if `detail` asks for what the study does not have, or `length_s` leaves no room for least_s().
        AnonymizerError: if the synthesiser is missing or fails.
    """
    wanted = parse(detail, study)
    for name, text in wordings(wanted, study).items():
        said = _said(text, wanted.language, study)
        lead_s = min(length_s - 2 * EDGE_S - PAUSE_S - said.duration_s, original.clip.duration_s)
        if lead_s >= min(LEADS_S[name], original.clip.duration_s) - 1e-6:
            return _joined(original, lead_s, said)
    raise StudyError(
        f"a file of at least {least_s(detail, study) + 2 * EDGE_S:.1f} s was expected, but {length_s:g} s came: "
        "render the study again"
    )


def _said(text: str, language: Language, study: Study) -> Clip:
    from anonymizers.speech_synthesis import Voice, synthesise

    voice = Voice(SPEAKERS[language], VARIANT, rate_wpm=RATE_WPM)
    limits = study.limits.model_copy(update={"clip_min_s": 0.0})  # a bound for recordings, not for what is said to them
    return levelled(synthesise(text, voice), limits).clip


def _joined(original: Levelled, lead_s: float, said: Clip) -> Levelled:
    lead = cut(original.clip, lead_s).samples
    pause = np.zeros(round(PAUSE_S * said.sample_rate), np.float32)
    return Levelled(Clip(np.concatenate([lead, pause, said.samples]), said.sample_rate), original.facts)
