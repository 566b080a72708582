"""Every attack of a run: who attacks which system, knowing what, and the scores that he or she gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from evaluation.attackers import ATTACKERS, LEAST_COHORT
from evaluation.corpus import Corpus
from evaluation.corpus_words import some
from evaluation.heard import About, Embedded, Heard
from evaluation.metrics.trust import Training
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.retraining import TooFew, material
from evaluation.privacy.semi_informed import ENROLMENT, ORIGINAL, TOLD, TRIAL, Ears, Taught, taught
from evaluation.privacy.trial_scores import Floats, Trials

SIDES = (TRIAL, ENROLMENT, TOLD, "train")
UNTOLD = {
    "unprotected": "originals on both sides",
    "ignorant": "enrolled with originals, does not know that the trials are anonymized",
    "lazy-informed": "enrolled with speech that the same system anonymized, not retrained",
    "semi-informed": "enrolled with speech that the same system anonymized",
}


@dataclass(frozen=True, eq=False)
class Attack:
    """One attack.

    Attributes:
        attack: one of run_tables.ATTACKS. scores: of the trials, (n,), NaN where something was not heard.
        how: what the attacker knows, in words. notes: what is missing or doubtful.
        originals, told: scores of the same attacker on originals, and on the control of the trust check.
        training: of whom and how much it learned. repeats: EERs of repeated trainings.
    """

    system: str
    attacker: str
    attack: str
    trials: Trials
    scores: Floats
    how: str
    notes: tuple[str, ...] = ()
    originals: Floats | None = None
    told: Floats | None = None
    training: Training | None = None
    repeats: tuple[float, ...] = ()

    @property
    def named(self) -> dict[str, str]:
        """As columns of tables."""
        return {
            "system": self.system,
            "attacker": self.attacker,
            "attack": self.attack,
            "protocol": self.trials.protocol.key,
        }


def attacks(heard: Heard, corpus: Corpus, every: list[Trials], about: About, draws: NamedDraws) -> Iterator[Attack]:
    """All attacks on all systems of a run by attackers that hear, by protocol."""
    for attacker in about.attackers:
        if (attacker, ORIGINAL, "trial") not in heard.embeddings or attacker not in ATTACKERS:
            continue
        for system in dict.fromkeys((ORIGINAL, *about.systems)):
            if (attacker, system, "trial") in heard.embeddings:
                yield from _Attacker(heard, attacker, about).on(system, every, draws)


@dataclass(frozen=True, eq=False)
class _Attacker:
    heard: Heard
    key: str
    about: About

    def on(self, system: str, every: list[Trials], draws: NamedDraws) -> Iterator[Attack]:
        """The attacks on a system, by all protocols."""
        original = self._prepared(self.heard.embeddings[self.key, ORIGINAL, TRIAL])
        if system == ORIGINAL:
            for trials in every:
                yield self._blank(system, trials, trials.scores(original, original))
            return
        parts = {side: self.heard.embeddings[self.key, system, side] for side in SIDES
                 if (self.key, system, side) in self.heard.embeddings}  # fmt: skip
        own = {side: self._prepared(part) for side, part in parts.items()}
        plain = self._ears("", system, {**own, ORIGINAL: original}, every)
        unaware = self._prepared(parts[TRIAL], as_of=self.heard.embeddings[self.key, ORIGINAL, TRIAL])
        semi = self._taught(plain, system, every, draws)
        for trials in every:
            unprotected = trials.scores(original, original)
            told = trials.scores(*plain.sides(TOLD)) if TOLD in own else None
            blank = replace(self._blank(system, trials, unprotected), originals=unprotected, told=told)
            yield self._as(blank, "ignorant", scores=trials.scores(original, unaware))
            blank = replace(blank, notes=(*blank.notes, *self._notes(own)))
            yield self._as(blank, "lazy-informed", scores=trials.scores(*plain.sides()))
            yield self._semi_informed(blank, semi)

    def _taught(self, plain: Ears, system: str, every: list[Trials], draws: NamedDraws) -> Taught | str:
        """The attacker that has learned, or the sentence that says why none has."""
        ears = [plain, *self._tuned(system, every)]
        try:
            return taught(ears, rng=draws.rng("retraining", self.key))
        except TooFew as error:
            return str(error)

    def _tuned(self, system: str, every: list[Trials]) -> Iterator[Ears]:
        """What the network heard after it was trained on the system's output, if it was."""
        found = self.heard.tuned.get((self.key, system))
        if found is not None:
            parts = {side: self._prepared(part) for side, part in found.parts.items()}
            yield replace(self._ears(found.words, system, parts, every), held_out=frozenset(found.held_out))

    def _ears(self, tuned: str, system: str, parts: Mapping[str, Embedded], every: list[Trials]) -> Ears:
        tried = {name for trials in every for side in (trials.enrolled, trials.speakers) for name in side.tolist()}
        return Ears(tuned, material(self.heard.files, parts, system, tried), parts)

    def _semi_informed(self, blank: Attack, learned: Taught | str) -> Attack:
        if isinstance(learned, str):
            nothing = np.full(len(blank.scores), np.nan)
            return replace(self._as(blank, "semi-informed", scores=nothing), notes=(*blank.notes, learned))
        made = self._as(blank, "semi-informed", scores=learned.scores(blank.trials))
        return replace(
            made, how=f"{made.how}; {learned.words}", notes=(*made.notes, *learned.notes),
            originals=learned.scores(made.trials, ORIGINAL), training=learned.training,
            told=learned.scores(made.trials, TOLD) if TOLD in learned.ears.parts else None,
            repeats=learned.repeats(made.trials),
        )  # fmt: skip

    def _prepared(self, embedded: Embedded, *, as_of: Embedded | None = None) -> Embedded:
        """As the attacker compares them, by what was heard in all recordings of that kind, or `as_of` another."""
        known = (as_of or embedded).vectors
        known = known[np.isfinite(known).all(1)]
        if len(known) < LEAST_COHORT:
            every = [one.vectors for (key, _, _), one in sorted(self.heard.embeddings.items()) if key == self.key]
            known = np.concatenate(every)
            known = known[np.isfinite(known).all(1)]
        return Embedded(embedded.keys, ATTACKERS[self.key]().prepared(embedded.vectors, known))

    def _blank(self, system: str, trials: Trials, scores: Floats) -> Attack:
        notes = tuple(_heard_before(self.key, trials))
        return Attack(system, self.key, "unprotected", trials, scores, self._how("unprotected"), notes)

    def _as(self, blank: Attack, attack: str, *, scores: Floats) -> Attack:
        return replace(blank, attack=attack, how=self._how(attack), scores=scores)

    def _how(self, attack: str) -> str:
        return f"{UNTOLD[attack]}; {ATTACKERS[self.key].info.knows}"

    def _notes(self, own: Mapping[str, Embedded]) -> Iterator[str]:
        if self.about.level == "speaker" and ENROLMENT not in own:
            yield (
                "Enrolment and trials share their pseudo-speakers, since the enrolments were not anonymized apart: "
                "this is the easier attack."
            )


def _heard_before(attacker: str, trials: Trials) -> Iterator[str]:
    """Whether the house encoder was trained on somebody who is tried: then it is better on them than on others."""
    from anonymizers import speaker_encoder

    if attacker != "house" or not speaker_encoder.available():
        return
    people = {*trials.enrolled.tolist(), *trials.speakers.tolist()}
    if known := sorted(people & set(speaker_encoder.card().get("training_speakers", ()))):
        yield (
            f"{len(known)} of {len(people)} speakers are among those whom the house encoder was trained on, so the "
            f"figure is not of people unknown to it: {some(known)}."
        )
