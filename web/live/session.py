"""One person's sound between the socket and the system: what waits, what was when, what goes back."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from web.live.stream import LiveStream

LONGEST_BLOCK_S = 0.25
WAITING_S = 0.4
"""At most this much sound waits for the system; then the oldest is left out."""
AHEAD_S = 1.0
"""A microphone gives a second of sound a second; whoever sends this much more is not one."""
AUDIBLE_RMS = 10 ** (-55 / 20)
_IN = struct.Struct("<d")
_OUT = struct.Struct("<dfI")


class BlockError(ValueError):
    """A message that is no block of sound, in one sentence."""


class Block(NamedTuple):
    """Sound from a microphone.

    Attributes:
        frame: the browser's audio clock at its first sample, in samples.
        samples: float32 (n,) in [-1, 1].
    """

    frame: float
    samples: npt.NDArray[np.float32]


def parsed(message: bytes, sample_rate_hz: int) -> Block:
    """A block: float64 frame, then int16 samples, all little-endian.

    Raises:
        BlockError: if it is none, or longer than LONGEST_BLOCK_S.
    """
    room = 2 * LONGEST_BLOCK_S * sample_rate_hz
    size = len(message) - _IN.size
    if not 0 < size <= room or size % 2:
        raise BlockError(f"A block of 1 to {room // 2:g} samples was expected, but {len(message)} bytes came.")
    (frame,) = _IN.unpack_from(message)
    if not np.isfinite(frame):
        raise BlockError("A block that says when it was spoken was expected, but its time is no number.")
    whole = np.frombuffer(message, "<i2", offset=_IN.size)
    return Block(frame, np.divide(whole, 32768, dtype=np.float32))


class Inbox:
    """Blocks that wait: bounded, and the oldest goes first, since late sound helps nobody.

    Attributes:
        dropped: samples left out so far, because the system was slower than the speaker or more came than is spoken.
    """

    def __init__(self, sample_rate_hz: int, clock: Callable[[], float]) -> None:
        self._rate, self._clock = sample_rate_hz, clock
        self._begun = clock()
        self._blocks: deque[Block] = deque()
        self._waiting = 0
        self._taken = 0
        self.dropped = 0

    def put(self, block: Block) -> None:
        """Let a block wait, or leave it or an older one out."""
        size = len(block.samples)
        if (self._taken + size) / self._rate > self._clock() - self._begun + AHEAD_S:
            self.dropped += size
            return
        self._taken += size
        self._blocks.append(block)
        self._waiting += size
        while self._waiting > WAITING_S * self._rate and len(self._blocks) > 1:
            oldest = len(self._blocks.popleft().samples)
            self._waiting -= oldest
            self.dropped += oldest

    def take(self) -> list[Block]:
        """All that waits."""
        blocks = list(self._blocks)
        self.clear()
        return blocks

    def clear(self) -> None:
        """Forget what waits, without counting it."""
        self._blocks.clear()
        self._waiting = 0


class Timeline:
    """Which moment of the microphone a sample of the result belongs to: the n-th that comes out to the n-th that went
    in, since a Stream gives as many as it takes."""

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()
        self._pushed = 0
        self._given = 0

    def pushed(self, block: Block) -> None:
        """A block went in."""
        self._marks.append((self._pushed, block.frame))
        self._pushed += len(block.samples)

    def given(self, count: int) -> float:
        """`count` samples came out; the browser's clock when the first of them was spoken, in samples."""
        while len(self._marks) > 1 and self._marks[1][0] <= self._given:
            self._marks.popleft()
        place, frame = self._marks[0]
        spoken = frame + self._given - place
        self._given += count
        return spoken


class Session:
    """A stream at work. Not thread-safe: one call at a time."""

    def __init__(self, stream: LiveStream, clock: Callable[[], float]) -> None:
        self.stream = stream
        self._clock = clock
        self._timeline = Timeline()

    def push(self, blocks: list[Block], dropped: int) -> bytes:
        """The answer to these blocks, b"" if nothing is ready: float64 when its first sample was spoken (the browser's
        clock, in samples), float32 ms of computing, uint32 samples left out so far, then int16 samples."""
        begun = self._clock()
        for block in blocks:
            self._timeline.pushed(block)
        made = self.stream.push(np.concatenate([block.samples for block in blocks]))
        if not len(made):
            return b""
        frame = self._timeline.given(len(made))
        head = _OUT.pack(frame, 1000 * (self._clock() - begun), dropped % 2**32)
        return head + np.round(made * 32767).astype("<i2").tobytes()


def audible(block: Block) -> bool:
    """Whether somebody may be speaking: RMS over -55 dB re full scale."""
    return float(np.sqrt(np.mean(np.square(block.samples)))) > AUDIBLE_RMS
