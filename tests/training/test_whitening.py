"""Whitening: what the last layer gives is centred, and its spread within speakers the same in every direction."""

from __future__ import annotations

import numpy as np
import pytest

from training import whitening


def embeddings(rng: np.random.Generator, speakers: int = 60, each: int = 20) -> list[np.ndarray]:
    spread = rng.normal(size=(6, 6)) * np.geomspace(0.2, 3, 6)
    return [rng.normal(3, 2, 6) + rng.normal(size=(each, 6)) @ spread for _ in range(speakers)]


def test_the_spread_within_speakers_becomes_round(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whitening, "SHRINKAGE", 0.0)
    found = embeddings(np.random.default_rng(0))
    centre, matrix = whitening.whitening(found)
    made = [(own - centre) @ matrix.T for own in found]
    within = np.concatenate([own - own.mean(axis=0) for own in made])
    assert within.T @ within / len(within) == pytest.approx(np.eye(6), abs=1e-9)
    assert np.mean([own.mean(axis=0) for own in made], axis=0) == pytest.approx(np.zeros(6), abs=1e-9)


def test_with_much_shrinkage_directions_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(whitening, "SHRINKAGE", 1e6)
    _, matrix = whitening.whitening(embeddings(np.random.default_rng(1)))
    assert matrix / matrix[0, 0] == pytest.approx(np.eye(6), abs=1e-3)


def test_folded_into_the_network_it_is_what_the_formula_says():
    import torch

    from anonymizers.nn import ecapa

    torch.manual_seed(0)
    rng = np.random.default_rng(2)
    sounds = [[(3000 * rng.normal(size=9000)).astype(np.int16) for _ in range(count)] for count in (1, 3, 2)]
    module = ecapa.network().eval()
    before = [whitening._embeddings(module, whitening._pieces(own)) for own in sounds]
    whitening.fold_in(module, sounds)
    after = [whitening._embeddings(module, whitening._pieces(own)) for own in sounds]
    centre, matrix = whitening.whitening(before)
    assert [len(own) for own in before] == [3, 3, 2]
    for one, other in zip(before, after, strict=True):
        assert other == pytest.approx((one - centre) @ matrix.T, abs=1e-3 * np.abs(other).max())
