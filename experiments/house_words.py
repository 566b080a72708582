"""What the study's numbers say, in sentences that are made from them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from evaluation.metrics.bootstrap import Interval
from experiments import house_paired as paired
from experiments import house_tables as tables
from experiments.house_figures import Study
from experiments.house_plan import (
    ORIGINAL,
    OWN_VOICE,
    Cell,
    ablation_cells,
    rule_cells,
    strength_cells,
    style_cells,
)
from experiments.paper_001_tables import BY_AROUSAL, FEATURES, one, percent

if TYPE_CHECKING:
    import pandas as pd


def told(found: Interval) -> str:
    """Whether a difference is beyond its interval, in words."""
    if math.isnan(found.value) or math.isnan(found.low):
        return "which is not known"
    if found.low > 0 or found.high < 0:
        return f"{tables.points(found)} points, more than other speakers would make by chance"
    return f"{tables.points(found)} points, which other speakers could make by chance"


def rules(study: Study) -> str:
    """How much of an EER is the rule, and how much the system."""
    cells = {cell.title: cell for cell in rule_cells() if study.has("lazy", cell)}
    if OWN_VOICE not in cells or len(cells) < 3:
        return ""
    figures = study.figures("lazy", list(cells.values()))
    said = []
    for protocol, words in tables.PROTOCOLS.items():
        eers = {title: tables.eer(figures, title, "house", "lazy-informed", protocol) for title in cells}
        known = {title: row["value"] for title, row in eers.items() if row is not None and title != OWN_VOICE}
        own = eers[OWN_VOICE]
        if own is None or not known:
            continue
        low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        apart = paired.eer_difference(study, "lazy", "house", protocol, cells[high], cells[low])
        alone = 100 * float(own["value"])
        said.append(
            f"Where {words}, the system alone, with the source's own vector, leaves the house attacker an EER of "
            f"{alone:.1f} %; the rules put it anywhere from {100 * known[low]:.1f} % ({low}) to "
            f"{100 * known[high]:.1f} % ({high}): by the same networks and trials they differ by {told(apart)}. "
            f"So the rule moves the EER by {100 * (known[high] - known[low]):.0f} points, the vocoder and the "
            f"bottleneck by {alone - _original(study, protocol):+.0f} from that of originals."
        )
    return "\n\n".join(said) + "\n" if said else ""


def _original(study: Study, protocol: str) -> float:
    row = tables.eer(study.figures("lazy", [ORIGINAL]), ORIGINAL.title, "house", "", protocol)
    return math.nan if row is None else 100 * float(row["value"])


def styles(study: Study) -> str:
    """Timbre against speaking style."""
    cells = {cell.title: cell for cell in style_cells()}
    asked = ("timbre", "style", "timbre and style")
    if not all(study.has("lazy", cells[title]) for title in ("neither", *asked)):
        return ""
    said = []
    for attacker in tables.ATTACKERS:
        found = [
            paired.eer_difference(study, "lazy", attacker, "multi", cells[name], cells["neither"]) for name in asked
        ]
        changes = "; ".join(f"{name} {tables.points(one)}" for name, one in zip(asked, found, strict=True))
        said.append(f"{attacker}: {changes}")
    text = "; ".join(f"**{line.partition(':')[0]}** {line.partition(': ')[2]}" for line in said)
    return (
        "Points by which a lazy-informed attacker's EER rises over that of the same networks with the source's own "
        f"voice and style, the speaker's other utterances enrolling: {text}.\n"
    )


def strengths(study: Study) -> str:
    """Whether the continuous controls help emotions, over the same clips."""
    off, *on = strength_cells()
    if not study.has("acted", off):
        return ""
    found = {cell.title: paired.uar_difference(study, "acted", cell, off) for cell in on if study.has("acted", cell)}
    lines = [f"at strength {title} UAR differs by {told(one)}" for title, one in found.items()]
    usual = next((found[cell.title] for cell in on if cell.title in found and not cell.changed), None)
    verdict = ""
    if usual is not None and not math.isnan(usual.low):
        verdict = (
            " **As they come, the controls measurably help**: the whole interval lies above zero."
            if usual.low > 0
            else " **As they come, the controls did not measurably help**: the interval holds zero."
            if usual.high >= 0
            else " **As they come, the controls measurably harm**: the whole interval lies below zero."
        )
    return f"Against the same clips without controls, {'; '.join(lines)}.{verdict}\n" if lines else ""


def ablation(study: Study) -> str:
    """Each finding of paper 001, and whether it holds here: a paragraph each."""
    return "\n\n".join(text for text in _findings(study) if text) + "\n"


def _findings(study: Study) -> Iterator[str]:
    yield _bottleneck(study)
    yield _speaker(study)
    yield _sad(study)
    yield _kurtosis(study)
    yield _order(study)


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


def _kept(figures: pd.DataFrame, system: str, feature: str) -> bool:
    rows = [one(figures, system=system, kind="acoustics", metric=feature, group=emotion) for emotion in BY_AROUSAL]
    values = [math.nan if row is None else float(row["value"]) for row in rows]
    return all(a > b for a, b in itertools.pairwise(values))
