"""Under which conditions systems were attacked: who attacks, knowing what, by which protocol, on which data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from evaluation.figures.rows import Row, chosen, groups
from evaluation.figures.say import ATTACKS, PROTOCOLS
from evaluation.runs import Run

STRONGEST_FIRST = ("semi-informed", "lazy-informed", "ignorant", "unprotected")
BASELINE = "unprotected"
WORDS_ALONE = "text"


@dataclass(frozen=True)
class Condition:
    """What an EER is worth nothing without; `data` as in the table of figures."""

    attacker: str
    attack: str
    protocol: str
    data: str

    @property
    def key(self) -> str:
        """Its name in controls and addresses."""
        return "/".join((self.attacker, self.attack, self.protocol, self.data))

    @property
    def words(self) -> str:
        """E.g. "house, semi-informed; one utterance enrols; LibriSpeech"."""
        how = ", ".join(part for part in (self.attacker, ATTACKS.get(self.attack, self.attack)) if part)
        return "; ".join(part for part in (how, PROTOCOLS.get(self.protocol, self.protocol), self.data) if part)

    def holds(self, row: Row) -> bool:
        """Whether a row is of this condition, or of unprotected speech under the same attacker."""
        same = all(row.get(name, mine) == mine for name, mine in self._fixed.items())
        return same and row["attack"] in (self.attack, BASELINE)

    @property
    def _fixed(self) -> dict[str, str]:
        return {"attacker": self.attacker, "protocol": self.protocol, "data": self.data}


def eers(run: Run) -> list[Row]:
    """The EERs of all speakers, of both sexes together."""
    return chosen(run.table("figures"), kind="privacy", metric="EER", sex="all")


def conditions(run: Run) -> list[Condition]:
    """Every condition under which a system was attacked and an EER came of it, the most telling first.

    That is the best informed attacker; of several the one that attacked most systems, then the one with the lowest
    mean EER, because a system is as private as the strongest leaves it.
    """
    there = [row for row in eers(run) if row["value"] is not None]
    found = groups(there, "attacker", "attack", "protocol", "data")
    attacked = {key: rows for key, rows in found.items() if key[1] != BASELINE} or found
    return sorted((Condition(*map(str, key)) for key in attacked), key=lambda one: _place(one, _rows(one, attacked)))


def words_alone(run: Run, condition: Condition) -> float | None:
    """EER of whoever reads the transcripts alone, on the same trials: no anonymizer of voices hides more than that."""
    rows = [row for row in eers(run) if row["attacker"] == WORDS_ALONE and row["value"] is not None]
    return next(
        (float(row["value"]) for row in rows
         if (row["protocol"], row["data"]) == (condition.protocol, condition.data)), None
    )  # fmt: skip


def label(one: Condition, every: Sequence[Condition]) -> str:
    """A condition in short, without what is the same in all of them."""
    parts = [f"{one.attacker}, {ATTACKS.get(one.attack, one.attack)}"]
    if len({other.protocol for other in every}) > 1:
        parts.append(PROTOCOLS.get(one.protocol, one.protocol))
    if len({other.data for other in every}) > 1:
        parts.append(one.data)
    return "; ".join(parts)


def _rows(one: Condition, found: dict[tuple[str, ...], list[Row]]) -> list[Row]:
    return found[one.attacker, one.attack, one.protocol, one.data]


def _place(one: Condition, rows: Sequence[Row]) -> tuple[int, int, float, str]:
    informed = STRONGEST_FIRST.index(one.attack) if one.attack in STRONGEST_FIRST else len(STRONGEST_FIRST)
    return informed, -len(rows), fmean(float(row["value"]) for row in rows), one.key
