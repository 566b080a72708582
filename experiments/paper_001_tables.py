"""The tables of the small study, as Markdown: what paper 001 prints of its systems, of ours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evaluation.recognisers.base import CORE_EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

ATTACKS = ("unprotected", "ignorant", "lazy-informed", "semi-informed")
BY_AROUSAL = ("angry", "happy", "neutral", "sad")
"""The order of medians that paper 001 finds in originals, and kept where emotion is kept."""
FEATURES = {
    "centroid": ("Spectral centroid, Hz", 0),
    "kurtosis": ("Spectral kurtosis", 2),
    "loudness": ("Loudness, LUFS", 1),
}


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def percent(row: pd.Series | None) -> str:
    """An estimate with its interval, in %; "–" where there is none."""
    if row is None or math.isnan(row["value"]):
        return "–"
    value, low, high = (100 * float(row[name]) for name in ("value", "low", "high"))
    return f"{value:.1f}" if math.isnan(low) else f"{value:.1f} [{low:.0f}, {high:.0f}]"


def one(figures: pd.DataFrame, **cells: str) -> pd.Series | None:
    """The only figure with these cells, or None.

    Raises:
        ValueError: if several have them: then the question was not precise.
    """
    found = figures
    for name, cell in cells.items():
        found = found[found[name] == cell]
    if len(found) > 1:
        raise ValueError(f"One figure was expected for {cells}, but {len(found)} came.")
    return found.iloc[0] if len(found) else None


def systems(figures: pd.DataFrame) -> list[str]:
    """All systems, the original first."""
    return sorted(figures["system"].unique(), key=lambda name: (name != "original", name))


def privacy(figures: pd.DataFrame, attacker: str, protocol: str) -> str:
    """EER of one attacker: by attack for all, and for women and men where it is strongest informed."""
    head = ["System", *(f"EER {attack}" for attack in ATTACKS[1:]), "women, semi-informed", "men, semi-informed"]
    return markdown(head, list(_privacy(figures, attacker, protocol)))


def _privacy(figures: pd.DataFrame, attacker: str, protocol: str) -> Iterator[list[str]]:
    asked = {"metric": "EER", "attacker": attacker, "protocol": protocol}
    for system in systems(figures):
        attacks = ["unprotected"] * 3 if system == "original" else list(ATTACKS[1:])
        cells = [percent(one(figures, system=system, attack=attack, sex="all", **asked)) for attack in attacks]
        last = [percent(one(figures, system=system, attack=attacks[-1], sex=sex, **asked)) for sex in ("F", "M")]
        yield [system, *cells, *last]


def attackers(figures: pd.DataFrame, protocol: str, attack: str) -> str:
    """EER of every attacker, for one attack: the lowest decides how private a system is."""
    asked = figures[(figures["metric"] == "EER") & (figures["protocol"] == protocol) & (figures["sex"] == "all")]
    keys = list(dict.fromkeys(asked["attacker"]))
    rows = []
    for system in systems(asked):
        how = "unprotected" if system == "original" else attack
        rows.append([system, *(percent(one(asked, system=system, attacker=key, attack=how)) for key in keys)])
    return markdown(["System", *keys], rows)


def words(figures: pd.DataFrame) -> str:
    """WER of every data set."""
    asked = figures[(figures["metric"] == "WER") & (figures["sex"] == "all")]
    data = list(dict.fromkeys(asked["data"]))
    rows = [[system, *(percent(one(asked, system=system, data=name)) for name in data)] for system in systems(asked)]
    return markdown(["System", *(f"WER {name}" for name in data)], rows)


def emotions(figures: pd.DataFrame, confusion: pd.DataFrame) -> str:
    """Recall of each emotion and their mean; and what share of sad speech was heard as angry."""
    asked = figures[(figures["kind"] == "emotion") & (figures["sex"] == "all")]
    heard = confusion[(confusion["what"] == "emotion") & confusion["recogniser"].isin(asked["attacker"].unique())]
    rows = []
    for system in systems(asked):
        recalls = [percent(one(asked, system=system, metric="recall", group=emotion)) for emotion in CORE_EMOTIONS]
        became = heard[(heard["system"] == system) & (heard["truth"] == "sad") & (heard["said"] == "angry")]
        share = f"{100 * became['share'].iloc[0]:.0f}" if len(became) else "–"
        rows.append([system, *recalls, percent(one(asked, system=system, metric="UAR")), share])
    return markdown(["System", *(f"{emotion}" for emotion in CORE_EMOTIONS), "UAR", "sad heard as angry"], rows)


def attributes(figures: pd.DataFrame) -> str:
    """UAR of classifiers that guess emotion and gender: trained on originals, and retrained on the system's output."""
    asked = figures[(figures["kind"] == "attribute") & (figures["metric"] == "UAR") & (figures["sex"] == "all")]
    rows = []
    for system in systems(asked):
        own = asked[asked["system"] == system]
        cells = []
        for what in ("emotion", "gender"):
            of = own[own["about"].str.startswith(what)]
            cells += [percent(one(of, attack=attack)) for attack in ("fixed", "retrained")]
        rows.append([system, *cells])
    head = ["emotion, fixed", "emotion, retrained", "gender, fixed", "gender, retrained"]
    return markdown(["System", *head], rows)


def medians(figures: pd.DataFrame, feature: str) -> str:
    """Medians of one feature by acted emotion, and whether angry > happy > neutral > sad holds."""
    asked = figures[(figures["kind"] == "acoustics") & (figures["metric"] == feature)]
    title, digits = FEATURES[feature]
    rows = []
    for system in systems(asked):
        found = [one(asked, system=system, group=emotion) for emotion in BY_AROUSAL]
        values = [math.nan if row is None else float(row["value"]) for row in found]
        kept = "kept" if all(a > b for a, b in itertools.pairwise(values)) else "not kept"
        rows.append([system, *(f"{value:.{digits}f}" for value in values), kept])
    return f"{title}\n\n" + markdown(["System", *BY_AROUSAL, "angry > happy > neutral > sad"], rows)
