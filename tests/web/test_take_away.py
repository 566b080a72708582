"""The ZIP: every sound, every number, names that are safe anywhere."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import take_away
from web.vault import Vault

REPORT = {
    "versions": {"voiceveil": "0.1.0"},
    "systems": [
        {"system": "original", "fidelity": "exact", "scores": {"loudness": {"unit": "LUFS", "value": -23.5}}},
        {
            "system": "mcadams",
            "fidelity": "exact",
            "seed": 4,
            "scores": {"pitch_correlation": {"unit": "1", "value": None}},
        },
        {"system": "devoiced", "error": "Stopped, before it was done."},
    ],
}


@pytest.fixture
def vault(tmp_path: Path):
    vault = Vault(3000, lambda: 0.0, tmp_path)
    yield vault
    vault.close()


def test_zip_holds_sounds_report_and_table(vault: Vault) -> None:
    sounds = {"original": vault.put(b"wav 1"), "mcadams": vault.put(b"wav 2")}
    data = take_away.zipped(vault, take_away.keep(vault, REPORT, sounds))
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.namelist() == ["README.txt", "comparison.json", "table.csv", "00_original.wav", "01_mcadams.wav"]
    assert archive.read("01_mcadams.wav") == b"wav 2"
    assert json.loads(archive.read("comparison.json")) == REPORT
    rows = list(csv.DictReader(io.StringIO(archive.read("table.csv").decode())))
    assert [row["system"] for row in rows] == ["original", "mcadams", "devoiced"]
    assert rows[0]["loudness [LUFS]"] == "-23.5"
    assert rows[1]["pitch_correlation [1]"] == ""
    assert rows[2]["error"] == "Stopped, before it was done."


def test_a_sound_or_an_unknown_token_is_no_comparison(vault: Vault) -> None:
    assert take_away.zipped(vault, vault.put(b"RIFF....")) is None
    assert take_away.zipped(vault, "a" * 22) is None


@given(st.text())
def test_names_are_safe(text: str) -> None:
    name = take_away.safe_name(text)
    assert len(name) <= 60
    assert not name.startswith(".")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
