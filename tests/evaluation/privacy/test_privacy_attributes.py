"""Guessing emotion and sex: what is there is found, what is gone is not, and who retrains finds what was only moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.heard import Embedded, Heard
from evaluation.privacy import attributes
from evaluation.privacy.attributes import Guess
from evaluation.privacy.named_draws import NamedDraws
from tests.evaluation.privacy import simulated_voices as simulated

CORPUS = simulated.corpus(16, 4, emotions=True)
SEX, EMOTION = -1, -2
"""Dimensions of the simulated voices that tell them."""


def silenced(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Without what tells emotion and sex."""
    kept = voices.copy()
    kept[:, [SEX, EMOTION]] = rng.normal(size=(len(voices), 2))
    return kept


def mirrored(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Emotion and sex are the wrong way round: hidden from whom expects them as they were."""
    return np.column_stack([voices[:, :EMOTION], -voices[:, EMOTION:] + voices[:, EMOTION:].max(0)])


SYSTEMS = {"same": simulated.nothing, "silenced": silenced, "mirrored": mirrored}
HEARD = simulated.heard(CORPUS, SYSTEMS, told=False)


def guessed(heard: Heard = HEARD, systems: tuple[str, ...] = tuple(SYSTEMS)) -> dict[tuple[str, str, str], Guess]:
    found = attributes.guesses(heard, simulated.about(*systems), NamedDraws(0, 20))
    return {(one.system, one.attack, one.what): one for one in found}


def figures(found: Mapping[tuple[str, str, str], Guess], **wanted: str) -> pd.DataFrame:
    rows = attributes.rows(list(found.values()), simulated.about(*SYSTEMS), NamedDraws(0, 20))
    table = pd.DataFrame(rows)
    for name, value in {"sex": "all", **wanted}.items():
        table = table[table[name] == value]
    return table


def uar(found: Mapping[tuple[str, str, str], Guess], system: str, attack: str, what: str) -> float:
    (value,) = figures(found, system=system, attack=attack, metric="UAR", group=what)["value"]
    return float(value)


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str, str], Guess]:
    return guessed()


@pytest.mark.parametrize(("what", "chance"), [("gender", 0.5), ("emotion", 0.25)])
def test_what_is_there_is_found_and_what_is_gone_is_not(found, what, chance):
    assert uar(found, "original", "fixed", what) > chance + 0.15
    assert uar(found, "same", "fixed", what) == uar(found, "original", "fixed", what)
    assert uar(found, "same", "retrained", what) == uar(found, "original", "fixed", what)
    for attack in ("fixed", "retrained"):
        assert uar(found, "silenced", attack, what) == pytest.approx(chance, abs=0.2)


def test_who_learns_from_the_systems_output_finds_what_was_only_moved(found):
    for what in ("gender", "emotion"):
        assert uar(found, "mirrored", "retrained", what) > uar(found, "mirrored", "fixed", what) + 0.2


def test_labels_that_were_shuffled_are_not_found():
    rng = np.random.default_rng(0)
    files = HEARD.files.copy()
    order = dict(zip(*[[one.key for one in CORPUS.utterances]] * 2, strict=True))
    shuffled = dict(zip(order, rng.permutation([one.emotion for one in CORPUS.utterances]).tolist(), strict=True))
    files["emotion"] = files["utterance"].map(shuffled)
    assert uar(guessed(replace(HEARD, files=files)), "same", "retrained", "emotion") == pytest.approx(0.25, abs=0.13)


def test_nobody_is_guessed_by_what_was_learned_of_him_or_her(monkeypatch):
    own = attributes._recordings(HEARD, "same", "gender", simulated.about(*SYSTEMS))
    owner = dict(zip(map(bytes, own.features), own.speakers.tolist(), strict=True))
    judged: list[tuple[set[str], set[str]]] = []

    class Spy:
        def __init__(self, learned: attributes.Recordings) -> None:
            self.learned = set(learned.speakers.tolist())

        def predict(self, features: np.ndarray) -> np.ndarray:
            judged.append((self.learned, {owner[bytes(row)] for row in features}))
            return np.full(len(features), "F")

    monkeypatch.setattr(attributes, "_classifier", Spy)
    guessed(systems=("same",))
    assert len(judged) > 10
    assert all(learned and not learned & tried for learned, tried in judged)


def test_every_recall_is_there_and_confusions_add_up(found):
    rows = figures(found, system="mirrored", attack="retrained")
    assert set(rows.loc[rows["metric"] == "recall", "group"]) == {"F", "M", *simulated.EMOTION_NAMES}
    recalls = rows[(rows["metric"] == "recall") & rows["group"].isin(["F", "M"])]["value"]
    assert recalls.mean() == pytest.approx(uar(found, "mirrored", "retrained", "gender"))
    assert (rows["better"] == "lower").all()
    table = pd.DataFrame(attributes.confusion_rows(list(found.values())))
    for (_, _, what), part in table.groupby(["system", "attack", "what"]):
        assert part["count"].sum() == len(CORPUS.utterances)
        assert part.groupby("truth")["share"].sum().to_numpy() == pytest.approx(1)
        assert len(part) == {"gender": 4, "emotion": 16}[what]
    by_sex = pd.DataFrame(attributes.rows(list(found.values()), simulated.about(*SYSTEMS), NamedDraws(0, 20)))
    assert set(by_sex.loc[by_sex["group"] == "emotion", "sex"]) == {"all", "F", "M"}


def test_a_system_that_hides_an_attribute_is_named_so():
    heard = simulated.heard(CORPUS, {"devoiced": silenced}, told=False)
    rows = pd.DataFrame(
        attributes.rows(list(guessed(heard, ("devoiced",)).values()), simulated.about("devoiced"), NamedDraws(0, 20))
    )
    meant = rows[rows["about"].str.contains("devoiced is meant to hide it")]
    assert set(meant["system"]) == {"devoiced"}
    assert set(meant.loc[meant["metric"] == "UAR", "group"]) == {"emotion"}


def test_others_are_learned_from_and_never_judged():
    others = simulated.corpus(8, 4, emotions=True, name="t")
    found = guessed(simulated.heard(CORPUS, {"same": simulated.nothing}, train=others, told=False), ("same",))
    one = found["same", "retrained", "gender"]
    assert len(one.said) == len(CORPUS.utterances)
    assert one.learned_from >= len(others.utterances) + len(CORPUS.utterances) * 3 // 4


@pytest.mark.parametrize("speakers", [1, 2, 3])
def test_too_few_speakers_are_left_out_or_judged(speakers):
    few = simulated.corpus(speakers, 4, emotions=True)
    heard = simulated.heard(few, {"same": simulated.nothing}, told=False)
    found = guessed(heard, ("same",))
    assert (("same", "retrained", "emotion") in found) == (speakers > 1)
    assert ("same", "retrained", "gender") not in found if speakers < 3 else True
    for row in attributes.rows(list(found.values()), simulated.about("same"), NamedDraws(0, 20)):
        assert 0 <= row["value"] <= 1


def test_recordings_that_one_attacker_did_not_hear_are_left_out():
    own = HEARD.embeddings["house", "same", "trial"]
    part = {**HEARD.embeddings, ("house", "same", "trial"): Embedded(own.keys[5:], own.vectors[5:])}
    one = guessed(replace(HEARD, embeddings=part), ("same",))["same", "fixed", "gender"]
    assert len(one.said) == len(CORPUS.utterances) - 5


def test_without_labels_there_is_nothing_to_guess():
    files = HEARD.files.assign(emotion="", sex="")
    assert guessed(replace(HEARD, files=files)) == {}


def test_the_median_pitch_is_a_feature_in_octaves_and_gaps_are_filled():
    found = attributes._filled(np.array([[100.0, 1.0], [np.nan, 2.0], [400.0, 3.0], [0.0, np.nan]]))
    assert found[:, 0] == pytest.approx(np.log2([100, 200, 400, 200]))
    assert found[:, 1].tolist() == [1, 2, 3, 0]
