"""What the scores of an attack say, as rows of the tables of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from evaluation.heard import About
from evaluation.metrics import detection_cost, disclosure, linkability, speakers, zebra
from evaluation.metrics.bootstrap import Interval, noted, undefined
from evaluation.metrics.curves import auc_of_counts, roc, thinned
from evaluation.privacy.attacks import Attack
from evaluation.privacy.calibrated import leave_out_cllr
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.trial_scores import Bools, Floats, Names

Row = dict[str, Any]
SEXES = ("all", "F", "M")
WHO = {"F": "women", "M": "men"}
MOST_POINTS = 60
SLOW = 5
"""Calibration is fitted anew in each draw: intervals of what it gives are of so many times fewer draws."""
WORST = "No interval: it is the lowest of several."
MAXIMUM = "No interval: it is a maximum, and grows with the number of trials."
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Part:
    """The trials of an attack, all or of one sex, (n,) each."""

    attack: Attack
    sex: str
    scores: Floats
    same: Bools
    enrolled: Names
    speakers: Names
    utterances: Names

    @classmethod
    def of(cls, attack: Attack, sex: str) -> Part:
        """Those in which both are of a sex, or "all"."""
        trials = attack.trials
        chosen = np.ones(len(trials.same), bool) if sex == "all" else trials.sexes == sex
        tried = np.array(trials.utterances, str)[trials.utterance]
        columns = (attack.scores, trials.same, trials.enrolled, trials.speakers, tried)
        return cls(attack, sex, *(column[chosen] for column in columns))

    @property
    def known(self) -> Bools:
        """Which trials have a score."""
        return np.isfinite(self.scores)

    @property
    def both_kinds(self) -> bool:
        """Whether there are target and nontarget trials that have a score."""
        kinds = self.same[self.known]
        return bool(kinds.any() and not kinds.all())

    @property
    def four(self) -> tuple[Floats, Bools, Names, Names]:
        """As the metrics take trials."""
        return self.scores, self.same, self.enrolled, self.speakers

    @property
    def counted(self) -> dict[str, int]:
        """On how many of what the figures rest."""
        known = self.known
        return {
            "speakers": len({*self.enrolled[known].tolist(), *self.speakers[known].tolist()}),
            "utterances": len(set(self.utterances[known].tolist())),
            "trials": int(known.sum()),
            "targets": int((known & self.same).sum()),
        }


def sexes_of(attack: Attack) -> tuple[str, ...]:
    """All, and women and men where sexes are known."""
    return SEXES if set(attack.trials.sexes.tolist()) & set(WHO) else SEXES[:1]


def figures(part: Part, about: About, draws: NamedDraws) -> Iterator[Row]:
    """Rows of the table of figures: of one attack, all trials or those of one sex; the EER comes first."""
    cells = {
        **part.attack.named, **part.counted, "level": about.level, "kind": "privacy", "data": about.data,
        "split": about.split, "sex": part.sex, "about": described(part.attack, about),
    }  # fmt: skip
    rng = draws.rng(*part.attack.named.values(), part.sex)
    for metric, unit, better, found, group in _measured(part, rng, draws.replicates):
        estimate = {"value": found.value, "low": found.low, "high": found.high, "note": found.note}
        yield {**cells, "metric": metric, "unit": unit, "better": better, "group": group, **estimate}


def described(attack: Attack, about: About) -> str:
    """Protocol, data and attacker in words."""
    data = f"{about.data}, {about.split}" if about.split else about.data
    level = f"; a pseudo-speaker for every {about.level}" if attack.attack != "unprotected" else ""
    return f"{attack.attacker} attacker, {attack.attack}: {attack.how}; {attack.trials.protocol.title}; {data}{level}"


def _measured(part: Part, rng: np.random.Generator, replicates: int) -> Iterator[tuple[str, str, str, Interval, str]]:
    """Metric, unit, which way is better for privacy, estimate, and whom it names."""
    if not part.both_kinds:
        yield "EER", "share", "higher", _nothing(part), ""
        return
    how: dict[str, Any] = {"rng": rng, "replicates": replicates}
    slow = {**how, "replicates": max(20, replicates // SLOW)}
    eer = speakers.eer_interval(*part.four, **how)
    notes = part.attack.notes + (part.attack.trials.protocol.notes if part.sex == "all" else ())
    yield "EER", "share", "higher", noted(eer, *notes), ""
    level = speakers.speaker_level(*part.four, **how)
    yield "mean speaker EER", "share", "higher", level.mean, ""
    if level.worst:
        worst = Interval(level.worst.clipped, NAN, NAN, f"{level.note} {WORST}")
        yield "worst speaker EER", "share", "higher", worst, level.worst.speaker
    yield "AUC", "share", "lower", speakers.interval_of_counts(auc_of_counts, *part.four, **how), ""
    cost = speakers.interval_of_counts(detection_cost.min_dcf_of_counts, *part.four, **how)
    yield "minDCF", "share", "higher", cost, ""
    yield "Cllr", "bits", "higher", leave_out_cllr(*part.four, rng=rng), ""
    loss = speakers.interval_of_counts(detection_cost.min_cllr_of_counts, *part.four, **slow)
    yield "minCllr", "bits", "higher", loss, ""
    yield "D_sys", "share", "lower", linkability.linkability_interval(*part.four, **how), ""
    told = speakers.interval_of_counts(zebra.expected_of_counts, *part.four, **slow)
    yield "ZEBRA expected", "bits", "lower", told, ""
    yield "ZEBRA worst case", "1", "lower", _worst_case(part), ""
    yield from _ranked(part, how)


def _nothing(part: Part) -> Interval:
    known = part.same[part.known]
    yes, no, lost = int(known.sum()), int((~known).sum()), int((~part.known).sum())
    who = f" of {WHO[part.sex]}" if part.sex in WHO else ""
    silent = f" {lost} of {len(part.scores)} trials have no score." if lost else ""
    return noted(
        undefined(f"Targets and nontargets{who} were expected, but {yes} and {no} trials with a score came.{silent}"),
        *part.attack.notes,
    )


def _worst_case(part: Part) -> Interval:
    known, same = part.known, part.same
    found = zebra.zebra(part.scores[known & same], part.scores[known & ~same])
    said = f"Category {found.category}; log10 of the strongest evidence. {MAXIMUM}"
    return Interval(found.worst_case_log10, NAN, NAN, " ".join(filter(None, [said, found.note])))


def _ranked(part: Part, how: dict[str, Any]) -> Iterator[tuple[str, str, str, Interval, str]]:
    ranks = disclosure.ranks_of_trials(part.scores, part.enrolled, part.utterances, part.speakers)
    for one in disclosure.match_rates(ranks, **how):
        chance = f"Guessing gives {100 * one.chance:.1f} %." if np.isfinite(one.chance) else ""
        yield f"CMR@{one.rank}", "share", "lower", noted(one.rate, chance), ""
    found = disclosure.rank_disclosure(ranks, **how)
    most = f"At most {found.possible_bits:.2f} bits." if np.isfinite(found.possible_bits) else ""
    yield "rank disclosure", "bits", "lower", noted(found.mean_bits, most), ""


def by_speaker(part: Part, sexes: dict[str, str]) -> Iterator[Row]:
    """Rows of the table of speakers; `sexes`: of each speaker."""
    found = speakers.speaker_level(*part.four, rng=np.random.default_rng(0), replicates=2)
    ranks = disclosure.ranks_of_trials(part.scores, part.enrolled, part.utterances, part.speakers)
    for one in found.speakers:
        own = ranks.expected[ranks.speakers == one.speaker]
        yield {
            **part.attack.named, "speaker": one.speaker, "sex": sexes.get(one.speaker, ""), "eer": one.eer,
            "clipped_eer": one.clipped, "rank": float(own.mean()) if len(own) else NAN, "targets": one.targets,
            "nontargets": one.nontargets, "worst": one == found.worst, "note": one.note,
        }  # fmt: skip


def curve(part: Part) -> Iterator[Row]:
    """Rows of the table of curves; none without both kinds of trials."""
    if not part.both_kinds:
        return
    known, same = part.known, part.same
    found = thinned(roc(part.scores[known & same], part.scores[known & ~same]), MOST_POINTS)
    for threshold, alarm, hit in zip(found.thresholds, found.false_alarm_rates, found.hit_rates, strict=True):
        yield {
            **part.attack.named, "sex": part.sex, "threshold": float(threshold),
            "false_alarm_rate": float(alarm), "miss_rate": float(1 - hit),
        }  # fmt: skip
