"""The rules that make a voice of nobody out of a pool of speakers.

A rule picks speakers among the candidates (of the sex asked for, never the source) and weighs them; the pseudo-speaker
is their weighted mean, with white noise on it if asked. Which rule is taken can move an EER as much as the system does:
an attacker does worse, not better, when targets have the source's sex (Franzreb et al., arXiv 2508.09803), and a target
of its own for each utterance is harder to link than one shared by all (Lee et al., arXiv 2508.17134).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from anonymizers.pool import Doubles, Floats, Pool, cosine_distances, nearest_sex

Gender = Literal["same", "cross", "any"]
Ints = npt.NDArray[np.int64]

GENDERS: tuple[Gender, ...] = ("same", "cross", "any")
OTHER_SEX = {"F": "M", "M": "F"}
WORLD, REGION, PUBLISHED_CANDIDATES = 200, 100, 580
"""selec-anon as published: the mean of 100 drawn among the 200 farthest of one sex; its pool, LibriTTS train-other-500,
has 560 women and 600 men."""
MIXED_SPEAKERS = 3
SAME_VOICE_DISTANCE = 1e-4
SMALLEST_NORM = 1e-9


@dataclass(frozen=True, eq=False)
class Mix:
    """Who is mixed: `places` in a pool, int64, shape (k,); `weights`, float64, (k,), sum 1; facts on the choice."""

    places: Ints
    weights: Doubles
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class PseudoSpeaker:
    """A voice that is nobody's; where one speaker was taken, and no noise, it is that speaker's.

    Attributes:
        vector: float32, shape (d,); unit length if the pool's vectors have it.
        median_f0_hz: weighted geometric mean of those mixed whose F0 is known; NaN if none is.
        f0_deviation_semitones: weighted mean of those mixed where known; NaN if none is.
        provenance: rule, gender, who was mixed with which weight, cosine distance to the source, noise; JSON-ready.
    """

    vector: Floats
    median_f0_hz: float
    f0_deviation_semitones: float
    provenance: Mapping[str, Any]


def random_mix(pool: Pool, source: Floats | None, rng: np.random.Generator) -> Mix:
    """Three speakers drawn at random with the weights of a flat Dirichlet draw; all where the pool has fewer."""
    count = min(MIXED_SPEAKERS, len(pool))
    return Mix(rng.choice(len(pool), count, replace=False), rng.dirichlet(np.ones(count)))


def random_one(pool: Pool, source: Floats | None, rng: np.random.Generator) -> Mix:
    """One speaker drawn at random."""
    return _alone(int(rng.integers(len(pool))))


def selec_anon(
    pool: Pool, source: Floats | None, rng: np.random.Generator, *, world: int | None = None, region: int | None = None
) -> Mix:
    """The plain mean of `region` speakers drawn at random among the `world` farthest from the source by cosine.

    As published 100 of 200 (Miao et al., SSL-SAS, Odyssey 2022, after VoicePrivacy 2020). Where there are fewer
    candidates than there: world = 200/580 of them, region = half the world, so that the same shares are taken. The
    reference fills up with zeros where fewer than 200 are there; here nobody is mixed who is not in the pool.
    """
    scaled = min(WORLD, max(1, round(len(pool) * WORLD / PUBLISHED_CANDIDATES)))
    world = min(scaled if world is None else world, len(pool))
    region = min(max(1, round(world * REGION / WORLD)) if region is None else region, world)
    places = from_farthest(pool, source)[:world]
    return Mix(
        places[rng.choice(world, region, replace=False)],
        np.full(region, 1.0 / region),
        {"world": world, "region": region},
    )


def farthest(pool: Pool, source: Floats | None, rng: np.random.Generator) -> Mix:
    """The speaker who is farthest from the source by cosine; of equals the first."""
    return _alone(int(from_farthest(pool, source)[0]))


def nearest(pool: Pool, source: Floats | None, rng: np.random.Generator) -> Mix:
    """The speaker who is nearest to the source by cosine: what an anonymizer should not do, for comparison."""
    return _alone(int(from_farthest(pool, source)[-1]))


def fixed(pool: Pool, source: Floats | None, rng: np.random.Generator) -> Mix:
    """One target, whatever the draw: the most ordinary voice, whose mean cosine to all candidates is the highest."""
    unit = pool.vectors / np.linalg.norm(pool.vectors, axis=1, keepdims=True)
    return _alone(int(np.argmax(unit @ unit.mean(axis=0))))


Rule = Callable[[Pool, "Floats | None", "np.random.Generator"], Mix]  # by name: numpy loads its random module late
RULE_OF: Mapping[str, Rule] = {
    "random mix": random_mix,
    "random one": random_one,
    "selec-anon": selec_anon,
    "farthest": farthest,
    "nearest": nearest,
    "fixed": fixed,
}
RULES = tuple(RULE_OF)


def from_farthest(pool: Pool, source: Floats | None) -> Ints:
    """Places of the pool from the farthest from the source to the nearest; equals in the order of the pool.

    Raises:
        AnonymizerError: if there is no source vector, or as Pool.distances.
    """
    if source is None:
        raise AnonymizerError(
            "This rule chooses by the distance to the source's voice, but no speaker vector of the source came: embed "
            "it, or take the rule 'random mix'."
        )
    return np.argsort(-pool.distances(source), kind="stable")


def _alone(place: int) -> Mix:
    return Mix(np.array([place], np.int64), np.ones(1))


def draw(
    pool: Pool,
    rule: str,
    *,
    source: Floats | None,
    source_sex: str = "",
    gender: Gender = "same",
    noise_db: float | None = None,
    rng: np.random.Generator,
    source_speaker: str = "",
) -> PseudoSpeaker:
    """A pseudo-speaker by one of RULES; the same arguments and state of `rng` give the same one.

    Args:
        pool: of at least two speakers.
        rule: one of RULES.
        source: the source's vector, float32, shape (d,), by the encoder that made the pool; None if not known.
        source_sex: "F", "M", or "" if not known: then `nearest_sex` of the source's vector.
        gender: whom to choose among: the source's sex, the other one, or everybody.
        noise_db: white noise on the vector, see `noisy`; None for none.
        source_speaker: the source's name, if it may be in the pool. Nobody is made into themselves: that speaker is no
            candidate, nor is one whose vector is the source's.

    Raises:
        AnonymizerError: if the pool has fewer than two speakers, or none of the sex asked for; for no such rule or
            gender; without a source vector where one is needed, or with one that does not fit; for a noise level that
            is not finite.
    """
    if rule not in RULE_OF:
        raise AnonymizerError(f"A pseudo-speaker rule is one of {', '.join(RULES)}, but {rule!r} came.")
    if noise_db is not None and not math.isfinite(noise_db):
        raise AnonymizerError(f"Noise on the speaker vector has a finite level in dB, but {noise_db} came.")
    sex = source_sex or (nearest_sex(pool, source) if source is not None and gender != "any" else "")
    among = candidates(pool, source, sex, gender, source_speaker)
    mix = RULE_OF[rule](among, source, rng)
    facts = {
        "rule": rule,
        "gender": gender,
        "source_sex": sex,
        "source_sex_from": "given" if source_sex else "speaker vector" if sex else "",
        "candidates": len(among),
        "noise_db": noise_db,
    }
    made = mixed(among, mix, noise_db=noise_db, rng=rng)
    return described(made, among, mix, source, facts)


def candidates(pool: Pool, source: Floats | None, source_sex: str, gender: Gender, source_speaker: str = "") -> Pool:
    """Whom a rule may choose among: see `draw`, also for what it raises."""
    if gender not in GENDERS or source_sex not in ("F", "M", ""):
        raise AnonymizerError(
            f"A gender ({', '.join(GENDERS)}) and the source's sex (F, M or nothing) were expected, but {gender!r} and "
            f"{source_sex!r} came."
        )
    if len(pool) < 2:
        raise AnonymizerError(
            f"A pool of at least 2 speakers was expected, but this one has {len(pool)}: everybody would get one voice. "
            "Add speakers."
        )
    others = pool.without(source_speaker) if source_speaker else pool
    if source is not None:
        others = others.taken(np.flatnonzero(others.distances(source) > SAME_VOICE_DISTANCE).tolist())
    if gender != "any":
        others = others.of_sex(wanted_sex(source_sex, gender))
    if not len(others):
        whom = "but the source" if gender == "any" else f"of sex {wanted_sex(source_sex, gender)} but the source"
        raise AnonymizerError(f"The pool has no speaker {whom}: choose gender 'any', or another pool.")
    return others


def wanted_sex(source_sex: str, gender: Gender) -> str:
    """The sex, "F" or "M", that a voice of the `gender` "same" or "cross" has.

    Raises:
        AnonymizerError: if the source's sex is not known ("").
    """
    if not source_sex:
        raise AnonymizerError(
            f"The source's sex was expected, to choose among speakers of the {'same' if gender == 'same' else 'other'} "
            "one, but it is not known: say it, give the source's speaker vector, or choose gender 'any'."
        )
    return source_sex if gender == "same" else OTHER_SEX[source_sex]


def mixed(pool: Pool, mix: Mix, *, noise_db: float | None = None, rng: np.random.Generator) -> PseudoSpeaker:
    """The weighted mean of the speakers of `mix`, with noise if asked (`noisy`); no provenance yet.

    Vectors, and the deviation of F0, are averaged as they are, median F0 by its logarithm. If the pool's vectors have
    unit length, the mean is brought to it before and after the noise.

    Raises:
        AnonymizerError: if the voices mixed cancel each other out.
    """
    rescaled = _unit if pool.unit_length else lambda vector: vector
    vector = rescaled(mix.weights @ pool.vectors[mix.places].astype(np.float64))
    if noise_db is not None:
        vector = rescaled(noisy(vector, noise_db, rng))
    median_f0_hz = math.exp(_mean(np.log(pool.median_f0_hz[mix.places]), mix.weights))
    deviation_semitones = _mean(pool.f0_deviation_semitones[mix.places], mix.weights)
    return PseudoSpeaker(vector.astype(np.float32), median_f0_hz, deviation_semitones, {})


def noisy(vector: Doubles, noise_db: float, rng: np.random.Generator) -> Doubles:
    """`vector` plus white Gaussian noise whose power is `noise_db` dB above the vector's own, per dimension.

    sigma^2 = 10^(noise_db / 10) * mean(vector^2): more dB is more noise, 0 dB is as strong as the vector. In many
    dimensions the cosine to the vector without noise is about 1 / sqrt(1 + 10^(noise_db / 10)): .95 at -10 dB, .71 at
    0 dB. Paper 002 states an absolute "scale = 0.075" for a vector whose length it does not say; `noise_level_db` has
    it in dB (0.33 dB on a unit vector of 192 dimensions).
    """
    sigma = 10.0 ** (noise_db / 20.0) * math.sqrt(float(np.mean(vector**2)))
    return vector + sigma * rng.standard_normal(vector.shape)


def noise_level_db(scale: float, vector: npt.ArrayLike) -> float:
    """The level, for `noisy`, of noise whose standard deviation is `scale` (above 0) in the units of `vector`."""
    return 20.0 * math.log10(scale / math.sqrt(float(np.mean(np.asarray(vector, np.float64) ** 2))))


def _unit(vector: Doubles) -> Doubles:
    norm = float(np.linalg.norm(vector))
    if norm < SMALLEST_NORM:
        raise AnonymizerError("The voices that were mixed cancel each other out: take another rule or seed.")
    return vector / norm


def _mean(values: npt.NDArray[np.floating[Any]], weights: Doubles) -> float:
    """Weighted mean over what is known (not NaN); NaN if nothing is."""
    known = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[known], weights=weights[known])) if known.any() else math.nan


def described(
    made: PseudoSpeaker, pool: Pool, mix: Mix, source: Floats | None, facts: Mapping[str, Any]
) -> PseudoSpeaker:
    """`made` with its provenance: `facts`, those of the mix, who was mixed, and how far it is from the source."""
    provenance = {
        **facts,
        **mix.facts,
        "speakers": [
            {"speaker": pool.speakers[place], "sex": pool.sexes[place], "weight": round(float(weight), 4)}
            for place, weight in zip(mix.places, mix.weights, strict=True)
        ],
        "cosine_distance_to_source": None
        if source is None
        else round(float(cosine_distances([made.vector], source)[0]), 4),
        "median_f0_hz": _json_ready(made.median_f0_hz),
        "f0_deviation_semitones": _json_ready(made.f0_deviation_semitones),
    }
    return PseudoSpeaker(made.vector, made.median_f0_hz, made.f0_deviation_semitones, provenance)


def _json_ready(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)
