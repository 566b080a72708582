from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test.http.ranges import ranged

DATA = bytes(range(100))


@pytest.mark.parametrize(
    ("wanted", "part", "said"),
    [
        ("bytes=0-", DATA, "bytes 0-99/100"),
        ("bytes=0-0", DATA[:1], "bytes 0-0/100"),
        ("bytes=10-19", DATA[10:20], "bytes 10-19/100"),
        ("bytes=90-5000", DATA[90:], "bytes 90-99/100"),
        ("bytes=-7", DATA[-7:], "bytes 93-99/100"),
        ("bytes=-700", DATA, "bytes 0-99/100"),
    ],
)
def test_a_part_is_sent_as_asked_for(wanted, part, said):
    reply = ranged(DATA, wanted)
    assert (reply.status_code, reply.body, reply.headers["content-range"]) == (206, part, said)
    assert reply.headers["content-length"] == str(len(part))


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_is_not_there_is_refused_with_the_length(wanted):
    reply = ranged(DATA, wanted)
    assert (reply.status_code, reply.body, reply.headers["content-range"]) == (416, b"", "bytes */100")


@pytest.mark.parametrize(
    "wanted", ["", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "seconds=0-1", "bytes=x-y", "bytes=٣-"]
)
def test_what_is_not_understood_gets_the_whole(wanted):
    reply = ranged(DATA, wanted)
    assert (reply.status_code, reply.body) == (200, DATA)


@given(st.text(max_size=30))
def test_no_header_breaks_it(wanted):
    reply = ranged(DATA, wanted)
    assert reply.status_code in {200, 206, 416}
    assert set(reply.headers) <= {"accept-ranges", "content-length", "content-range", "content-type"}
