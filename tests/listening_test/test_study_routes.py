from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from fastapi.testclient import TestClient

from listening_test.http import shell
from listening_test.http.app import create
from listening_test.store import Store
from listening_test.store_records import DiskFull, StoreBusy
from listening_test.study import digest
from listening_test.texts import texts
from tests.listening_test import rendered_study, taking
from tests.listening_test.taking import enrolment

INJECTIONS = [
    "<script>alert(1)</script>",
    "'); DROP TABLE answer; --",
    '=HYPERLINK("http://example.org","x")',
    "{{ 7 * 7 }} ${7*7} %s {0} {page}",
    "naïve 音声 🎧 \u202e reversed",
]


@pytest.fixture
def lab(tmp_path):
    with taking.lab(tmp_path) as made:
        yield made


def said(reply, code, status, language="en", **values):
    """The reply is that refusal, in a sentence, and nothing of the program's inside."""
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), reply.text
    assert body["error"] == texts(language).format(f"errors.{code}", **values)
    assert "Traceback" not in reply.text
    return body


def rated(page):
    return page["block"] == "task"


@pytest.fixture(scope="module")
def rating(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rating")
    return taking.saved(folder, lambda page: rated(page) and page["questions"][0]["key"] == "overall_quality")


@pytest.fixture(scope="module")
def last_page(tmp_path_factory):
    return taking.saved(tmp_path_factory.mktemp("last"), lambda page: page["block"] == "questionnaire")


@pytest.fixture
def at(tmp_path, rating):
    """A listener, and a rated page with one choice, heard."""
    with taking.again(tmp_path, rating) as found:
        yield found


@pytest.fixture
def at_last(tmp_path, last_page):
    """A listener, and the page with the comment."""
    with taking.again(tmp_path, last_page) as found:
        yield found


class TestStudyPage:
    def test_landing_holds_the_study_s_facts_and_names_no_address(self, lab):
        reply = lab.client.get(f"/study/{lab.info.link}")
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert 'id="about"' in reply.text
        assert "Listening to voices" in reply.text
        assert "http://" not in reply.text.replace("http://www.w3.org", "")

    def test_replies_are_kept_nowhere_and_say_where_they_come_from_to_nobody(self, lab):
        for path in (
            f"/study/{lab.info.link}",
            f"/study/{lab.info.link}/about",
            "/study/unknown",
            "/take/unknown/page",
        ):
            headers = lab.client.get(path).headers
            assert headers["cache-control"] == "private, no-store"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]

    @pytest.mark.parametrize(
        ("query", "accept", "language"), [("?lang=de", "", "de"), ("", "de-AT,en;q=0.5", "de"), ("?lang=fr", "", "en")]
    )
    def test_language_is_the_asked_one_or_the_browser_s(self, lab, query, accept, language):
        about = lab.client.get(f"/study/{lab.info.link}/about{query}", headers={"accept-language": accept}).json()
        assert about["language"] == language
        assert about["title"] == {"en": "Listening to voices", "de": "Stimmen hören"}[language]
        assert about["ui"] == texts(language).section("page")

    def test_about_says_what_has_to_be_agreed_to(self, lab):
        about = lab.client.get(f"/study/{lab.info.link}/about").json()
        assert about["consent"]["version"] == "1"
        assert about["consent"]["paragraphs"] == [
            "You will hear short sounds and answer questions.",
            "Taking part is voluntary.",
        ]
        facts = " ".join(f"{fact['term']}: {fact['text']}" for fact in about["facts"])
        for part in ("About 4 minutes", "A word of thanks.", "bench@example.org", "changed by a computer", "hash"):
            assert part in facts
        assert [one["code"] for one in about["languages"]] == ["en", "de"]
        assert (about["preview"], about["simulation"], about["min_age"]) == (False, False, 18)

    def test_about_says_at_once_that_nobody_can_start_any_more(self, lab):
        about = f"/study/{lab.info.link}/about"
        assert lab.client.get(about).json()["refusal"] == ""
        lab.store.close_study(lab.info.id)
        assert lab.client.get(f"{about}?lang=de").json()["refusal"] == texts("de").get("errors.closed")

    def test_unknown_link_is_a_page_with_a_sentence(self, lab):
        reply = lab.client.get("/study/no-such-link?lang=de")
        assert reply.status_code == 404
        assert texts("de").get("errors.not_found") in reply.text
        assert '<html lang="de">' in reply.text

    def test_html_in_the_owner_s_texts_stays_text(self, tmp_path):
        data = taking.changed(public_title={"en": "</script><img src=x onerror=alert(1)>", "de": "x"})
        (tmp_path / "own").mkdir()
        with taking.lab(tmp_path / "own", data) as lab:
            text = lab.client.get(f"/study/{lab.info.link}").text
        assert "<img" not in text
        assert text.count("</script>") == text.count("<script")

    def test_keys_of_preview_and_simulation_are_known_or_refused(self, lab):
        about = f"/study/{lab.info.link}/about"
        assert lab.client.get(f"{about}?preview={lab.info.preview_key}").json()["preview"] is True
        assert lab.client.get(f"{about}?simulation={lab.info.simulation_key}").json()["simulation"] is True
        said(lab.client.get(f"{about}?preview=guessed"), "not_found", 404)
        said(lab.client.get(f"{about}?simulation=ä"), "not_found", 404)


