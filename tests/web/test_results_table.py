"""The table: units, signs, gaps, and nothing a system says becomes markup."""

from __future__ import annotations

from web.components.results_table import COLUMNS, html

SCORES = {
    "loudness_change": {"value": -2.0},
    "centroid_change": {"value": 120.4},
    "pitch_correlation": {"value": None},
    "OVRL": {"value": 3.21},
}
ORIGINAL = {
    "system": "original",
    "duration_s": 2.0,
    "real_time_factor": 0.0,
    "scores": {"loudness_change": {"value": 0.0}},
}
CHANGED = {"system": "mcadams", "duration_s": 2.0, "real_time_factor": 0.004, "scores": SCORES}
FAILED = {"system": "devoiced", "error": "<img src=x onerror=alert(1)> ${1+1} {{value}}"}


def test_numbers_have_signs_and_units() -> None:
    text = html([ORIGINAL, CHANGED], quality_coming=False)
    for shown in ("−2.0", "+120", "3.21", "0.004", "McAdams"):
        assert shown in text
    for column in COLUMNS:
        assert column.heading in text


def test_the_original_is_not_compared_with_itself() -> None:
    row = html([ORIGINAL], quality_coming=False).split("<tbody>")[1]
    assert "0.0<" not in row
    assert "–" in row


def test_quality_is_announced_until_it_is_there() -> None:
    waiting = {**CHANGED, "scores": {}}
    assert "vv-coming" in html([waiting], quality_coming=True)
    assert "vv-coming" not in html([CHANGED], quality_coming=True)
    assert "vv-coming" not in html([waiting], quality_coming=False)


def test_sentences_are_text() -> None:
    text = html([FAILED], quality_coming=False)
    assert "<img" not in text
    assert "&lt;img" in text
