from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from listening_test.store import Store
from listening_test.store_records import DiskFull, StoreBusy
from listening_test.texts import texts
from tests.listening_test import taking
from tests.listening_test.taking import said


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
