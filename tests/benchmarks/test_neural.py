"""The benchmark of systems whose weights are fetched: what it counts and what it calls too slow."""

from __future__ import annotations

import json

import pytest

from anonymizers import gengan_networks, registry, weights
from anonymizers.nn import gender_net
from benchmarks import neural
from tests.anonymizers.tiny_gengan import tiny


def test_a_listing_has_every_system_and_no_torch() -> None:
    told = neural.listing(1)
    assert told["systems"] == len(registry.keys())
    assert told["imports_torch"] is False
    assert 0 < told["of_which_numpy_ms"] < told["fastest_ms"] == told["median_ms"]


def test_a_system_is_run_and_described_in_numbers(voice) -> None:
    row = neural.loaded_once(tiny(), voice, {"iterations": 1}, runs=1)
    json.dumps(row, allow_nan=False)
    assert row["real_time_factor"] == pytest.approx(row["warm_s"] / voice.duration_s)
    assert row["second_over_warm"] == pytest.approx(row["second_s"] / row["warm_s"])


def test_random_weights_lie_where_the_published_would() -> None:
    judge = gengan_networks.JUDGE
    with neural.random_weights({judge: gender_net.network}) as (ref,):
        path = weights.path_of(ref)
        assert path.parts[-len(judge.place.parts) - 2 :] == (*judge.place.parts, "models", "model.ckpt-90_GenderNet.pt")
    assert weights.located(ref) != path.parents[1]
    assert not path.exists()


@pytest.mark.parametrize(
    ("numbers", "slow"),
    [
        ({"listing": {"imports_torch": False, "fastest_ms": 149.0}}, False),
        ({"listing": {"imports_torch": False, "fastest_ms": 151.0}}, True),
        ({"listing": {"imports_torch": True, "fastest_ms": 10.0}}, True),
        ({"gengan": {"melgan": {"second_over_warm": 1.1}}}, False),
        ({"gengan": {"melgan": {"second_over_warm": 3.0}}}, True),
        ({}, False),
    ],
)
def test_what_is_too_slow(numbers: dict, slow: bool) -> None:
    assert any(neural.too_slow(numbers)) is slow


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture) -> None:
    assert neural.main(["wavlm"]) == 2
    assert "listing, gengan" in capsys.readouterr().err
