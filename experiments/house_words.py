"""What the study's numbers say, in sentences that are made from them."""

from __future__ import annotations

import math

from evaluation.metrics.bootstrap import Interval
from experiments import house_paired as paired
from experiments import house_tables as tables
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, OWN_VOICE, rule_cells, strength_cells, style_cells


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
