"""Sealed platform ids."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test.payment import PaymentError, make_key_pair, pseudonym, seal, unseal


@settings(max_examples=30)
@given(text=st.text(max_size=200))
def test_what_is_sealed_is_read_with_the_private_half_alone(text):
    pair, other = make_key_pair(), make_key_pair()
    sealed = seal(pair.public, text)
    assert unseal(pair.private, sealed) == text
    assert unseal(f" {pair.private}\n", sealed) == text
    for key in (pair.public, other.private):
        with pytest.raises(PaymentError, match="another key"):
            unseal(key, sealed)
    with pytest.raises(PaymentError):
        unseal(pair.private, sealed[:-1])


def test_two_seals_of_one_id_differ_and_show_nothing_of_it():
    public = make_key_pair().public
    sealed = {seal(public, "5f1e2d3c") for _ in range(5)}
    assert len(sealed) == 5
    assert not any(b"5f1e2d3c" in one for one in sealed)


@pytest.mark.parametrize("key", ["", "abc", "ä" * 44, base64.b64encode(bytes(31)).decode(), "=" * 44])
def test_what_is_no_key_is_a_sentence(key):
    with pytest.raises(PaymentError, match="44 characters that end in ="):
        unseal(key, b"")


def test_a_pseudonym_depends_on_salt_platform_and_id():
    parts = (("s", "p", "i"), ("t", "p", "i"), ("s", "q", "i"), ("s", "p", "j"), ("s", "pi", ""))
    names = [pseudonym(*each) for each in parts]
    assert len(set(names)) == 5
    assert names[0] == pseudonym("s", "p", "i")
    assert all(len(name) == 64 for name in names)
