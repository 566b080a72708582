"""Nearest neighbours by cosine: the reference's sets and means, scikit-learn as referee, equals, few rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import nearest
from anonymizers.nearest import neighbours, searchable


@pytest.mark.parametrize("what", ["rand", "real"])
@pytest.mark.parametrize("rough_from", [10**9, 0], ids=["plain", "rough first"])
def test_the_neighbours_and_means_are_those_of_knn_vc(what: str, rough_from: int, monkeypatch, shared_dir) -> None:
    monkeypatch.setattr(nearest, "ROUGH_FROM", rough_from)
    folder = shared_dir / "golden" / "knn_vc"
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    queries, among = given[f"query_{what}"], searchable(given[f"pool_{what}"])
    means, places = neighbours(queries, among, 4)
    clear = wanted[f"margin_4_5_{what}"] >= 1e-5
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(np.sort(places)[clear], np.sort(wanted[f"top4_idx_{what}"])[clear])
    np.testing.assert_allclose(means[clear], wanted[f"mean4_{what}"][clear], atol=1e-5)
    distances = 1.0 - np.einsum("md,mkd->mk", nearest._unit(queries), among.unit[places])
    np.testing.assert_allclose(distances, wanted[f"top4_dist_{what}"], atol=1e-4)


@pytest.mark.parametrize("k", [1, 8])
def test_other_numbers_of_neighbours(k: int, shared_dir) -> None:
    folder = shared_dir / "golden" / "knn_vc"
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    means, _ = neighbours(given["query_real"], searchable(given["pool_real"]), k)
    close = np.abs(means - wanted[f"mean{k}_real"]).max(axis=1) < 1e-5
    assert close.mean() > 0.95  # of equals the reference may take another


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.floats(0.0, 5.0))
def test_looking_roughly_first_finds_the_same(seed: int, k: int, common: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((200, 24)).astype(np.float32) + common
    queries = rng.standard_normal((9, 24)).astype(np.float32) + common
    plain = searchable(rows)
    rough, lengths, errors = nearest._rounded(plain.unit - plain.centre)
    offset = (plain.unit - plain.centre) @ plain.centre
    quick = replace(plain, rough=rough, offset=offset, length=float(lengths.max()), error=float(errors.max()))
    np.testing.assert_array_equal(neighbours(queries, quick, k)[1], neighbours(queries, plain, k)[1])


def test_what_is_not_on_the_shortlist_is_never_nearer_than_said(monkeypatch) -> None:
    monkeypatch.setattr(nearest, "ROUGH_FROM", 0)
    monkeypatch.setattr(nearest, "_multiplies_bfloat16", lambda: True)
    rng = np.random.default_rng(0)
    among = searchable(rng.standard_normal((3_000, 64)).astype(np.float32))
    unit = nearest._unit(rng.standard_normal((100, 64)).astype(np.float32))
    places, sure = nearest._shortlisted(unit, among, 4)
    assert sure.any()
    np.testing.assert_array_equal(places[sure], nearest._largest(unit @ among.unit.T, 4)[sure])


def test_the_nearest_are_those_in_the_same_direction():
    among = np.array([[1, 0], [10, 1], [0, 1], [-1, 0]], np.float32)
    means, places = neighbours(np.array([[5, 0], [0, -1]], np.float32), searchable(among), 2)
    np.testing.assert_array_equal(places, [[0, 1], [0, 3]])
    np.testing.assert_allclose(means, [[5.5, 0.5], [0, 0]])


def test_of_equals_the_first_and_all_where_there_are_few():
    among = np.ones((3, 4), np.float32)
    means, places = neighbours(np.ones((1, 4), np.float32), searchable(among), 2)
    np.testing.assert_array_equal(places, [[0, 1]])
    means, places = neighbours(np.zeros((2, 4), np.float32), searchable(among), 8)
    np.testing.assert_array_equal(places, [[0, 1, 2], [0, 1, 2]])
    np.testing.assert_array_equal(means, 1)


@pytest.mark.parametrize("k", [1, 4, 32])
def test_scikit_learn_finds_the_same(k: int):
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(k)
    content = rng.standard_normal((2 * nearest.BLOCK_FRAMES + 7, 64)).astype(np.float32)
    among = rng.standard_normal((300, 64)).astype(np.float32)
    means, places = neighbours(content, searchable(among), k)
    expected = NearestNeighbors(n_neighbors=k, metric="cosine").fit(among).kneighbors(content, return_distance=False)
    np.testing.assert_array_equal(np.sort(places), np.sort(expected))
    np.testing.assert_allclose(means, among[expected].mean(1), atol=1e-5)


def test_rows_of_zeros_are_no_fault() -> None:
    means, _ = neighbours(np.zeros((2, 3), np.float32), searchable(np.zeros((5, 3), np.float32)), 4)
    assert not means.any()
