"""What is left of speech: figures of words, emotion and sound from known answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.run_tables import EMOTIONS, FILES, TRANSCRIPTS
from evaluation.summary import conformed
from evaluation.utility import emotion, sound, words
from evaluation.utility.rows import Draws
from evaluation.utility.sound import median_interval

ABOUT: Any = SimpleNamespace(level="utterance", split="dev")
SPEAKERS = {"a": "F", "b": "M", "c": "F", "d": "M"}


def draws() -> Draws:
    return Draws(np.random.default_rng(0), 200)


def files(systems: tuple[str, ...] = ("original", "veil"), each: int = 3, **cells: Any) -> pd.DataFrame:
    """`each` utterances of four speakers through the systems, on the side of trials."""
    made = [
        {
            "system": system, "side": "trial", "utterance": f"{speaker}{i}", "speaker": speaker, "sex": sex,
            "corpus": "read", "language": "en", "state": "done", "centroid_hz": 1000.0 + i, **cells,
        }
        for system in systems
        for speaker, sex in SPEAKERS.items()
        for i in range(each)
    ]  # fmt: skip
    return pd.DataFrame(made).reindex(columns=[column.name for column in FILES])


def transcripts(heard: str, system: str = "veil", against: str = "transcript") -> pd.DataFrame:
    made = [
        {
            "system": system, "utterance": f"{speaker}{i}", "speaker": speaker, "recogniser": "ear",
            "reference": "one two three four", "against": against, "heard": heard if i else "one two three four",
        }
        for speaker in SPEAKERS
        for i in range(3)
    ]  # fmt: skip
    return pd.DataFrame(made).reindex(columns=[column.name for column in TRANSCRIPTS])


def word_rows(*parts: pd.DataFrame, files_: pd.DataFrame | None = None, language: str = "en") -> list[dict[str, Any]]:
    every = pd.concat(parts)
    return list(words.rows(every, files() if files_ is None else files_, ABOUT, {"ear": language}, draws()))


def test_a_word_error_rate_is_all_errors_by_all_words():
    found = {(row["metric"], row["sex"]): row for row in word_rows(transcripts("one two"))}
    assert set(found) == {(metric, sex) for metric in ("WER", "CER") for sex in ("all", "F", "M")}
    assert found["WER", "all"]["value"] == pytest.approx(2 * 2 / (3 * 4))  # two of three miss two words of four
    assert found["WER", "all"]["speakers"] == 4
    assert found["WER", "F"]["utterances"] == 6
    assert "against what was said; read" in found["WER", "all"]["about"]


def test_speech_of_another_language_tells_nothing():
    assert word_rows(transcripts("one"), language="de") == []
    assert word_rows(transcripts("one"), language="")
    assert word_rows(transcripts("one"), files_=files(language=""), language="de")


def test_originals_are_not_compared_with_themselves():
    own = [transcripts("one", system, "own original") for system in ("original", "veil")]
    found = word_rows(*own)
    assert {row["system"] for row in found} == {"veil"}
    assert "own words of the original" in found[0]["about"]


def emotions(said: dict[str, str], each: int = 3) -> pd.DataFrame:
    """Every speaker acts every emotion, `each` utterances of it, and is heard as `said` tells, else rightly."""
    made = [
        {
            "system": "veil", "utterance": f"{speaker}{i}", "speaker": speaker, "recogniser": "heart",
            "truth": truth, "said": said.get(truth, truth),
        }
        for speaker in SPEAKERS
        for i, truth in enumerate([*CORE_EMOTIONS, "fear"])
    ]  # fmt: skip
    return pd.DataFrame(made).reindex(columns=[column.name for column in EMOTIONS])


def test_sad_that_became_angry_is_seen_in_recalls_shares_and_confusion():
    answers, there = emotions({"sad": "angry"}), files(each=5)
    found = {
        (row["metric"], row["group"]): row["value"]
        for row in emotion.rows(answers, there, ABOUT, draws())
        if row["sex"] == "all"
    }
    assert found["UAR", ""] == pytest.approx(0.75)
    assert found["recall", "sad"] == 0
    assert found["share of predictions", "angry"] == pytest.approx(0.5)
    cells = {(row["truth"], row["said"]): row for row in emotion.confusion_rows(answers, there)}
    assert len(cells) == 16
    assert cells["sad", "angry"]["count"] == 4
    assert cells["sad", "angry"]["share"] == 1


def test_sounds_by_emotion_without_what_failed():
    there = files(emotion="")
    there.loc[there["speaker"] == "a", "state"] = "failed"
    there.loc[there["utterance"] == "b0", "centroid_hz"] = np.nan
    there.loc[there["speaker"] == "c", "emotion"] = "sad"
    there["rho_f0"] = 0.5
    found = list(sound.rows(there, ABOUT, draws()))
    rows = {(row["metric"], row["system"], row["group"], row["sex"]): row for row in found}
    assert rows["centroid", "veil", "", "all"]["utterances"] == 8
    assert "1 of 9" in rows["centroid", "veil", "", "all"]["note"]
    assert rows["centroid", "veil", "sad", "all"]["value"] == 1001
    assert ("rho_F0", "veil", "", "all") in rows
    assert ("rho_F0", "original", "", "all") not in rows


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.integers(0, 5))
def test_a_median_is_the_median_and_lies_in_its_interval(values, seed):
    speakers = [str(i % 5) for i in range(len(values))]
    found = median_interval(values, speakers, rng=np.random.default_rng(seed), replicates=50)
    assert found.value == pytest.approx(np.median(values), abs=1e-9)
    assert np.isnan(found.low) or found.low <= found.value <= found.high


def test_the_interval_of_a_median_covers_it_in_about_95_of_100():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        people = np.repeat(rng.normal(0, 1, 20), 10) + rng.normal(0, 1, 200)
        found = median_interval(people, np.repeat(np.arange(20), 10), rng=rng, replicates=200)
        inside += found.low <= 0 <= found.high
    assert 180 <= inside <= 199


def test_tables_have_all_their_columns_even_when_empty():
    empty = conformed("figures", [])
    assert "value" in empty
    assert str(empty["value"].dtype) == "float64"
    part = conformed("files", [files()])
    assert part["error"].eq("").all()
    assert part["dnsmos_ovrl"].isna().all()
