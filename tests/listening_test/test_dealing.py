"""Speakers are dealt as evenly as their parts allow, checked against an exact flow."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test.dealing import Deal, Infeasible, Request, Uses


def deal(requests, weight=None, most=10**6, seed=0, **limits):
    weights = weight or {}
    made = Deal(requests, lambda _, name: weights.get(name, 1), Uses(most), random.Random(seed), **limits)
    return made.even_out()


@st.composite
def parts(draw):
    """Listeners, each with some of the speakers to choose from, and so many requests."""
    names = "abcdefgh"[: draw(st.integers(2, 8))]
    rows = draw(st.lists(st.sets(st.sampled_from(names), min_size=1), min_size=1, max_size=12))
    number = draw(st.integers(1, 3))
    return [Request(i, "x", tuple(sorted(row))) for i, row in enumerate(rows) for _ in range(number)]


def least_maximum(requests):
    """The least possible number of uses of the most used speaker: by a matching for each bound."""

    def fits(bound):
        holders = defaultdict(list)

        def place(number, seen):
            for name in requests[number].choices:
                if name in seen:
                    continue
                seen.add(name)
                if len(holders[name]) < bound:
                    holders[name].append(number)
                    return True
                for at, other in enumerate(holders[name]):
                    if place(other, seen):
                        holders[name][at] = number
                        return True
            return False

        return all(place(number, set()) for number in range(len(requests)))

    return next(bound for bound in range(1, len(requests) + 1) if fits(bound))


@given(parts(), st.integers(0, 3))
def test_no_deal_could_use_the_most_used_speaker_less(requests, seed):
    given_names = deal(requests, seed=seed)
    assert all(name in request.choices for name, request in zip(given_names, requests, strict=True))
    assert max(Counter(given_names).values()) == least_maximum(requests)


@given(st.integers(2, 9), st.integers(1, 30), st.integers(1, 4))
def test_with_a_free_choice_uses_differ_by_one_at_most(speakers, owners, number):
    names = tuple("abcdefghi"[:speakers])
    requests = [Request(i, "x", names) for i in range(owners) for _ in range(number)]
    counts = Counter(deal(requests))
    assert max(counts.values()) - min(counts[name] for name in names) <= 1


def test_uses_go_by_the_number_of_clips():
    requests = [Request(i, "x", ("few", "many")) for i in range(40)]
    counts = Counter(deal(requests, {"few": 1, "many": 3}))
    assert counts == {"few": 10, "many": 30}


def test_a_listener_gets_nobody_more_often_than_allowed():
    requests = [Request(0, condition, ("a", "b", "c")) for condition in "xyz"]
    assert sorted(deal(requests, each=1)) == ["a", "b", "c"]
    twice = [Request(0, "x", ("a", "b")) for _ in range(2)]
    assert sorted(deal(twice, each_condition=1)) == ["a", "b"]


def test_conditions_are_evened_out_by_exchange_within_a_listener():
    """Each listener has just as many speakers as conditions: only exchanging can even them out."""
    requests = [Request(i, condition, tuple("abcd")) for i in range(12) for condition in "wxyz"]
    for seed in range(20):
        names = deal(requests, seed=seed, each=1)
        counts = Counter((r.condition, name) for r, name in zip(requests, names, strict=True))
        assert set(counts.values()) == {3}


def test_when_nobody_is_left_the_request_is_named():
    requests = [Request(0, "x", ("a",)), Request(0, "y", ("a",))]
    with pytest.raises(Infeasible) as caught:
        deal(requests, most=1)
    assert caught.value.request == requests[1]
