from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from listening_test.http import shell
from listening_test.http.app import create
from listening_test.study import digest
from listening_test.texts import texts
from tests.listening_test import rendered_study, taking
from tests.listening_test.taking import enrolment, said


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
