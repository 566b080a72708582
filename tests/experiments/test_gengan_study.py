"""The study of GenGAN: whose clips it takes, what its judges are asked, what its tables say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.corpus import Utterance
from experiments.gengan import CONDITIONS, GROUPS, HEADS, Heard, chosen, learnt, row, sounds
from tests.anonymizers.tiny_gengan import networks

ROOT = Path("/data")


def heard_of(sex: str, speaker: int, *, told: bool = True) -> Heard:
    """A clip that judges get right, or that all of them get wrong."""
    rng = np.random.default_rng(speaker)
    female = (sex == "F") == told
    vector = rng.standard_normal(8) + (4 if sex == "F" else -4)
    f0_hz = 200.0 if sex == "F" else 100.0
    return Heard(sex, f"s{speaker}", vector / np.linalg.norm(vector), "FM"[not female], float(female), f0_hz, 3.0)


def test_clips_are_of_the_group_and_of_nobody_it_learnt_from() -> None:
    paths = [
        "read/librispeech/a1.flac",
        "read/librispeech/a2.flac",
        "read/librispeech/b.flac",
        "pool/librispeech/c.flac",
    ]
    speakers = ["ls-84", "ls-84", "ls-19", "ls-200"]
    spoken = [Utterance(path, ROOT / path, speaker) for path, speaker in zip(paths, speakers, strict=True)]
    learnt_from, dev_clean, _ = GROUPS
    assert [one.speaker for one in chosen(spoken, ROOT, learnt_from)] == ["ls-200"]
    assert [one.key for one in chosen(spoken, ROOT, dev_clean)] == paths[:2]


def test_every_condition_sounds_otherwise(voice) -> None:
    found = dict(sounds(voice, networks("griffin-lim"), seed=1))
    assert list(found) == ["original", *CONDITIONS]
    assert len({clip.digest for clip in found.values()}) == len(found)


def test_an_attacker_never_hears_the_speaker_it_judges() -> None:
    ones = [heard_of(sex, speaker) for speaker, sex in enumerate("FM" * 6)]
    assert learnt(ones).tolist() == [True, False] * 6


@pytest.mark.parametrize("told", [True, False])
def test_a_row_says_who_was_told_right(told: bool) -> None:
    ones = [heard_of(sex, speaker, told=told) for speaker, sex in enumerate("FM" * 6)]
    said = row("as published", ones, ones)
    assert set(said) == set(HEADS)
    assert said["gender_net"] == said["nearest"] == ("100% / 100%" if told else "0% / 0%")
    assert said["f0"] == "200 / 100"
    assert said["cosine"] == "1.00"
