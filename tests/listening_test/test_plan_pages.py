"""The pages around the rated ones: steps, breaks, what each rung of the attacker ladder hears first."""

from __future__ import annotations

from listening_test import plan
from tests.listening_test import planning
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR, Rules, is_original, plans, rated

EVERYTHING = [MOS, SAME, LINE_UP, SIMILAR, EMOTION]
MANY = {"max_trials_per_speaker": 30}


def test_blocks_come_in_the_order_of_the_session():
    study = planning.study([MOS, SAME], design={"rungs": ["familiar"]}, screening={"headphone_attempts": 2})
    trials = plans(study, planning.clips())[0]
    blocks = [trial.block for trial in trials]
    start = ["about_you", *["headphones"] * 12, "level"]
    assert blocks[: len(start)] == start
    assert blocks[len(start)] == "familiarise"
    assert blocks[-1] == "questionnaire"
    seen = []
    for trial in trials:
        name = (trial.block, trial.task)
        if trial.block in ("practice", "task") and name not in seen[-1:]:
            seen.append(name)
    assert [block for block, _ in seen] == ["practice", "task", "practice", "task"]


def test_what_is_not_asked_is_no_page():
    study = planning.study(
        [MOS],
        screening={"headphones": "off", "hearing": False, "fluency": "off"},
        comment=False,
        design={"practice_trials": 0},
    )
    blocks = {trial.block for trial in plans(study, planning.clips())[0]}
    assert blocks == {"level", "task"}


def test_the_headphone_check_has_each_order_of_its_tones_once_per_attempt():
    for trials in plans(planning.study([MOS]), planning.clips(), 5):
        check = [trial for trial in trials if trial.block == "headphones"]
        assert [trial.attempt for trial in check] == [1] * 6 + [2] * 6
        for attempt in (1, 2):
            orders = [trial.sounds[0].detail for trial in check if trial.attempt == attempt]
            assert len(set(orders)) == 6
        for trial in check:
            tones = trial.sounds[0].detail.split("-")
            assert trial.truth == {"correct": {"headphone_softest": str(tones.index("target") + 1)}}
            assert sorted(tones) == ["foil", "reference", "target"]
            assert trial.kind == "step"


def test_a_break_comes_every_so_many_pages_and_never_last():
    study = planning.study(EVERYTHING, design={**MANY, "break_every": 7})
    for trials in plans(study, planning.clips(14), 3):
        run, inside = 0, [t for t in trials if t.block in ("practice", "task", "break")]
        assert inside[-1].block != "break"
        for trial in inside:
            if trial.block == "break":
                assert run == 7
            run = 0 if trial.block == "break" else run + 1
            assert run <= 7


def test_questions_of_the_owner_and_a_comment_come_last_on_one_page():
    item = {"key": "effort", "widget": "scale", "text": {"en": "How hard?"}}
    trials = plans(planning.study([MOS], questionnaire=[item]), planning.clips(), 1)[0]
    assert trials[-1].questions == ("effort", "comment")


def test_rungs_are_dealt_in_turn_and_hear_the_same_rated_trials():
    rungs = ["unfamiliar", "familiar", "system-trained"]
    study = planning.study([SAME, LINE_UP], design={**MANY, "rungs": rungs})
    assert [plan.rung(study, place) for place in range(5)] == [*rungs, *rungs[:2]]
    every = plans(study, planning.clips(14))
    for turn in range(0, len(every), 3):
        heard = [sorted(sorted(t.sounds) for t in rated(trials)) for trials in every[turn : turn + 3]]
        assert heard[0] == heard[1] == heard[2]


def test_only_the_trained_get_feedback_and_only_the_familiar_learn_voices():
    rungs = ["unfamiliar", "familiar", "system-trained"]
    study = planning.study([SAME, LINE_UP, SIMILAR], design={**MANY, "rungs": rungs, "training_trials": 9})
    for place, trials in enumerate(plans(study, planning.clips(14))):
        told = [trial for trial in trials if trial.feedback]
        learned = [trial for trial in trials if trial.block == "familiarise"]
        assert bool(told) == (plan.rung(study, place) == "system-trained")
        assert bool(learned) == (plan.rung(study, place) == "familiar")
        if told:
            first = told[0].task
            assert sum(trial.task == first for trial in told) == 9
            assert {trial.truth.get("same", trial.truth.get("present")) for trial in told} == {True, False}


def test_the_familiar_learn_the_originals_of_whom_they_will_look_for_from_other_recordings():
    study = planning.study([LINE_UP], design={**MANY, "rungs": ["familiar"], "familiar_clips": 2})
    voices = planning.clips(8, 8)
    speaker = Rules(study, voices).speaker
    for trials in plans(study, voices):
        learned = {speaker(s): s for t in trials if t.block == "familiarise" for s in t.sounds}
        assert all(is_original(sound) for sound in learned.values())
        assert set(learned) == {trial.truth["speaker"] for trial in rated(trials)}
        looked_for = {trial.sounds[0].clip for trial in rated(trials)}
        assert not looked_for & {s.clip for t in trials if t.block == "familiarise" for s in t.sounds}
        for trial in trials:
            if trial.block == "familiarise":
                assert len({speaker(sound) for sound in trial.sounds}) == 1
                assert len(trial.sounds) == 2
