"""Detection error trade-off (Martin et al. 1997): what an attacker misses against whom it takes for somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from audio import marks
from audio.panels import Panel, Trace
from audio.plots import TEXT
from evaluation.figures import trust
from evaluation.figures.conditions import BASELINE, Condition
from evaluation.figures.drawing import Drawing, drawing
from evaluation.figures.rows import Row, chosen, groups
from evaluation.looks import look
from evaluation.runs import Run

Floats = npt.NDArray[np.float64]
HEIGHT_PX = 340
TICKS = (0.001, 0.01, 0.1, 0.5, 0.9)
ENDS = (0.0005, 0.97)
STEP = 0.02
"""Points nearer to one another than this, in standard deviations, are drawn once."""
READING = (
    "Towards the top right = more private; on the dotted diagonal both errors are equal, the EER. The left side shows "
    "whom an attacker still recognises that hardly ever accuses anybody wrongly."
)


def drawings(run: Run, condition: Condition) -> Iterator[Drawing]:
    """One figure, a curve a system; nothing where the run has no curves."""
    named = {"attacker": condition.attacker, "protocol": condition.protocol, "sex": "all"}
    table = run.table("curves")
    table = table[table["attack"].isin([condition.attack, BASELINE])]
    curves = groups(chosen(table, **named), "system")
    if not curves:
        return
    known = trust.verdicts(run)
    verdicts = [known[key] for own in curves.values() if (key := trust.key_of(own[0])) in known]
    traces = [_curve(system, own) for (system,), own in curves.items()]
    ends = [_deviate(end) for end in ENDS]
    diagonal = {"type": "line", "x0": ends[0], "x1": ends[1], "y0": ends[0], "y1": ends[1],
                "line": {"color": TEXT, "width": 1, "dash": "dot"}}  # fmt: skip
    axis = {"tickvals": [_deviate(tick) for tick in TICKS], "ticktext": [f"{100 * tick:g} %" for tick in TICKS],
            "range": ends, "tickangle": 0}  # fmt: skip
    x_axis = {**axis, "title": {"text": "false alarms", "standoff": 6}}
    panel = Panel("Misses against false alarms", traces, x_axis, axis, HEIGHT_PX, [diagonal])
    rows = [row for own in curves.values() for row in own]
    yield drawing("det", "Errors at every threshold (DET)", [panel], rows, reading=READING, about=condition.words,
                  caution=trust.caution(verdicts), table="curves", legend=True)  # fmt: skip


def _curve(system: str, rows: Sequence[Row]) -> Trace:
    style = look(system)
    alarms, misses = (np.array([row[name] for row in rows], float) for name in ("false_alarm_rate", "miss_rate"))
    order = np.lexsort((-misses, alarms))
    kept = order[_apart(alarms[order], misses[order])]
    text = [f"{100 * alarm:.2g} % false alarms, {100 * miss:.2g} % missed"
            for alarm, miss in zip(alarms[kept], misses[kept], strict=True)]  # fmt: skip
    return {
        "x": _deviates(alarms[kept]),
        "y": _deviates(misses[kept]),
        "mode": "lines",
        "name": marks.safe(style["name"]),
        "legendgroup": marks.safe(style["name"]),
        "line": {"color": style["colour"], "dash": style["dash"], "width": 2},
        "customdata": text,
        "hovertemplate": f"{marks.safe(style['name'])}: %{{customdata}}<extra></extra>",
    }


def _apart(alarms: Floats, misses: Floats) -> npt.NDArray[np.int64]:
    """Indices of points that can be told apart on the page; the first of those that cannot."""
    places = np.round(np.stack([_deviates(alarms), _deviates(misses)]) / STEP)
    return np.sort(np.unique(places, axis=1, return_index=True)[1])


def _deviates(shares: Floats) -> Floats:
    """Normal deviates; shares of nothing and of all lie at the ends of the axis."""
    return np.array([_deviate(share) for share in np.clip(shares, *ENDS)])


def _deviate(share: float) -> float:
    return NormalDist().inv_cdf(float(share))
