"""What waits, what was when, what goes back: the parts of a conversation without a socket."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.base import AnonymizerError
from tests.web.delay_line import Line, registered
from web.live.session import (
    AHEAD_S,
    WAITING_S,
    Block,
    BlockError,
    Inbox,
    Session,
    Timeline,
    audible,
    parsed,
)
from web.live.stream import Asked, LiveStream, opened, resampling_ms

RATE = 48_000
SIZE = 960


def block(number: int, size: int = SIZE) -> Block:
    return Block(number * size, np.full(size, number / 1000, np.float32))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_blocks_are_read() -> None:
    message = struct.pack("<d", 4096.0) + np.array([0, -32768, 16384], "<i2").tobytes()
    read = parsed(message, RATE)
    assert read.frame == 4096
    np.testing.assert_array_equal(read.samples, np.float32([0, -1, 0.5]))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"", "samples was expected, but 0 bytes came"),
        (b"\0" * 8, "but 8 bytes came"),
        (b"\0" * 11, "but 11 bytes came"),
        (b"\0" * 30_000, "1 to 12000 samples was expected, but 30000 bytes"),
        (struct.pack("<d", float("nan")) + b"\0\0", "its time is no number"),
    ],
)
def test_what_is_no_block_is_said(message: bytes, why: str) -> None:
    with pytest.raises(BlockError, match=why):
        parsed(message, RATE)


def test_what_waits_too_long_goes_first() -> None:
    clock = Clock()
    inbox = Inbox(RATE, clock)
    for number in range(50):  # a second in which nobody takes anything
        inbox.put(block(number))
        clock.now += SIZE / RATE
    kept = [int(each.frame) // SIZE for each in inbox.take()]
    assert kept == list(range(30, 50))
    assert inbox.dropped == 30 * SIZE
    assert len(kept) * SIZE <= WAITING_S * RATE
    assert inbox.take() == []


def test_more_sound_than_time_has_passed_is_left_out() -> None:
    clock = Clock()
    inbox = Inbox(RATE, clock)
    taken = 0
    for number in range(1000):  # 20 s of sound within 2 s
        inbox.put(block(number))
        taken += sum(len(each.samples) for each in inbox.take())
        clock.now += 0.002
    assert taken <= (2.0 + AHEAD_S) * RATE
    assert taken + inbox.dropped == 1000 * SIZE


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=20), st.data())
def test_every_sample_that_comes_out_knows_when_it_was_spoken(sizes: list[int], data: st.DataObject) -> None:
    timeline, spoken, clock, pushed, given_ = Timeline(), [], 0.0, 0, 0
    for size in sizes:
        clock += data.draw(st.sampled_from([0, 0, 5000]))  # sometimes blocks were left out
        timeline.pushed(Block(clock, np.zeros(size, np.float32)))
        spoken += list(clock + np.arange(size))
        clock, pushed = clock + size, pushed + size
        count = data.draw(st.integers(0, pushed - given_))
        if count:
            assert timeline.given(count) == spoken[given_]
        given_ += count


def test_a_session_answers_with_time_and_sound() -> None:
    clock = Clock()
    session = Session(LiveStream(Line(320, 0.5), 16_000, 16_000), clock)
    assert session.push([Block(1000, np.full(300, 0.5, np.float32))], 0) == b""
    answer = session.push([Block(1300, np.full(100, 0.5, np.float32)), Block(1400, np.zeros(100, np.float32))], 7)
    frame, computing_ms, dropped = struct.unpack_from("<dfI", answer)
    assert (frame, computing_ms, dropped) == (1000, 0, 7)
    np.testing.assert_array_equal(np.frombuffer(answer, "<i2", offset=16), np.full(180, 8192))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_the_whole_way_is_as_late_as_it_says(rate: int) -> None:
    stream = LiveStream(Line(640, 1.0), 16_000, rate)
    assert stream.latency_ms == 40
    came, pushed = 0, 0
    for _ in range(100):
        came += len(stream.push(np.zeros(rate // 100, np.float32)))
        pushed += rate // 100
    late_ms = 1000 * (pushed - came) / rate
    assert late_ms <= stream.latency_ms + stream.resampling_ms + 0.1
    assert stream.resampling_ms == resampling_ms(16_000, rate) < 5
    assert (stream.resampling_ms == 0) == (rate == 16_000)


def test_memory_stays_flat_however_long_one_speaks() -> None:
    session = Session(LiveStream(Line(640, 1.0), 16_000, 48_000), Clock())
    inbox = Inbox(RATE, Clock())

    def speak(blocks: range) -> int:
        for number in blocks:
            inbox.put(block(number))
            session.push([*inbox.take(), block(number)], inbox.dropped)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = speak(range(200))
        assert speak(range(200, 3000)) - first < 50_000  # of 56 s of sound, which has 10 MB
    finally:
        tracemalloc.stop()


def test_a_bang_does_not_reach_anybody() -> None:
    line = Line(0, 100.0)
    stream = LiveStream(line, 16_000, 16_000)
    loud = np.float32([0.5, np.nan, -0.5, np.inf])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(stream.push(loud), np.float32([1, 0, -1, 0]))


def test_silence_is_not_audible_and_a_voice_is(voice) -> None:
    assert not audible(Block(0, np.zeros(960, np.float32)))
    assert not audible(Block(0, 0.001 * np.random.default_rng(0).standard_normal(960).astype(np.float32)))
    assert audible(Block(0, voice.samples[:4800]))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked("nobody", 0, RATE), "There is no system 'nobody'"),
        (Asked("mcadams", 0, RATE), "does not work on live sound"),
        (Asked("absent", 0, RATE), r"needs training\): run python"),
        (Asked("delay-line", 0, RATE, {"gain": 9}), "gain lies between"),
        (Asked("delay-line", 0, RATE, {"pitch": 1}), "no parameter 'pitch'"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(asked: Asked, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, "DelayLine", "Absent")
    with pytest.raises(AnonymizerError, match=why):
        opened(asked)
