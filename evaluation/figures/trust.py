"""Whether a high EER may be believed, as the trust check of a run says: verdicts and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evaluation.figures.rows import Row, chosen, groups
from evaluation.figures.say import ATTACKS, listed, name
from evaluation.runs import Run

SYMBOLS = {"unprotected": "star", "ignorant": "circle", "lazy-informed": "square", "semi-informed": "diamond"}
"""Of attacks, the same in all figures; those of published figures are the same, hollow and grey."""
CROSSED = frozenset({"circle", "square", "diamond"})
"""Symbols that plotly can cross out."""
LEGEND = "Hollow: doubtful; crossed out: not to be trusted, the attacker may just be weak."
Key = tuple[str, str, str, str]


def verdicts(run: Run) -> dict[Key, Row]:
    """Rows of the trust check by system, attacker, attack and protocol."""
    return {key_of(row): row for row in chosen(run.table("trust"))}


def key_of(row: Mapping[str, object]) -> Key:
    """What a verdict is of."""
    return str(row["system"]), str(row["attacker"]), str(row["attack"]), str(row["protocol"])


def symbol(attack: str, verdict: Row | None) -> str:
    """The mark of an EER: filled, hollow where it is doubtful, crossed out where it is not to be trusted."""
    plain = SYMBOLS.get(attack, "circle")
    if verdict is None or verdict["verdict"] == "trusted":
        return plain
    return f"{plain}-x-open" if verdict["verdict"] == "not to be trusted" and plain in CROSSED else f"{plain}-open"


def said(verdict: Row | None) -> str:
    """A verdict under the pointer."""
    return f"Trust check: {verdict['verdict']}. {verdict['why']}".strip() if verdict else "Trust check: not made."


def caution(found: Iterable[Row]) -> str:
    """Why some EERs are not to be believed, systems with the same reason together; "" where all are trusted."""
    bad = groups((row for row in found if row["verdict"] != "trusted"), "attacker", "attack", "verdict", "why")
    return " ".join(
        f"{listed([name(row['system']) for row in rows])}, {attacker}, {ATTACKS.get(attack, attack)}: {verdict}. {why}"
        for (attacker, attack, verdict, why), rows in bad.items()
    )
