"""The study's fragments: Markdown for docs/house.md, a table of all figures, and what a model's card says of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from experiments import house_card, house_findings, house_tables, house_words
from experiments.house_figures import Study
from experiments.house_plan import (
    ORIGINAL,
    RULES,
    ablation_cells,
    attacked_cells,
    main_cells,
    rule_cells,
    strength_cells,
    style_cells,
)
from experiments.paper_001_tables import FEATURES, markdown, medians

POOL_CARD = Path(__file__).resolve().parents[1] / "assets" / "models" / "speaker_pool.json"


def write(options: argparse.Namespace) -> dict[str, str]:
    """OUT/figures.csv, OUT/<fragment>.md and OUT/card.json of all runs that are there; the fragments by name."""
    study = Study(options.out)
    options.out.mkdir(parents=True, exist_ok=True)
    study.every().to_csv(options.out / "figures.csv", index=False)
    found = {name: text for name, text in fragments(study) if text.strip()}
    for name, text in found.items():
        (options.out / f"{name}.md").write_text(text, encoding="utf-8")
    told = json.dumps(house_card.figures(study), indent=1, ensure_ascii=False)
    (options.out / "card.json").write_text(told + "\n", encoding="utf-8")
    return found


def fragments(study: Study) -> Iterator[tuple[str, str]]:
    """Every part of the page by name, "" where nothing was measured."""
    main, others = main_cells(), attacked_cells()
    if study.there("attacked", main):
        for protocol in house_tables.PROTOCOLS:
            yield f"privacy-{protocol}", house_tables.privacy(study, [*main, *others], protocol)
        yield "trust", house_tables.trust(study, [*main, *others])
        yield "protocol", protocol_words(study)
    if study.there("words", main):
        yield "utility", house_tables.utility(study, main)
        yield "intonation", house_tables.intonation(study, main)
    if study.there("acted", main):
        yield "emotions", house_tables.emotions(study, main)
    yield from _rules(study)
    if study.there("lazy", style_cells()):
        neither = style_cells()[0]
        yield "timbre-style", house_tables.lazy(study, "lazy", style_cells(), neither, house_tables.ATTACKERS)
        yield "timbre-style-words", house_words.styles(study)
    yield from _ablation(study)
    for table in house_card.figures(study):
        if table["heading"] == "Known failures":
            rows = [[row[key].replace(house_card.CLIPS, "audio") for key in table["columns"]] for row in table["rows"]]
            yield "failures", f"{table['text']}\n\n{markdown(list(table['columns'].values()), rows)}"


def _rules(study: Study) -> Iterator[tuple[str, str]]:
    cells = rule_cells()
    if study.there("lazy", cells):
        mix = next(cell for cell in cells if cell.title == "random mix")
        yield "rules", house_tables.lazy(study, "lazy", cells, mix, house_tables.ATTACKERS)
        yield "rules-words", house_words.rules(study)
        yield "rules-vectors", vectors_alone()


def _ablation(study: Study) -> Iterator[tuple[str, str]]:
    cells, (off, *on) = ablation_cells(), strength_cells()
    if study.there("acted", [off]) and study.there("acted", on):
        yield "strengths", house_tables.emotions(study, [off, *on], off)
        yield "strengths-words", house_words.strengths(study)
    if not study.there("acted", cells):
        return
    yield "ablation", house_tables.ablation(study, cells)
    figures = study.figures("acted", [ORIGINAL, *cells])
    for feature in FEATURES:
        yield f"ablation-{feature}", medians(figures, feature)
    yield "ablation-words", house_findings.ablation(study)


def protocol_words(study: Study) -> str:
    """What the figures of privacy rest on: the house attacker's, of one system, as each of them says it."""
    figures = study.figures("attacked", [ORIGINAL, *main_cells()])
    rows = figures[(figures["metric"] == "EER") & (figures["sex"] == "all") & (figures["attacker"] == "house")]
    found = rows[rows["system"].isin((ORIGINAL.title, "house")) & rows["attack"].isin(("unprotected", "semi-informed"))]
    return "".join(f"- {row.about}\n" for row in found.itertuples())


def vectors_alone() -> str:
    """The EER of the pseudo-speakers' vectors themselves, before any sound, as the pool's card has it."""
    told: Mapping[str, Mapping[str, float]] = json.loads(POOL_CARD.read_text(encoding="utf-8")).get("rules", {})
    rows = [[name, f"{100 * of['eer']:.1f}"] for name, of in told.items() if name in RULES or "sex" in name]
    return markdown(["Rule", "EER of the vectors alone, %"], rows) if rows else ""


def fill(page: Path, found: Mapping[str, str]) -> None:
    """Put each fragment between <!-- name --> and <!-- /name --> of a page; what has no fragment stays as it was."""
    text = page.read_text(encoding="utf-8")
    for name, fragment in found.items():
        first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found_first, rest = text.partition(first)
        _, found_last, after = rest.partition(last)
        if found_first and found_last:
            text = f"{before}{first}\n\n{fragment.strip()}\n\n{last}{after}"
    page.write_text(text, encoding="utf-8")


def to_card(path: Path, options: argparse.Namespace) -> None:
    """The figures as `figures` of a model's card, for programs and for people."""
    from training import house_card as card_of_models

    card = json.loads(path.read_text(encoding="utf-8"))
    card_of_models.rewrite(path, {**card, "figures": house_card.figures(Study(options.out))})
