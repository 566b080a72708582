"""What acoustics have to do with what people said: with ratings, with recognition, with the emotion they heard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import COLUMNS, Estimate
from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
CHANGES = {
    "centroid": ("centroid_change_octaves", "octave"),
    "kurtosis": ("kurtosis_change_octaves", "doubling"),
    "loudness": ("loudness_change_lu", "LU"),
}
ANGER, SAD = "anger", "sadness"
ORDER = ("anger", "happiness", "neutral", "sadness")
"""How medians of spectral kurtosis are ordered where emotion survives (paper 001, section IV.D)."""
LEAST = 10
LINKS = Table(
    "acoustic_links",
    "Acoustics beside perception",
    (
        Column("perceived", "What people said: a rating, same-speaker confidence, or the share who heard anger"),
        Column("feature", "What changed: centroid, kurtosis or loudness"),
        Column("per", "Unit of the change: octave, doubling, LU"),
        *COLUMNS,
        Column("spearman", "Rank correlation over recordings, within systems"),
        Column("recordings", "Recordings it rests on"),
    ),
    reading="A slope above 0 = the more the feature rises, the higher what people said. Across 0 = undecided.",
    method=(
        "Least squares of answers on the change of the recording against its original, means of each system taken off "
        "both, so that systems are not compared; interval for other listeners and other speakers (two-way clusters)."
    ),
    caution="Not a cause: what raises kurtosis changes other things too. Twelve slopes will show one by chance.",
)
KURTOSIS = Table(
    "kurtosis_emotion",
    "Does higher kurtosis make sad sound angry?",
    (
        Column("system", "System"),
        Column("acted", "Emotion that was acted"),
        Column("recordings", "Recordings"),
        Column("kurtosis", "Median spectral kurtosis of them"),
        Column("kurtosis_change_octaves", "Median change against the original"),
        Column("order_kept", "Whether medians fall from anger over happiness and neutral to sadness, as far as acted"),
        *(Column(f"anger_{name}", f"Heard as anger: {words}") for name, words in (
            ("share", "share of answers"), ("low", "lower end of its interval"), ("high", "upper end of its interval"),
        )),
        Column("answers", "Answers to these recordings"),
    ),
    reading="Sad recordings with raised kurtosis and a raised share of anger are what paper 001 suspected.",
    method="Medians of `acoustics`; shares from a mixed model with crossed listeners and speakers.",
    caution="Acted emotion, few recordings of each: read the slope in the notes with its interval.",
)  # fmt: skip


class Heard(NamedTuple):
    """Answers with the change of the recording they are about; (n,) each."""

    values: Floats
    changes: Floats
    systems: Any
    listeners: Any
    speakers: Any
    recordings: Any


def tables(answers: Answers, acoustics: Table) -> list[Table]:
    """`acoustic_links` and `kurtosis_emotion`: exclusions applied, of participants' answers and a table `acoustics`."""
    sounds = acoustics.frame()
    rows = [row for row in _links(answers, sounds) if row["answers"]] if len(sounds) else []
    reason = acoustics.reason or ("" if rows else "Nobody has judged an anonymized recording yet.")
    emotional = list(_by_emotion(answers, sounds)) if len(sounds) else []
    none = "" if emotional else acoustics.reason or "No recordings with acted emotions were judged."
    note = [_said(answers, sounds)] if emotional else []
    return [LINKS.filled(rows, reason=reason), KURTOSIS.filled(emotional, reason=none, notes=note)]


