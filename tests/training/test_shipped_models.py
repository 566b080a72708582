"""The models that are shipped: small enough, and each with a card of exactly these files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anonymizers import registry
from training import cards

MODELS = Path(__file__).resolve().parents[2] / "assets" / "models"
CARDS = sorted(MODELS.glob("*.json"))
MOST_BYTES = 20_000_000


def test_all_models_together_stay_small():
    sizes = {path.name: path.stat().st_size for path in MODELS.rglob("*") if path.is_file()}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


SHIPPED = [
    key for key in registry.keys() if (info := registry.info(key)).fidelity == "house-weights" and not info.weights
]


@pytest.mark.parametrize("key", SHIPPED)
def test_systems_of_our_own_weights_are_ready_from_a_checkout(key: str):
    assert registry.status(key).state == "ready"
    assert len(registry.version(key)) == 12


def test_every_file_is_on_a_card():
    files = {path.name for path in MODELS.iterdir() if path.suffix not in (".json", ".md")}
    told = [name for path in CARDS for name in json.loads(path.read_text(encoding="utf-8"))["sha256"]]
    assert sorted(told) == sorted(files)


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_is_of_these_files(path: Path):
    card = json.loads(path.read_text(encoding="utf-8"))
    now = cards.stored(MODELS / name for name in card["sha256"])
    assert card["sha256"] == now["sha256"]
    assert card.get("bytes", now["bytes"]) == now["bytes"]
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert [name for name, digest in now["sha256"].items() if f"`{name}`" not in text or digest not in text] == []


@pytest.mark.parametrize("path", sorted(MODELS.iterdir()), ids=lambda path: path.name)
def test_everybody_may_read_them_and_they_name_no_folder_of_somebodys(path: Path):
    assert path.stat().st_mode & 0o044 == 0o044
    content = path.read_bytes()
    assert [place for place in (b"/home/", b"/work/", b"/tmp/", b"site-packages") if place in content] == []
