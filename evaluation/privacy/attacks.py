"""Every attack of a run: who attacks which system, knowing what, and the scores that he or she gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from evaluation.attackers import ATTACKERS, LEAST_COHORT
from evaluation.corpus import Corpus
from evaluation.heard import About, Embedded, Heard
from evaluation.metrics.trust import Training
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.retraining import Material, Sides, TooFew, material, retrained
from evaluation.privacy.trial_scores import Floats, Trials

ORIGINAL = "original"
SIDES = ("trial", "enrolment", "told", "train")
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
        training, repeats: as of retraining.Retrained.
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
        """The attacks on a system; of all protocols by one embedding of the recordings."""
        original = self._part(ORIGINAL, "trial")
        own = {side: self._part(system, side) for side in SIDES if (self.key, system, side) in self.heard.embeddings}
        for trials in every:
            unprotected = trials.scores(original, original)
            blank = Attack(system, self.key, "unprotected", trials, unprotected, self._how("unprotected"))
            if system == ORIGINAL:
                yield blank
                continue
            told = trials.scores(own["told"], own["told"]) if "told" in own else None
            known = replace(blank, originals=unprotected, told=told)
            unaware = self._part(system, "trial", as_of=ORIGINAL)
            yield replace(
                known, attack="ignorant", how=self._how("ignorant"), scores=trials.scores(original, unaware)
            )  # fmt: skip
            sides = Sides(own.get("enrolment", own["trial"]), own["trial"])
            both = replace(known, notes=tuple(self._notes(own)))
            yield replace(
                both, attack="lazy-informed", how=self._how("lazy-informed"), scores=trials.scores(*sides)
            )  # fmt: skip
            learning = material(self.heard.files, own, system, {*trials.enrolled.tolist(), *trials.speakers.tolist()})
            rng = draws.rng("retraining", self.key, system, trials.protocol.key)
            yield self._semi_informed(both, learning, sides, Sides(original, original), own, rng)

    def _semi_informed(
        self,
        both: Attack,
        learning: Material,
        sides: Sides,
        originals: Sides,
        own: dict[str, Embedded],
        rng: np.random.Generator,
    ) -> Attack:
        asked = [sides, originals, *([Sides(own["told"], own["told"])] if "told" in own else [])]
        semi = replace(both, attack="semi-informed")
        try:
            found = retrained(learning, both.trials, asked, rng=rng)
        except TooFew as error:
            nothing = np.full(len(both.scores), np.nan)
            return replace(semi, scores=nothing, how=self._how(semi.attack), notes=(*both.notes, str(error)))
        return replace(
            semi, scores=found.scores[0], originals=found.scores[1], told=found.scores[2] if "told" in own else None,
            how=f"{self._how(semi.attack)}; {found.learned}", notes=(*both.notes, *found.notes),
            training=found.training, repeats=found.repeats,
        )  # fmt: skip

    def _part(self, system: str, side: str, *, as_of: str = "") -> Embedded:
        """Embeddings prepared by what was heard in all recordings of that kind, or `as_of` originals."""
        embedded = self.heard.embeddings[self.key, system, side]
        cohort = self.heard.embeddings[self.key, as_of, "trial"].vectors if as_of else embedded.vectors
        if len(cohort) < LEAST_COHORT:
            cohort = np.concatenate(
                [one.vectors for (key, _, _), one in sorted(self.heard.embeddings.items()) if key == self.key]
            )
        return Embedded(embedded.keys, ATTACKERS[self.key]().prepared(embedded.vectors, cohort))

    def _how(self, attack: str) -> str:
        return f"{UNTOLD[attack]}; {ATTACKERS[self.key].info.knows}"

    def _notes(self, own: dict[str, Embedded]) -> Iterator[str]:
        if self.about.level == "speaker" and "enrolment" not in own:
            yield (
                "Enrolment and trials share their pseudo-speakers, since the enrolments were not anonymized apart: "
                "this is the easier attack."
            )
