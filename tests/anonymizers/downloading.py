"""What the tests of downloads have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from anonymizers import weights
from anonymizers.transfer import Means
from anonymizers.weights import WeightRef
from tests.anonymizers.hub import Hub, running
from tests.anonymizers.weights_here import bare_machine

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with running() as hub:
        yield hub


@pytest.fixture
def hub(server: Hub) -> Hub:
    server.files.clear()
    server.asked.clear()
    return server


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return bare_machine(tmp_path, monkeypatch)


def at_once(**kwargs: Any) -> Means:
    """Pauses take no time, and are told."""
    return Means(**{"pause": lambda *_: None, "now": lambda: NOON, **kwargs})


def tell(told: list[tuple[float, str]]) -> Any:
    return lambda fraction, doing: told.append((fraction, doing))


def home(ref: WeightRef) -> list[str]:
    return sorted(path.name for path in weights.home(ref).rglob("*") if path.is_file())
