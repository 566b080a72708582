"""What machines hear in a comparison: numbers of known answers, failures that cost one number, nothing kept longer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from anonymizers.workers import Stopped, WorkerLost
from audio.clip import Clip, encode_wav
from evaluation import voice_likeness
from evaluation.recognisers.base import CORE_EMOTIONS, RecogniserError
from web import hearing, take_away
from web.components.hearing_panel import shown
from web.ears import Ear, ears
from web.services import Services
from web.vault import Vault

RUN = "h" * 22
SAID = "the train was late"
EMOTION = dict(zip(CORE_EMOTIONS, (0.1, 0.2, 0.3, 0.4), strict=True))


class Vaulted(Services):
    """Services of which the hearing needs only the vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault


@pytest.fixture
def services(tmp_path: Any, voice: Clip) -> Iterator[Vaulted]:
    vault = Vault(3000, lambda: 0.0, tmp_path)
    sounds = {key: vault.put(encode_wav(voice)) for key in ("original", "mcadams")}
    systems: list[dict[str, Any]] = [{"system": key, "scores": {}} for key in sounds]
    report = {"versions": {"voiceveil": "0"}, "systems": [*systems, {"system": "devoiced", "error": "It failed."}]}
    take_away.keep(vault, report, sounds, RUN)
    yield Vaulted(vault)
    vault.close()


