"""Sample by sample: what comes out of the player's mixer in a real Chromium."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.harness import RATES, STATE, THREE, comparison, show, state, track

# Both open at once, past the player's own choice, so that a sound and its negative can cancel.
ALL_JOINED = """player().mixer.tracks().every(
    (track) => track.startFrame !== null && player().mixer.now() > track.startFrame)"""
OPEN_ALL = "for (const key of player().mixer.channels.keys()) player().mixer.setGain(key, 1);"


@pytest.mark.parametrize("looping", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_track_that_joins_while_playing_cancels_its_negative_exactly(player: Any, looping: bool, rate: int) -> None:
    show(player, comparison(track("a", "A", f"speech-{rate}"), run="null"))
    assert state(player)["sampleRateHz"] == rate
    if looping:
        player.evaluate("player().setLoop({ start: 16001, end: 24333 })")
    player.keyboard.press("Space")
    assert player.evaluate("capture(0.2)")["peak"] > 0.01
    show(player, comparison(track("a", "A", f"speech-{rate}"), track("b", "B", f"negative-{rate}"), run="null"))
    player.wait_for_function(ALL_JOINED)
    player.evaluate(OPEN_ALL)
    heard = player.evaluate("capture(1.0)")
    assert state(player)["playing"]
    assert heard == {"peak": 0, "samples": heard["samples"]}


def test_null_test_can_fail_by_one_sample(player: Any) -> None:
    show(player, comparison(track("a", "A", "speech-16000"), track("b", "B", "late-16000", place=1), run="null"))
    player.keyboard.press("Space")
    player.evaluate(OPEN_ALL)
    assert player.evaluate("capture(0.5)")["peak"] > 0.01


def test_longer_track_that_joins_keeps_all_aligned(player: Any) -> None:
    show(player, comparison(track("a", "A", "speech-16000"), track("b", "B", "negative-16000"), run="null"))
    player.keyboard.press("Space")
    player.evaluate(OPEN_ALL)
    player.evaluate(
        "player().mixer.add('longer', new AudioBuffer({ length: 400000, numberOfChannels: 1, sampleRate: 16000 }), 0)"
    )
    assert player.evaluate("capture(0.5)")["peak"] == 0
    assert {each["lengthFrames"] for each in state(player)["tracks"]} == {400_000}


def test_positions_agree_whenever_a_track_joined(player: Any) -> None:
    show(player, comparison(*THREE[:2]))
    player.keyboard.press("Space")
    player.wait_for_function(f"{STATE}.positionS > 0.1")
    show(player, comparison(*THREE))
    tracks = state(player)["tracks"]
    assert len({each["offsetFrames"] - each["startFrame"] for each in tracks}) == 1
    assert len({each["startFrame"] for each in tracks}) == 2
    assert {each["lengthFrames"] for each in tracks} == {32_000}
