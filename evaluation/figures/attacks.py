"""EER by attacker and attack: a weak attacker shows beside a strong one, and so does the worst speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audio import marks
from audio.panels import Panel, Shape, Trace
from evaluation.figures import say, trust
from evaluation.figures.conditions import BASELINE, Condition, eers, words_alone
from evaluation.figures.drawing import Drawing, drawing, notes
from evaluation.figures.rows import Row, chosen, groups, ordered
from evaluation.figures.sections import Sections, offsets
from evaluation.looks import UNKNOWN_COLOUR, look
from evaluation.runs import Run

PITCH_PX = 14.0
RANGE = (-0.03, 0.63)
CHANCE = 0.5
WORST = "worst speaker EER"
READING = (
    "Further right = the attacker errs more; dashed = guessing, dotted = what the words alone tell. A system is as "
    "private as its leftmost mark says; the thin bar is the worst speaker. " + trust.LEGEND
)


def drawings(run: Run, condition: Condition) -> Iterator[Drawing]:
    """One figure: every attacker and attack on the data and by the protocol of `condition`."""
    same = {"protocol": condition.protocol, "data": condition.data}
    every = [row for row in eers(run) if all(row[name] == same[name] for name in same)]
    rows = [row for row in every if row["value"] is not None]
    if not rows:
        return
    worst = chosen(run.table("figures"), kind="privacy", metric=WORST, sex="all", **same)
    known = trust.verdicts(run)
    panel = _panel(rows, {trust.key_of(row): row for row in worst if row["value"] is not None}, known,
                   words_alone(run, condition))  # fmt: skip
    verdicts = [known[key] for row in rows if (key := trust.key_of(row)) in known]
    about = f"{say.PROTOCOLS.get(condition.protocol, condition.protocol)}; {condition.data}; all speakers"
    yield drawing(
        "attacks", "EER by attacker and attack", [panel], [*every, *worst], reading=READING, about=about,
        caution=f"{_count(verdicts)} {_missing(every)} {notes(rows)}".strip(), legend=True,
    )  # fmt: skip


def _count(verdicts: Sequence[Row]) -> str:
    if not verdicts:
        return "No trust check was made: a high EER may mean a weak attacker."
    bad = sum(row["verdict"] != "trusted" for row in verdicts)
    if not bad:
        return ""
    return f"{bad} of {len(verdicts)} EERs are doubtful or not to be trusted; the reasons are in the table trust."


def _missing(rows: Sequence[Row]) -> str:
    """Which EERs could not be had, and why."""
    lacking = groups((row for row in rows if row["value"] is None), "attacker", "attack", "note")
    return " ".join(
        f"No EER of {attacker}, {say.ATTACKS.get(attack, attack)}, on "
        f"{say.listed([say.name(row['system']) for row in own])}: {note or 'no reason was given.'}"
        for (attacker, attack, note), own in lacking.items()
    )


def _panel(
    rows: Sequence[Row], worst: Mapping[trust.Key, Row], known: Mapping[trust.Key, Row], floor: float | None
) -> Panel:
    sections, traces = Sections(), list(_legend(rows))
    for (system,), own in groups(rows, "system").items():
        sections.heading(say.name(system))
        for (attacker,), attacks in groups(own, "attacker").items():
            middle = sections.row(attacker, max(22.0, PITCH_PX * len(attacks) + 8))
            attacks = sorted(attacks, key=lambda row: list(trust.SYMBOLS).index(str(row["attack"])))
            for row, offset in zip(attacks, offsets(len(attacks), PITCH_PX), strict=True):
                key = trust.key_of(row)
                traces += _marks(row, middle + offset, worst.get(key), known.get(key))
    right = max(RANGE[1], *(float(row["high"] or 0) + 0.02 for row in rows))
    traces.append(sections.texts(RANGE[0]))
    x_axis = {"range": [RANGE[0], right], "tickformat": ".0%", "dtick": 0.1, "tickangle": 0}
    return Panel("EER", traces, x_axis, sections.y_axis, sections.at_px, _lines(floor))


def _lines(floor: float | None) -> list[Shape]:
    """Guessing, and what the words alone tell."""
    return [marks.line_at(CHANCE), *([] if floor is None else [marks.line_at(floor, dash="dot")])]


def _marks(row: Row, place: float, worst: Row | None, verdict: Row | None) -> Iterator[Trace]:
    style = look(str(row["system"]))
    lines = [f"{style['name']}: EER {say.interval(row)}", str(row["about"]), say.basis(row), trust.said(verdict)]
    group = str(row["attack"])
    if worst is not None:
        who = f" ({worst['group']})" if worst["group"] else ""
        lines.insert(1, f"Worst speaker{who}: {say.interval(worst)}")
        bar = {"symbol": "line-ns-open", "size": 10, "color": style["colour"], "line": {"width": 2}}
        text = say.hover(f"{style['name']}, worst speaker{who}: {say.interval(worst)}", str(worst["about"]))
        yield {"x": [worst["value"]], "y": [place], "mode": "markers", "marker": bar, "hovertemplate": text,
               "legendgroup": group, "showlegend": False}  # fmt: skip
    yield {
        "x": [row["value"]],
        "y": [place],
        "mode": "markers",
        "marker": {"color": style["colour"], "symbol": trust.symbol(group, verdict), "size": 10},
        "hovertemplate": say.hover(*(part for line in lines for part in say.folded(line))),
        "legendgroup": group,
        "showlegend": False,
        **marks.bars("x", row, style["colour"]),
    }


def _legend(rows: Sequence[Row]) -> Iterator[Trace]:
    """Entries in a colour of no system: symbols stand for attacks."""
    for attack in ordered((str(row["attack"]) for row in rows), [BASELINE, *trust.SYMBOLS]):
        symbol = {"color": UNKNOWN_COLOUR, "symbol": trust.symbol(attack, None), "size": 9}
        yield {"x": [None], "y": [None], "mode": "markers", "marker": symbol, "name": marks.safe(attack),
               "legendgroup": attack, "hoverinfo": "skip"}  # fmt: skip
