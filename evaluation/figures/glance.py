"""Every system in one row: can it be told who spoke, is it understood, is the emotion there; with intervals."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.figures import say, trust
from evaluation.figures.conditions import BASELINE, Condition, eers
from evaluation.figures.rows import Row, chosen, groups, ordered
from evaluation.reporting.laid import Head, Laid
from evaluation.runs import Run

Cells = dict[str, str]
BLANK = "–"
SHOWN = ("EER", "worst speaker EER")
MEANINGS = {
    "mean speaker EER": "Mean of the speakers' own EERs, each at 50 % at most",
    "AUC": "Area under the ROC curve; 50 % is guessing",
    "minDCF": "Lowest detection cost; 1 is an attacker of no use",
    "Cllr": "Cost of the scores as log-likelihood ratios",
    "minCllr": "The same, after the best calibration",
    "D_sys": "Linkability (Gomez-Barrero et al. 2018); 0 is unlinkable",
    "ZEBRA expected": "Expected disclosure (Nautsch et al. 2020)",
    "ZEBRA worst case": "Disclosure of the unluckiest trial (Nautsch et al. 2020)",
    "CMR@1": "How often the right speaker comes first",
    "CMR@5": "How often the right speaker is among the first 5",
    "CMR@10": "How often the right speaker is among the first 10",
    "rank disclosure": "What the rank of the right speaker tells",
    "DEID": "De-identification, from voice similarity matrices",
    "G_VD": "Gain of voice distinctiveness; 0 dB is as before",
}
ORIGINAL = "original"


def glance(run: Run, condition: Condition | None) -> Laid:
    """EER under `condition` with its worst speaker, then WER and UAR of every recogniser and data set."""
    columns = [*_privacy(run, condition), *_utility(run)]
    systems = ordered((system for _, cells in columns for system in cells), [ORIGINAL])
    heads = [Head("system", "Anonymizer", False), *(head for head, _ in columns)]
    rows = [(say.name(system), *(cells.get(system, BLANK) for _, cells in columns)) for system in systems]
    return Laid(tuple(heads), tuple(rows), 0)


def words(run: Run, condition: Condition | None) -> str:
    """What the EERs of the glance are: attacker, protocol, data, how many speakers and trials."""
    rows = _rows(run, condition)
    if condition is None or not rows:
        return "Values with their 95 % intervals, for other speakers. Nobody attacked in this run."
    most = max(rows, key=lambda row: int(row["trials"]))
    lead = f"EER: {condition.words}; {say.basis(most)}."
    return f"{lead} Values with their 95 % intervals, for other speakers. A higher EER is more private."


def headline(row: Row, condition: Condition) -> str:
    """An EER with all that it is worth nothing without: "EER 34 % [28, 40] against house, semi-informed; …"."""
    return f"EER {say.interval(row, 0)} against {condition.words}; {row['speakers']} speakers"


def measures(run: Run, condition: Condition | None) -> Laid:
    """Every other figure of privacy under `condition`, a row a system: ranks, linkability, disclosure, costs."""
    every = chosen(run.table("figures"), kind="privacy", sex="all")
    rows = [row for row in every if condition and _under(row, condition) and row["value"] is not None]
    by_metric = groups((row for row in rows if row["metric"] not in SHOWN), "metric")
    notes = list(dict.fromkeys(str(row["note"]) for own in by_metric.values() for row in own if row["note"]))
    columns = {
        str(metric): {str(row["system"]): say.interval(row) + _mark(row, notes) for row in own}
        for (metric,), own in by_metric.items()
    }
    systems = ordered((system for cells in columns.values() for system in cells), [ORIGINAL])
    heads = [Head("system", "Anonymizer", False), *(Head(name, MEANINGS.get(name, name), True) for name in columns)]
    lines = [(say.name(system), *(cells.get(system, BLANK) for cells in columns.values())) for system in systems]
    return Laid(tuple(heads), tuple(lines), 0, tuple(notes))


def _mark(row: Row, notes: list[str]) -> str:
    return f" [{notes.index(row['note']) + 1}]" if row["note"] else ""


def _under(row: Row, condition: Condition) -> bool:
    """Whether a row is of a condition; measures without trials, which have no protocol, count too."""
    voices = (row["attacker"], row["data"]) == (condition.attacker, condition.data) and not row["protocol"]
    return voices or condition.holds(row)


def best(run: Run, condition: Condition | None) -> Iterator[tuple[str, str]]:
    """The two ends of the trade-off: the system with the highest trusted EER, and the one that keeps most emotion."""
    known = trust.verdicts(run)
    private = [row for row in _rows(run, condition) if row["attack"] != BASELINE
               and not _doubt(known.get(trust.key_of(row)))]  # fmt: skip
    if condition and private:
        row = max(private, key=lambda row: float(row["value"]))
        yield "Most private", f"{say.name(row['system'])}: {headline(row, condition)}"
    elif condition and _rows(run, condition):
        yield "Most private", "not known: no EER under this attack is trusted"
    kept = [row for row in chosen(run.table("figures"), kind="emotion", metric="UAR", sex="all")
            if row["value"] is not None and row["system"] != ORIGINAL]  # fmt: skip
    if kept:
        row = max(kept, key=lambda row: float(row["value"]))
        yield "Most emotion kept", f"{say.name(row['system'])}: UAR {say.interval(row, 0)}; {row['about']}"


def _rows(run: Run, condition: Condition | None) -> list[Row]:
    return [row for row in eers(run) if condition and condition.holds(row) and row["value"] is not None]


def _privacy(run: Run, condition: Condition | None) -> Iterator[tuple[Head, Cells]]:
    rows = _rows(run, condition)
    if condition is None or not rows:
        return
    known = trust.verdicts(run)
    cells = {str(row["system"]): say.interval(row) + _doubt(known.get(trust.key_of(row))) for row in rows}
    yield Head("EER", headline(rows[-1], condition), True), cells
    worst = chosen(run.table("figures"), kind="privacy", metric="worst speaker EER", sex="all")
    own = [row for row in worst if condition.holds(row) and row["value"] is not None]
    if own:
        named = {str(row["system"]): _worst(row) for row in own}
        yield Head("worst speaker", "Lowest EER of a speaker, and whose", True), named


def _doubt(verdict: Row | None) -> str:
    return "" if verdict is None or verdict["verdict"] == "trusted" else f", {verdict['verdict']}"


def _worst(row: Row) -> str:
    return say.percent(row["value"]) + (f" ({row['group']})" if row["group"] else "")


def _utility(run: Run) -> Iterator[tuple[Head, Cells]]:
    for kind, metric in (("intelligibility", "WER"), ("emotion", "UAR")):
        rows = chosen(run.table("figures"), kind=kind, metric=metric, sex="all")
        for (who, data, about), own in groups(rows, "attacker", "data", "about").items():
            yield (
                Head(f"{metric}, {who}, {data}", str(about), True),
                {str(row["system"]): say.interval(row) for row in own},
            )