class TestEnrol:
    def test_gives_a_personal_link_once(self, lab):
        first, second = lab.enrol(), lab.enrol()
        assert first.token != second.token
        assert len(first.token) >= 22
        listener = lab.store.listener(first.token)
        assert (listener.language, listener.consent_version, listener.origin) == ("en", "1", "participant")

    def test_the_same_person_of_a_platform_goes_on_and_takes_no_second_place(self, lab):
        who = {"platform": "prolific", "platform_id": "5f3e"}
        first = lab.enrol(**who)
        page = first.page()
        reply = lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment(**who))
        assert (reply.status_code, reply.json()["resumed"]) == (201, True)
        assert taking.Listener(lab, reply.json()["token"]).page()["page"] == page["page"]
        assert lab.store.counts(lab.info.id).enrolled == 1

    @pytest.mark.parametrize(
        ("changes", "code", "status"),
        [
            ({"language": "fr"}, "language_unknown", 422),
            ({"consent_version": ""}, "consent_missing", 422),
            ({"consent_version": "0"}, "consent_changed", 409),
            ({"age_ok": "yes"}, "bad_request", 422),
            ({"device": "iPhone 15"}, "bad_request", 422),
            ({"platform": "Robert'); --"}, "bad_request", 422),
            ({"platform_id": "x" * 201}, "bad_request", 422),
            ({"platform_id": 7}, "bad_request", 422),
            ({"admin": True}, "bad_request", 422),
            ({"preview": "guessed"}, "not_found", 404),
            ({"simulation": "guessed"}, "not_found", 404),
        ],
    )
    def test_refuses_in_a_sentence_and_enrols_nobody(self, lab, changes, code, status):
        said(lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment(**changes)), code, status)
        assert lab.store.counts(lab.info.id).enrolled == 0

    def test_refuses_minors_and_says_the_age_in_their_language(self, lab):
        reply = lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment(age_ok=False, language="de"))
        said(reply, "age_missing", 422, "de", min_age=18)

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 30_000, b'{"language": NaN}']
    )
    def test_refuses_what_is_no_message(self, lab, body):
        said(lab.client.post(f"/study/{lab.info.link}/enrol", content=body), "bad_request", 422)

    def test_refuses_when_every_place_is_taken(self, lab):
        for _ in range(lab.info.study.limits.listeners):
            lab.enrol()
        said(lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment()), "full", 409)

    def test_refuses_when_the_study_is_closed(self, lab):
        lab.store.close_study(lab.info.id)
        said(lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment(language="de")), "closed", 409, "de")

    def test_before_it_opens_only_its_owner_can_look(self, tmp_path):
        with taking.lab(tmp_path, taking._database(rendered_study.ready)) as lab:
            said(lab.client.post(f"/study/{lab.info.link}/enrol", json=enrolment()), "not_open", 409)
            owner = lab.enrol(preview=lab.info.preview_key)
            assert owner.page()["block"] == "about_you"
            assert lab.store.listener(owner.token).origin == "preview"
            lab.store.open_study(lab.info.id, digest(lab.info.study, lab.info.clips))
            assert lab.store.counts(lab.info.id).enrolled == 0


