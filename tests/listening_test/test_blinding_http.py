"""What an attacker learns who reads everything a browser receives over whole studies."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from tests.listening_test import rendered_study, taking

TRUTHS = (
    "system",
    "anchor",
    "truth",
    "correct",
    "expected",
    "gold",
    "attention",
    "rated",
    "stimulus",
    "mcadams",
    "lifted",
)
"""Words that tell, or that would tell what our data are called inside."""


class Eavesdropper:
    """Keeps every reply that a client gets: address, status, headers, body."""

    def __init__(self, client):
        self.replies = []
        client.event_hooks["response"].append(self.note)

    def note(self, reply):
        reply.read()
        self.replies.append(reply)

    def texts(self):
        """Everything readable, but for the sounds themselves and the page's own code."""
        for reply in self.replies:
            body = "" if reply.headers.get("content-type") == "audio/wav" else reply.text
            yield f"{reply.request.url}\n{dict(reply.headers)}\n{body}"


@pytest.fixture(scope="module")
def overheard(tmp_path_factory):
    """Two listeners take the whole study, in English and in German, one on the rung with feedback."""
    data = taking.changed(design={"rungs": ["unfamiliar", "system-trained"], "training_trials": 4})
    with taking.lab(tmp_path_factory.mktemp("overheard"), data) as lab:
        ear = Eavesdropper(lab.client)
        for language in ("en", "de"):
            lab.client.get(f"/study/{lab.info.link}?lang={language}")
            listener = lab.enrol(language=language)
            lab.client.get(listener.url())
            lab.client.get(listener.url("about"))
            pages = list(listener.pages())
            assert pages[-1]["end"]
        yield lab, ear


def test_there_is_much_to_hear(overheard):
    _, ear = overheard
    kinds = {reply.headers["content-type"].split(";")[0] for reply in ear.replies}
    assert kinds == {"text/html", "application/json", "audio/wav"}
    assert len(ear.replies) > 100


def test_no_system_clip_speaker_or_seed_is_named(overheard):
    lab, ear = overheard
    secret = {system.label for system in lab.info.study.systems} | {system.system for system in lab.info.study.systems}
    secret |= {clip.key for clip in lab.info.clips} | {clip.path.name for clip in lab.info.clips}
    secret |= {clip.sha256 for clip in lab.info.clips} | {clip.transcript for clip in lab.info.clips}
    secret |= {stimulus.sha256 for stimulus in lab.store.stimuli(lab.info.id)}
    secret |= {lab.info.digest, lab.info.preview_key, lab.info.simulation_key, lab.info.title}
    secret -= {"original"}  # a word of the page; that it marks nothing is tested below
    words = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(secret)))})(?![\w-])")
    assert {found for text in ear.texts() for found in words.findall(text)} == set()


