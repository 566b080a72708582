"""The examples an owner starts from: they read, they hold together, and listeners learn nothing from them."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import soundfile
from pydantic import BaseModel

from anonymizers import registry, runner
from assets.studies.voices import make_voices
from listening_test import clips, questions
from listening_test.check import check
from listening_test.plan import Planner
from listening_test.study import LOW_ANCHOR, ORIGINAL, EmotionTask, Study, StudyClip, StudyError, digest
from listening_test.yaml_file import form_to_yaml, load_study, parse_study

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "studies"
VOICES = FOLDER / "voices"
EXAMPLES = ("demo", "mos", "reidentification", "emotion", "full")
WITH_VOICES = tuple(name for name in EXAMPLES if name != "emotion")
MARKS = {key for key in registry.keys() if key != ORIGINAL} | {LOW_ANCHOR, "anonymi", "anonymisier", "voiceveil"}


def load(name: str) -> Study:
    return load_study(FOLDER / f"{name}.yaml")


def owner_texts(value: Any) -> list[str]:
    """Every text of a study in some language: what reaches listeners."""
    if isinstance(value, dict):
        own = [text for key, text in value.items() if key in ("en", "de") and isinstance(text, str)]
        return own + [text for inner in value.values() for text in owner_texts(inner)]
    return [text for inner in value for text in owner_texts(inner)] if isinstance(value, list) else []


def test_the_examples_are_these():
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_called_like_its_file_and_reads_back_the_same(name):
    study = load(name)
    assert study.name == name
    assert parse_study(form_to_yaml(study)) == study


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_text_of_an_example_is_in_every_language_of_it(name):
    study = load(name)
    needed = [study.public_title, study.consent.text, study.ethics.debrief, study.thank_you]
    asked = [text for item in study.questionnaire for text in (item.text, *item.options.values())]
    given = [text for item in study.questionnaire for text in (item.low, item.high) if text] + [study.ethics.pay]
    assert all(set(text) == set(study.languages) for text in needed + asked)
    assert all(set(text) in (set(), set(study.languages)) for text in given)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_tells_a_listener_about_systems(name):
    tree = load(name).model_dump(mode="json")
    said = [text.lower() for text in owner_texts(tree)]
    assert said
    assert [text for text in said if any(mark in text for mark in MARKS)] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_says_before_the_end_which_change_was_made(name):
    study = load(name)
    before = [*study.public_title.values(), *study.consent.text.values()]
    assert [
        text for text in before if re.search(r"hide|recogni[sz]er|verändert|verbergen|changed by", text.lower())
    ] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_system_of_an_example_is_there_and_takes_its_parameters(name):
    for system in load(name).systems:
        if system.system != LOW_ANCHOR:
            runner.check_params(registry.info(system.system), system.params)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_asks_what_has_words(name):
    study = load(name)
    asked = questions.of(study)
    assert all(set(questions.of_task(study, task)) <= set(asked) for task in study.task_keys())


@pytest.mark.parametrize("name", WITH_VOICES)
def test_an_example_runs_on_the_shipped_voices(name):
    found = clips.read(load(name), FOLDER, inside=FOLDER)
    assert len(found) == len(list(VOICES.glob("*.flac")))


def test_the_emotion_example_says_in_one_sentence_that_it_needs_clips_of_ones_own():
    with pytest.raises(StudyError) as caught:
        clips.read(load("emotion"), FOLDER)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "my_emotions/manifest.csv" in sentence
    assert "emotion" in sentence.split("columns")[1]


@pytest.mark.parametrize("name", WITH_VOICES)
def test_an_example_is_feasible_on_the_shipped_voices(name):
    study = load(name)
    planner = Planner(study, clips.read(study, FOLDER))
    rated = [page for page in planner.plan(study.limits.listeners - 1) if page.kind == "rated"]
    assert {page.task for page in rated} == set(study.task_keys())


@pytest.mark.parametrize("name", WITH_VOICES)
def test_check_finds_nothing_to_mend_in_an_example(name):
    study = load(name)
    found = check(study, clips.read(study, FOLDER))
    assert [finding for finding in found if finding.severity != "note"] == []


def test_the_demo_takes_about_three_minutes():
    study = load("demo")
    said = [
        finding.sentence for finding in check(study, clips.read(study, FOLDER)) if finding.where == "limits.minutes"
    ]
    assert said[0].startswith("It takes about 3 minutes")


def test_the_emotion_example_is_feasible_on_eight_actors():
    study = load("emotion")
    (task,) = study.tasks
    assert isinstance(task, EmotionTask)
    recordings = [
        StudyClip(
            key=f"{speaker}_{emotion}_{take}.wav",
            path=Path(f"{speaker}_{emotion}_{take}.wav"),
            speaker=speaker,
            sex="F" if speaker < "e" else "M",
            duration_s=2.5,
            sha256=f"{speaker}{emotion}{take}",
            emotion=emotion,
            transcript=f"Sentence {take}.",
        )
        for speaker in "abcdefgh"
        for emotion in task.emotions
        for take in (1, 2)
    ]
    pages = Planner(study, recordings).plan(0)
    assert sum(page.kind == "rated" for page in pages) == 6 * len(study.systems)


def test_the_same_study_elsewhere_has_the_same_digest(tmp_path):
    study = load("demo")
    here = clips.read(study, FOLDER)
    (tmp_path / "voices").symlink_to(VOICES)
    assert digest(study, here) == digest(study, clips.read(study, tmp_path))


def keys_of(model: type[BaseModel]) -> set[str]:
    """Every key of a model and of the models in it."""
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            keys |= keys_of(inner)
    return keys


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]


def test_the_full_example_shows_every_key_there_is():
    text = (FOLDER / "full.yaml").read_text(encoding="utf-8")
    shown = set(re.findall(r"^[ #-]*([a-z_]+):", text, flags=re.MULTILINE))
    assert keys_of(Study) - shown == set()


def test_what_the_full_example_calls_the_default_is_it():
    study = load("full")
    for part in ("screening", "design", "limits"):
        given = getattr(study, part)
        said = {"level_lufs", "minutes"} if part == "limits" else set()  # the file says that these are not
        assert given == type(given)(**given.model_dump(include=said)), part


def rows() -> list[dict[str, str]]:
    with (VOICES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_voices_are_several_of_each_sex_with_sessions():
    for sex in ("F", "M"):
        speakers = {row["speaker"] for row in rows() if row["sex"] == sex}
        assert len(speakers) >= 4
        for speaker in speakers:
            own = [row for row in rows() if row["speaker"] == speaker]
            assert len(own) >= 3
            assert len({row["session"] for row in own}) == 2


def test_no_sentence_of_the_voices_is_said_twice():
    said = [row["transcript"] for row in rows()]
    assert len(set(said)) == len(said)


def test_the_voices_are_free_and_small():
    assert {row["licence"] for row in rows()} == {"CC0-1.0"}
    assert sum(path.stat().st_size for path in VOICES.glob("*.flac")) < 4.2e6


def test_the_voices_last_some_two_to_three_seconds():
    assert all(1.8 <= clip.duration_s <= 3.1 for clip in clips.read(load("demo"), FOLDER))


@pytest.mark.parametrize(("speaker", "sentence"), [(0, 0), (13, 1), (-1, 2)])
def test_the_voices_are_what_their_script_makes(speaker, sentence):
    speaking = make_voices.SPEAKERS[speaker]
    made = make_voices.clip_of(speaking, sentence)
    kept, rate_hz = soundfile.read(VOICES / make_voices.row(speaking, sentence)["file"], dtype="float32")
    assert (made.sample_rate, len(made.samples)) == (rate_hz, len(kept))
    assert abs(made.samples - kept).max() <= 2 / 32768


def test_the_manifest_is_what_the_script_writes():
    spoken = [(speaker, n) for speaker in make_voices.SPEAKERS for n in range(len(speaker.sentences))]
    assert rows() == [make_voices.row(speaker, n) for speaker, n in spoken]
