"""What a protocol says of itself: its title, and what must be known before its numbers are believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from evaluation.corpus import Corpus
from evaluation.corpus_words import data_set, some

if TYPE_CHECKING:
    from evaluation.protocol import Trial


def title(key: str, trials: Sequence[Trial], speakers: Mapping[str, str]) -> str:
    """How enrolments and trials came about, and how many there are. `speakers`: of each enrolment."""
    kind = {
        "single": "one utterance enrols",
        "multi": "all other utterances enrol",
        "given": "enrolment and trial lists of the data",
    }[key]
    targets = [one for one in trials if one.same]
    cross = sum(one.cross_session is True for one in targets)
    sex = "same sex and data set, " if key != "given" else ""
    return (
        f"{kind}; {sex}{len(set(speakers.values()))} enrolled speakers, {len(targets):,} target and "
        f"{len(trials) - len(targets):,} nontarget trials, {cross:,} of the targets across sessions"
    )


def notes(corpus: Corpus, trials: Sequence[Trial], models: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """What is missing or doubtful. `models`: the utterances of each enrolment."""
    targets = [one for one in trials if one.same]
    within = sum(one.cross_session is False for one in targets)
    unknown = sum(one.cross_session is None for one in targets)
    if within or unknown:
        yield (
            f"Of {len(targets):,} target trials {within:,} are within one session and {unknown:,} of sessions that are "
            "not known: there an attacker may know the room or the microphone again."
        )
    yield from _of_two_data_sets(corpus, trials, models)
    count = Counter(one.speaker for one in corpus.utterances)
    if lone := sorted(speaker for speaker, number in count.items() if number == 1):
        yield f"{len(lone)} speakers have one utterance and take part in nontarget trials only: {some(lone)}."
    for sex in sorted({one.sex for one in corpus.utterances}):
        own = [one for one in trials if one.sex == sex]
        said = {"F": "women", "M": "men", "": "speakers whose sex is not known"}[sex]
        if missing := [kind for kind, same in (("target", True), ("nontarget", False))
                       if not any(one.same == same for one in own)]:  # fmt: skip
            yield f"There are no {' and no '.join(missing)} trials of {said}."


def _of_two_data_sets(corpus: Corpus, trials: Sequence[Trial], models: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    came = {one.key: data_set(one.corpus)[0] for one in corpus.utterances}
    others = [one for one in trials if not one.same]
    apart = sum(came[models[one.model][0]] != came[one.utterance] for one in others)
    if apart:
        yield (
            f"Of {len(others):,} nontarget trials {apart:,} are of two data sets: there an attacker may know the "
            "recording, the language or the accent again, and the EER is lower than within one."
        )