def fields(value):
    """Every key and every value of some JSON."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def test_json_has_the_known_keys_and_no_other(overheard):
    _, ear = overheard
    known = {
        *("page", "block", "progress", "done", "of", "title", "text", "sounds", "label", "url", "slot", "questions"),
        *("key", "widget", "options", "value", "shortcut", "low", "high", "points", "required", "max_chars"),
        *("heard_share", "max_plays", "note", "end", "kind", "paragraphs", "code", "can_withdraw"),
        *("saved", "feedback", "next", "correct", "token", "resumed"),
    }
    seen = set()
    for reply in ear.replies:
        if reply.headers["content-type"] == "application/json" and not reply.request.url.path.endswith("about"):
            seen |= {key for key, _ in fields(reply.json())}
    assert seen == known


def test_words_that_tell_occur_in_no_page(overheard):
    """But for "correct" in the feedback of a training, which is there to tell."""
    _, ear = overheard
    for page in pages_of(ear):
        text = json.dumps(page).lower()
        assert [word for word in TRUTHS if word in text] == []


def pages_of(ear):
    for reply in ear.replies:
        if reply.headers["content-type"] == "application/json":
            body = reply.json()
            page = body.get("next") or (body if "questions" in body else None)
            if page and page["end"] is None:
                yield page


def shape(page):
    """A page without what is random about it: names of pages and sounds, and the count of pages."""
    text = json.dumps({**page, "page": len(page["page"]), "progress": None})
    return re.sub(r"sound/[\w-]+", lambda name: f"sound/{len(name.group())}", text)


def test_pages_of_a_task_look_alike_whatever_is_true_of_them(overheard):
    """Rated, attention and gold, every system, same or different: one shape for each question and its sounds."""
    lab, _ = overheard
    for listener in lab.store.table(lab.info.id):
        assert listener["origin"] == "participant"
    kinds, shapes = defaultdict(set), defaultdict(set)
    reference = {}
    for page in pages_of(overheard[1]):
        if page["block"] == "task":
            kind = (tuple(question["key"] for question in page["questions"]), len(page["sounds"]), page["title"])
            trial = reference.setdefault(page["page"], trial_of(lab, page["page"]))
            if not trial.text:  # the first page of a task introduces it
                kinds[kind].add(
                    (trial.kind, trial.truth["system"], trial.truth.get("same"), trial.truth.get("present"))
                )
                shapes[kind].add(shape(page))
    assert any(len(found) > 3 for found in kinds.values())
    assert {kind for found in kinds.values() for kind, *_ in found} >= {"rated", "attention"}
    assert {kind: len(found) for kind, found in shapes.items() if len(found) != 1} == {}


def trial_of(lab, page):
    for listener_id in (1, 2):
        trial = lab.store.trial(listener_id, page)
        if trial:
            return trial
    raise AssertionError("an unknown page")


def test_random_names_are_long_alike_in_length_and_never_used_twice(overheard):
    lab, _ = overheard
    trials = [trial for listener_id in (1, 2) for trial in lab.store.trials(listener_id)]
    handles = [sound.token for trial in trials for sound in trial.sounds]
    pages = [trial.page for trial in trials]
    for names in (handles, pages):
        assert len(set(names)) == len(names)
        assert len({len(name) for name in names}) == 1
    assert len(handles[0]) >= 22
    assert len(pages[0]) >= 16


def test_replies_with_sounds_differ_in_length_only_and_carry_no_fingerprint(overheard):
    _, ear = overheard
    sounds = [reply for reply in ear.replies if reply.headers["content-type"] == "audio/wav"]
    assert len(sounds) > 40
    headers = {
        tuple(sorted((name, value) for name, value in reply.headers.items() if name != "content-length"))
        for reply in sounds
    }
    assert len(headers) == 1
    (only,) = headers
    assert not {"etag", "last-modified", "content-disposition", "age", "server"} & {name for name, _ in only}


def test_sounds_asked_for_twice_have_the_same_name_for_one_listener_and_another_for_the_next(overheard):
    """A name must not be a function of what is heard."""
    lab, _ = overheard
    by_stimulus = defaultdict(set)
    for listener_id in (1, 2):
        for trial in lab.store.trials(listener_id):
            for sound in trial.sounds:
                by_stimulus[sound.stimulus_id].add((trial.id, sound.token))
    shared = [names for names in by_stimulus.values() if len(names) > 1]
    assert shared
    assert all(len({token for _, token in names}) == len(names) for names in shared)


def test_the_personal_link_is_in_no_other_listener_s_replies(overheard):
    _, ear = overheard
    tokens = [reply.json()["token"] for reply in ear.replies if reply.status_code == 201]
    for token in tokens:
        for reply in ear.replies:
            if token not in str(reply.request.url) and reply.status_code != 201:
                assert token not in reply.text


def test_the_database_holds_no_personal_link(overheard, tmp_path):
    lab, ear = overheard
    copy = lab.store.backup(tmp_path / "copy.db").read_bytes()
    tokens = [reply.json()["token"].encode() for reply in ear.replies if reply.status_code == 201]
    assert tokens
    assert [token for token in tokens if token in copy] == []


def test_refusals_are_alike_for_sounds_of_others_of_later_pages_and_of_nobody(tmp_path):
    with taking.lab(tmp_path) as lab:
        one, other = lab.enrol(), lab.enrol()
        one.go_to(lambda page: page["block"] == "task")
        other.go_to(lambda page: page["sounds"])
        theirs = [
            sound.token for trial in lab.store.trials(lab.store.listener(other.token).id) for sound in trial.sounds
        ]
        later = lab.store.trials(lab.store.listener(one.token).id)[-2:]
        names = [*theirs, *(sound.token for trial in later for sound in trial.sounds), "A" * 22]
        replies = [lab.client.get(one.url(f"sound/{name}")) for name in names]
        assert {(reply.status_code, reply.text, len(reply.headers)) for reply in replies} == {
            (404, replies[-1].text, len(replies[-1].headers))
        }


def test_an_answer_is_acknowledged_alike_whether_right_or_wrong(tmp_path):
    """Outside of training: nothing in the reply depends on the truth, not even in the headphone check."""
    with taking.lab(tmp_path) as lab:
        replies = []
        for value in ("1", "2", "3"):
            listener = lab.enrol()
            page = listener.go_to(lambda page: page["block"] == "headphones")
            reply = listener.answer(page, {"headphone_softest": value})
            replies.append((reply["saved"], reply["feedback"], shape(reply["next"])))
        assert len(set(replies)) == 1


def test_stimuli_are_not_served_by_number_or_key(overheard):
    lab, ear = overheard
    stimulus = lab.store.stimuli(lab.info.id)[0]
    token = next(reply.json()["token"] for reply in ear.replies if reply.status_code == 201)
    for name in (str(stimulus.id), stimulus.key, stimulus.sha256, rendered_study.clips()[0].key):
        assert lab.client.get(f"/take/{token}/sound/{name}").status_code == 404
