"""Published figures of speaker anonymizers, to be shown beside ours: assets/published_results.csv and its errata.

One row a figure, as its document gives it: nothing is averaged, converted or filled in, and an empty cell is something
that the document does not say. EER, WER and UAR are in %. A figure means nothing without its attacker, its protocol and
its data, so that every `Published` carries them in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).resolve().parents[1] / "assets"
RESULTS, ERRATA = FOLDER / "published_results.csv", FOLDER / "published_errata.csv"

COLUMNS = (
    "paper",
    "system",
    "variant",
    "metric",
    "class",
    "relation",
    "value",
    "unit",
    "dataset",
    "split",
    "sex",
    "attacker",
    "protocol",
    "streaming",
    "source",
    "same_as",
    "note",
)
"""`relation`: "=", "about" or "below", by the document's words; `class`: the emotion of a recall; `sex`: of speakers;
`same_as`: the row of another table of the same document that gives the same setting, which is shown once."""

CITATIONS = {
    "000": "summary of arXiv 2409.03655, Privacy versus Emotion Preservation Trade-offs in Emotion-Preserving Speaker "
    "Anonymization (2024)",
    "001": "Gaznepoglu & Peters, Why disentanglement-based speaker anonymization systems fail at preserving emotions? "
    "ICASSP 2025, arXiv 2501.13000",
    "002": "N. Kuzmin, Enhancing Speaker Anonymization Using Disentanglement Learning, slides, January 2025; systems "
    "of doi 10.21437/SPSC.2024-13",
    "003": "demo page of an anonymous submission to Interspeech 2026 on emotion in streaming speaker anonymization",
    "004": "PSEGAN, a GAN that hides emotion in speech, doi 10.1177/1088467X241301384",
}
VPC_2024 = "VoicePrivacy 2024"
SPLIT_DATA = "VoicePrivacy 2024 measures EER and WER on LibriSpeech, UAR on IEMOCAP: one system, two data sets."


@dataclass(frozen=True)
class Published:
    """One system in one document with two figures of it, for a trade-off plot.

    Attributes:
        paper: 000 to 004; citation: in words; source: where in it.
        system, variant: as the document calls them; "" without a variant.
        x_metric, y_metric: e.g. "EER", "UAR"; x, y: their values in `unit`.
        x_about, y_about: what was measured, on which data, against which attacker; "about" where it is approximate.
        attacker: "", "ignorant", "lazy-informed" or "semi-informed"; "" is an unprotected original, or not said.
        sex: "F" or "M" where the figures are of one sex; protocol, streaming: "" if not said.
        notes: sentences.
    """

    paper: str
    citation: str
    source: str
    system: str
    variant: str
    x_metric: str
    y_metric: str
    x: float
    y: float
    unit: str
    x_about: str
    y_about: str
    attacker: str
    sex: str
    protocol: str
    streaming: str
    notes: tuple[str, ...]

    @property
    def label(self) -> str:
        """System and variant in short."""
        return f"{self.system} ({self.variant})" if self.variant else self.system

    @property
    def original(self) -> bool:
        """Whether these are figures of unprotected speech."""
        return self.system == "Original"

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything that must be known of the point, a line each: for hover texts."""
        where = f"{self.protocol or 'protocol not said'}; {self.source}"
        return (self.label, self.x_about, self.y_about, where, self.citation, *self.notes)


def load() -> pd.DataFrame:
    """Every figure: COLUMNS; `value` is a number, the others are text, "" where the document says nothing."""
    return _printed().astype({"value": float})


def errata() -> pd.DataFrame:
    """What the documents say wrongly, contradict or leave out.

    Columns: paper, place, kind, says (in our words), correct, checked (how), rows ("paper|system|variant", or "").
    """
    import pandas as pd

    return pd.read_csv(ERRATA, dtype=str, keep_default_na=False)


def points(x_metric: str = "EER", y_metric: str = "UAR") -> list[Published]:
    """Pairs of figures that one table gives for one system under one protocol, in the order of the file.

    Both are of the same split and, where they differ between the sexes, of the same sex; of the same recordings too,
    except that UAR is measured on others (SPLIT_DATA). Nothing is averaged: a system with an EER for each sex, or for
    each attacker, is several points. Bounds ("below 20") are no points, and a setting that two tables of a document
    give is one point.
    """
    frame = _printed()
    usable = frame[(frame["relation"] != "below") & (frame["same_as"] == "")]
    xs, ys = (usable[usable["metric"] == metric].to_dict("records") for metric in (x_metric, y_metric))
    return [_published(x, y) for x in xs for y in ys if _belong(x, y)]


def _printed() -> pd.DataFrame:
    """All cells as they are printed."""
    import pandas as pd

    return pd.read_csv(RESULTS, dtype=str, keep_default_na=False)


def _belong(x: dict[str, Any], y: dict[str, Any]) -> bool:
    same = all(x[name] == y[name] for name in ("paper", "source", "system", "variant", "split", "protocol", "unit"))
    alike = all(x[name] == y[name] or not (x[name] and y[name]) for name in ("sex", "attacker"))
    return same and alike and ("UAR" in (x["metric"], y["metric"]) or x["dataset"] == y["dataset"])


def _published(x: dict[str, Any], y: dict[str, Any]) -> Published:
    shared = {name: x[name] for name in ("paper", "source", "system", "variant", "unit", "protocol", "streaming")}
    either = {name: x[name] or y[name] for name in ("attacker", "sex")}
    return Published(
        **shared,
        **either,
        citation=CITATIONS[x["paper"]],
        x_metric=x["metric"],
        y_metric=y["metric"],
        x=float(x["value"]),
        y=float(y["value"]),
        x_about=_about(x),
        y_about=_about(y),
        notes=tuple(_notes(x, y)),
    )


def _about(row: dict[str, Any]) -> str:
    """E.g. "EER 24.27 % (women; lazy-informed attacker; LibriSpeech test)"."""
    relation = "" if row["relation"] == "=" else f"{row['relation']} "
    sex = {"F": "women", "M": "men", "": ""}[row["sex"]]
    data = " ".join(part for part in (row["dataset"] or "data set not said", row["split"]) if part)
    parts = [sex, _attacker(row) if row["metric"] == "EER" else "", data]
    return f"{row['metric']} {relation}{row['value']} {row['unit']} ({'; '.join(part for part in parts if part)})"


def _attacker(row: dict[str, Any]) -> str:
    if row["system"] == "Original":
        return "unprotected"
    return f"{row['attacker']} attacker" if row["attacker"] else "attacker not said"


def _notes(x: dict[str, Any], y: dict[str, Any]) -> Iterator[str]:
    if x["protocol"] == VPC_2024 and "UAR" in (x["metric"], y["metric"]):
        yield SPLIT_DATA
    if x["note"]:
        yield x["note"]
    if y["note"] not in x["note"]:
        yield y["note"]
