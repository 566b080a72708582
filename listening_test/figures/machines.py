"""People beside machines on the same pairs of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audio import marks
from audio.marks import Style
from audio.panels import Panel, Sketch, Trace
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles, system_rows
from listening_test.figures.reidentification import CHANCE, by_pair, curve, pair_heading, pair_place, roc_panel

PEOPLE = "people"
AUC = ("auc", "auc_low", "auc_high")
MACHINE_LOOKS = (("#7A5CC8", "dash", "square"), ("#6B7F1F", "dashdot", "diamond"), ("#9A5B3C", "longdash", "cross"))
"""Colours, dashes and symbols of machines, which are no systems and look like none; by the order of the table."""


def sketches(results: Results) -> Iterator[Sketch]:
    """AUC of every attacker, then their curves."""
    if table := results.tables.get("machine"):
        yield attackers(results, table)
    if table := results.tables.get("machine_roc"):
        yield curves(results, table)


def attackers(results: Results, table: Table) -> Sketch:
    """AUC of people and machines, a panel for each kind of pair."""
    panels = [_panel(results, pair_heading(*key), rows) for key, rows in by_pair(table.rows).items()]
    reading = (
        "Further right = the attacker tells the speaker better; 0.5, the dashed line, is guessing. The best attacker "
        "decides how private a system is, be it people (in the system's colour) or a machine (violet, square)."
    )
    return frame.sketch("machine", "People and machines", panels, [table], reading)


def curves(results: Results, table: Table) -> Sketch:
    """ROC of people and machines, a panel for each system and kind of pair."""
    known = _in_order(results, table)
    panels = [_curves(results, key, rows, _machines(table)) for key, rows in known]
    reading = (
        "The curve nearest to the top left is the better attacker. People answered each pair many times, as a panel "
        "their answers count as one; a machine judged each pair once."
    )
    return frame.sketch("machine_roc", "ROC of people and machines", panels, [table], reading, legend=bool(panels))


def _in_order(results: Results, table: Table) -> list[tuple[tuple[str, str, str], list[Row]]]:
    """Rows by task, kind of pair and system, the study's order."""
    found = say.groups(table.rows, "task", "pair", "system")
    systems = say.in_order(results, (system for _, _, system in found))
    keys = sorted(found, key=lambda key: (str(key[0]), pair_place(key[1]), systems.index(str(key[2]))))
    return [((str(key[0]), str(key[1]), str(key[2])), found[key]) for key in keys]


def look(attacker: str, system: Style, machines: Sequence[str]) -> dict[str, str]:
    """People have the system's colour, solid; as a panel dotted; machines looks of their own."""
    if attacker not in machines:
        as_panel = "panel" in attacker
        dash, symbol = ("dot", "triangle-up") if as_panel else ("solid", system["symbol"])
        return {"name": attacker, "colour": system["colour"], "dash": dash, "symbol": symbol}
    colour, dash, symbol = MACHINE_LOOKS[machines.index(attacker) % len(MACHINE_LOOKS)]
    return {"name": f"machine: {attacker}", "colour": colour, "dash": dash, "symbol": symbol}


def _machines(table: Table) -> list[str]:
    names = dict.fromkeys(str(row["attacker"]) for row in table.rows)
    return [name for name in names if not name.startswith(PEOPLE)]


def _panel(results: Results, heading: str, rows: Sequence[Row]) -> Panel:
    known = say.looks(results)
    systems = say.in_order(results, (row["system"] for row in rows))
    rows = sorted(rows, key=lambda row: systems.index(str(row["system"])))
    machines = [name for name in dict.fromkeys(str(row["attacker"]) for row in rows) if not name.startswith(PEOPLE)]
    names: list[tuple[str, str]] = []
    found: list[marks.Dot | None] = []
    for place, row in enumerate(rows):
        system = styles.of(known, str(row["system"]))
        style = look(str(row["attacker"]), system, machines)
        names.append((system["name"], _short(style["name"])))
        hover = f"{': '.join(names[-1])}: AUC {say.interval(row, names=AUC)}; {row['trials']} pairs; {row['knows']}"
        found.append(marks.dot(place, row, style, hover, names=AUC))
    x_axis = system_rows.area_axis(_low(rows))
    titles = marks.below_one_name([name for name, _ in names], [who for _, who in names], ": ")
    height_px = 0.85 * marks.rows_px(len(names))
    return Panel(
        f"{heading}, AUC", marks.dots(found), x_axis, marks.rows_axis(titles), height_px, [marks.line_at(CHANCE)]
    )


def _short(name: str) -> str:
    """A name that fits beside a panel on a phone."""
    return {"people, within listeners": "people", "people pooled": "pooled", "people, as a panel": "panel"}.get(
        name, name.removeprefix("machine: ")
    )


def _low(rows: Sequence[Row]) -> float:
    lows = [float(row[name] or 0) for row in rows for name in ("auc", "auc_low") if row[name] is not None]
    return max(-0.02, min([0.38, *(low - 0.03 for low in lows)]))


def _curves(results: Results, key: tuple[str, str, str], rows: Sequence[Row], machines: Sequence[str]) -> Panel:
    task, pair, system = key
    style = styles.of(say.looks(results), system)
    traces = []
    for (attacker,), own in say.groups(rows, "attacker").items():
        one = look(str(attacker), style, machines)
        traces.append({**curve(own, one["name"], one), **_legend(one)})
    heading = pair_heading(task, pair)
    return roc_panel(f"{style['name']}: {heading[:1].lower()}{heading[1:]}", traces)


def _legend(style: Mapping[str, str]) -> Trace:
    """One entry for people and one for the panel, whatever the system's colour."""
    return {"name": style["name"], "legendgroup": style["name"]}