def _links(answers: Answers, sounds: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for perceived, own, values in judged(answers):
        for feature, (column, per) in CHANGES.items():
            heard = _joined(answers, own, values, sounds, column)
            named = {"perceived": perceived, "feature": feature, "per": per}
            confidence = answers.study.analysis.confidence
            yield {**named, **slope(heard, confidence).row(), **_ranks(heard)}


def judged(answers: Answers) -> Iterator[tuple[str, pd.DataFrame, Floats]]:
    """What people said of anonymized recordings: its name, the rows of the long table, and a number for each."""
    for question in ("naturalness", "overall_quality", "intelligibility"):
        own = answers.rated(question)
        yield question, own, own["value_number"].to_numpy(float)
    own = answers.rated("same_different")
    own = own[own["same"].fillna(False).astype(bool) & (own["pair"] == "original-anonymized").fillna(False)]
    yield "same-speaker confidence", own, own["value_number"].to_numpy(float)
    own = answers.rated("emotion")
    own = own[(own["emotion"] != ANGER).fillna(False)]
    yield "anger heard where it was not acted", own, (own["value"] == ANGER).fillna(False).to_numpy(float)


def _joined(answers: Answers, own: pd.DataFrame, values: Floats, sounds: pd.DataFrame, column: str) -> Heard:
    """Answers about anonymized recordings, with the change of the one sound on the page that was anonymized."""
    changes = {
        (row.clip, row.system, row.level): float(getattr(row, column))
        for row in sounds.itertuples()
        if getattr(row, column) is not None
    }
    keys = [anonymized(answers, row) for row in own.to_dict("records")]
    found = np.array([changes.get(key, math.nan) if key else math.nan for key in keys], float)
    kept = np.isfinite(found) & np.isfinite(values)
    systems, listeners, speakers = (own[name].to_numpy(str)[kept] for name in ("system", "listener", "speaker"))
    recordings = np.array(["/".join(key) if key else "" for key in keys], str)[kept]
    return Heard(values[kept], found[kept], systems, listeners, speakers, recordings)


def anonymized(answers: Answers, row: dict[str, Any]) -> tuple[str, str, str] | None:
    """The anonymized sound of a page: (clip, system, level); None where there is none."""
    for n in range(1, 3):
        system = row.get(f"sound_{n}_system")
        if isinstance(system, str) and system in answers.study.labels and not answers.is_clear(system):
            return row[f"sound_{n}_clip"], system, row[f"sound_{n}_level"]
    return None


def slope(heard: Heard, confidence: float) -> Estimate:
    """How answers change with the feature, within systems: sum(x y) / sum(x²) of what is left without their means."""
    x, y = _without_means(heard.changes, heard.systems), _without_means(heard.values, heard.systems)
    spread = float(x @ x)
    if len(np.unique(heard.recordings)) < LEAST or spread <= 1e-9:
        few = f"Fewer than {LEAST} recordings, or all changed alike: no slope."
        return Estimate(answers=len(x), note=few)
    found = float(x @ y) / spread
    parts = x * (y - found * x) / spread
    return crossed.total(found, parts, heard.listeners, heard.speakers, confidence=confidence)


def _without_means(values: Floats, groups: Any) -> Floats:
    numbers = np.unique(groups, return_inverse=True)[1]
    if not len(values):
        return values
    return values - (np.bincount(numbers, values) / np.bincount(numbers))[numbers]


def _ranks(heard: Heard) -> dict[str, Any]:
    """Spearman's correlation of mean answer and change over recordings, system means taken off."""
    from scipy import stats

    names, first, numbers = np.unique(heard.recordings, return_index=True, return_inverse=True)
    if len(names) < LEAST:
        return {"spearman": None, "recordings": len(names)}
    answer = np.bincount(numbers, _without_means(heard.values, heard.systems)) / np.bincount(numbers)
    change = _without_means(heard.changes, heard.systems)[first]
    if np.ptp(answer) < 1e-9 or np.ptp(change) < 1e-9:
        return {"spearman": None, "recordings": len(names)}
    return {"spearman": float(stats.spearmanr(answer, change).statistic), "recordings": len(names)}


def _by_emotion(answers: Answers, sounds: pd.DataFrame) -> Iterator[dict[str, Any]]:
    named = answers.rated("emotion")
    for system, own in answers.by_system(named):
        there = sounds[(sounds["system"] == system) & sounds["emotion"].isin(own["emotion"].dropna().unique())]
        medians = there.groupby("emotion")[["kurtosis", "kurtosis_change_octaves"]].median()
        kept = order_kept({name: float(row["kurtosis"]) for name, row in medians.iterrows()})
        for emotion, row in medians.iterrows():
            part = own[(own["emotion"] == emotion).fillna(False)]
            share = _anger(answers, part, (system, str(emotion)))
            yield {
                "system": system, "acted": str(emotion), "recordings": int((there["emotion"] == emotion).sum()),
                "kurtosis": float(row["kurtosis"]), "kurtosis_change_octaves": float(row["kurtosis_change_octaves"]),
                "order_kept": kept, "anger_share": share.value, "anger_low": share.low, "anger_high": share.high,
                "answers": share.answers,
            }  # fmt: skip


def order_kept(medians: dict[str, float]) -> bool | None:
    """Whether the medians fall in the order of ORDER, of those emotions that are there; None with fewer than two."""
    there = [medians[name] for name in ORDER if name in medians]
    return None if len(there) < 2 else all(one > other for one, other in pairwise(there))


def _anger(answers: Answers, part: pd.DataFrame, names: tuple[str, ...]) -> Estimate:
    plan = answers.study.analysis
    return crossed.mean(
        (part["value"] == ANGER).fillna(False).to_numpy(float), part["listener"].to_numpy(str),
        part["speaker"].to_numpy(str), rng=answers.rng("anger", *names),
        confidence=plan.confidence, replicates=plan.replicates, scale="logit",
    )  # fmt: skip


def _said(answers: Answers, sounds: pd.DataFrame) -> str:
    """Paper 001's question, answered in words."""
    own = answers.rated("emotion")
    own = own[(own["emotion"] == SAD).fillna(False)]
    heard = _joined(answers, own, (own["value"] == ANGER).fillna(False).to_numpy(float), sounds, CHANGES["kurtosis"][0])
    found = slope(heard, answers.study.analysis.confidence)
    if not math.isfinite(found.low):
        return f"Does higher kurtosis make sad sound angry? It cannot be said: {found.note or 'too few answers.'}"
    many = f"{100 * found.value:+.0f} points per doubling, interval {100 * found.low:+.0f} to {100 * found.high:+.0f}"
    if found.low > 0:
        return f"Within systems, sad recordings whose kurtosis rose more were heard as angry more often ({many})."
    if found.high < 0:
        return f"Within systems, sad recordings whose kurtosis rose more were heard as angry less often ({many})."
    return f"Does higher kurtosis make sad sound angry? Undecided ({many})."