class TestTaking:
    def test_to_the_end(self, lab):
        listener = lab.enrol()
        pages = list(listener.pages())
        blocks = [page["block"] for page in pages]
        assert blocks[0] == "about_you"
        assert {"headphones", "level", "practice", "task", "break", "questionnaire", "end"} == set(blocks[1:])
        assert blocks.count("headphones") == 6
        done = [page["progress"]["done"] for page in pages]
        assert done == sorted(done)
        assert pages[-1]["progress"]["done"] == pages[-1]["progress"]["of"]
        end = pages[-1]["end"]
        assert (end["kind"], end["code"]) == ("finished", "DONE-1234")
        assert end["url"] == "https://crowd.example.org/back?cc=DONE-1234"
        assert {"Thank you for listening.", "The sounds were tones."} <= set(end["paragraphs"])
        assert lab.store.listener(listener.token).state == "finished"

    def test_in_german(self, lab):
        page = lab.enrol(language="de").page()
        assert page["title"] == texts("de").get("blocks.about_you.title")
        fluency = next(question for question in page["questions"] if question["key"] == "fluency")
        assert "Englisch" in fluency["text"]

    def test_a_reload_shows_the_same_page(self, at):
        listener, page = at
        before = listener.lab.truth(listener, page).issued_s
        listener.lab.clock.now_s += 100
        assert listener.page() == page
        assert listener.lab.truth(listener, page).issued_s == before

    def test_the_same_answer_again_is_saved_already(self, at):
        listener, page = at
        message = listener.message(page)
        first, again = listener.send(message), listener.send(message)
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json() == again.json()
        assert listener.lab.truth(listener, page).answers == message["answers"]

    def test_the_last_answer_again_is_saved_already(self, at_last):
        listener, last = at_last
        end = listener.answer(last)["next"]
        again = listener.send(listener.message(last))
        assert (again.status_code, again.json()["next"]["end"]) == (200, end["end"])

    def test_of_two_windows_at_once_one_is_heard_and_the_other_told_so(self, at):
        listener, page = at
        messages = [listener.message(page, {"overall_quality": value}) for value in "1234512345"]
        with ThreadPoolExecutor(len(messages)) as windows:
            replies = list(windows.map(listener.send, messages))
        (kept,) = listener.lab.truth(listener, page).answers.values()
        for message, reply in zip(messages, replies, strict=True):
            if message["answers"]["overall_quality"] == kept:
                assert reply.json()["saved"] is True
            else:
                said(reply, "already_answered", 409)
        assert len({json.dumps(reply.json()["next"]) for reply in replies}) == 1

    def test_another_answer_to_the_same_page_is_refused_and_the_first_stands(self, at):
        listener, page = at
        first, other = (page["questions"][0]["options"][i]["value"] for i in (0, 1))
        key = page["questions"][0]["key"]
        following = listener.answer(page, {key: first})["next"]
        body = said(listener.send(listener.message(page, {key: other})), "already_answered", 409)
        assert body["next"] == following
        assert listener.lab.truth(listener, page).answers == {key: first}

    def test_somebody_else_s_page_is_refused_and_nobody_disturbed(self, lab):
        one, other = lab.enrol(), lab.enrol()
        page = one.page()
        said(other.send(other.message(page)), "page_unknown", 404)
        assert lab.truth(one, page).answers == {}
        assert one.page() == page

    def test_a_page_that_was_not_shown_yet_is_refused(self, lab):
        listener = lab.enrol()
        page = listener.page()
        later = lab.store.trials(lab.store.listener(listener.token).id)[9]
        body = said(listener.send({**listener.message(page), "page": later.page}), "page_unknown", 409)
        assert body["next"] == page

    def test_the_first_page_has_to_be_shown_before_it_is_answered(self, lab):
        listener = lab.enrol()
        first = lab.store.trials(lab.store.listener(listener.token).id)[0]
        message = {"page": first.page, "answers": {}, "heard": [], "response_time_s": 1.0}
        said(listener.send(message), "page_unknown", 409)

    def test_forged_and_replayed_links_open_nothing(self, lab):
        listener = lab.enrol()
        page = listener.page()
        for token in ("x", listener.token[:-1], listener.token + "A", listener.token[::-1], "%00", "é", "a" * 3000):
            for reply in (
                lab.client.get(f"/take/{token}/page"),
                lab.client.get(f"/take/{token}/about"),
                lab.client.post(f"/take/{token}/answer", json=listener.message(page)),
                lab.client.post(f"/take/{token}/withdraw"),
            ):
                said(reply, "not_found", 404)
            assert lab.client.get(f"/take/{token}").status_code == 404
        assert listener.page() == page

    def test_closing_the_study_ends_the_page_and_keeps_what_was_said(self, at):
        listener, page = at
        lab = listener.lab
        lab.store.close_study(lab.info.id)
        body = said(listener.send(listener.message(page)), "closed", 409)
        assert body["next"]["end"]["kind"] == "closed"
        assert listener.page()["end"]["title"] == texts("en").get("ends.closed.title")

    def test_after_the_end_nothing_more_is_taken(self, at_last):
        listener, last = at_last
        end = listener.answer(last)["next"]
        other = {**listener.message(last), "answers": {"comment": "one more thing"}}
        assert said(listener.send(other), "already_answered", 409)["next"]["end"] == end["end"]


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


