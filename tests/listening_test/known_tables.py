"""Results with one small table of each kind, numbers written by hand: what figures and reports are tested on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from listening_test.analysis.results import Results
from listening_test.analysis.table import Column, Table
from listening_test.figures.styles import styles
from tests.listening_test import planning

SYSTEMS = ("original", "low-anchor", "mcadams", "devoiced")
HIDDEN = ("mcadams", "devoiced")
EMOTIONS = ("anger", "neutral", "sadness")
BASIS = {"answers": 48, "listeners": 12, "speakers": 10, "se": 0.1, "df": 9.0, "method": "mixed model", "note": ""}


def estimate(value: float | None, half: float = 0.1) -> dict[str, Any]:
    """Cells of an estimate whose interval reaches `half` to both sides."""
    ends = {"low": None, "high": None} if value is None else {"low": value - half, "high": value + half}
    return {"value": value, **ends, **BASIS}


def table(key: str, rows: Iterable[Mapping[str, Any]], names: Iterable[str] = (), **texts: Any) -> Table:
    """A table with the columns of its first row, or these."""
    rows = list(rows)
    columns = tuple(Column(name, f"What {name} means") for name in (rows[0] if rows else names))
    title = key.replace("_", " ").capitalize()
    texts = {"reading": f"How to read {key}.", "method": f"How {key} is computed.", **texts}
    reason = texts.pop("reason", "")
    return Table(key, title, columns, **texts).filled(rows, reason=reason)


def both(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with exclusions applied, and a little off without."""
    found = []
    for row in rows:
        found.append({"exclusions": "applied", **row})
        value = row.get("value")
        found.append({"exclusions": "none", **row, **({} if value is None else estimate(value - 0.05))})
    return found


def mos() -> Table:
    values = {"original": 4.6, "low-anchor": 1.4, "mcadams": 3.3, "devoiced": 2.2}
    return table(
        "mos",
        both(
            {
                "task": "mos",
                "question": question,
                "system": system,
                **estimate(value, 0.3),
                "naive_low": value - 0.1,
                "naive_high": value + 0.1,
            }
            for question in ("naturalness", "overall_quality")
            for system, value in values.items()
        ),
        caution="Ratings of two studies cannot be compared.",
    )


def mos_contrasts() -> Table:
    rows = (("original", "mcadams", 1.3, "higher"), ("mcadams", "devoiced", 0.2, "undecided"))
    return table(
        "mos_contrasts",
        both(
            {
                "task": "mos",
                "question": "naturalness",
                "system": one,
                "other": other,
                **estimate(value, 0.4),
                "p": 0.0002,
                "p_holm": 0.0004,
                "effect_size": 1.1,
                "decided": decided,
            }
            for one, other, value, decided in rows
        ),
    )


def reidentification(rungs: tuple[str, ...] = ("all",), sexes: tuple[str, ...] = ("all",)) -> Table:
    pairs = [("original-original", "original", 0.93), *(("original-anonymized", one, 0.55) for one in HIDDEN)]
    return table(
        "reidentification",
        both(
            {
                "task": "same-different",
                "pair": pair,
                "system": system,
                "rung": rung,
                "sex": sex,
                **estimate(value, 0.06),
                "note": "Only a note." if system == "devoiced" else "",
                "d_prime": 2 * value,
                "d_prime_low": value,
                "d_prime_high": 3 * value,
                "c": -0.2,
                "hit_rate": 0.7,
                "false_alarm_rate": 0.4,
            }
            for pair, system, value in pairs
            for rung in rungs
            for sex in sexes
        ),
    )


def equivalence() -> Table:
    rows = [
        {
            "exclusions": "applied",
            "task": "same-different",
            "pair": "original-anonymized",
            "system": system,
            "rung": "all",
            "margin": 0.1,
            "auc": 0.55,
            "low": 0.5,
            "high": 0.6,
            "p": 0.03,
            "verdict": verdict,
        }
        for system, verdict in zip(HIDDEN, ("undecided", "chance within the margin"), strict=True)
    ]
    return table("equivalence", rows)


def roc() -> Table:
    points = ((0.0, 0.0), (0.2, 0.5), (0.5, 0.8), (1.0, 1.0))
    rows = [
        {
            "task": "same-different",
            "pair": "original-anonymized",
            "system": system,
            "listener": "people pooled",
            "threshold": 3 - number,
            "false_alarm_rate": x,
            "hit_rate": y,
        }
        for system in HIDDEN
        for number, (x, y) in enumerate(points)
    ]
    return table("roc", rows)


def pooled() -> Table:
    rows = [
        {
            "task": "same-different",
            "pair": "original-anonymized",
            "system": system,
            "auc": 0.6,
            "auc_low": 0.5,
            "auc_high": 0.7,
            "eer": 0.4,
            "eer_low": 0.3,
            "eer_high": 0.5,
            "answers": 48,
            "listeners": 12,
            "speakers": 10,
            "note": "",
        }
        for system in HIDDEN
    ]
    return table("reidentification_pooled", both(rows))


ATTACKERS = ("people, within listeners", "people pooled", "people, as a panel", "mfcc")


def machine() -> Table:
    rows = [
        {
            "task": "same-different",
            "pair": "original-anonymized",
            "system": system,
            "attacker": attacker,
            "knows": "nothing of the system",
            "protocol": "voices of the study",
            "trials": 40,
            "auc": 0.6 + number / 10,
            "auc_low": 0.5,
            "auc_high": 0.95,
            "eer": 0.4,
            "eer_low": 0.3,
            "eer_high": 0.5,
            "spearman": 0.2 if attacker == "mfcc" else None,
            "spearman_low": None,
            "spearman_high": None,
            "note": "",
        }
        for system in HIDDEN
        for number, attacker in enumerate(ATTACKERS)
    ]
    return table("machine", rows)


