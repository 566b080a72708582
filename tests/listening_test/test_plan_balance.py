"""Plans are balanced over listeners, and their randomisers do randomise."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise, product

import pytest

from listening_test import plan
from tests.listening_test import planning
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR, rated, spread

MANY = {"max_trials_per_speaker": 30}
EVERYTHING = [MOS, SAME, LINE_UP, SIMILAR, EMOTION]


def plans(study, voices):
    planner = plan.Planner(study, voices)
    return planner, [planner.plan(place) for place in range(study.limits.listeners)]


def conditions(trial):
    return trial.truth["system"], trial.truth.get("pair", "")


@pytest.mark.parametrize("rungs", [["unfamiliar"], ["unfamiliar", "familiar"]])
def test_each_system_is_at_each_position_equally_often(rungs):
    """Over every number of listeners within one, and exactly over whole cycles; on each rung."""
    tasks = [{**MOS, "questions": ["overall_quality", "naturalness"]}, SAME, LINE_UP, SIMILAR, EMOTION]
    study = planning.study(tasks, design={**MANY, "rungs": rungs}, limits={"listeners": 60})
    _, every = plans(study, planning.clips(14))
    for rung in range(len(rungs)):
        counts: dict = defaultdict(Counter)
        for number, trials in enumerate(every[rung :: len(rungs)], 1):
            blocks = defaultdict(list)
            for trial in rated(trials):
                blocks[trial.task, trial.questions].append(conditions(trial))
            for block, row in blocks.items():
                counts[block].update(enumerate(row))
            for block, row in blocks.items():
                cells = list(product(range(len(row)), set(row)))
                most_apart = spread(counts[block], cells)
                assert most_apart <= 1
                if number % len(set(row)) == 0:
                    assert most_apart == 0


@pytest.mark.parametrize(
    ("voices", "listeners", "design"),
    [
        (planning.clips(), 24, {}),
        (planning.clips(), 60, {}),
        (planning.clips(3, 3), 40, {}),
        (planning.clips(5, 2, sexes="F"), 33, {}),
        (planning.clips(7, 5, sexes="M") + planning.clips(4, 5, sexes="F"), 100, {}),
        (planning.clips(), 60, {"original_after_anonymized": True}),
        (planning.clips(), 60, {"rungs": ["unfamiliar", "familiar"]}),
    ],
)
def test_each_clip_is_heard_through_each_system_equally_often(voices, listeners, design):
    tasks = [MOS] if "rungs" not in design else [MOS, SAME]
    study = planning.study(tasks, design={**MANY, **design}, limits={"listeners": listeners})
    planner, every = plans(study, voices)
    rungs = len(study.design.rungs)
    apart = set(planner.practice.speakers)
    cells = list(product([c.key for c in voices if c.speaker not in apart], study.labels))
    for rung in range(rungs):
        counts = Counter(
            (t.sounds[0].clip, t.truth["system"]) for one in every[rung::rungs] for t in rated(one) if t.task == "mos"
        )
        assert spread(counts, cells) <= 1


def test_each_clip_of_an_emotion_is_heard_through_each_system_equally_often():
    study, voices = planning.study([EMOTION], limits={"listeners": 60}), planning.clips(10, 3)
    planner, every = plans(study, voices)
    counts = Counter((t.sounds[0].clip, t.truth["system"]) for trials in every for t in rated(trials))
    cells = [(c.key, s) for c in voices if c.speaker not in planner.practice.speakers for s in study.labels]
    cells = [cell for cell in cells if cell[1] != "low-anchor" or "low-anchor" in {s for _, s in counts}]
    assert spread(counts, cells) <= 1
    for trials in every:
        for system in {t.truth["system"] for t in rated(trials)}:
            acted = [t.truth["emotion"] for t in rated(trials) if t.truth["system"] == system]
            assert sorted(acted) == sorted(planning.EMOTIONS)


@pytest.mark.parametrize("free", [False, True])
def test_each_speaker_is_compared_equally_often(free):
    """Whoever is looked for, within one; whoever stands beside them, as nearly as the parts allow."""
    tasks = [SAME, LINE_UP, SIMILAR]
    study = planning.study(tasks, design={**MANY, "original_after_anonymized": free}, limits={"listeners": 60})
    planner, every = plans(study, planning.clips(14))
    targets, others = defaultdict(Counter), defaultdict(Counter)
    for trials in every:
        for trial in rated(trials):
            truth = trial.truth
            same = truth.get("same", truth.get("present"))
            targets[trial.task, *conditions(trial), same][truth["speaker"]] += 1
            if same is False and "other_speaker" in truth:
                others[trial.task, *conditions(trial)][truth["other_speaker"]] += 1
    for counts in targets.values():
        assert spread(counts, planner.voices.speakers) <= 1
    for counts in others.values():
        assert spread(counts, planner.voices.speakers) <= 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_half_of_the_pairs_are_of_one_speaker_over_any_two_neighbours(number):
    study = planning.study([{**SAME, "trials_per_system": number}], design=MANY)
    _, every = plans(study, planning.clips(14))
    for one, other in zip(every[::2], every[1::2], strict=True):
        counts = Counter((conditions(t), t.truth["same"]) for t in rated(one) + rated(other))
        assert set(counts.values()) == {number}


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_the_share_of_line_ups_without_the_person_is_as_asked(share):
    study = planning.study([{**LINE_UP, "absent_share": share}], design=MANY, limits={"listeners": 40})
    _, every = plans(study, planning.clips(14))
    absent = Counter(t.truth["system"] for trials in every for t in rated(trials) if not t.truth["present"])
    assert all(abs(number - share * 80) <= 1 for number in absent.values())
    assert len(absent) == 2


def test_the_person_is_at_each_place_of_a_line_up_equally_often():
    study = planning.study([LINE_UP], design=MANY, limits={"listeners": 240})
    _, every = plans(study, planning.clips(14))
    places = Counter(t.truth["correct"]["line_up"] for trials in every for t in rated(trials) if t.truth["present"])
    total = sum(places.values())
    assert set(places) == {"1", "2", "3"}
    assert all(abs(number - total / 3) < 4 * (total * 2 / 9) ** 0.5 for number in places.values())
    many = planning.study([{**LINE_UP, "trials_per_system": 6}], design={"max_trials_per_speaker": 60})
    for trials in plans(many, planning.clips(16))[1]:
        theirs = Counter(t.truth["correct"]["line_up"] for t in rated(trials) if t.truth["present"])
        assert spread(theirs, "123") <= 1


def test_tasks_and_questions_are_in_every_order():
    study = planning.study([{**MOS, "questions": ["overall_quality", "naturalness"]}, SAME, SIMILAR], design=MANY)
    _, every = plans(study, planning.clips(14))
    firsts, orders = Counter(), set()
    for trials in every:
        order = list(dict.fromkeys(t.task for t in rated(trials)))
        orders.add(tuple(order))
        firsts[order[0]] += 1
    assert set(firsts.values()) == {8}
    assert len(orders) == 6
    asked = Counter(next(t.questions for t in rated(trials) if t.task == "mos") for trials in every)
    assert set(asked.values()) == {12}
    fixed = planning.study([MOS, SAME], design={**MANY, "task_order": "fixed"})
    assert {tuple(dict.fromkeys(t.task for t in rated(p))) for p in plans(fixed, planning.clips())[1]} == {
        ("mos", "same-different")
    }


def test_which_side_comes_first_is_random_and_tells_nothing():
    """Over 480 pages of an original and its anonymized version: each side first in half, whether same or different."""
    study = planning.study([SAME], limits={"listeners": 120})
    _, every = plans(study, planning.clips(14))
    first = Counter()
    for trials in every:
        for trial in rated(trials):
            if trial.truth["pair"] == "original-anonymized":
                first[trial.truth["same"], trial.sounds[0].system == "original"] += 1
    for same in (True, False):
        total = first[same, True] + first[same, False]
        assert total == 240
        assert abs(first[same, True] - total / 2) < 4 * (total / 4) ** 0.5


def test_sides_do_not_take_turns():
    """A side that came first on one page comes first on the next about as often as not."""
    _, every = plans(planning.study([SAME], limits={"listeners": 120}), planning.clips(14))
    again = Counter()
    for trials in every:
        for one, other in pairwise(rated(trials)):
            if one.truth["pair"] == other.truth["pair"] == "original-anonymized":
                again[(one.sounds[0].system == "original") == (other.sounds[0].system == "original")] += 1
    assert again.total() > 150
    assert 0.3 < again[True] / again.total() < 0.5  # three of each in six pages: 2 of 5 neighbours are alike


def test_same_and_different_pages_are_at_every_position_alike():
    study = planning.study([SAME], limits={"listeners": 240})
    _, every = plans(study, planning.clips(14))
    same = Counter(n for trials in every for n, trial in enumerate(rated(trials)) if trial.truth["same"])
    assert set(same) == set(range(6))
    assert all(abs(number - 120) < 4 * 60**0.5 for number in same.values())


def test_no_system_tells_which_comes_next():
    """A row that merely moved on by one for each listener would always put the same system after another."""
    study = planning.study([MOS], limits={"listeners": 200})
    _, every = plans(study, planning.clips())
    after: dict = defaultdict(Counter)
    for trials in every:
        row = [t.truth["system"] for t in rated(trials)]
        for one, other in pairwise(row):
            after[one][other] += 1
    for system, follows in after.items():
        assert system not in follows
        assert max(follows.values()) < 1.3 * sum(follows.values()) / len(follows)


def test_an_original_heard_before_does_not_say_different_where_speakers_abound():
    """Where an original never follows its anonymized version, "same" voices are new on their page; the others too."""
    study = planning.study([SAME], limits={"listeners": 60})
    _, every = plans(study, planning.clips(20))
    for trials in every:
        heard = [t.truth["speaker"] for t in rated(trials) if t.truth["pair"] == "original-anonymized"]
        assert len(heard) == len(set(heard))


def test_recordings_are_spread_within_a_listener():
    """No listener hears one system with one speaker only, nor a recording twice where there are enough."""
    for seed in range(4):
        study = planning.study([{**MOS, "trials_per_system": 4}], design={"seed": seed}, limits={"listeners": 40})
        _, every = plans(study, planning.clips())
        for trials in every:
            clips = [t.sounds[0].clip for t in rated(trials)]
            assert len(clips) == len(set(clips))
            for system in study.labels:
                theirs = {t.sounds[0].clip.split("-")[0] for t in rated(trials) if t.truth["system"] == system}
                assert len(theirs) == 4
