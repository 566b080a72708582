"""Machine attackers: what every one keeps to, and what MFCC tell of voices."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip, decode
from evaluation import attackers, metrics

VOICES = Path(__file__).resolve().parents[2] / "assets" / "studies" / "voices"


def voice(name: str) -> Clip:
    return decode(VOICES / f"{name}.flac").clip


@pytest.mark.parametrize("key", attackers.ATTACKERS)
def test_every_attacker_keeps_the_contract(key):
    attacker = attackers.ATTACKERS[key]()
    assert attacker.info.key == key
    assert attacker.info.knows
    assert attacker.status().state
    if key in attackers.available():
        found = np.stack([attacker.embed(voice(name)) for name in ("anna_1", "anna_2", "paul_1")])
        assert found.ndim == 2
        assert np.isfinite(found).all()
        assert np.array_equal(found[0], attacker.embed(voice("anna_1")))
        assert attacker.scores(found[:1], found[1:2], found)[0] > attacker.scores(found[:1], found[2:], found)[0]


def test_mfcc_do_not_hear_the_level():
    clip = voice("anna_1")
    softer = Clip(clip.samples * np.float32(0.5), clip.sample_rate)
    one, other = (attackers.Mfcc().embed(each) for each in (clip, softer))
    assert other == pytest.approx(one, abs=0.3)


def test_silence_is_too_little_speech():
    with pytest.raises(attackers.AttackerError, match="speech was expected"):
        attackers.Mfcc().embed(Clip(np.zeros(16_000, np.float32), 16_000))


def test_cosines_of_nothing_are_nothing():
    found = attackers.cosines(np.array([[1.0, 0], [0, 0], [1, 1]]), np.array([[2.0, 0], [1, 0], [-1, -1]]))
    assert found.tolist() == pytest.approx([1, 0, -1])


@pytest.mark.slow
def test_on_real_voices_it_errs_in_about_a_tenth(shared_dir):
    """LibriSpeech dev-clean, all pairs of other chapters against all pairs of two speakers."""
    home = shared_dir / "data" / "dev"
    with (home / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["corpus"].startswith("LibriSpeech")]
    attacker = attackers.Mfcc()
    found = np.stack([attacker.embed(decode(home / row["path"]).clip) for row in rows])
    first, second = np.array(list(combinations(range(len(rows)), 2))).T
    scores = attacker.scores(found[first], found[second], found)
    speakers = np.array([row["speaker"] for row in rows])
    chapters = np.array([Path(row["path"]).stem.split("-")[1] for row in rows])
    same = speakers[first] == speakers[second]
    across = same & (chapters[first] != chapters[second])
    assert 0.05 < metrics.eer(scores[same], scores[~same]) < 0.1
    assert 0.08 < metrics.eer(scores[across], scores[~same]) < 0.13
