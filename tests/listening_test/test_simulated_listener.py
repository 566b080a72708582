"""A simulated listener has the abilities that were asked for: estimates from many answers find them again."""

from __future__ import annotations

from collections import Counter
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from listening_test.simulated_listener import (
    SIGNED,
    Ability,
    SimulatedListener,
    SimulationError,
    ability,
    expected_rating,
    latent_mean,
)
from listening_test.study import Study

N = 4000


def choice(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "widget": "choice", "options": [{"value": value} for value in values]}


RATING = choice("overall_quality", *"54321")
SAME = choice("same_different", *SIGNED)


def listener(*, inattentive: bool = False, **more: Any) -> SimulatedListener:
    numbers = {"d_prime": {"a": 1.2}, "mos": {"a": 3.4}, "emotion_accuracy": {"a": 0.7}, "lapse_rate": 0.0, **more}
    return SimulatedListener(Ability(**numbers), inattentive=inattentive, rng=np.random.default_rng(1))


def many(one: SimulatedListener, question: dict[str, Any], truth: dict[str, Any], kind: str = "rated") -> list[str]:
    return [one.answers([question], kind, truth)[question["key"]] for _ in range(N)]


@pytest.mark.parametrize("mos", [1.4, 3.0, 4.6])
def test_the_mean_rating_is_the_one_asked_for(mos: float):
    ratings = [int(value) for value in many(listener(mos={"a": mos}), RATING, {"system": "a"})]
    assert np.mean(ratings) == pytest.approx(mos, abs=4 * np.std(ratings) / np.sqrt(N))
    assert set(ratings) <= {1, 2, 3, 4, 5}


@given(st.floats(1.02, 4.98), st.floats(0.2, 2.0))
def test_latent_mean_inverts_expected_rating(expected: float, sd: float):
    assert expected_rating(latent_mean(expected, sd), sd) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("d_prime", [0.0, 1.2, 2.5])
def test_d_prime_is_found_again(d_prime: float):
    one = listener(d_prime={"a": d_prime})
    said_same = [
        np.mean([int(value) > 0 for value in many(one, SAME, {"system": "a", "same": same})]) for same in (True, False)
    ]
    z = NormalDist().inv_cdf
    assert z(said_same[0]) - z(said_same[1]) == pytest.approx(d_prime, abs=0.12)


def test_line_ups_are_solved_as_signal_detection_says():
    d_prime, criterion, k = 1.2, 1.0, 5
    one = listener(line_up_criterion=criterion)
    question = choice("line_up", *"12345", "none")
    right = Counter(many(one, question, {"system": "a", "correct": {"line_up": "3"}}))["3"] / N
    expected, _ = quad(lambda x: norm.pdf(x - d_prime) * norm.cdf(x) ** (k - 1), criterion, np.inf)
    assert right == pytest.approx(expected, abs=0.03)
    none = Counter(many(one, question, {"system": "a", "correct": {"line_up": "none"}}))["none"] / N
    assert none == pytest.approx(norm.cdf(criterion) ** k, abs=0.03)


def test_emotions_are_recognised_as_often_as_asked():
    question = choice("emotion", "anger", "fear", "neutral")
    share = Counter(many(listener(), question, {"system": "a", "emotion": "fear"}))["fear"] / N
    assert share == pytest.approx(0.7, abs=0.03)


def test_attentive_listeners_pass_checks_and_inattentive_ones_at_chance():
    attention = {"system": "a", "expected": {"overall_quality": ["2"]}}
    tones = choice("headphone_softest", "1", "2", "3")
    assert set(many(listener(), RATING, attention, "attention")) == {"2"}
    assert set(many(listener(), tones, {"correct": {"headphone_softest": "3"}}, "step")) == {"3"}
    away = listener(inattentive=True)
    assert Counter(many(away, RATING, attention, "attention"))["2"] / N == pytest.approx(1 / 5, abs=0.03)
    guessed = Counter(many(away, tones, {"correct": {"headphone_softest": "3"}}, "step"))["3"] / N
    assert guessed == pytest.approx(1 / 3, abs=0.03)


def test_lapses_are_random_answers():
    same = {"system": "a", "same": True}
    wrong = np.mean([int(value) < 0 for value in many(listener(d_prime={"a": 6}, lapse_rate=0.2), SAME, same)])
    assert wrong == pytest.approx(0.8 * norm.cdf(-3) + 0.2 * 0.5, abs=0.03)


def test_questionnaires_get_answers_that_fit():
    scale = {"key": "tired", "widget": "scale", "points": 7, "options": []}
    assert set(many(listener(), scale, {})) == set("1234567")
    words = {"key": "comment", "widget": "text", "options": []}
    steps = [choice("hearing", "normal", "impaired"), choice("ready", "ok"), words]
    assert listener().answers(steps, "step", {}) == {"hearing": "normal", "ready": "ok", "comment": ""}


def test_the_same_seed_answers_alike():
    truth = {"system": "a"}
    assert many(listener(bias_sd=0.5), RATING, truth) == many(listener(bias_sd=0.5), RATING, truth)


def study() -> Study:
    words = {"en": "Words."}
    return Study.model_validate(
        {
            "name": "demo",
            "title": "Demo",
            "public_title": words,
            "languages": ["en"],
            "consent": {"version": "1", "text": words},
            "clips": {"folder": "voices"},
            "systems": ["original", "low-anchor", {"system": "devoiced", "anchor": "strong"}, "mcadams"],
            "tasks": [{"type": "mos"}],
            "ethics": {
                "voices": "made by this project",
                "controller": "The owner",
                "clip_language": "English",
                "debrief": words,
            },
            "thank_you": words,
        }
    )


def test_what_is_not_given_is_plausible():
    found = ability(study(), d_prime={"mcadams": 0.7}, lapse_rate=0.1)
    assert found.d_prime["mcadams"] == 0.7
    assert found.lapse_rate == 0.1
    assert found.mos["original"] > found.mos["mcadams"] > found.mos["devoiced"] > found.mos["low-anchor"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mos": {"nobody": 3}}, "'nobody' came"),
        ({"mos": {"mcadams": 6}}, "mos is a number from 1 to 5, but 6 came for mcadams"),
        ({"d_prime": {"mcadams": float("nan")}}, "d_prime is a number from 0 to 6, but nan came"),
        ({"lapse_rate": 2.0}, "lapse_rate is a number from 0 to 1, but 2 came"),
    ],
)
def test_what_cannot_be_is_one_sentence(given: dict[str, Any], words: str):
    with pytest.raises(SimulationError, match=words):
        ability(study(), **given)
