"""Paper 001's findings, and whether they hold here: sentences made from the ablation's numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from experiments import house_paired as paired
from experiments import house_tables as tables
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, Cell, ablation_cells
from experiments.paper_001_tables import BY_AROUSAL, FEATURES, one, percent

if TYPE_CHECKING:
    import pandas as pd


def ablation(study: Study) -> str:
    """Each finding of paper 001, and whether it holds here: a paragraph each."""
    return "\n\n".join(text for text in _findings(study) if text) + "\n"


def _findings(study: Study) -> Iterator[str]:
    yield _bottleneck(study)
    yield _speaker(study)
    yield _sad(study)
    yield _kurtosis(study)
    yield _order(study)
    yield _controls(study)


def _cell(bottleneck: str, speaker: str, controls: bool) -> Cell:
    asked = {"bottleneck": bottleneck, "speaker": speaker, "controls": controls}
    return next(cell for cell in ablation_cells() if cell.params == asked)


def _bottleneck(study: Study) -> str:
    pairs = [(_cell("vq", who, on), _cell("soft", who, on)) for who in ("none", "original", "anonymised")
             for on in (True, False)]  # fmt: skip
    text = _differences(study, pairs)
    return text and (
        "**Discretising costs emotion.** Paper 001 finds the bottleneck to matter most. Here UAR with 48 codes, less "
        f"that with the soft bottleneck: {text}."
    )


def _speaker(study: Study) -> str:
    pairs = [(_cell(kind, "anonymised", on), _cell(kind, "original", on)) for kind in ("soft", "vq")
             for on in (True, False)]  # fmt: skip
    nobody = [(_cell(kind, "none", on), _cell(kind, "original", on)) for kind in ("soft", "vq")
              for on in (True, False)]  # fmt: skip
    text, other = _differences(study, pairs), _differences(study, nobody)
    return text and (
        "**Changing the speaker costs less than the bottleneck** in paper 001 (3 and 8 points), and leaving the vector "
        f"out 5. Here, less the source's own vector: anonymised: {text}. Without a vector: {other}."
    )


def _differences(study: Study, pairs: Sequence[tuple[Cell, Cell]]) -> str:
    found = [(one, paired.uar_difference(study, "acted", one, other)) for one, other in pairs
             if study.has("acted", one) and study.has("acted", other)]  # fmt: skip
    return "; ".join(f"{cell.title} {tables.points(apart)}" for cell, apart in found)


def _sad(study: Study) -> str:
    cells = study.there("acted", ablation_cells())
    if not cells:
        return ""
    confusion = study.table("confusion", "acted", [ORIGINAL, *cells])
    found = {cell.title: tables.became_angry(confusion, cell.title) for cell in cells}
    most = max(found, key=lambda title: float(found[title]))
    figures = study.figures("acted", [ORIGINAL, *cells])
    recalls = {
        system: one(figures, system=system, kind="emotion", metric="recall", group="sad", sex="all")
        for system in (ORIGINAL.title, most)
    }
    return (
        f"**Sad becomes angry** for 49 % in paper 001. Here for {min(map(float, found.values())):.0f} to "
        f"{found[most]} % ({most}), whose recall of sad is {percent(recalls[most])} against "
        f"{percent(recalls[ORIGINAL.title])} of originals."
    )


def _kurtosis(study: Study) -> str:
    cells = study.there("acted", ablation_cells())
    figures = study.figures("acted", [ORIGINAL, *cells])
    values = {cell.title: one(figures, system=cell.title, metric="kurtosis", group="") for cell in (ORIGINAL, *cells)}
    known = {title: float(row["value"]) for title, row in values.items() if row is not None}
    if len(known) < 2 or ORIGINAL.title not in known:
        return ""
    before = known.pop(ORIGINAL.title)
    above = sum(value > before for value in known.values())
    return (
        "**Synthesis raises spectral kurtosis** in paper 001. Here the median is "
        f"{min(known.values()):.2f} to {max(known.values()):.2f} against {before:.2f} of originals: above it in "
        f"{above} of {len(known)} cells."
    )


def _order(study: Study) -> str:
    """Where medians fall from angry over happy and neutral to sad."""
    every = study.there("acted", [ORIGINAL, *ablation_cells()])
    if len(every) < 2:
        return ""
    figures = study.figures("acted", every)
    said = []
    for feature, (title, _) in FEATURES.items():
        kept = [cell.title for cell in every if _kept(figures, cell.title, feature)]
        said.append(f"{title.partition(',')[0].lower()}: {len(kept)} of {len(every)}"
                    + (" (originals too)" if ORIGINAL.title in kept else " (not in originals)"))  # fmt: skip
    return (
        "**The medians' order** angry > happy > neutral > sad, a sign of emotion that is left in paper 001, is there, "
        f"of originals and cells, in {'; '.join(said)}."
    )


def _controls(study: Study) -> str:
    """What the continuous controls carry over, over all bottlenecks and speakers."""
    pairs = [(_cell(kind, who, True), _cell(kind, who, False)) for kind in ("soft", "vq")
             for who in ("none", "original", "anonymised")]  # fmt: skip
    text = _differences(study, pairs)
    figures = study.figures("acted", [ORIGINAL, *ablation_cells()])
    if not text or not study.has("acted", ORIGINAL):
        return ""
    spread = {on: [_octaves(figures, pair[not on].title) for pair in pairs] for on in (True, False)}
    parts = [f"{min(found):.2f} to {max(found):.2f} {words} them" for found, words in
             ((spread[True], "with"), (spread[False], "without"))]  # fmt: skip
    own = _octaves(figures, ORIGINAL.title)
    return (
        "**Continuous controls**, which paper 001 proposes, carry over what the spectrum tells of emotion: the "
        f"centroid of angry speech lies {own:.2f} octaves above that of sad speech in originals, "
        f"{' and '.join(parts)}. UAR with them, less that without: {text}."
    )


def _octaves(figures: pd.DataFrame, system: str) -> float:
    """From the median centroid of sad speech up to that of angry speech; NaN where one is missing."""
    angry, sad = (one(figures, system=system, metric="centroid", group=emotion) for emotion in ("angry", "sad"))
    return math.nan if angry is None or sad is None else math.log2(angry["value"] / sad["value"])


def _kept(figures: pd.DataFrame, system: str, feature: str) -> bool:
    rows = [one(figures, system=system, kind="acoustics", metric=feature, group=emotion) for emotion in BY_AROUSAL]
    values = [math.nan if row is None else float(row["value"]) for row in rows]
    return all(a > b for a, b in itertools.pairwise(values))