def machine_roc() -> Table:
    rows = [{**row, "attacker": attacker} for attacker in ATTACKERS[1:] for row in roc().rows]
    for row in rows:
        del row["listener"]
    return table("machine_roc", rows)


def worst_speakers() -> Table:
    rows = [
        {
            "task": "same-different",
            "pair": "original-anonymized",
            "system": system,
            "speaker": f"F{number:02}",
            "raw": 0.4 + 0.1 * number,
            "value": 0.5 + 0.05 * number,
            "low": 0.4,
            "high": 0.75,
            "answers": 12,
            "listeners": 8,
            "worst": number == 3,
        }
        for system in HIDDEN
        for number in range(4)
    ]
    return table("worst_speakers", rows)


def line_up() -> Table:
    rates = {"hit": 0.4, "foil when present": 0.3, "miss": 0.3, "false identification": 0.45, "correct rejection": 0.55}
    return table(
        "line_up",
        both(
            {"system": system, "rung": "all", "measure": measure, "chance": 0.3, **estimate(value, 0.15)}
            for system in ("original", "mcadams")
            for measure, value in rates.items()
        ),
    )


def line_up_positions() -> Table:
    rows = [
        {"system": "all", "position": place, "correct_share": 0.4, "chosen_share": 0.2 + 0.05 * place, "expected": 0.22}
        for place in (1, 2, 3)
    ]
    return table("line_up_positions", rows)


def similarity() -> Table:
    rows = [
        {"task": "speaker-similarity", "system": system, "same": same, **estimate(4.0 if same else 2.0, 0.3)}
        for system in ("original", "mcadams")
        for same in (True, False)
    ]
    return table("similarity", both(rows))


def emotion() -> Table:
    measures = [("UAR", "all", 0.6), *(("recall", one, 0.5) for one in EMOTIONS)]
    return table(
        "emotion",
        both(
            {"system": system, "measure": measure, "emotion": one, **estimate(value)}
            for system in SYSTEMS
            for measure, one, value in measures
        ),
    )


def confusion() -> Table:
    rows = [
        {
            "system": system,
            "acted": acted,
            "answered": answered,
            "answers": 6,
            "share": 0.6 if acted == answered else 0.2,
        }
        for system in HIDDEN
        for acted in EMOTIONS
        for answered in EMOTIONS
    ]
    return table("confusion", rows)


def acoustic_links() -> Table:
    rows = [
        {"perceived": perceived, "feature": feature, "per": per, **estimate(value), "spearman": 0.1, "recordings": 30}
        for perceived in ("naturalness", "same-speaker confidence")
        for feature, per, value in (
            ("centroid", "octave", 0.3),
            ("kurtosis", "doubling", 0.05),
            ("loudness", "LU", None),
        )
    ]
    return table("acoustic_links", rows)


def acoustic_points() -> Table:
    rows = [
        {
            "perceived": perceived,
            "system": system,
            "clip": f"F0{number}-1",
            "level": "utterance",
            "speaker": f"F0{number}",
            "emotion": "anger",
            "centroid_change_octaves": 0.1 * number,
            "kurtosis_change_octaves": 0.2 * number,
            "loudness_change_lu": None,
            "mean": 1.0 + number / 10,
            "answers": 1 + number,
        }
        for perceived in ("naturalness", "same-speaker confidence")
        for system in HIDDEN
        for number in range(4)
    ]
    return table("acoustic_points", rows)


def kurtosis_emotion() -> Table:
    rows = [
        {
            "system": system,
            "acted": acted,
            "recordings": 8,
            "kurtosis": 5.0 - place,
            "kurtosis_change_octaves": 0.1,
            "order_kept": True,
            "anger_share": 0.5,
            "anger_low": 0.4,
            "anger_high": 0.6,
            "answers": 20,
        }
        for system in SYSTEMS
        for place, acted in enumerate(EMOTIONS)
    ]
    return table("kurtosis_emotion", rows)


def comments() -> Table:
    return table("comments", [{"comment": "I know this voice: it is my aunt's."}], public=False)


def about(**changes: Any) -> dict[str, Any]:
    """Facts of a closed study that twelve people took."""
    study = planning.study([planning.MOS])
    return {
        "study": study.name,
        "title": study.title,
        "version": 1,
        "state": "closed",
        "digest": "",
        "masked": False,
        "watermark": "",
        "software_version": "0",
        "systems": list(SYSTEMS),
        "styles": styles(study, SYSTEMS),
        "opened_s": 1_000_000.0,
        "closed_s": 1_100_000.0,
        "first_s": 1_000_100.0,
        "last_s": 1_090_000.0,
        "enrolled": 13,
        "finished": 12,
        "used": 11,
        "answers": 480,
        "computed_s": 1_200_000.0,
        "seconds": 2.0,
        **changes,
    }


def results(*tables: Table, **changes: Any) -> Results:
    """Results with these tables, or one of each kind."""
    every = (
        mos(), mos_contrasts(), reidentification(), equivalence(), roc(), pooled(), machine(), machine_roc(),
        worst_speakers(), line_up(), line_up_positions(), similarity(), emotion(), confusion(), acoustic_links(),
        acoustic_points(), kurtosis_emotion(), comments(),
    )  # fmt: skip
    return Results(about(**changes), {one.key: one for one in (tables or every)})
