"""The blinding benchmark would notice: a size, a header or a name that goes with the system is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.study_blinding import Reply, attack, chance, features, pages, upper_bound

SYSTEMS = ("original", "mcadams", "devoiced", "low-anchor")


def replies(rng: np.random.Generator, labels: list[str], leak: str) -> list[Reply]:
    """What a client receives of one-sound pages, ten to a listener; `leak` names what tells the system."""
    found: list[Reply] = []
    for i, label in enumerate(labels):
        listener, handle = f"token-{i // 10}", "".join(rng.choice(list("abcdefgh"), 12))
        code = SYSTEMS.index(label)
        shown: dict[str, Any] = {
            "page": f"{i:05d}",
            "progress": {"done": i % 10, "of": 10},
            "title": "Quality",
            "text": ["How good?"],
            "sounds": [{"url": f"sound/{handle}"}],
            "note": None,
            "heard_share": 0.98,
            "max_plays": None,
            "end": None,
        }
        size = 96_044 + (2 * code if leak == "size" else 0)
        headers = [("content-type", "audio/wav"), ("etag", str(code) if leak == "header" else "")]
        seconds = 0.002 + (0.004 * code if leak == "timing" else 0) + abs(rng.normal(0, 0.001))
        found.append(Reply(f"/take/{listener}/page", 200, [], 800, float(i), 0.003, shown))
        found.append(Reply(f"/take/{listener}/sound/{handle}", 200, headers, size, i + 0.1, seconds))
    return found


def best(leak: str) -> float:
    rng = np.random.default_rng(1)
    labels = [str(label) for label in rng.permutation(list(SYSTEMS) * 100)]
    shown = pages(replies(rng, labels, leak))
    assert len(shown) == len(labels)
    table, groups = [features(page) for page in shown], [page.listener for page in shown]
    return max(attack(table, labels, groups, trees=30).values())


@pytest.mark.parametrize("leak", ["size", "header", "timing"])
def test_what_tells_the_system_is_found(leak: str):
    assert best(leak) > 0.6


def test_where_nothing_tells_it_is_chance():
    assert best("") < 0.25 + 0.1


def test_chance_is_the_commonest_of_each_task():
    assert chance(["a", "a", "b", "c"], ["mos", "mos", "mos", "line-up"]) == 0.75


def test_the_bound_is_that_of_clopper_and_pearson():
    assert upper_bound(0.25, 2000) == pytest.approx(0.2664, abs=5e-4)
    assert upper_bound(1.0, 10) == 1.0
