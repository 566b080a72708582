"""Where a cosine stands among pairs of known speakers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.clip import Clip
from evaluation import attackers, voice_likeness
from evaluation.metrics import eer


@pytest.mark.parametrize("key", [voice_likeness.HOUSE, voice_likeness.UNTRAINED])
def test_the_shipped_anchors_belong_to_the_shipped_attackers(key: str) -> None:
    assert attackers.ATTACKERS[key]().status().state == "ready", "it ships"
    known = voice_likeness.anchors(key)  # raises where the encoder is newer than its anchors
    assert known.version == voice_likeness.version(key)
    assert known.about["eer"] == pytest.approx(eer(known.same, known.different), abs=0.01)
    assert np.all(np.diff(known.same) >= 0)
    assert np.all(np.diff(known.different) >= 0)


def test_places_are_shares_of_pairs() -> None:
    known = voice_likeness.anchors(voice_likeness.UNTRAINED)
    assert known.place(-1.0) == (0.0, 0.0)
    assert known.place(1.0) == (1.0, 1.0)
    assert known.place(known.different[97])[0] == pytest.approx(0.97)
    assert known.place(known.same[10])[1] == pytest.approx(0.10)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_more_alike_is_never_placed_lower(one: float, other: float) -> None:
    known = voice_likeness.anchors(voice_likeness.UNTRAINED)
    low, high = known.place(min(one, other)), known.place(max(one, other))
    assert low[0] <= high[0]
    assert low[1] <= high[1]


def test_a_voice_is_most_like_itself_and_scores_are_those_of_the_attacker(voice: Clip, spoken: Clip) -> None:
    mfcc = attackers.Mfcc()
    first, second = mfcc.embed(voice), mfcc.embed(spoken)
    known = voice_likeness.anchors(voice_likeness.UNTRAINED)
    assert voice_likeness.score(first, first, known) == pytest.approx(1)
    normalised = [(one - known.centre) / known.spread for one in (first, second)]
    cosine = normalised[0] @ normalised[1] / np.prod([np.linalg.norm(one) for one in normalised])
    assert voice_likeness.score(first, second, known) == pytest.approx(cosine)


def test_anchors_of_other_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "anchors.json"
    with pytest.raises(voice_likeness.AnchorError, match="has none: run"):
        voice_likeness.anchors("mfcc", path)
    other = json.loads(voice_likeness.ANCHORS.read_text(encoding="utf-8"))
    other["attackers"]["mfcc"]["version"] = "older"
    path.write_text(json.dumps(other))
    with pytest.raises(voice_likeness.AnchorError, match="version 'older'"):
        voice_likeness.anchors("mfcc", path)


def test_without_the_encoder_the_cepstra_judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("anonymizers.speaker_encoder.MODEL", tmp_path / "none.onnx")
    assert voice_likeness.attacker() == "mfcc"
    assert voice_likeness.version("mfcc") == ""
