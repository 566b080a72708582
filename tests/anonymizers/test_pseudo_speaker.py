"""The rules that make pseudo-speakers: by their definitions, against the reference's selec-anon; what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import pseudo_speaker
from anonymizers.base import AnonymizerError
from anonymizers.pool import Pool, cosine_distances
from anonymizers.pseudo_speaker import RULES, Mix, PseudoSpeaker, candidates, draw, mixed, noise_level_db, noisy

OTHER = {"F": "M", "M": "F"}
rules, genders, sexes = st.sampled_from(RULES), st.sampled_from(["same", "cross", "any"]), st.sampled_from("FM")
seeds = st.integers(0, 10_000)


def some_pool(women: int, men: int, size: int = 12, seed: int = 0) -> Pool:
    """Women and men in turns, as far as they go, with vectors of unit length and a pitch of their own."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((women + men, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    marks = rng.permutation(["F"] * women + ["M"] * men)
    return Pool(
        tuple(f"s{place}" for place in range(women + men)),
        tuple(marks.tolist()),
        vectors.astype(np.float32),
        rng.uniform(80, 300, women + men).astype(np.float32),
        rng.uniform(1, 4, women + men).astype(np.float32),
    )


def a_source(seed: int = 1, size: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def drawn(pool: Pool, rule: str, seed: int = 0, **other) -> PseudoSpeaker:
    words = {"source": a_source(), "source_sex": "F", "gender": "same", **other}
    return draw(pool, rule, rng=np.random.default_rng(seed), **words)


def mixed_names(made: PseudoSpeaker) -> list[str]:
    return [one["speaker"] for one in made.provenance["speakers"]]


@given(rules, genders, sexes, seeds, st.integers(2, 30), st.integers(2, 30), st.none() | st.floats(-20, 10))
@settings(max_examples=60)
def test_every_rule_keeps_the_promises(rule, gender, sex, seed, women, men, noise_db):
    pool = some_pool(women, men, seed=seed)
    words = {"source_sex": sex, "gender": gender, "noise_db": noise_db}
    made, again = drawn(pool, rule, seed, **words), drawn(pool, rule, seed, **words)
    assert np.array_equal(made.vector, again.vector)
    assert made.provenance == again.provenance
    assert made.vector.dtype == np.float32
    assert np.linalg.norm(made.vector) == pytest.approx(1, abs=1e-5)
    wanted = {"same": {sex}, "cross": {OTHER[sex]}, "any": {"F", "M"}}[gender]
    assert {one["sex"] for one in made.provenance["speakers"]} <= wanted
    assert len(set(mixed_names(made))) == len(mixed_names(made))
    assert sum(one["weight"] for one in made.provenance["speakers"]) == pytest.approx(1, abs=1e-2)
    assert made.provenance["cosine_distance_to_source"] == pytest.approx(
        cosine_distances([made.vector], a_source())[0], abs=1e-4
    )
    places = [pool.speakers.index(name) for name in mixed_names(made)]
    assert min(pool.median_f0_hz[places]) - 1e-3 <= made.median_f0_hz <= max(pool.median_f0_hz[places]) + 1e-3
    assert json.loads(json.dumps(made.provenance)) == made.provenance


@given(rules, genders, seeds)
@settings(max_examples=25)
def test_nobody_is_made_into_themselves(rule, gender, seed):
    pool = some_pool(5, 5, seed=seed)
    own = seed % 10
    words = {"source_sex": pool.sexes[own], "gender": gender}
    by_vector = drawn(pool, rule, seed, source=2 * pool.vectors[own], **words)
    by_name = drawn(pool, rule, seed, source_speaker=pool.speakers[own], **words)
    assert pool.speakers[own] not in mixed_names(by_vector) + mixed_names(by_name)


@given(seeds, st.integers(2, 40))
@settings(max_examples=25)
def test_farthest_and_nearest_by_their_definition(seed, women):
    pool, source = some_pool(women, 3, seed=seed), a_source(seed + 1)
    distance = dict(zip(pool.speakers, pool.distances(source), strict=True))
    of_women = {name: distance[name] for name in pool.of_sex("F").speakers}
    assert mixed_names(drawn(pool, "farthest", seed, source=source)) == [max(of_women, key=of_women.__getitem__)]
    assert mixed_names(drawn(pool, "nearest", seed, source=source)) == [min(of_women, key=of_women.__getitem__)]


@given(st.integers(2, 700), seeds)
@settings(max_examples=25)
def test_selec_anon_takes_the_published_shares_of_the_farthest(women, seed):
    pool, source = some_pool(women, 1, size=4, seed=seed), a_source(seed + 1, 4)
    made = drawn(pool, "selec-anon", seed, source=source)
    world, region = made.provenance["world"], made.provenance["region"]
    assert world == min(200, max(1, round(women * 200 / 580)))
    assert region == max(1, round(world / 2))
    assert len(mixed_names(made)) == region
    of_women = pool.of_sex("F")
    ranked = [name for _, name in sorted(zip(-of_women.distances(source), of_women.speakers, strict=True))]
    assert set(mixed_names(made)) <= set(ranked[:world])
    assert {one["weight"] for one in made.provenance["speakers"]} == {round(1 / region, 4)}


def test_selec_anon_with_a_world_of_ones_own():
    pool = some_pool(60, 0)
    mix = pseudo_speaker.selec_anon(pool, a_source(), np.random.default_rng(0), world=50, region=10)
    assert (len(mix.places), mix.facts) == (10, {"world": 50, "region": 10})
    small = pseudo_speaker.selec_anon(pool.taken([0, 1]), a_source(), np.random.default_rng(0), world=50, region=10)
    assert sorted(small.places.tolist()) == [0, 1]


class Given:
    """A generator whose `choice` is told beforehand."""

    def __init__(self, positions: np.ndarray) -> None:
        self.positions = positions

    def choice(self, count: int, size: int, replace: bool) -> np.ndarray:
        assert (count, size, replace) == (200, 100, False)
        return self.positions


@pytest.fixture(scope="module")
def golden(shared_dir: Path) -> dict[str, np.ndarray]:
    folder = shared_dir / "golden" / "ssl_sas"
    return {**np.load(folder / "inputs.npz"), **np.load(folder / "outputs.npz")}


def reference_pool(golden: dict[str, np.ndarray]) -> Pool:
    count = len(golden["pool"])
    marks = tuple("M" if male else "F" for male in golden["pool_is_male"])
    nan = np.full(count, np.nan, np.float32)
    return Pool(tuple(str(place) for place in range(count)), marks, golden["pool"], nan, nan)


@pytest.mark.parametrize("gender", ["same", "cross"])
@pytest.mark.parametrize("speaker", range(4))
def test_selec_anon_is_the_reference(golden: dict[str, np.ndarray], speaker: int, gender: pseudo_speaker.Gender):
    pool, source = reference_pool(golden), golden["src"][speaker]
    assert np.allclose(-pool.distances(source), golden["affinity"][speaker], atol=1e-6)
    among = candidates(pool, source, "M" if golden["src_is_male"][speaker] else "F", gender)
    expected = golden[f"cand_farthest_{gender}"][speaker]
    ranked = pseudo_speaker.from_farthest(among, source)[:200]
    assert [int(among.speakers[place]) for place in ranked] == expected.tolist()
    chosen = golden[f"chosen_farthest_{gender}_spk"][speaker]
    positions = np.flatnonzero(np.isin(expected, chosen))
    told: Any = Given(positions)
    mix = pseudo_speaker.selec_anon(among, source, told, world=200, region=100)
    assert {int(among.speakers[place]) for place in mix.places} == set(chosen.tolist())
    made = mixed(among, mix, rng=np.random.default_rng(0))
    assert np.abs(made.vector - golden[f"pseudo_farthest_{gender}_spk"][2 * speaker]).max() < 1e-5


@pytest.mark.parametrize("gender", ["same", "cross"])
def test_the_nearest_are_the_reference_s(golden: dict[str, np.ndarray], gender: pseudo_speaker.Gender):
    pool = reference_pool(golden)
    for speaker, source in enumerate(golden["src"]):
        among = candidates(pool, source, "M" if golden["src_is_male"][speaker] else "F", gender)
        ranked = pseudo_speaker.from_farthest(among, source)[::-1][:200]
        found = {int(among.speakers[place]) for place in ranked}
        assert found == set(golden[f"cand_nearest_{gender}"][speaker].tolist())


def test_random_mix_draws_three_with_uneven_weights():
    pool = some_pool(20, 0)
    made = [drawn(pool, "random mix", seed, source=None) for seed in range(200)]
    assert {len(mixed_names(one)) for one in made} == {3}
    assert len({name for one in made for name in mixed_names(one)}) == 20
    weights = np.array([[one["weight"] for one in voice.provenance["speakers"]] for voice in made])
    assert np.allclose(weights.mean(axis=0), 1 / 3, atol=0.06)
    assert weights.std(axis=0) == pytest.approx(math.sqrt(1 / 18), rel=0.15)  # of a flat Dirichlet draw of three
    assert made[0].provenance["cosine_distance_to_source"] is None
    of_two = drawn(some_pool(2, 0), "random mix", source=None)
    assert len(mixed_names(of_two)) == 2


def test_random_one_draws_everybody():
    pool = some_pool(6, 6)
    made = [drawn(pool, "random one", seed, source=None) for seed in range(150)]
    assert {name for one in made for name in mixed_names(one)} == set(pool.of_sex("F").speakers)
    place = pool.speakers.index(mixed_names(made[0])[0])
    assert np.allclose(made[0].vector, pool.vectors[place], atol=1e-6)
    assert made[0].median_f0_hz == pytest.approx(pool.median_f0_hz[place], rel=1e-6)


@given(seeds, seeds)
@settings(max_examples=20)
def test_fixed_is_one_target_for_all(one_seed, other_seed):
    pool = some_pool(9, 9)
    made = [drawn(pool, "fixed", seed, source=a_source(seed)) for seed in (one_seed, other_seed)]
    assert mixed_names(made[0]) == mixed_names(made[1])
    women = pool.of_sex("F")
    ordinary = women.speakers[int(np.argmax((women.vectors @ women.vectors.T).mean(axis=1)))]
    assert mixed_names(made[0]) == [ordinary]


def test_f0_is_mixed_by_its_logarithm_over_those_who_have_one():
    pool = some_pool(4, 0)
    pool = replace(
        pool,
        median_f0_hz=np.array([100, 200, np.nan, 400], np.float32),
        f0_deviation_semitones=np.array([1, 3, np.nan, np.nan], np.float32),
    )
    mix = Mix(np.array([0, 1, 2]), np.array([0.25, 0.25, 0.5]))
    made = mixed(pool, mix, rng=np.random.default_rng(0))
    assert made.median_f0_hz == pytest.approx(math.sqrt(100 * 200), rel=1e-6)
    assert made.f0_deviation_semitones == pytest.approx(2)
    unknown = mixed(pool, Mix(np.array([2]), np.ones(1)), rng=np.random.default_rng(0))
    assert math.isnan(unknown.median_f0_hz)
    assert math.isnan(unknown.f0_deviation_semitones)
    nobody = replace(pool, median_f0_hz=np.full(4, np.nan, np.float32))
    assert drawn(nobody, "random one").provenance["median_f0_hz"] is None


def test_vectors_of_other_lengths_are_left_as_they_are():
    pool = some_pool(4, 0)
    long = replace(pool, vectors=7 * pool.vectors)
    mix = Mix(np.array([0, 3]), np.array([0.5, 0.5]))
    made = mixed(long, mix, rng=np.random.default_rng(0))
    assert np.allclose(made.vector, 3.5 * (pool.vectors[0] + pool.vectors[3]), atol=1e-6)


@given(st.floats(-20, 20), st.floats(0.1, 10))
@settings(max_examples=20)
def test_noise_has_the_level_asked_for(noise_db, length):
    vector = length * np.random.default_rng(0).standard_normal(20_000)
    heard = noisy(vector, noise_db, np.random.default_rng(1))
    power = np.mean((heard - vector) ** 2) / np.mean(vector**2)
    assert 10 * math.log10(power) == pytest.approx(noise_db, abs=0.2)
    assert 1 - cosine_distances([heard], vector)[0] == pytest.approx(1 / math.sqrt(1 + 10 ** (noise_db / 10)), abs=0.03)


def test_the_level_of_an_absolute_scale():
    assert noise_level_db(0.075, np.full(192, 1 / math.sqrt(192))) == pytest.approx(0.334, abs=1e-3)
    vector, level_db = np.ones(50_000), noise_level_db(0.3, np.ones(50_000))
    assert np.std(noisy(vector, level_db, np.random.default_rng(0)) - vector) == pytest.approx(0.3, rel=0.02)


def test_a_sex_that_is_not_known_is_heard_from_the_vector():
    east = np.random.default_rng(0).normal((5, 0, 0), 0.1, (20, 3))
    west = np.random.default_rng(1).normal((-5, 0, 0), 0.1, (20, 3))
    vectors = np.concatenate([east, west]).astype(np.float32)
    nan = np.full(40, np.nan, np.float32)
    pool = Pool(tuple(str(place) for place in range(40)), ("F",) * 20 + ("M",) * 20, vectors, nan, nan)
    made = drawn(pool, "random one", source=np.array([1, 0, 0]), source_sex="", gender="cross")
    assert made.provenance["speakers"][0]["sex"] == "M"
    assert made.provenance["source_sex"] == "F"
    assert made.provenance["source_sex_from"] == "speaker vector"
    assert drawn(pool, "random one", source=np.array([1, 0, 0])).provenance["source_sex_from"] == "given"


@pytest.mark.parametrize(
    ("rule", "words", "sentence"),
    [
        ("farthest of all", {}, "one of random mix, random one"),
        ("random mix", {"gender": "other"}, "same, cross, any"),
        ("random mix", {"source_sex": "female"}, "F, M or nothing"),
        ("random mix", {"noise_db": math.nan}, "finite level in dB, but nan"),
        ("random mix", {"source": np.ones(3)}, "12 finite numbers"),
        ("random mix", {"source": None, "source_sex": ""}, "of the same one, but it is not known"),
        ("random mix", {"source": None, "source_sex": "", "gender": "cross"}, "of the other one, but"),
        ("selec-anon", {"source": None}, "no speaker vector of the source came"),
        ("farthest", {"source": None}, "no speaker vector of the source came"),
        ("nearest", {"source": None}, "no speaker vector of the source came"),
        ("random mix", {"source_sex": "M"}, "no speaker of sex M but the source"),
        ("fixed", {"gender": "cross"}, "no speaker of sex M but the source"),
    ],
)
def test_what_cannot_be_drawn_is_said(rule, words, sentence):
    with pytest.raises(AnonymizerError, match=sentence):
        drawn(some_pool(3, 0), rule, **words)


def test_a_pool_without_a_choice_is_refused():
    with pytest.raises(AnonymizerError, match=r"at least 2 speakers.*has 1"):
        drawn(some_pool(1, 0), "random one")
    twins = some_pool(2, 0)
    twins = replace(twins, vectors=np.stack([twins.vectors[0]] * 2))
    with pytest.raises(AnonymizerError, match="no speaker but the source"):
        drawn(twins, "random one", source=twins.vectors[0], gender="any")
    with pytest.raises(AnonymizerError, match="no speaker of sex F but the source"):
        drawn(twins, "random one", source=twins.vectors[0])
    opposite = replace(twins, vectors=np.stack([twins.vectors[0], -twins.vectors[0]]))
    with pytest.raises(AnonymizerError, match="cancel each other out"):
        mixed(opposite, Mix(np.array([0, 1]), np.array([0.5, 0.5])), rng=np.random.default_rng(0))
