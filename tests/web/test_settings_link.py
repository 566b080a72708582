"""Links: what goes in comes out, and what does not fit is said."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import registry, runner
from anonymizers.base import Param
from anonymizers.runner import Job
from web.comparison import Asked
from web.settings_link import from_query, to_query


def values_of(param: Param) -> st.SearchStrategy:
    if param.kind == "flag":
        return st.booleans()
    if param.kind == "choice":
        return st.sampled_from(param.choices)
    if param.kind == "text":
        return st.text(max_size=30)
    if param.kind == "int":
        return st.integers(int(param.minimum), int(param.maximum))
    return st.floats(param.minimum, param.maximum)


@st.composite
def asked_for(draw) -> Asked:
    keys = draw(st.lists(st.sampled_from(registry.keys()[1:]), unique=True))
    jobs = [Job(key, {p.name: draw(values_of(p)) for p in registry.info(key).params}) for key in keys]
    return Asked(
        jobs,
        draw(st.integers(0, 999_999_999)),
        draw(st.sampled_from(["utterance", "speaker"])),
        draw(st.text(max_size=40)),
    )


@given(asked_for())
def test_a_link_gives_back_what_made_it(asked: Asked) -> None:
    back, faults = from_query(dict(parse_qsl(to_query(asked), keep_blank_values=True)))
    assert faults == []
    assert back == asked


def test_defaults_are_left_out() -> None:
    query = to_query(Asked([Job("mcadams", runner.check_params(registry.info("mcadams"), {}))]))
    assert query == "systems=mcadams&seed=0&level=utterance"


def test_no_link_asks_nothing() -> None:
    assert from_query({"__theme": "dark"}) == (None, [])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"systems": "nobody"}, "no system 'nobody'"),
        ({"systems": "mcadams", "mcadams.alpha_min": "9"}, "alpha_min lies between"),
        ({"systems": "mcadams", "mcadams.alpha": "9"}, "no parameter 'alpha'"),
        ({"systems": "mcadams", "seed": "-1"}, "seed is not a whole number"),
        ({"systems": "mcadams", "level": "planet"}, "level is neither"),
    ],
)
def test_what_does_not_fit_is_said(query: dict, words: str) -> None:
    asked, faults = from_query(query)
    assert asked is not None
    assert any(words in fault for fault in faults)
