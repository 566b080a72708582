"""Whatever is sent to the participants' routes gets a sentence, and disturbs nobody."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.listening_test import taking

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    ["page", "answers", "heard", "response_time_s", "language", "consent_version", "age_ok", "preview"]
)
NEARLY = st.dictionaries(WORDS, JSON, max_size=6)


@pytest.fixture(scope="module")
def listener(tmp_path_factory):
    with taking.lab(tmp_path_factory.mktemp("fuzz")) as lab:
        listener = lab.enrol()
        listener.go_to(lambda page: page["block"] == "task")
        yield listener


def refused(reply):
    assert reply.status_code in {404, 409, 413, 422}, reply.text
    assert set(reply.json()) <= {"error", "code", "next"}


@settings(max_examples=60)
@given(body=JSON | NEARLY)
def test_any_json_as_an_answer(listener, body):
    page = listener.page()
    refused(listener.lab.client.post(listener.url("answer"), content=json.dumps(body)))
    assert listener.page() == page


@settings(max_examples=60)
@given(
    values=st.dictionaries(
        st.sampled_from(["overall_quality", "naturalness", "x"]) | st.text(max_size=8), st.text(max_size=20)
    )
)
def test_any_answers_to_a_page(listener, values):
    page = listener.page()
    offered = {one["value"] for one in page["questions"][0]["options"]}
    if {key for key, value in values.items() if value} == {page["questions"][0]["key"]} and set(
        values.values()
    ) & offered:
        return
    refused(listener.send(listener.message(page, values)))
    assert listener.page() == page


@settings(max_examples=60)
@given(body=JSON | NEARLY | st.binary(max_size=60))
def test_any_enrolment(listener, body):
    content = body if isinstance(body, bytes) else json.dumps(body)
    before = listener.lab.store.counts(listener.lab.info.id).enrolled
    refused(listener.lab.client.post(f"/study/{listener.lab.info.link}/enrol", content=content))
    assert listener.lab.store.counts(listener.lab.info.id).enrolled == before


@settings(max_examples=60)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=40).filter(str.strip))
def test_any_link_token_or_sound(listener, name):
    get, name = listener.lab.client.get, quote(name, safe="").replace(".", "%2E")
    for path in (f"/study/{name}", f"/take/{name}", f"/take/{name}/page", listener.url(f"sound/{name}")):
        assert get(path).status_code == 404