class Answers:
    """Stands in for the process that hears: the answers in turn, by kind of machine; an exception is raised."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = {kind: list(each) for kind, each in answers.items()}
        self.ended = False

    @contextmanager
    def __call__(self) -> Iterator[Answers]:
        try:
            yield self
        finally:
            self.ended = True

    def call(self, function: Callable, one: Ear, clip: Clip, *, cancelled: threading.Event, speaker: str) -> Any:
        if cancelled.is_set():
            raise Stopped
        answer = self.answers[one.kind].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def made(services: Vaulted, **how: Any) -> hearing.Hearing:
    found = hearing.of(services, RUN, **how)
    assert found is not None
    return found


def answers(words: tuple[Any, Any] = (SAID, "the rain was so late"), **others: list[Any]) -> Answers:
    size = len(voice_likeness.anchors(ears()["speaker"].key).centre)
    first = np.random.default_rng(0).normal(size=size)
    return Answers(**{"speaker": [first, first], "emotion": [EMOTION, EMOTION], "words": list(words), **others})


def heard(services: Vaulted, played: Answers, stop: threading.Event | None = None, **how: Any) -> hearing.Hearing:
    found = made(services, **how)
    found.workers = played
    for _ in found.rounds(stop or threading.Event()):
        json.dumps(shown(found), allow_nan=False)
    return found


def test_words_are_compared_with_what_was_heard_in_the_original(services: Vaulted) -> None:
    found = heard(services, answers())
    assert found.compared_with == "own"
    assert found.words_of("original") == {"text": SAID}
    words = found.words_of("mcadams")
    assert words is not None
    assert (words["substitutions"], words["deletions"], words["insertions"], words["words"]) == (1, 0, 1, 4)
    assert words["wer"] == pytest.approx(0.5)
    assert [mark for mark in words["marks"] if mark[0] != "equal"] == [
        ["substitution", "train", "rain"],
        ["insertion", "", "so"],
    ]


def test_words_that_were_typed_count_instead_and_the_original_errs_too(services: Vaulted) -> None:
    heard(services, answers())
    found = hearing.marked(services, RUN, "The train, was VERY late!")
    assert found is not None
    assert found.compared_with == "typed"
    assert found.words_of("original")["deletions"] == 1
    report, _ = take_away.kept(services.vault, RUN)
    assert report["hearing"]["words"]["said"] == "The train, was VERY late!"
    assert report["systems"][0]["hearing"]["words"]["wer"] == pytest.approx(1 / 5)
    back = hearing.marked(services, RUN, "  …")
    assert back is not None
    assert back.compared_with == "own"
    assert back.words_of("original") == {"text": SAID}


def test_no_words_in_the_original_is_said_and_can_be_mended(services: Vaulted) -> None:
    found = heard(services, answers(("", "so")))
    assert found.words_of("mcadams") == {"text": "so", "note": hearing.NO_WORDS}
    marked = hearing.marked(services, RUN, SAID)
    assert marked is not None
    assert marked.words_of("mcadams")["wer"] == 1.0
    assert marked.words_of("original")["deletions"] == 4


def test_words_of_another_language_are_not_asked_for(services: Vaulted) -> None:
    found = heard(services, answers(()), language="German")
    assert "hears English only" in found.words_of("mcadams")["error"]
    assert found.state == "done"


def test_one_voice_is_more_alike_than_nearly_all_pairs(services: Vaulted) -> None:
    place = heard(services, answers()).found["mcadams"]["speaker"]
    assert place["cosine"] == pytest.approx(1.0)
    assert (place["above_different"], place["above_same"]) == (1.0, 1.0)


def test_a_failure_costs_its_own_number_alone(services: Vaulted, caplog: pytest.LogCaptureFixture) -> None:
    played = answers(emotion=[RecogniserError("Too short."), ValueError("x")], words=[SAID, WorkerLost("It ended.")])
    found = heard(services, played)
    assert found.found["original"]["emotion"] == {"error": "Too short."}
    assert found.found["mcadams"]["emotion"] == {"error": hearing.FAILED}
    assert found.found["mcadams"]["words"] == {"error": "It ended."}
    assert found.found["mcadams"]["speaker"]["cosine"] == pytest.approx(1.0)
    assert "could not be heard" in caplog.text
    assert found.state == "done"


def test_an_original_that_is_not_heard_tells_why_for_all(services: Vaulted) -> None:
    found = heard(services, answers(speaker=[RecogniserError("It is silent.")]))
    assert found.found["mcadams"]["speaker"] == {"error": "It is silent."}


def test_stop_keeps_what_was_heard_and_ends_the_process(services: Vaulted) -> None:
    stop, played = threading.Event(), answers()
    found = made(services)
    found.workers = played
    rounds = found.rounds(stop)
    for _ in range(3):
        next(rounds)
    stop.set()
    assert list(rounds) == [None]
    assert (found.state, played.ended) == ("stopped", True)
    report, _ = take_away.kept(services.vault, RUN)
    assert "cosine" in report["systems"][1]["hearing"]["speaker"]
    assert "words" not in report["systems"][1]["hearing"]


def test_a_page_that_was_left_ends_the_process(services: Vaulted) -> None:
    played, found = answers(), made(services)
    found.workers = played
    rounds = found.rounds(threading.Event())
    next(rounds)
    next(rounds)
    rounds.close()
    assert played.ended


def test_the_report_has_numbers_and_machines_but_no_voiceprint(services: Vaulted) -> None:
    heard(services, answers(), said=SAID)
    kept = services.vault.get(RUN)
    assert b"embed" not in kept
    report, sounds = take_away.kept(services.vault, RUN)
    assert sounds.keys() == {"original", "mcadams"}
    assert max(len(str(number)) for number in report["systems"][1]["hearing"]["speaker"].values()) < 30
    assert report["hearing"]["words"]["key"] == "pocketsphinx"
    assert report["hearing"]["speaker"]["scale"]["same_trials"] > 1000
    table = take_away.as_csv(report["systems"])
    assert "speaker_cosine [1]" in table.splitlines()[0]
    assert "the rain was so late" in table


def test_without_its_time_a_comparison_is_gone(services: Vaulted) -> None:
    assert hearing.of(services, "x" * 22) is None
    assert hearing.marked(services, "x" * 22, "a") is None
    assert hearing.marked(services, RUN, "a") is None  # nothing was heard yet


def test_a_panel_before_anything_was_heard(services: Vaulted) -> None:
    value = shown(made(services))
    json.dumps(value, allow_nan=False)
    assert [system["key"] for system in value["systems"]] == ["original", "mcadams"]
    assert value["systems"][1]["speaker"] is value["systems"][1]["words"] is None
    assert (value["state"], value["done"]) == ("waiting", 0)


def test_what_is_typed_is_cut_to_a_length(services: Vaulted) -> None:
    assert len(made(services, said="a " * 10_000).said) == hearing.LONGEST_SAID


def test_real_machines_hear_a_real_sentence(tmp_path: Any, spoken: Clip) -> None:
    vault = Vault(3000, lambda: 0.0, tmp_path)
    quiet = Clip(spoken.samples[: 2 * 16_000], 16_000)
    sounds = {"original": vault.put(encode_wav(quiet)), "mcadams": vault.put(encode_wav(Clip(np.zeros(8000), 16_000)))}
    report = {"versions": {}, "systems": [{"system": key} for key in sounds]}
    take_away.keep(vault, report, sounds, RUN)
    found = hearing.of(Vaulted(vault), RUN)
    assert found is not None
    for _ in found.rounds(threading.Event()):
        pass
    assert "error" not in found.found["original"]["speaker"]
    assert found.found["original"]["words"]["text"]
    assert found.found["mcadams"]["words"] == {"text": ""}
    assert found.words_of("mcadams")["wer"] == 1.0
    assert found.found["mcadams"]["speaker"]["error"].endswith(".")
    vault.close()
