"""Machine attackers: what every one keeps to, and what MFCC tell of voices."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from audio.clip import Clip, decode
from audio.vad import Segment, segments
from evaluation import attackers, metrics
from evaluation.clip_scores import cepstra

VOICES = Path(__file__).resolve().parents[2] / "assets" / "studies" / "voices"
NOISE = Clip(0.1 * np.random.default_rng(0).normal(size=16_000).astype(np.float32), 16_000)


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
        both = found, found
        assert attacker.scores(found[:1], found[1:2], both)[0] > attacker.scores(found[:1], found[2:], both)[0]
        assert attacker.scores(found[1:2], found[:1], both) == pytest.approx(
            attacker.scores(found[:1], found[1:2], both)
        )


def test_mfcc_do_not_hear_the_level():
    clip = voice("anna_1")
    softer = Clip(clip.samples * np.float32(0.5), clip.sample_rate)
    one, other = (attackers.Mfcc().embed(each) for each in (clip, softer))
    assert other == pytest.approx(one, abs=0.1)


def test_mfcc_do_not_hear_the_silence_around_a_sound():
    clip = voice("anna_1")
    silence = np.zeros(clip.sample_rate // 5 * 4, np.float32)
    padded = Clip(np.concatenate([silence, clip.samples, silence]), clip.sample_rate)
    one, other = (attackers.Mfcc().embed(each) for each in (clip, padded))
    assert np.abs(one - other).max() < 0.2 * np.abs(one - attackers.Mfcc().embed(voice("paul_1"))).max()


def test_where_no_voice_is_detected_all_sound_is_heard():
    """Somebody who attacks does not give up because a detector of voices did."""
    assert not segments(NOISE)
    frames = cepstra(NOISE, [Segment(0.0, 1.0)])
    assert attackers.Mfcc().embed(NOISE) == pytest.approx(np.concatenate([frames.mean(0), np.log(frames.std(0))]))


@pytest.mark.parametrize("samples", [0, 500, 16_000])
def test_silence_is_nothing_to_hear(samples):
    with pytest.raises(attackers.AttackerError, match="sound was expected"):
        attackers.Mfcc().embed(Clip(np.zeros(samples, np.float32), 16_000))


def test_what_a_system_does_to_every_voice_cancels():
    rng = np.random.default_rng(0)
    heard = rng.normal(size=(40, 24))
    moved = 3.0 * heard + 5.0
    one, other = heard[:20], heard[20:]
    plain = attackers.Mfcc().scores(one, other, (heard, heard))
    assert attackers.Mfcc().scores(one, moved[20:], (heard, moved)) == pytest.approx(plain)
    assert attackers.Mfcc().scores(heard, moved, (heard, moved)) == pytest.approx(np.ones(40))


def test_a_dimension_that_never_changes_says_nothing():
    heard = np.array([[1.0, 2.0], [-1.0, 2.0], [1.0, 2.0]])
    found = attackers.Mfcc().scores(heard[:2], heard[[2, 2]], (heard, heard))
    assert found == pytest.approx([1.0, -1.0])


def test_a_cohort_is_of_the_system_unless_it_is_small():
    heard, systems = np.arange(25.0)[:, None], np.array(["original"] * 10 + ["mcadams"] * 9 + ["devoiced"] * 6)
    assert attackers.cohort("original", systems, heard).tolist() == heard[:10].tolist()
    assert len(attackers.cohort("mcadams", systems, heard)) == 25


def test_cosines_of_nothing_are_nothing():
    found = attackers.cosines(np.array([[1.0, 0], [0, 0], [1, 1]]), np.array([[2.0, 0], [1, 0], [-1, -1]]))
    assert found.tolist() == pytest.approx([1, 0, -1])


@pytest.mark.slow
def test_on_real_voices_it_errs_in_about_a_tenth(shared_dir):
    """LibriSpeech dev-clean, 13 speakers: all pairs of recordings; then across chapters, against others of one sex."""
    home = shared_dir / "data" / "dev"
    with (home / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("read/librispeech")]
    attacker = attackers.Mfcc()
    found = np.stack([attacker.embed(decode(home / row["path"]).clip) for row in rows])
    first, second = np.array(list(combinations(range(len(rows)), 2))).T
    scores = attacker.scores(found[first], found[second], (found, found))
    speakers, sexes = (np.array([row[name] for row in rows]) for name in ("speaker", "sex"))
    chapters = np.array([Path(row["path"]).stem.split("-")[1] for row in rows])
    same = speakers[first] == speakers[second]
    across = same & (chapters[first] != chapters[second])
    alike = ~same & (sexes[first] == sexes[second])
    assert (int(same.sum()), int(across.sum())) == (839, 212)
    assert metrics.eer(scores[same], scores[~same]) == pytest.approx(0.071, abs=0.005)
    assert metrics.eer(scores[across], scores[~same]) == pytest.approx(0.071, abs=0.005)
    assert metrics.eer(scores[across], scores[alike]) == pytest.approx(0.080, abs=0.005)
