"""Studies to plan, and the rules of a plan checked by brute force: no rule here knows how plans are made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from listening_test.plan import Planner
from listening_test.study import Study, StudyClip
from listening_test.trial import Sound, Trial

SYSTEMS: list[Any] = ["original", "low-anchor", "mcadams", {"system": "devoiced", "anchor": "strong"}]
CLEAR = frozenset({"original", "low-anchor"})
EMOTIONS = ("anger", "neutral", "sadness")
SAME = {"type": "same-different", "systems": ["original", "mcadams", "devoiced"], "trials_per_system": 2}
LINE_UP = {"type": "line-up", "voices": 3, "systems": ["original", "mcadams"], "trials_per_system": 2}
MOS = {"type": "mos", "trials_per_system": 3}
SIMILAR = {"type": "speaker-similarity", "systems": ["original", "mcadams"], "trials_per_system": 2}
EMOTION = {"type": "emotion", "emotions": list(EMOTIONS), "trials_per_system": 3}


def study(tasks: Sequence[dict[str, Any]], **parts: Any) -> Study:
    """A study of these tasks; parts such as design={...} change what they name."""
    limits = {"listeners": 24, "minutes": 10, **parts.pop("limits", {})}
    return Study.model_validate(
        {
            "name": "planned",
            "title": "A planned study",
            "public_title": {"en": "Listening"},
            "languages": ["en"],
            "consent": {"version": "1", "text": {"en": "Taking part is voluntary."}},
            "clips": {"folder": "."},
            "systems": SYSTEMS,
            "tasks": list(tasks),
            "limits": limits,
            "ethics": {
                "voices": "Nobody's voice: there is no sound.",
                "controller": "The test bench",
                "clip_language": "English",
                "listener_languages": ["en"],
                "debrief": {"en": "There was nothing to hear."},
            },
            "thank_you": {"en": "Thank you."},
            **parts,
        }
    )


def clips(per_sex: int = 10, each: int = 4, *, sexes: str = "FM", sessions: int = 2) -> list[StudyClip]:
    """`each` recordings of `per_sex` speakers of each sex, all with different texts."""
    return [
        clip(f"{sex}{number:02}", sex, take, session=str(take % sessions) if sessions else "")
        for sex in sexes
        for number in range(per_sex)
        for take in range(each)
    ]


def clip(speaker: str, sex: Any, take: int, *, session: str = "", transcript: str | None = None) -> StudyClip:
    key = f"{speaker}-{take}"
    return StudyClip(
        key=key,
        path=Path(f"{key}.wav"),
        speaker=speaker,
        sex=sex,
        duration_s=3.0,
        sha256="0" * 64,
        emotion=EMOTIONS[take % len(EMOTIONS)],
        transcript=f"{speaker} says sentence {take}." if transcript is None else transcript,
        session=session,
    )


def plans(study: Study, voices: Sequence[StudyClip], places: int | None = None) -> list[list[Trial]]:
    """Plans of the first places, of all where no number is given."""
    planner = Planner(study, voices)
    return [planner.plan(place) for place in range(places or study.limits.listeners)]


def rated(trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.kind == "rated"]


def by_block(trials: Sequence[Trial]) -> dict[tuple[str, tuple[str, ...]], list[Trial]]:
    """Pages of the blocks of tasks (not practice), in order."""
    blocks = defaultdict(list)
    for trial in trials:
        if trial.block == "task":
            blocks[trial.task, trial.questions].append(trial)
    return dict(blocks)


def is_original(sound: Sound) -> bool:
    """Whether a voice is heard as recorded: attention checks begin with an original."""
    return sound.kind == "attention" or (sound.kind == "speech" and sound.system == "original")


def is_anonymized(sound: Sound) -> bool:
    return sound.kind == "speech" and sound.system not in CLEAR


class Rules:
    """The rules that any plan of a study keeps; each method raises AssertionError."""

    def __init__(self, study: Study, clips: Sequence[StudyClip]) -> None:
        self.study = study
        self.clip = {clip.key: clip for clip in clips}
        self.clips = clips

    def speaker(self, sound: Sound) -> str:
        return self.clip[sound.clip].speaker

    def all(self, trials: Sequence[Trial]) -> None:
        for rule in (self.amounts, self.order, self.caps, self.apart, self.feedback, self.checks, self.pairs):
            rule(trials)
        for rule in (self.line_ups, self.single, self.levels):
            rule(trials)

    def amounts(self, trials: Sequence[Trial]) -> None:
        """Each system equally often in each block of each task: exactly trials_per_system."""
        tasks = dict(zip(self.study.task_keys(), self.study.tasks, strict=True))
        seen = set()
        for (key, questions), pages in by_block(trials).items():
            task = tasks[key]
            seen.add((key, questions))
            counts = Counter((trial.truth["system"], trial.truth.get("pair")) for trial in rated(pages))
            assert set(counts.values()) == {task.trials_per_system}
            systems = {system for system, _ in counts}
            wanted = set(self.study.task_systems(task))
            if task.type == "same-different":
                hidden = wanted - CLEAR
                expected = {
                    (system, pair)
                    for pair in task.pairs
                    for system in (["original"] if pair == "original-original" else hidden)
                }
                assert set(counts) == expected
            else:
                left_out = set() if task.type == "mos" or task.systems else {"low-anchor"}
                assert systems == wanted - left_out
        asked = [
            (key, (question,))
            for key, task in tasks.items()
            for question in (task.questions if task.type == "mos" else [""])
        ]
        assert len(seen) == len(asked)

    def order(self, trials: Sequence[Trial]) -> None:
        """No speaker's original after its anonymized version, but on one page; practice is on other speakers."""
        if self.study.design.original_after_anonymized:
            return
        veiled: set[str] = set()
        for trial in trials:
            if trial.block == "practice":
                continue
            assert not {self.speaker(s) for s in trial.sounds if s.clip and is_original(s)} & veiled
            veiled |= {self.speaker(s) for s in trial.sounds if is_anonymized(s)}

    def caps(self, trials: Sequence[Trial]) -> None:
        heard = Counter(name for trial in rated(trials) for name in {self.speaker(sound) for sound in trial.sounds})
        assert max(heard.values(), default=0) <= self.study.design.max_trials_per_speaker

    def apart(self, trials: Sequence[Trial]) -> None:
        """Who is in practice is in no other trial."""
        practised = {self.speaker(s) for t in trials if t.block == "practice" for s in t.sounds}
        others = {self.speaker(s) for t in trials if t.block != "practice" for s in t.sounds if s.clip}
        assert not practised & others

    def feedback(self, trials: Sequence[Trial]) -> None:
        told = [trial for trial in trials if trial.feedback]
        assert all(trial.kind == "practice" for trial in told)
        for trial in told:
            assert any(is_anonymized(sound) for sound in trial.sounds)

    def checks(self, trials: Sequence[Trial]) -> None:
        """Attention checks and gold items: as many as asked for, never first."""
        kinds = Counter(trial.kind for trial in trials)
        assert kinds["attention"] == self.study.screening.attention_checks
        for pages in by_block(trials).values():
            assert pages[0].kind == "rated"
        for trial in trials:
            if trial.kind in ("attention", "gold"):
                assert set(trial.truth["expected"]) == set(trial.questions)
                assert all(trial.truth["expected"].values())

    def pairs(self, trials: Sequence[Trial]) -> None:
        sessions: dict[str, set[str]] = defaultdict(set)
        for clip in self.clips:
            sessions[clip.speaker].add(clip.session)
        for trial in trials:
            if trial.kind in ("rated", "practice") and trial.slots == ("first", "second"):
                one, other = (self.clip[sound.clip] for sound in trial.sounds)
                assert one.key != other.key
                assert one.sex == other.sex
                assert one.transcript != other.transcript
                assert trial.truth["same"] == (one.speaker == other.speaker)
                if all(len(sessions[clip.speaker]) > 1 for clip in (one, other)):
                    assert one.session != other.session
                kinds = "-".join(sorted(s.system if s.system == "original" else "z" for s in trial.sounds))
                assert kinds == "-".join("original" if k == "original" else "z" for k in trial.truth["pair"].split("-"))

    def half_same(self, trials: Sequence[Trial]) -> None:
        """Of each condition half are of one speaker, within one."""
        counts: dict[Any, Counter[bool]] = defaultdict(Counter)
        for trial in rated(trials):
            if trial.slots == ("first", "second"):
                counts[trial.task, trial.truth["system"], trial.truth["pair"]][trial.truth["same"]] += 1
        for count in counts.values():
            assert abs(count[True] - count[False]) <= 1

    def line_ups(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.slots[:1] != ("target",) or trial.kind not in ("rated", "gold"):
                continue
            target, *candidates = (self.clip[sound.clip] for sound in trial.sounds)
            task = dict(zip(self.study.task_keys(), self.study.tasks, strict=True))[trial.task]
            assert len(candidates) == task.voices
            assert trial.slots[1:] == ("candidate",) * task.voices
            assert trial.sounds[0].system == "original"
            places = [n for n, one in enumerate(candidates, 1) if one.speaker == target.speaker]
            assert trial.truth["correct"] == {"line_up": str(places[0]) if places else "none"}
            assert trial.truth["present"] == bool(places)
            if trial.kind == "rated":
                assert len({one.speaker for one in candidates}) == task.voices
                assert {one.sex for one in candidates} == {target.sex}
                assert {sound.system for sound in trial.sounds[1:]} == {trial.truth["system"]}
                assert target.transcript not in {one.transcript for one in candidates}

    def single(self, trials: Sequence[Trial]) -> None:
        for trial in rated(trials):
            if trial.slots[-1:] == ("sample",):
                assert trial.sounds[-1].system == trial.truth["system"]
                if "emotion" in trial.questions:
                    assert trial.truth["correct"]["emotion"] == self.clip[trial.sounds[0].clip].emotion

    def levels(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            for sound in trial.sounds:
                if sound.kind == "speech" and (len(trial.slots) > 1 and trial.slots[-1] != "sample"):
                    assert sound.level == "utterance"
                elif sound.kind == "speech":
                    clear = self.study.system(sound.system).system in CLEAR
                    assert sound.level == ("utterance" if clear else self.study.system(sound.system).level)


def spread(counts: Counter[Any], cells: Iterable[Any]) -> int:
    """Most minus least, over all cells."""
    values = [counts[cell] for cell in cells]
    return max(values) - min(values)
