"""The study's tables as Markdown. Shares in %, 95 % intervals for other speakers in brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluation.metrics.bootstrap import Interval
from experiments import house_melody as melody
from experiments import house_paired as paired
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, Cell
from experiments.paper_001_tables import markdown, one, percent

if TYPE_CHECKING:
    import pandas as pd

ATTACKERS = ("house", "mfcc", "emotion")
PROTOCOLS = {"single": "one utterance enrols", "multi": "the speaker's other utterances enrol"}
EMOTIONS = ("angry", "happy", "neutral", "sad")


def number(found: pd.Series | Interval | None, digits: int = 2) -> str:
    """An estimate with its interval in its own unit; "–" where there is none."""
    if found is None or math.isnan(found.value):
        return "–"
    ends = "" if math.isnan(found.low) else f" [{found.low:.{digits}f}, {found.high:.{digits}f}]"
    return f"{found.value:.{digits}f}{ends}"


def points(found: Interval) -> str:
    """A difference of shares in percentage points, with its sign."""
    if math.isnan(found.value):
        return "–"
    ends = "" if math.isnan(found.low) else f" [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"
    return f"{100 * found.value:+.1f}{ends}"


def eer(figures: pd.DataFrame, system: str, attacker: str, attack: str, protocol: str) -> pd.Series | None:
    """The row of one EER; of the original, of the attack that there is."""
    how = "unprotected" if system == ORIGINAL.title else attack
    return one(
        figures[figures["metric"] == "EER"], system=system, attacker=attacker, attack=how, protocol=protocol, sex="all"
    )


def worst(figures: pd.DataFrame, system: str, attack: str, protocol: str) -> pd.Series | None:
    """The lowest EER of all attackers."""
    found = [eer(figures, system, attacker, attack, protocol) for attacker in ATTACKERS]
    known = [row for row in found if row is not None and not math.isnan(row["value"])]
    return min(known, key=lambda row: row["value"]) if known else None


def strongest(figures: pd.DataFrame, system: str, protocol: str) -> pd.Series | None:
    """The lowest EER of all attackers and both attacks on anonymized enrolments; of originals, unprotected."""
    found = [worst(figures, system, attack, protocol) for attack in ("lazy-informed", "semi-informed")]
    return min((row for row in found if row is not None), key=lambda row: row["value"], default=None)


def named(row: pd.Series | None) -> str:
    """An EER with who reached it."""
    return "–" if row is None else f"{percent(row)} {row['attacker']}"


def privacy(study: Study, cells: Sequence[Cell], protocol: str) -> str:
    """Every attacker, lazy- and semi-informed, and the worst of all."""
    figures = study.figures("attacked", [ORIGINAL, *cells])
    attacks = ("lazy-informed", "semi-informed")
    head = ["System", *(f"{attack[:4]}: {attacker}" for attack in attacks for attacker in ATTACKERS), "worst of all"]
    rows = []
    for cell in study.there("attacked", [ORIGINAL, *cells]):
        found = [eer(figures, cell.title, attacker, attack, protocol) for attack in attacks for attacker in ATTACKERS]
        last = strongest(figures, cell.title, protocol)
        cells_of = [percent(row) for row in found]
        if cell == ORIGINAL:
            cells_of[len(ATTACKERS) :] = ["" for _ in ATTACKERS]
        rows.append([cell.title, *cells_of, named(last)])
    return markdown(head, rows)


def trust(study: Study, cells: Sequence[Cell]) -> str:
    """What the trust check says of each system's strongest attacker, whose EER counts."""
    figures, every = study.figures("attacked", cells), study.table("trust", "attacked", cells)
    rows = []
    for cell in study.there("attacked", cells):
        for protocol in PROTOCOLS:
            found = strongest(figures, cell.title, protocol)
            if found is not None:
                named = {name: str(found[name]) for name in ("attacker", "attack", "protocol")}
                judged = one(every, system=cell.title, **named)
                words = ["–", ""] if judged is None else [judged["verdict"], judged["why"]]
                rows.append([cell.title, protocol, f"{named['attack']} {named['attacker']}", *words])
    return markdown(["System", "Enrolment", "Strongest attacker", "Verdict", "Why"], rows)


def utility(study: Study, cells: Sequence[Cell]) -> str:
    """Words, predicted quality, and intonation as the evaluation has it."""
    figures = study.figures("words", [ORIGINAL, *cells])
    rows = []
    for cell in study.there("words", [ORIGINAL, *cells]):
        of = figures[(figures["system"] == cell.title) & (figures["sex"] == "all")]
        ratio = "1" if cell == ORIGINAL else number(paired.wer_ratio(study, "words", cell, ORIGINAL))
        heard = [number(one(of, metric=metric)) for metric in ("DNSMOS OVRL", "DNSMOS P808", "rho_F0")]
        rows.append([cell.title, percent(one(of, metric="WER")), ratio, *heard])
    return markdown(["System", "WER", "by the original's", "DNSMOS OVRL", "DNSMOS P.808", "ρF0"], rows)


