"""Each speaker's own EER: a mean hides who is recognised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from audio import marks
from audio.panels import Panel, Trace
from evaluation.figures import say, trust
from evaluation.figures.conditions import BASELINE, Condition
from evaluation.figures.drawing import Drawing, drawing
from evaluation.figures.rows import Row, chosen, groups
from evaluation.figures.sections import Sections
from evaluation.looks import look
from evaluation.runs import Run

ROW_PX, WIDTH, STEP_PX, MOST = 46.0, 0.02, 4.0, 4
"""Height of a row; width of a bin (in EER) whose speakers stand beside one another, how far apart, at most how many."""
CHANCE = 0.5
MEAN = "mean speaker EER"
READING = (
    "One dot a speaker: further left = recognised better, the worst is named. The bar is the mean, in which nobody "
    "counts for more than 50 % (grey)."
)


def drawings(run: Run, condition: Condition) -> Iterator[Drawing]:
    """One figure, a row a system; nothing where no speaker has an EER."""
    named = {"attacker": condition.attacker, "protocol": condition.protocol}
    every = chosen(run.table("speakers"), **named)
    rows = [row for row in every if row["attack"] in (condition.attack, BASELINE)]
    there = [row for row in rows if row["eer"] is not None]
    if not there:
        return
    means = chosen(run.table("figures"), kind="privacy", metric=MEAN, sex="all", data=condition.data, **named)
    known = trust.verdicts(run)
    verdicts = [known[key] for key in dict.fromkeys(map(trust.key_of, there)) if key in known]
    yield drawing(
        "speakers", "Speakers one by one", [_panel(there, {str(row["system"]): row for row in means
                                                            if row["attack"] in (condition.attack, BASELINE)})],
        rows, reading=READING, about=condition.words, caution=f"{_left_out(rows)} {trust.caution(verdicts)}".strip(),
        table="speakers",
    )  # fmt: skip


def _left_out(rows: Sequence[Row]) -> str:
    missing = [row for row in rows if row["eer"] is None]
    reasons = " ".join(dict.fromkeys(str(row["note"]) for row in missing if row["note"]))
    return f"Of {len(rows)} speakers' EERs {len(missing)} are not known. {reasons}".strip() if missing else ""


def _panel(rows: Sequence[Row], means: dict[str, Row]) -> Panel:
    sections, traces = Sections(), []
    for (system,), own in groups(rows, "system").items():
        middle = sections.row(say.name(system), ROW_PX)
        traces += [_dots(system, own, middle), *_worst(own, middle)]
        if (mean := means.get(system)) and mean["value"] is not None:
            traces.append(_mean(mean, middle))
    right = max(0.6, *(float(row["eer"]) + 0.03 for row in rows))
    x_axis = {"range": [-0.03, right], "tickformat": ".0%", "dtick": 0.25, "tickangle": 0}
    shapes = [marks.line_at(CHANCE), marks.band(CHANCE, right)]
    return Panel("EER of each speaker", traces, x_axis, sections.y_axis, sections.at_px, shapes)


def _dots(system: str, rows: Sequence[Row], middle: float) -> Trace:
    style = look(system)
    beside: defaultdict[int, int] = defaultdict(int)
    places = []
    for row in rows:
        number = beside[round(float(row["eer"]) / WIDTH)]
        beside[round(float(row["eer"]) / WIDTH)] += 1
        step = min(MOST, (number + 1) // 2) * (-1 if number % 2 else 1)
        places.append(middle - 6 + STEP_PX * step)
    return {
        "x": [row["eer"] for row in rows],
        "y": places,
        "mode": "markers",
        "marker": {"color": style["colour"], "size": 7, "opacity": 0.75, "line": {"width": 0}},
        "customdata": [_hover(row) for row in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _hover(row: Row) -> str:
    sex = f" ({row['sex']})" if row["sex"] else ""
    text = f"{row['speaker']}{sex}: EER {say.percent(row['eer'])}; {row['targets']} targets, {row['nontargets']} others"
    rank = f"; mean rank {row['rank']:.1f}" if row["rank"] is not None else ""
    return marks.safe(text + rank)


def _worst(rows: Sequence[Row], middle: float) -> Iterator[Trace]:
    """The worst speaker's name below its dot."""
    for row in (row for row in rows if row["worst"]):
        name = f"{row['speaker']}, {say.percent(row['eer'], 0)}"
        left = float(row["eer"]) < 0.3
        yield {
            "x": [row["eer"]],
            "y": [middle + 13],
            "mode": "text",
            "text": [marks.safe(name)],
            "textposition": "middle right" if left else "middle left",
            "hoverinfo": "skip",
        }
        break


def _mean(row: Row, middle: float) -> Trace:
    style = look(str(row["system"]))
    bar = {"symbol": "line-ns-open", "size": 20, "color": style["colour"], "line": {"width": 3}}
    text = say.hover(f"{style['name']}, mean speaker EER: {say.interval(row)}", *say.folded(str(row["about"])))
    return {"x": [row["value"]], "y": [middle - 6], "mode": "markers", "marker": bar, "hovertemplate": text}
