"""Privacy against emotion: EER of an attacker (x) and UAR of a recogniser (y), with figures of papers behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audio import marks
from audio.panels import Panel, Trace
from audio.plots import FONT
from evaluation.figures import labels, published, say, trust
from evaluation.figures.conditions import Condition, eers, words_alone
from evaluation.figures.drawing import Drawing, drawing, notes, said
from evaluation.figures.rows import Row, chosen, groups
from evaluation.looks import look
from evaluation.runs import Run

HEIGHT_PX = 340
X_RANGE, Y_LOW = (-2.0, 54.0), 15.0
CHANCE_EER, CLASSES = 50.0, 4
KEY, TITLE = "tradeoff", "Privacy against emotion"
GROUP = "published"
READING = (
    "Right and up = private and still emotional: further right, the attacker errs more (50 % is chance); further up, "
    "the acted emotion is recognised more often (25 % is chance); dotted = what the words alone tell."
)
OTHERS = " Hollow and grey: papers 000 to 004; point at one for attacker, protocol and data."
HIDE = " A click in the legend takes them away."
CAUTION = "Published figures have other attackers, data and recognisers: compare within one document only."


def drawings(run: Run, condition: Condition, *, papers: bool = True) -> Iterator[Drawing]:
    """One figure, a panel for every recogniser of emotion and its data; nothing where no emotion was recognised."""
    privacy = {str(row["system"]): row for row in eers(run) if condition.holds(row)}
    emotion = groups(chosen(run.table("figures"), kind="emotion", metric="UAR", sex="all"), "attacker", "data")
    known = trust.verdicts(run)
    floor = words_alone(run, condition)
    panels, used = [], []
    for (recogniser, data), rows in emotion.items():
        pairs = [(privacy[row["system"]], row) for row in rows if row["system"] in privacy]
        pairs = [(x, y) for x, y in pairs if x["value"] is not None and y["value"] is not None]
        if pairs:
            panels.append(_panel(f"UAR, {recogniser}, {data}", pairs, known, floor, papers=papers))
            used += [row for pair in pairs for row in pair]
    if panels:
        judged = [known[key] for row in privacy.values() if (key := trust.key_of(row)) in known]
        yield _drawing(panels, used, condition, judged, papers=papers)


def of_papers() -> Drawing:
    """The published figures alone."""
    panels = [
        Panel(
            "UAR in %, as published",
            list(_papers()),
            _x_axis(X_RANGE[1]),
            _y_axis(Y_LOW),
            HEIGHT_PX,
            _lines(X_RANGE[1]),
        )
    ]
    made = drawing(
        KEY, "Published: privacy against emotion", panels, [], table="",
        reading=READING + OTHERS,
        about="EER and UAR that one table of papers 000 to 004 gives for one system, under its protocol",
        caution=CAUTION, legend=True,
    )  # fmt: skip
    return _with_legend(made)


def _drawing(
    panels: list[Panel], used: Sequence[Row], condition: Condition, bad: Sequence[Row], *, papers: bool
) -> Drawing:
    privacy = [row for row in used if row["kind"] == "privacy"]
    emotion = [row for row in used if row["kind"] == "emotion"]
    about = f"EER: {said([row for row in privacy if row['attack'] == condition.attack]) or condition.words}."
    about += f" UAR: {said(emotion)}."
    cautions = (trust.caution(bad), notes(used), CAUTION if papers else "")
    rows = {id(row): row for row in used}
    made = drawing(
        KEY, TITLE, panels, rows.values(), reading=READING + (OTHERS + HIDE if papers else ""), about=about,
        caution=" ".join(filter(None, cautions)), legend=papers,
    )  # fmt: skip
    return _with_legend(made) if papers else made


def _with_legend(made: Drawing) -> Drawing:
    title = {"text": "Published, by attacker:", "font": FONT, "side": "top"}
    made.sketch.layout["legend"] = {**made.sketch.layout["legend"], "groupclick": "togglegroup", "title": title}
    return made


def _panel(
    heading: str,
    pairs: Sequence[tuple[Row, Row]],
    known: Mapping[trust.Key, Row],
    floor: float | None,
    *,
    papers: bool,
) -> Panel:
    right = max(X_RANGE[1], *(104 * float(row.get("high") or row["value"]) for row, _ in pairs))
    low = min(Y_LOW, *(100 * float(row.get("low") or row["value"]) - 3 for _, row in pairs))
    x_span, y_span = right - X_RANGE[0], 103 - low
    places = [
        ((100 * x["value"] - X_RANGE[0]) / x_span, (100 * y["value"] - low) / y_span) for x, y in pairs
    ]  # fmt: skip
    names = [say.name(str(x["system"])) for x, _ in pairs]
    traces = list(_papers()) if papers else []
    for (x, y), side in zip(pairs, labels.sides(places, names), strict=True):
        traces.append(_point(x, y, known.get(trust.key_of(x)), side))
    return Panel(heading, traces, _x_axis(right), _y_axis(low), HEIGHT_PX, _lines(right, floor))


def _point(x: Row, y: Row, verdict: Row | None, side: str) -> Trace:
    style = look(str(x["system"]))
    lines = [
        style["name"], f"EER {say.interval(x)} (speakers: {x['speakers']}; trials: {x['trials']:,})", x["about"],
        f"UAR {say.interval(y)} (speakers: {y['speakers']}; utterances: {y['utterances']:,})", y["about"],
        trust.said(verdict),
    ]  # fmt: skip
    return {
        "x": [100 * x["value"]],
        "y": [100 * y["value"]],
        "mode": "markers+text",
        "text": [marks.safe(style["name"])],
        "textposition": side,
        "cliponaxis": False,
        "marker": {"color": style["colour"], "symbol": trust.symbol(str(x["attack"]), verdict), "size": 12},
        "hovertemplate": say.hover(*(part for line in lines for part in say.folded(line))),
        **marks.bars("x", _percent(x), style["colour"]),
        **marks.bars("y", _percent(y), style["colour"]),
    }


def _percent(row: Row) -> Row:
    return {name: None if row[name] is None else 100 * row[name] for name in say.NUMBER}


def _papers() -> Iterator[Trace]:
    """The published layer: one group, so that one click takes it away."""
    for trace in published.traces():
        yield {**trace, "legendgroup": GROUP, "showlegend": True}


def _lines(right: float, floor: float | None = None) -> list[dict[str, Any]]:
    """Guessing: half of the attacker's decisions, one emotion in four; and what the words alone tell."""
    line = {"type": "line", "line": {"width": 1, "dash": "dash", "color": FONT["color"]}}
    level = 100 / CLASSES
    told = [] if floor is None else [marks.line_at(100 * floor, dash="dot")]
    return [marks.line_at(CHANCE_EER), *told, {**line, "x0": X_RANGE[0], "x1": right, "y0": level, "y1": level}]


def _x_axis(right: float) -> dict[str, Any]:
    title = {"text": "EER in %: right = more private", "standoff": 6}
    return {"range": [X_RANGE[0], right], "dtick": 10, "title": title}


def _y_axis(low: float) -> dict[str, Any]:
    return {"range": [low, 103], "dtick": 20, "ticksuffix": " %"}
