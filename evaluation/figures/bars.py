"""Rates as bars with intervals: recall of emotions, errors of words, attributes that are hidden or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audio import marks
from audio.panels import Panel
from evaluation.figures import say
from evaluation.figures.drawing import Drawing, drawing, notes, said
from evaluation.figures.rows import Row, chosen, groups, ordered
from evaluation.looks import look
from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.runs import Run

RECALL_READING = (
    "Longer = the acted emotion is recognised more often; UAR is the mean of the recalls. The original is what this "
    "recogniser can do at all. The dashed line is guessing."
)
WORDS_READING = (
    "Shorter = better understood by this recogniser. Compare with the original, which is what it gets wrong anyway."
)
WORDS_CAUTION = "A WER says what one recogniser writes down, not what people understand."
ATTRIBUTE_READING = (
    "Further left = the attribute is hidden better; the dashed line is guessing. Filled: a classifier that knows "
    "originals alone; hollow: one retrained on the system's output, which is the one to hide from."
)


def recalls(run: Run) -> Iterator[Drawing]:
    """Recall of every emotion and their mean, a panel for every recogniser and data set."""
    table = run.table("figures")
    rows = [row for metric in ("UAR", "recall") for row in chosen(table, kind="emotion", metric=metric, sex="all")]
    there = [row for row in rows if row["value"] is not None]
    panels = [_recalls(f"Recall, {who}, {data}", own) for (who, data), own in groups(there, "attacker", "data").items()]
    if panels:
        yield drawing(
            "recall", "Emotions recognised", panels, rows, reading=RECALL_READING, about=said(rows),
            caution=notes(rows), legend=True, barmode="group", bargap=0.25,
        )  # fmt: skip


def words(run: Run) -> Iterator[Drawing]:
    """Word error rates, a panel for every recogniser, reference and data set."""
    rows = chosen(run.table("figures"), kind="intelligibility", metric="WER", sex="all")
    there = [row for row in rows if row["value"] is not None]
    panels = [_words(f"WER, {about}", own) for (about,), own in groups(there, "about").items()]
    if panels:
        yield drawing(
            "words", "Words understood", panels, rows, reading=WORDS_READING, about=said(rows),
            caution=f"{WORDS_CAUTION} {notes(rows)}".strip(),
        )  # fmt: skip


def attributes(run: Run) -> Iterator[Drawing]:
    """UAR of whoever guesses emotion or gender: trained on originals, and retrained on a system's output."""
    rows = chosen(run.table("figures"), kind="attribute", metric="UAR", sex="all")
    there = [row for row in rows if row["value"] is not None]
    by = groups(there, "attacker", "data", "group")
    panels = [_attribute(", ".join(filter(None, ("UAR", group, who, data))), own)
              for (who, data, group), own in by.items()]  # fmt: skip
    if panels:
        yield drawing(
            "attributes", "Attributes guessed", panels, rows, reading=ATTRIBUTE_READING, about=said(rows),
            caution=notes(rows),
        )  # fmt: skip


def _recalls(heading: str, rows: Sequence[Row]) -> Panel:
    emotions = ordered((str(row["group"]) for row in rows if row["metric"] == "recall"), CORE_EMOTIONS)
    by_system = groups(rows, "system")
    traces = []
    for (system,), own in by_system.items():
        style = look(system)
        places = [0 if row["metric"] == "UAR" else 1 + emotions.index(str(row["group"])) for row in own]
        traces.append(marks.hbars(style, places, own, [_hover(row) for row in own]))
    names = ["UAR", *emotions]
    y_axis = {**marks.rows_axis(names), "range": [len(names) - 0.5, -0.5]}
    shapes = [marks.line_at(1 / len(emotions))] if emotions else []
    x_axis = {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.25}
    return Panel(heading, traces, x_axis, y_axis, len(names) * (12 + 11 * len(by_system)), shapes)


def _words(heading: str, rows: Sequence[Row]) -> Panel:
    systems = list(dict.fromkeys(str(row["system"]) for row in rows))
    traces = [marks.hbars(look(str(row["system"])), [systems.index(str(row["system"]))], [row], [_hover(row)])
              for row in rows]  # fmt: skip
    plain = [{**trace, "width": 0.6, "showlegend": False} for trace in traces]
    right = max(1.02, *(1.05 * float(row["high"] or row["value"]) for row in rows))
    x_axis = {"range": [0, right], "tickformat": ".0%", "dtick": 0.25 if right < 1.6 else 0.5}
    y_axis = marks.rows_axis([say.name(system) for system in systems])
    return Panel(heading, plain, x_axis, y_axis, marks.rows_px(len(systems)))


def _attribute(heading: str, rows: Sequence[Row]) -> Panel:
    systems = list(dict.fromkeys(str(row["system"]) for row in rows))
    found = []
    for row in rows:
        retrained = row["attack"] == "retrained"
        place = systems.index(str(row["system"])) + (0.15 if retrained else -0.15)
        text = f"{_hover(row)}; {say.ATTACKS.get(str(row['attack']), str(row['attack']))}"
        found.append(marks.dot(place, row, look(str(row["system"])), text, hollow=retrained))
    x_axis = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.25}
    y_axis = marks.rows_axis([say.name(system) for system in systems])
    chance = 0.5 if "gender" in heading else 1 / len(CORE_EMOTIONS)
    return Panel(heading, marks.dots(found), x_axis, y_axis, marks.rows_px(len(systems)), [marks.line_at(chance)])


def _hover(row: Row) -> str:
    what = f"{row['metric']}{' of ' + str(row['group']) if row['group'] else ''}"
    return marks.safe(f"{say.name(str(row['system']))}: {what} {say.interval(row)}; {say.basis(row)}")
