"""What somebody may try who has a study's link: other people's places, hostile texts, lost replies, leaving."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from listening_test.store_records import DiskFull
from tests.listening_test.taking import Lab, Listener, changed, enrolment, lab, rated, said

ID = "5f3c9e7b1d2a4c6e8f0a1b2c"
TEXTS = [
    "' OR 1=1; DROP TABLE participant; --",
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://evil.example\")",
    "{{ 7 * 7 }} %s %n {0.__class__}",
    "a\r\nSet-Cookie: admin=1",
    "\u202egnp.exe\u200b",
    "../../etc/passwd\0.wav",
    "\ud800 half a pair",
    "𝒱" * 50,
]  # fmt: skip


def files(made: Lab) -> bytes:
    """Every byte of the database, its log too."""
    database = Path(made.store._url.database)
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob("study.db*")))


@pytest.mark.parametrize("text", [text for text in TEXTS if "\ud800" not in text])
def test_a_platform_s_id_may_be_any_text_and_names_one_person(tmp_path, text: str):
    with lab(tmp_path) as made:
        agreed = enrolment(platform="prolific", platform_id=text)
        first, again = (made.client.post(f"/study/{made.info.link}/enrol", json=agreed).json() for _ in range(2))
        assert (first["resumed"], again["resumed"]) == (False, True)
        assert Listener(made, first["token"]).page() == Listener(made, again["token"]).page()
        assert made.store.counts(made.info.id).enrolled == 1
        assert made.store.studies()[0].name == "tiny"


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_comments_are_stored_as_text_and_a_lost_reply_does_no_harm(tmp_path, text: str):
    with lab(tmp_path, changed(tasks=[{"type": "mos", "trials_per_system": 1}], screening=SHORT)) as made:
        listener = made.enrol()
        page = listener.go_to(lambda one: one["block"] == "questionnaire")
        message = listener.message(page, {"place_of_listening": "home", "comment": text})
        sent = [
            made.client.post(listener.url("answer"), content=json.dumps(message), headers={"content-type": "x/y"})
            for _ in range(2)
        ]
        if {"\0", "\ud800"} & set(text):  # not every database could give it back
            said(sent[0], "answer_unreadable", 422)
            return
        assert [reply.status_code for reply in sent] == [200, 200], sent[1].text
        assert sent[0].json() == sent[1].json()
        (kept,) = [row["value"] for row in made.store.table(made.info.id) if row["question"] == "comment"]
        assert kept == text


SHORT = {"headphones": "off", "attention_checks": 0, "gold": 0}


@pytest.mark.parametrize("key", ["lang", "preview", "simulation", "PROLIFIC_PID", "participant", "STUDY_ID"])
@pytest.mark.parametrize("value", ["<img src=x onerror=alert(1)>", "%0d%0aSet-Cookie:%20a=b", "javascript:alert(1)//"])
def test_nothing_of_an_address_comes_back(tmp_path, key: str, value: str):
    with lab(tmp_path) as made:
        for path in (f"/study/{made.info.link}", f"/study/{made.info.link}/about", f"/study/{value}", f"/take/{value}"):
            reply = made.client.get(f"{path}?{key}={value}")
            assert reply.status_code in {200, 404}
            assert "alert(1)" not in reply.text
            assert "set-cookie" not in reply.headers
            assert "default-src 'self'" in reply.headers["content-security-policy"]


def test_a_platform_s_id_is_nowhere_in_clear_and_in_no_log(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    with lab(tmp_path) as made:
        private = made.store.make_payment_key()
        made.client.get(f"/study/{made.info.link}?PROLIFIC_PID={ID}")
        listener = made.enrol(platform="prolific", platform_id=ID)
        assert made.store.payments(made.info.id, private)[0].platform_id == ID
        monkeypatch.setattr(made.store, "enrol", _breaks)
        reply = made.client.post(f"/study/{made.info.link}/enrol", json=enrolment(platform="p", platform_id=ID))
        assert reply.status_code == 500
        monkeypatch.setattr(made.store, "save", _breaks)
        assert ID not in reply.text + json.dumps(made.store.table(made.info.id)) + json.dumps(listener.page())
        assert ID.encode() not in files(made)
        ours = [record for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))]
        logged = " ".join(record.getMessage() for record in ours)
        assert "failed with RuntimeError" in logged
        for secret in (ID, listener.token, made.info.link):
            assert secret not in logged


def _breaks(*_: Any, platform_id: str = "", **__: Any) -> None:
    raise RuntimeError(f"cannot enrol {platform_id}")


def test_forged_and_foreign_names_open_nothing(tmp_path):
    with lab(tmp_path) as made:
        mine, theirs = made.enrol(), made.enrol()
        page = theirs.page()
        told = made.store.listener(theirs.token)
        for forged in (theirs.token[:-1], theirs.token + "A", told.public_id, str(told.id), "..", "%2e%2e", "x" * 5000):
            for rest in ("", "/page", "/about", f"/sound/{page['page']}"):
                assert made.client.get(f"/take/{forged}{rest}").status_code == 404
            assert made.client.post(f"/take/{forged}/withdraw").status_code == 404
        said(mine.send(theirs.message(page)), "page_unknown", 404)
        assert made.store.trial(told.id, page["page"]).answers == {}
        assert made.store.counts(made.info.id).enrolled == 2


def test_a_listener_sees_the_same_page_however_often_and_wherever_it_is_opened(tmp_path):
    """Nothing is drawn anew for who reloads: names, order, sounds."""
    with lab(tmp_path) as made:
        listener = made.enrol(platform="p", platform_id=ID)
        page = listener.go_to(rated)
        elsewhere = made.enrol(platform="p", platform_id=ID)
        assert elsewhere.token != listener.token
        assert elsewhere.page() == page == listener.page()
        url = page["sounds"][0]["url"]
        one, other = (made.client.get(who.url(url)) for who in (listener, elsewhere))
        assert (one.content, one.headers) == (other.content, other.headers)


def test_an_answer_cannot_be_tried_out(tmp_path):
    """Neither a refused answer nor a second one says what is right, also where practice gives feedback."""
    with lab(tmp_path, changed(design={"rungs": ["system-trained"], "training_trials": 4})) as made:
        listener = made.enrol()
        for page in listener.pages():
            if page["block"] != "practice" or page["questions"][0]["key"] != "same_different":
                continue
            listener.hear(page)
            first = listener.send(listener.message(page, {"same_different": "3"})).json()
            assert first["feedback"] is not None
            refused = listener.send(listener.message(page, {"same_different": "-3"}))
            assert "feedback" not in said(refused, "already_answered", 409)
            break
        else:
            pytest.fail("nobody was trained")


def _taking(listener: Listener) -> None:
    listener.go_to(rated)


def _screened_out(listener: Listener) -> None:
    page = listener.page()
    end = listener.answer(page, {**listener.values(page), "fluency": "none"})["next"]["end"]
    assert end["kind"] == "screened_out"


def _finished(listener: Listener) -> None:
    assert list(listener.pages())[-1]["end"]["kind"] == "finished"


def _closed(listener: Listener) -> None:
    listener.lab.store.close_study(listener.lab.info.id)
    assert listener.page()["end"]["kind"] == "closed"


def _replaced(listener: Listener) -> None:
    made = listener.lab
    made.clock.now_s += 3600 * made.info.study.limits.abandoned_after_h + 1
    made.enrol()
    assert made.store.listener(listener.token).replaced


def _without_voices(listener: Listener) -> None:
    _closed(listener)
    made = listener.lab
    assert made.store.expire(made.clock.now_s + 86_400 * 91).voices


@pytest.mark.parametrize(
    "reach", [lambda _: None, _taking, _screened_out, _finished, _closed, _replaced, _without_voices]
)
def test_whoever_withdraws_is_gone_from_any_state(tmp_path, reach: Any):
    with lab(tmp_path) as made:
        listener = made.enrol(platform="prolific", platform_id=ID)
        name = made.store.listener(listener.token).public_id
        reach(listener)
        reply = made.client.post(listener.url("withdraw"))
        assert (reply.status_code, reply.json()["next"]["end"]["kind"]) == (200, "withdrawn")
        assert reply.json()["next"]["end"]["can_withdraw"] is False
        for path in ("page", "about", ""):
            assert made.client.get(listener.url(path)).status_code == 404
        assert made.client.post(listener.url("withdraw")).status_code == 404
        assert name not in json.dumps(made.store.table(made.info.id))
        assert name.encode() not in files(made)


def test_a_full_disk_loses_no_answer_and_the_page_stays(tmp_path, monkeypatch):
    """Whether the disk fills before the answer is stored, or after it, before the next page is shown."""
    with lab(tmp_path) as made:
        listener = made.enrol()
        page = listener.go_to(rated)
        listener.hear(page)
        message = listener.message(page)
        for step in ("save", "issue"):
            with monkeypatch.context() as patch:
                patch.setattr(made.store, step, _full)
                refused = listener.send(message)
                said(refused, "storage", 503)
                assert int(refused.headers["retry-after"]) >= 1
        saved = listener.send(message).json()
        assert saved["saved"] is True
        assert saved["next"]["page"] not in {"", page["page"]}
        assert made.truth(listener, page).answers == message["answers"]


def _full(*_: Any, **__: Any) -> None:
    raise DiskFull("The disk is full.")