class TestScreening:
    def wrong(self, lab, listener, page):
        right = lab.truth(listener, page).truth["correct"]["headphone_softest"]
        return {"headphone_softest": "1" if right != "1" else "2"}

    def check(self, lab, listener, wrong_ones):
        """Take one attempt, answering the first pages of it wrongly; the page after it."""
        page = listener.page()
        for i in range(6):
            assert page["block"] == "headphones"
            page = listener.answer(page, self.wrong(lab, listener, page) if i < wrong_ones else None)["next"]
        return page

    def at_check(self, lab):
        listener = lab.enrol()
        return listener, listener.go_to(lambda page: page["block"] == "headphones")

    def test_who_passes_is_not_asked_again(self, lab):
        listener, _ = self.at_check(lab)
        assert self.check(lab, listener, 1)["block"] == "level"
        assert lab.store.listener(listener.token).state == "taking"

    def test_who_fails_has_a_second_try_and_is_told(self, lab):
        listener, _ = self.at_check(lab)
        page = self.check(lab, listener, 2)
        assert page["text"] == texts("en").paragraphs("blocks.headphones.again")
        assert self.check(lab, listener, 0)["block"] == "level"

    def test_who_fails_twice_is_screened_out_with_a_code_and_thanks(self, lab):
        listener, _ = self.at_check(lab)
        self.check(lab, listener, 6)
        end = self.check(lab, listener, 2)["end"]
        assert (end["kind"], end["code"]) == ("screened_out", "OUT-5678")
        assert end["url"] == "https://crowd.example.org/back?cc=OUT-5678"
        assert end["paragraphs"] == texts("en").paragraphs("ends.screened_out.headphones")
        assert listener.page()["end"] == end
        assert lab.store.listener(listener.token).screen_out_reason == "headphones"

    def test_a_study_that_only_records_goes_on(self, tmp_path):
        with taking.lab(tmp_path, taking.changed(screening={"headphones": "recorded", "headphone_attempts": 1})) as lab:
            listener, _ = self.at_check(lab)
            assert self.check(lab, listener, 6)["block"] == "level"

    @pytest.mark.parametrize(("value", "kind"), [("none", "screened_out"), ("some", "screened_out"), ("fluent", None)])
    def test_who_does_not_understand_the_language_is_thanked(self, lab, value, kind):
        listener = lab.enrol()
        following = listener.answer(listener.page(), {"hearing": "unsaid", "fluency": value})["next"]
        assert (following["end"] or {}).get("kind") == kind
        if kind:
            assert following["end"]["paragraphs"] == texts("en").paragraphs("ends.screened_out.fluency")
            assert lab.store.counts(lab.info.id).screened_out_for == {"fluency": 1}

    def test_an_address_without_a_code_is_not_given_to_the_screened_out(self, tmp_path):
        with taking.lab(tmp_path, taking.changed(completion_url="https://crowd.example.org/done")) as lab:
            listener = lab.enrol()
            end = listener.answer(listener.page(), {"hearing": "normal", "fluency": "none"})["next"]["end"]
            assert (end["code"], end["url"]) == ("OUT-5678", "")