def intonation(study: Study, cells: Sequence[Cell]) -> str:
    """ρF0 and the melody alone by two trackers, of WORLD's copies first."""
    found = {"copy by WORLD": [melody.of_copies(study, tracker) for tracker in melody.TRACKERS]}
    for cell in study.there("words", cells):
        found[cell.title] = [melody.of_cell(study, cell, tracker) for tracker in melody.TRACKERS]
    head = [f"{what}, {tracker}" for tracker in melody.TRACKERS for what in ("ρF0", "melody alone")]
    rows = [[title, *(number(each) for pair in pairs for each in pair)] for title, pairs in found.items()]
    return markdown(["System", *head], rows)


def emotions(study: Study, cells: Sequence[Cell], other: Cell = ORIGINAL) -> str:
    """Recalls, UAR, how much UAR differs from `other` on the same clips, and what became of sad speech."""
    every = [ORIGINAL, *cells]
    figures, confusion = study.figures("acted", every), study.table("confusion", "acted", every)
    rows = []
    for cell in study.there("acted", every):
        of = figures[(figures["system"] == cell.title) & (figures["sex"] == "all") & (figures["kind"] == "emotion")]
        recalls = [percent(one(of, metric="recall", group=emotion)) for emotion in EMOTIONS]
        apart = "" if cell == other else points(paired.uar_difference(study, "acted", cell, other))
        rows.append([cell.title, *recalls, percent(one(of, metric="UAR")), apart, became_angry(confusion, cell.title)])
    return markdown(["System", *EMOTIONS, "UAR", f"UAR less that of {other.title}", "sad heard as angry"], rows)


def became_angry(confusion: pd.DataFrame, system: str) -> str:
    """What share of sad speech was heard as angry, in %."""
    found = one(confusion, system=system, what="emotion", attack="fixed", truth="sad", said="angry")
    return "–" if found is None else f"{100 * found['share']:.0f}"


def lazy(study: Study, kind: str, cells: Sequence[Cell], other: Cell, attackers: Sequence[str]) -> str:
    """EER of lazy-informed attackers; and by how much it differs from that of `other` on the same trials."""
    figures = study.figures(kind, [ORIGINAL, *cells])
    head = ["", *(f"{attacker}, {protocol}" for attacker in attackers for protocol in PROTOCOLS)]
    head += [f"{attackers[0]}, {protocol}, less {other.title}" for protocol in PROTOCOLS]
    rows = []
    for cell in study.there(kind, [ORIGINAL, *cells]):
        asked = [(attacker, protocol) for attacker in attackers for protocol in PROTOCOLS]
        eers = [percent(eer(figures, cell.title, attacker, "lazy-informed", protocol)) for attacker, protocol in asked]
        apart = ["" for _ in PROTOCOLS]
        if cell not in (ORIGINAL, other):
            same = [paired.eer_difference(study, kind, attackers[0], name, cell, other) for name in PROTOCOLS]
            apart = [points(found) for found in same]
        rows.append([cell.title, *eers, *apart])
    return markdown(head, rows)


def ablation(study: Study, cells: Sequence[Cell]) -> str:
    """Every cell: how well it hides, how well it says the words, and which emotions are heard."""
    every = [ORIGINAL, *cells]
    lazily, said, felt = (study.figures(kind, every) for kind in ("lazy", "words-small", "acted"))
    confusion = study.table("confusion", "acted", every)
    asked = [("house", "single"), ("house", "multi"), ("emotion", "multi")]
    head = ["Bottleneck, speaker, controls", *(f"EER {attacker}, {protocol}" for attacker, protocol in asked)]
    worded = bool(study.there("words-small", cells))
    head += [*(["WER"] if worded else []), *EMOTIONS, "UAR", "sad heard as angry"]
    rows = []
    for cell in every:
        if not any(study.has(kind, cell) for kind in ("lazy", "words-small", "acted")):
            continue
        of = felt[(felt["system"] == cell.title) & (felt["sex"] == "all") & (felt["kind"] == "emotion")]
        eers = [percent(eer(lazily, cell.title, attacker, "lazy-informed", protocol)) for attacker, protocol in asked]
        wer = [percent(one(said, system=cell.title, metric="WER", sex="all"))] if worded else []
        recalls = [percent(one(of, metric="recall", group=emotion)) for emotion in EMOTIONS]
        uar = percent(one(of, metric="UAR"))
        rows.append([cell.title, *eers, *wer, *recalls, uar, became_angry(confusion, cell.title)])
    return markdown(head, rows)
