from __future__ import annotations

import pytest

from tests.listening_test import rendered_study, taking
from tests.listening_test.taking import said

INJECTIONS = [
    "<script>alert(1)</script>",
    "'); DROP TABLE answer; --",
    '=HYPERLINK("http://example.org","x")',
    "{{ 7 * 7 }} ${7*7} %s {0} {page}",
    "naïve 音声 🎧 \u202e reversed",
]


class TestAnswers:
    """What the browser checks is checked again."""

    @pytest.mark.parametrize("value", ["0", "6", "-1", "5.0", " 5", "five", "1e9", "٣", "\x00", *INJECTIONS])
    def test_a_rating_out_of_range_is_refused(self, at, value):
        listener, page = at
        said(listener.send(listener.message(page, {"overall_quality": value})), "answer_unknown", 422)
        assert listener.page() == page

    @pytest.mark.parametrize("values", [{}, {"overall_quality": ""}])
    def test_a_missing_answer_is_refused(self, at, values):
        listener, page = at
        said(listener.send(listener.message(page, values)), "answer_missing", 422)

    @pytest.mark.parametrize("extra", ["naturalness", "system", "__proto__", "'; --"])
    def test_a_question_of_another_page_is_refused(self, at, extra):
        listener, page = at
        said(listener.send(listener.message(page, {"overall_quality": "5", extra: "5"})), "questions_differ", 422)

    @pytest.mark.parametrize(
        "changes",
        [
            {"answers": {"overall_quality": 5}},
            {"answers": ["5"]},
            {"answers": None},
            {"heard": [{"plays": 1, "coverage": 1.5}]},
            {"heard": [{"plays": -1, "coverage": 1.0}]},
            {"heard": [{"plays": 1.5, "coverage": 1.0}]},
            {"heard": [{"coverage": 1.0}]},
            {"heard": "all"},
            {"response_time_s": -1.0},
            {"response_time_s": 1e12},
            {"response_time_s": "2"},
            {"page": ""},
            {"page": None},
            {"origin": "simulation"},
        ],
    )
    def test_a_message_of_another_form_is_refused(self, at, changes):
        listener, page = at
        said(listener.send({**listener.message(page), **changes}), "bad_request", 422)

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
    def test_a_number_that_is_none_is_refused(self, at, number):
        listener, page = at
        text = f'{{"page": "{page["page"]}", "answers": {{}}, "heard": [], "response_time_s": {number}}}'
        said(listener.lab.client.post(listener.url("answer"), content=text), "bad_request", 422)

    def test_half_a_character_is_refused(self, at):
        listener, _ = at
        text = '{"page": "\\ud800", "answers": {}, "heard": [], "response_time_s": 1.0}'
        said(listener.lab.client.post(listener.url("answer"), content=text), "bad_request", 422)

    @pytest.mark.parametrize("heard", [[], [{"plays": 1, "coverage": 1.0}] * 2])
    def test_every_sound_of_the_page_is_accounted_for(self, at, heard):
        listener, page = at
        said(listener.send(listener.message(page, heard=heard)), "questions_differ", 422)

    def test_a_sound_not_heard_to_its_end_is_refused(self, at):
        listener, page = at
        said(listener.send(listener.message(page, heard=[{"plays": 3, "coverage": 0.97}])), "not_heard", 422)
        assert listener.send(listener.message(page, heard=[{"plays": 3, "coverage": 0.98}])).status_code == 200

    def test_a_sound_never_fetched_is_refused(self, at):
        listener, page = at
        page, lab = listener.answer(page)["next"], listener.lab
        assert page["sounds"]
        lab.clock.now_s += 60
        said(listener.send(listener.message(page)), "not_heard", 422)

    def test_an_answer_before_the_sounds_can_have_ended_is_refused(self, tmp_path):
        with taking.lab(tmp_path) as lab:
            listener = lab.enrol()
            page = listener.go_to(lambda page: page["sounds"] and page["sounds"][0]["slot"] == "target")
            for sound in page["sounds"]:
                lab.client.get(listener.url(sound["url"]))
            lab.clock.now_s += 0.98 * rendered_study.SOUND_S * len(page["sounds"]) - 0.51
            said(listener.send(listener.message(page)), "too_fast", 422)
            lab.clock.now_s += 0.02
            assert listener.send(listener.message(page)).status_code == 200

    def test_a_sound_of_the_headphone_check_is_played_once(self, lab):
        listener = lab.enrol()
        page = listener.go_to(lambda page: page["block"] == "headphones")
        assert page["max_plays"] == 1
        listener.hear(page)
        said(listener.send(listener.message(page, heard=[{"plays": 2, "coverage": 1.0}])), "plays_exceeded", 422)

    def test_a_line_up_offers_its_own_voices_only(self, lab):
        listener = lab.enrol()
        page = listener.go_to(lambda page: page["questions"][0]["key"] == "line_up")
        voices = [sound["slot"] for sound in page["sounds"]].count("candidate")
        assert [one["value"] for one in page["questions"][0]["options"]] == [*map(str, range(1, voices + 1)), "none"]
        listener.hear(page)
        said(listener.send(listener.message(page, {"line_up": str(voices + 1)})), "answer_unknown", 422)

    @pytest.mark.parametrize("text", INJECTIONS)
    def test_a_comment_is_kept_as_it_was_written(self, at_last, text):
        listener, page = at_last
        listener.answer(page, {"place_of_listening": "home", "comment": text})
        kept = listener.lab.truth(listener, page).answers
        assert kept == {"place_of_listening": "home", "comment": text}
        assert len(listener.lab.store.studies()) == 1

    @pytest.mark.parametrize(
        ("text", "code"),
        [("x" * 201, "answer_too_long"), ("a\x00b", "answer_unreadable"), ("\x1b[2J", "answer_unreadable")],
    )
    def test_a_comment_that_cannot_be_kept_is_refused(self, at_last, text, code):
        listener, page = at_last
        reply = listener.send(listener.message(page, {"place_of_listening": "home", "comment": text}))
        said(reply, code, 422, max_chars=200)
        assert listener.page() == page

    def test_a_megabyte_of_comment_is_refused_and_the_page_stays(self, lab):
        listener = lab.enrol()
        page = listener.page()
        said(listener.send(listener.message(page, {"comment": "x" * 1_000_000})), "too_large", 413)
        assert listener.page() == page

    def test_refusals_are_in_the_listener_s_language(self, lab):
        listener = lab.enrol(language="de")
        page = listener.page()
        said(listener.send(listener.message(page, {})), "answer_missing", 422, "de")