class TestRungs:
    def test_training_says_what_was_true_and_nothing_else_does(self, tmp_path):
        with taking.lab(tmp_path, taking.changed(design={"rungs": ["system-trained"], "training_trials": 4})) as lab:
            listener = lab.enrol()
            told = {"practice": [], "other": []}
            page = listener.page()
            while page["end"] is None:
                reply = listener.answer(page)
                told["practice" if page["block"] == "practice" else "other"].append(reply["feedback"])
                page = reply["next"]
            assert any(told["practice"])
            assert not any(told["other"])
            assert all(set(one) == {"correct", "text"} for one in told["practice"] if one)

    def test_without_training_there_is_no_feedback(self, lab):
        listener = lab.enrol()
        page = listener.page()
        while page["end"] is None:
            reply = listener.answer(page)
            assert reply["feedback"] is None
            page = reply["next"]

    def test_familiar_listeners_get_to_know_the_voices_first(self, tmp_path):
        with taking.lab(tmp_path, taking.changed(design={"rungs": ["familiar"]})) as lab:
            page = lab.enrol().go_to(lambda page: page["block"] == "familiarise")
            assert len(page["sounds"]) == 2
            assert len({sound["label"] for sound in page["sounds"]}) == 2
            assert [one["key"] for one in page["questions"]] == ["ready"]


