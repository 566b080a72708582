"""Who accepted which licence: by its exact name, remembered, also by several processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anonymizers import licences
from anonymizers.base import AnonymizerError
from anonymizers.weights import WeightFile
from tests.anonymizers.weights_here import bare_machine, ref_of

ROOT = Path(__file__).resolve().parents[2]
FREE = ref_of(WeightFile("a", "https://hub.example/a"))
NAME = "CC BY-NC 4.0"
BOUND = ref_of(WeightFile("b", "https://hub.example/b"), id="bound", title="Bound", licence=NAME, commercial=False)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return bare_machine(tmp_path, monkeypatch)


def test_free_licences_need_nothing(store: Path) -> None:
    assert licences.accepted(FREE)
    assert licences.to_accept((FREE, BOUND)) == (BOUND,)
    licences.required((FREE,))
    assert not store.exists()


def test_accepted_by_name_remembered_and_taken_back(store: Path) -> None:
    with pytest.raises(AnonymizerError, match=r'Bound are under CC BY-NC 4\.0.*--accept-licence "CC BY-NC 4\.0"'):
        licences.required((FREE, BOUND))
    licences.accept(BOUND, NAME, now=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert licences.accepted(BOUND)
    licences.required((FREE, BOUND))
    assert json.loads((store / "licences.json").read_text()) == {
        "bound": {"licence": NAME, "utc": "2026-01-01T12:00:00+00:00"}
    }
    licences.forget(BOUND)
    assert not licences.accepted(BOUND)
    licences.forget(BOUND)


@pytest.mark.parametrize("name", ["", "CC BY-NC", "cc by-nc 4.0", f"{NAME} "])
def test_another_name_is_refused(store: Path, name: str) -> None:
    with pytest.raises(AnonymizerError, match=r"The licence of Bound is 'CC BY-NC 4\.0', but '.*' was accepted"):
        licences.accept(BOUND, name)
    assert not licences.accepted(BOUND)


def test_another_licence_on_the_same_weights_is_asked_for_anew(store: Path) -> None:
    licences.accept(BOUND, NAME)
    stricter = ref_of(WeightFile("b", ""), id="bound", licence="CPML", commercial=False)
    assert not licences.accepted(stricter)


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"bound": 3}', '{"bound": {}}'])
def test_a_damaged_file_accepts_nothing_and_is_mended(store: Path, damaged: str) -> None:
    store.mkdir()
    (store / "licences.json").write_text(damaged)
    assert not licences.accepted(BOUND)
    licences.accept(BOUND, NAME)
    assert licences.accepted(BOUND)


def test_a_store_that_cannot_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "file"))
    with pytest.raises(AnonymizerError, match=r"is kept in .*licences\.json, but it cannot be written"):
        licences.accept(BOUND, NAME)
    assert not licences.accepted(BOUND)


def test_a_file_in_use_for_too_long_is_a_sentence(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr(licences, "LONGEST_WAIT_S", 0.0)
    store.mkdir()
    with FileLock(store / "licences.json.lock"), pytest.raises(AnonymizerError, match="in use by another process"):
        licences.accept(BOUND, NAME)


def test_several_processes_lose_nothing(store: Path) -> None:
    code = (
        "import sys; from anonymizers import licences; from anonymizers.weights import WeightRef\n"
        "for i in range(20):\n"
        "    ref = WeightRef(f'{sys.argv[1]}-{i}', 'T', 'torchaudio', '', (), 'NC', commercial=False)\n"
        "    licences.accept(ref, 'NC')"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT) for name in ("a", "b")]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(json.loads((store / "licences.json").read_text())) == 40
