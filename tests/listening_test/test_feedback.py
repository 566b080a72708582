from __future__ import annotations

from types import SimpleNamespace

import pytest

from listening_test.feedback import feedback
from listening_test.texts import texts


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("truth", "given", "correct", "key"),
    [
        ({"same": True}, {"same_different": "1"}, True, "same"),
        ({"same": True}, {"same_different": "-3"}, False, "same"),
        ({"same": False}, {"same_different": "-1"}, True, "different"),
        ({"same": False}, {"similarity": "5"}, False, "different"),
        ({"same": True}, {"similarity": "4"}, True, "same"),
        ({"correct": {"line_up": "none"}}, {"line_up": "none"}, True, "none"),
        ({"correct": {"line_up": "none"}}, {"line_up": "2"}, False, "none"),
    ],
)
def test_training_says_whether_it_was_right_and_what_was_true(language, truth, given, correct, key):
    told, words = feedback(SimpleNamespace(truth=truth), given, language), texts(language)
    assert told["correct"] is correct
    assert (
        told["text"]
        == f"{words.get('feedback.correct' if correct else 'feedback.wrong')} {words.get(f'feedback.{key}')}"
    )


def test_a_line_up_names_the_voice():
    told = feedback(SimpleNamespace(truth={"correct": {"line_up": "3"}}), {"line_up": "1"}, "en")
    assert told == {"correct": False, "text": "That is not right. It was voice 3."}


def test_an_opinion_is_neither_right_nor_wrong():
    assert feedback(SimpleNamespace(truth={"system": "original"}), {"naturalness": "5"}, "en") is None