class TestSounds:
    def test_is_a_wav_that_no_cache_keeps(self, at):
        listener, url = at[0], at[0].url(at[1]["sounds"][0]["url"])
        reply = listener.lab.client.get(url)
        assert (reply.status_code, reply.content[:4]) == (200, b"RIFF")
        assert reply.headers["content-type"] == "audio/wav"
        assert reply.headers["cache-control"] == "private, no-store"
        assert not {"etag", "last-modified", "content-disposition"} & set(reply.headers)

    def test_ranges(self, at):
        listener, url = at[0], at[0].url(at[1]["sounds"][0]["url"])
        whole = listener.lab.client.get(url).content
        part = listener.lab.client.get(url, headers={"range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, whole[100:200])
        beyond = listener.lab.client.get(url, headers={"range": f"bytes={len(whole)}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")

    def test_of_another_listener_is_not_there(self, at):
        listener, url = at[0], at[0].url(at[1]["sounds"][0]["url"])
        other = listener.lab.enrol()
        other.page()
        said(listener.lab.client.get(other.url(f"sound/{url.rpartition('/')[2]}")), "sound_unknown", 404)

    def test_of_a_page_not_shown_yet_is_not_there(self, lab):
        listener = lab.enrol()
        listener.page()
        trials = lab.store.trials(lab.store.listener(listener.token).id)
        for trial in trials:
            for sound in trial.sounds:
                said(lab.client.get(listener.url(f"sound/{sound.token}")), "sound_unknown", 404)

    @pytest.mark.parametrize("handle", ["x", "%2e%2e", "1", "' OR 1=1 --", "%00"])
    def test_forged_is_not_there(self, at, handle):
        listener, _ = at
        assert listener.lab.client.get(listener.url(f"sound/{handle}")).status_code == 404

    def test_after_the_end_is_not_there(self, lab):
        listener = lab.enrol()
        heard = [sound["url"] for page in listener.pages() for sound in page["sounds"]]
        assert {lab.client.get(listener.url(url)).status_code for url in heard} == {404}


class TestWithdraw:
    def test_erases_and_says_so(self, at):
        listener, _ = at
        lab = listener.lab
        reply = lab.client.post(listener.url("withdraw"))
        assert reply.json()["next"]["end"]["kind"] == "withdrawn"
        assert reply.json()["next"]["end"]["can_withdraw"] is False
        said(lab.client.get(listener.url("page")), "not_found", 404)
        assert lab.store.table(lab.info.id) == []

    def test_after_the_end_too(self, at_last):
        listener, last = at_last
        end, lab = listener.answer(last)["next"], listener.lab
        assert end["end"]["can_withdraw"] is True
        assert lab.client.post(listener.url("withdraw")).status_code == 200
        assert lab.store.table(lab.info.id) == []

    def test_frees_the_place(self, lab):
        listeners = [lab.enrol() for _ in range(lab.info.study.limits.listeners)]
        place = lab.store.listener(listeners[2].token).place
        lab.client.post(listeners[2].url("withdraw"))
        assert lab.store.listener(lab.enrol().token).place == place


class TestTrouble:
    @pytest.mark.parametrize("error", [DiskFull("full"), StoreBusy("busy")])
    def test_a_database_that_cannot_save_is_a_sentence_and_the_page_can_be_sent_again(self, at, monkeypatch, error):
        listener, page = at

        def refuse(*_, **__):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(listener.lab.store, "save", refuse)
            reply = listener.send(listener.message(page))
            said(reply, "storage", 503)
            assert int(reply.headers["retry-after"]) > 0
        assert listener.send(listener.message(page)).status_code == 200

    def test_a_database_that_somebody_locks_is_a_sentence(self, lab, tmp_path, monkeypatch):
        listener = lab.enrol()
        page = listener.page()
        url = f"sqlite:///{tmp_path / 'study.db'}"
        holder = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
        with Store.open(url, busy_timeout_s=0.05) as impatient, closing(holder), monkeypatch.context() as patch:
            patch.setattr(lab.store, "save", impatient.save)
            holder.execute("BEGIN IMMEDIATE")
            said(listener.send(listener.message(page)), "storage", 503)
            holder.execute("ROLLBACK")
        assert listener.send(listener.message(page)).status_code == 200

    def test_a_fault_of_ours_is_a_sentence_without_a_traceback_and_logged_without_secrets(
        self, lab, monkeypatch, caplog
    ):
        listener = lab.enrol()

        def fail(*_):
            raise ZeroDivisionError(listener.token)

        monkeypatch.setattr(lab.store, "current", fail)
        reply = lab.client.get(listener.url("page"))
        said(reply, "server", 500)
        assert "ZeroDivisionError" in caplog.text
        assert listener.token not in caplog.text

    def test_one_listener_s_trouble_is_nobody_else_s(self, lab):
        one, other = lab.enrol(), lab.enrol()
        page = other.page()
        for body in (b"{", b"x" * 100_000, b'{"page": "' + page["page"].encode() + b'"}'):
            lab.client.post(one.url("answer"), content=body)
        assert other.page() == page
        assert other.answer(page)["saved"] is True


class TestCode:
    """The page's own code."""

    def test_is_kept_under_its_version_only(self, lab):
        name = next(iter(shell.assets()))
        versioned = lab.client.get(f"/study-ui/{shell.version()}/{name}")
        assert versioned.status_code == 200
        assert "immutable" in versioned.headers["cache-control"]
        assert lab.client.get(f"/study-ui/{name}").headers["cache-control"] == "no-cache"
        assert lab.client.get(f"/study-ui/0123456789abcdef/{name}").status_code == 404

    def test_is_smaller_on_the_way(self, lab):
        name = max(shell.assets(), key=lambda one: len(shell.assets()[one].data))
        plain = lab.client.get(f"/study-ui/{name}", headers={"accept-encoding": "identity"})
        zipped = lab.client.get(f"/study-ui/{name}", headers={"accept-encoding": "gzip"})
        assert zipped.content == plain.content
        assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"])

    @pytest.mark.parametrize("path", ["..%2froutes.py", "../routes.py", "%2e%2e/routes.py", "", "x.mjs", "/etc/passwd"])
    def test_nothing_else_is_sent(self, lab, path):
        reply = lab.client.get(f"/study-ui/{path}")
        assert reply.status_code == 404
        assert "import" not in reply.text


class TestAlone:
    """The routes as an app of their own."""

    @pytest.fixture
    def client(self, tmp_path):
        (tmp_path / "study.db").write_bytes(taking.database())
        with TestClient(create(f"sqlite:///{tmp_path / 'study.db'}")) as client:
            yield client

    def test_serves_the_study(self, client):
        (info,) = client.app.state.store.studies()
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get(f"/study/{info.link}").status_code == 200
        assert client.post(f"/study/{info.link}/enrol", json=enrolment()).status_code == 201

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/", 404), ("GET", "/docs", 404), ("GET", "/openapi.json", 404), ("PUT", "/study/x", 405)],
    )
    def test_says_in_a_sentence_what_is_not_there(self, client, method, path, status):
        reply = client.request(method, path)
        said(reply, "not_found", status)
        assert reply.headers["cache-control"] == "private, no-store"
