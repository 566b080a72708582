"""The tables of privacy: what must hold whatever the attacker, and what becomes of data with gaps."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from evaluation import summary
from evaluation.heard import Embedded, Heard
from evaluation.privacy import tables
from evaluation.run_tables import ATTACKS, METRICS, TABLES
from tests.evaluation.privacy import simulated_voices as simulated

CORPUS = simulated.corpus(12, 4)
KINDS = ("single", "multi")
INFORMED = ("ignorant", "lazy-informed", "semi-informed")


def tabled(heard: Heard, *systems: str, corpus=CORPUS, kinds=KINDS, level="utterance", attackers=("house",), seed=0):
    about = simulated.about(*systems, attackers=attackers, level=level)
    rng = np.random.default_rng(seed)
    return tables(heard, corpus, simulated.protocols(corpus, *kinds), about, rng=rng, replicates=10)


@cache
def found() -> dict[str, pd.DataFrame]:
    return tabled(simulated.heard(CORPUS), *simulated.SYSTEMS, attackers=("house", "text"))


def figure(table: pd.DataFrame, **wanted: str) -> float:
    for name, value in {"sex": "all", "metric": "EER", "protocol": "single", "attacker": "house", **wanted}.items():
        table = table[table[name] == value]
    (value,) = table["value"]
    return float(value)


def test_all_columns_are_there_and_their_values_are_those_announced():
    for name, table in found().items():
        summary.conformed(name, [table])
        assert list(table.columns) == [column.name for column in TABLES[name]]
    figures = found()["figures"]
    assert set(figures["kind"]) == {"privacy", "attribute"}
    for kind, own in figures.groupby("kind"):
        assert set(own["metric"]) <= set(METRICS[kind])
    assert set(METRICS["privacy"]) == set(figures.loc[figures["kind"] == "privacy", "metric"])
    assert set(figures["attack"]) <= set(ATTACKS)
    assert set(figures["unit"]) <= {"share", "bits", "1", "dB"}
    assert figures["about"].str.len().min() > 40
    shares = figures[(figures["unit"] == "share") & (figures["metric"] != "DEID")]
    assert shares["value"].between(0, 1).all()
    assert (shares["low"].isna() | (shares["low"] <= shares["value"] + 1e-12)).all()
    assert (shares["high"].isna() | (shares["high"] >= shares["value"] - 1e-12)).all()


def test_every_attack_of_every_system_is_there_once():
    figures = found()["figures"]
    own = figures[(figures["metric"] == "EER") & (figures["attacker"] != "text")]
    assert not own.duplicated(["system", "attacker", "attack", "protocol", "sex"]).any()
    for system, part in own.groupby("system"):
        assert set(part["attack"]) == ({"unprotected"} if system == "original" else set(INFORMED))
        assert len(part) == len(set(part["attack"])) * len(KINDS) * 3
    text = figures[(figures["metric"] == "EER") & (figures["attacker"] == "text")]
    assert set(text["system"]) == {"original"}


@pytest.mark.parametrize("protocol", KINDS)
@pytest.mark.parametrize("attack", ["ignorant", "lazy-informed"])
def test_a_system_that_changes_nothing_has_the_eer_of_the_originals(protocol, attack):
    figures = found()["figures"]
    original = figure(figures, system="original", attack="unprotected", protocol=protocol)
    assert figure(figures, system="same", attack=attack, protocol=protocol) == original
    assert original < 0.2


@pytest.mark.parametrize("attack", INFORMED)
def test_voices_drawn_anew_for_each_utterance_are_at_chance(attack):
    assert figure(found()["figures"], system="swapping", attack=attack) == pytest.approx(0.5, abs=0.1)


def test_who_learns_on_anonymized_speech_does_better_than_who_does_not():
    figures = found()["figures"]
    lazy, semi = (figure(figures, system="moving", attack=attack) for attack in INFORMED[1:])
    assert semi <= lazy


def test_names_that_were_shuffled_put_every_attack_at_chance():
    """Attackers that find something in labels without meaning measure themselves."""
    big = simulated.corpus(20, 6)
    heard = simulated.heard(big, {"same": simulated.nothing})
    order = np.random.default_rng(3).permutation(len(big.utterances))
    shuffled = {key: Embedded(own.keys, own.vectors[order]) for key, own in heard.embeddings.items()}
    figures = tabled(replace(heard, embeddings=shuffled), "same", corpus=big, kinds=("single",))["figures"]
    eers = figures[(figures["metric"] == "EER") & (figures["sex"] == "all")]
    assert len(eers) == 4
    assert eers["value"].between(0.43, 0.57).all()
    gender = figures[(figures["metric"] == "UAR") & (figures["group"] == "gender")]
    assert gender["value"].between(0.3, 0.7).all()


def test_one_more_attacker_or_system_moves_nobody_elses_figures():
    alone = tabled(simulated.heard(CORPUS), "same")["figures"]
    both = found()["figures"]
    chosen = both[(both["attacker"] == "house") & both["system"].isin(["original", "same"])]
    chosen = chosen[chosen["kind"] == "privacy"].reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen, alone[alone["kind"] == "privacy"].reset_index(drop=True))


def test_the_worst_speaker_is_named_and_marked():
    figures, speakers = found()["figures"], found()["speakers"]
    named = {"system": "moving", "attacker": "house", "attack": "lazy-informed", "protocol": "single"}
    own = speakers[(speakers[list(named)] == pd.Series(named)).all(axis=1)]
    worst = own[own["worst"]]
    assert len(own) == 12
    assert len(worst) == 1
    assert worst["clipped_eer"].iloc[0] == own["clipped_eer"].min()
    row = figures[(figures[list(named)] == pd.Series(named)).all(axis=1) & (figures["sex"] == "all")]
    row = row[row["metric"] == "worst speaker EER"].iloc[0]
    assert (row["group"], row["value"]) == (worst["speaker"].iloc[0], worst["clipped_eer"].iloc[0])
    assert own["rank"].between(1, 12).all()


def test_curves_run_from_never_to_always_in_few_points():
    for _, own in found()["curves"].groupby(["system", "attacker", "attack", "protocol", "sex"]):
        assert len(own) <= 70
        assert own["false_alarm_rate"].iloc[[0, -1]].tolist() == [0, 1]
        assert own["miss_rate"].iloc[[0, -1]].tolist() == [1, 0]


def test_trust_knows_originals_the_control_and_the_best_other_attacker():
    trust = found()["trust"].set_index(["system", "attacker", "attack", "protocol"])
    figures = found()["figures"]
    one = trust.loc["moving", "house", "lazy-informed", "single"]
    assert one["eer_originals"] == figure(figures, system="original", attack="unprotected")
    assert one["eer_told"] == pytest.approx(one["eer_originals"])
    assert one["eer"] == figure(figures, system="moving", attack="lazy-informed")
    assert one["best_other"] <= figure(figures, system="moving", attack="semi-informed")
    assert one["verdict"] == "doubtful"
    assert "too few speakers" in one["why"]
    assert "original" not in trust.index.get_level_values("system")


def test_distinctiveness_of_a_system_that_changes_nothing_and_of_one_that_changes_all():
    figures = found()["figures"]
    wanted = {"protocol": "", "attack": ""}
    assert figure(figures, system="same", metric="DEID", **wanted) == pytest.approx(0, abs=1e-9)
    assert figure(figures, system="same", metric="G_VD", **wanted) == pytest.approx(0, abs=1e-9)
    assert figure(figures, system="swapping", metric="DEID", **wanted) > 0.7
    assert figure(figures, system="swapping", metric="G_VD", **wanted) < -5


def test_an_all_tied_system_is_at_chance_and_says_why_the_rest_is_missing():
    figures = tabled(simulated.heard(CORPUS, {"tied": simulated.tied}), "tied")["figures"]
    tied = figures[(figures["system"] == "tied") & (figures["kind"] == "privacy") & (figures["sex"] == "all")]
    for attack in INFORMED:
        assert figure(figures, system="tied", attack=attack) == pytest.approx(0.5, abs=0.01)
        assert figure(figures, system="tied", attack=attack, metric="ZEBRA expected") == pytest.approx(0, abs=0.01)
    assert tied.loc[tied["value"].isna(), "note"].str.len().min() > 0


def test_embeddings_that_are_no_numbers_cost_their_trials_alone():
    heard = simulated.heard(CORPUS)
    own = heard.embeddings["house", "moving", "trial"]
    vectors = own.vectors.copy()
    vectors[[0, 5, 9]] = np.nan
    embeddings = {**heard.embeddings, ("house", "moving", "trial"): Embedded(own.keys, vectors)}
    figures = tabled(replace(heard, embeddings=embeddings), "moving", kinds=("single",))["figures"]
    chosen = figures[(figures["system"] == "moving") & (figures["metric"] == "EER") & (figures["sex"] == "all")]
    assert np.isfinite(chosen["value"]).all()
    assert chosen["note"].str.contains("have no score and are left out").all()


@pytest.mark.parametrize("sex", ["F", "M"])
def test_without_trials_of_a_sex_its_row_says_so(sex):
    some = tuple(one for one in CORPUS.utterances if one.sex != sex)
    alone = next(one for one in CORPUS.utterances if one.sex == sex)
    corpus = replace(CORPUS, utterances=tuple(sorted((*some, alone), key=lambda one: one.key)))
    figures = tabled(simulated.heard(corpus), "moving", corpus=corpus, kinds=("single",))["figures"]
    own = figures[(figures["sex"] == sex) & (figures["metric"] == "EER")]
    assert len(own) == 4
    assert own["value"].isna().all()
    assert own["note"].str.contains("were expected, but 0 and 0 trials").all()
    assert np.isfinite(figure(figures, system="moving", attack="lazy-informed"))


def test_with_too_few_speakers_to_learn_from_the_others_are_there():
    corpus = simulated.corpus(4, 4)
    figures = tabled(simulated.heard(corpus), "moving", corpus=corpus, kinds=("single",))["figures"]
    own = figures[(figures["attack"] == "semi-informed") & (figures["sex"] == "all")]
    assert own["metric"].tolist() == ["EER"]
    assert own["value"].isna().all()
    assert "--train" in own["note"].iloc[0]
    assert np.isfinite(figure(figures, system="moving", attack="lazy-informed"))


def test_speakers_whom_the_encoder_was_trained_on_are_named(monkeypatch):
    from anonymizers import speaker_encoder

    monkeypatch.setattr(speaker_encoder, "available", lambda: True)
    monkeypatch.setattr(speaker_encoder, "card", lambda: {"training_speakers": ["s01", "s03", "somebody"]})
    figures = tabled(simulated.heard(CORPUS), "same", kinds=("single",))["figures"]
    notes = figures.loc[(figures["metric"] == "EER") & (figures["sex"] == "all"), "note"]
    assert len(notes) == 4
    assert notes.str.contains("2 of 12 speakers are among those whom the house encoder was trained on").all()
    assert notes.str.contains("s01, s03").all()


@pytest.mark.parametrize("speakers", [1, 2])
def test_one_or_two_speakers_are_no_fault(speakers):
    corpus = simulated.corpus(speakers, 3)
    found = tabled(simulated.heard(corpus), "moving", corpus=corpus)
    assert set(found) == {"figures", "speakers", "curves", "trust", "confusion"}


def test_without_anything_heard_tables_are_empty():
    heard = simulated.heard(CORPUS)
    empty = tabled(replace(heard, embeddings={}, files=heard.files.iloc[:0]), "moving")
    assert not any(len(table) for table in empty.values())


def test_at_speaker_level_enrolments_have_pseudo_speakers_of_their_own():
    heard = simulated.heard(CORPUS, {"moving": simulated.moving})
    both = {**heard.embeddings, ("house", "moving", "enrolment"): heard.embeddings["house", "original", "trial"]}
    rows = [dict(row, side="enrolment") for row in heard.files[heard.files["system"] == "moving"].to_dict("records")]
    files = pd.concat([heard.files, pd.DataFrame(rows)], ignore_index=True)
    apart = tabled(replace(heard, embeddings=both, files=files), "moving", kinds=("single",), level="speaker")
    shared = tabled(heard, "moving", kinds=("single",), level="speaker")
    notes = [one["figures"].loc[one["figures"]["attack"] == "lazy-informed", "note"] for one in (apart, shared)]
    assert not notes[0].str.contains("share their pseudo-speakers").any()
    assert notes[1].str.contains("share their pseudo-speakers").any()
    eers = [figure(one["figures"], system="moving", attack="lazy-informed") for one in (apart, shared)]
    assert eers[0] != eers[1]
