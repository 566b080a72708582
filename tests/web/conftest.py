"""Fixtures of the web tests: a study service of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from listening_test import stimuli
from listening_test.store import Store
from tests.web.owned_studies import Tones, here
from web.study_service import StudyService


@pytest.fixture
def tones(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tones]:
    tones = Tones()
    monkeypatch.setattr(stimuli, "render", tones.render)
    yield tones
    tones.go_on.set()


@pytest.fixture
def studies(tmp_path: Path) -> Iterator[StudyService]:
    with Store.open(f"sqlite:///{tmp_path / 'studies.db'}") as store:
        service = StudyService(store, here, tmp_path / "data", file_bytes=1_000_000)
        yield service
        service.renders.close()
