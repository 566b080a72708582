"""Studies in the database: versions, states, sounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening_test.store import NotFound, Store, WrongState
from listening_test.study import digest
from listening_test.trial import Sound
from tests.listening_test import store_study as small


def test_a_study_comes_back_as_it_was(store):
    wanted = small.study(systems=["original", {"system": "mcadams", "label": "m/1", "params": {"low": 0.5, "n": [1]}}])
    info = store.add_study(wanted, "title: Ä <b>\n", Path("ö/x"))
    assert (info.name, info.version, info.state, info.title) == ("small", 1, "draft", "A small study")
    assert (info.study, info.yaml, info.folder) == (wanted, "title: Ä <b>\n", Path("ö/x"))
    assert (info.clips, info.digest, info.opened_s, info.closed_s) == ((), "", None, None)
    store.set_clips(info.id, small.CLIPS)
    again = store.study(info.id)
    assert again.clips == small.CLIPS
    assert digest(again.study, again.clips) == digest(wanted, small.CLIPS)
    assert store.studies() == [again]
    assert store.study_by_link(info.link) == again
    assert len({info.link, info.preview_key, info.simulation_key}) == 3


def test_the_same_name_is_a_new_version_with_a_link_of_its_own(store):
    first, second = (store.add_study(small.study(), "", Path()) for _ in range(2))
    other = store.add_study(small.study("another"), "", Path())
    assert [(info.name, info.version) for info in store.studies()] == [("another", 1), ("small", 1), ("small", 2)]
    assert first.link != second.link
    assert store.find("small") == second
    assert store.find("small", 1) == first
    assert store.find("small", 3) is None
    assert store.find("another") == other


@pytest.mark.parametrize("name", ["", "no such", "x\0y", "\ud800", "' OR 1=1 --", "ä" * 100_000])
def test_what_is_not_there_is_not_found(store, name):
    small.ready(store)
    assert store.find(name) is None
    assert store.study_by_link(name) is None
    assert store.listener(name) is None
    assert store.handle(1, name) is None
    assert store.trial(1, name) is None
    store.fetched(name)


def test_numbers_that_are_not_there_are_sentences(store):
    for call in (store.study, store.audio, store.delete_study, store.close_study, store.issue, store.withdraw):
        with pytest.raises(NotFound, match="no longer"):
            call(7)
    with pytest.raises(NotFound):
        store.save(7, {"a": "b"})
    assert store.trials(7) == []
    assert store.current(7) is None
    assert store.progress(7) == (0, 0)


def test_sounds_are_stored_once_and_replaced_by_better_ones(store):
    info = store.add_study(small.study(), "", Path())
    key = small.SOUNDS[0].key
    first = store.put_stimulus(info.id, key, b"RIFF one", {"duration_s": 1.0, "peak_dbfs": -3.5})
    assert store.put_stimulus(info.id, key, b"RIFF one", {"duration_s": 1.0}) == first
    (stimulus,) = store.stimuli(info.id)
    assert (stimulus.key, stimulus.facts, stimulus.size_bytes) == (key, {"duration_s": 1.0, "peak_dbfs": -3.5}, 8)
    assert store.put_stimulus(info.id, key, b"RIFF other", {"duration_s": 2.0}) == first
    assert store.audio(first) == b"RIFF other"
    (stimulus,) = store.stimuli(info.id)
    assert (stimulus.facts, stimulus.size_bytes) == ({"duration_s": 2.0}, 10)


def test_two_studies_have_their_own_sounds(store):
    ids = [store.add_study(small.study(), "", Path()).id for _ in range(2)]
    one, other = (store.put_stimulus(study_id, "k", b"%d" % study_id, {}) for study_id in ids)
    assert (store.audio(one), store.audio(other)) == tuple(b"%d" % study_id for study_id in ids)


def test_an_open_study_is_frozen(store):
    info = small.opened(store)
    assert (info.state, info.digest) == ("open", digest(info.study, info.clips))
    assert info.opened_s is not None
    before = store.studies(), store.stimuli(info.id)
    for change in (
        lambda: store.update_study(info.id, small.study(), "", Path()),
        lambda: store.set_clips(info.id, []),
        lambda: store.put_stimulus(info.id, small.SOUNDS[0].key, b"another", {}),
        lambda: store.put_stimulus(info.id, "new", b"new", {}),
        lambda: store.set_state(info.id, "ready"),
        lambda: store.open_study(info.id, info.digest),
    ):
        with pytest.raises(WrongState, match="small is open: only a study that is"):
            change()
    store.put_stimulus(info.id, small.SOUNDS[0].key, small.wav(small.SOUNDS[0]), {})
    assert (store.studies(), store.stimuli(info.id)) == before


def test_only_what_is_ready_opens_and_only_as_it_was_seen(store):
    info = store.add_study(small.study(), "", Path())
    with pytest.raises(WrongState, match="is draft"):
        store.open_study(info.id, digest(info.study, info.clips))
    store.set_state(info.id, "ready")
    with pytest.raises(WrongState, match="has changed since"):
        store.open_study(info.id, digest(info.study, small.CLIPS))
    assert store.study(info.id).state == "ready"
    for state in ("open", "closed"):
        with pytest.raises(WrongState, match="open_study or close_study"):
            store.set_state(info.id, state)


def test_a_closed_study_opens_again_only_if_nobody_took_part(store):
    info = small.opened(store)
    with pytest.raises(WrongState, match="is open"):
        store.set_state(info.id, "draft")
    assert store.close_study(info.id).closed_s is not None
    with pytest.raises(WrongState, match="is closed"):
        store.close_study(info.id)
    info = store.open_study(info.id, info.digest)
    assert (info.state, info.closed_s) == ("open", None)
    small.enrol(store, info.id)
    store.close_study(info.id)
    with pytest.raises(WrongState, match="new version"):
        store.open_study(info.id, info.digest)


def test_a_change_makes_a_draft_without_sounds_and_without_those_who_tried_it(store):
    info = small.ready(store)
    tried = small.enrol(store, info.id, "preview")
    changed = store.update_study(info.id, small.study(masked=False), "new", Path("elsewhere"))
    assert (changed.id, changed.version, changed.link) == (info.id, 1, info.link)
    assert (changed.state, changed.clips, changed.yaml, changed.study.masked) == ("draft", (), "new", False)
    assert store.stimuli(info.id) == []
    assert store.listener(tried.token) is None
    with pytest.raises(WrongState, match="called small, not other"):
        store.update_study(info.id, small.study("other"), "", Path())


def test_deleting_leaves_the_other_study_alone(store):
    gone, kept = small.opened(store), small.opened(store)
    for info in (gone, kept):
        listener = small.enrol(store, info.id).listener
        small.answer_all(store, listener.id)
    table = store.table(kept.id)
    store.delete_study(gone.id)
    assert [info.id for info in store.studies()] == [kept.id]
    assert store.stimuli(gone.id) == store.events(gone.id) == []
    assert store.table(kept.id) == table
    with store._read() as db:
        rows = {name: db.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in COUNTED}
    sounds = len(small.SOUNDS) + 1
    assert rows == {"study": 1, "participant": 1, "trial": 4, "handle": 7, "answer": 7, "stimulus": sounds} | {
        "stimulus_audio": sounds,
        "access": 1,
    }


COUNTED = ("study", "participant", "trial", "handle", "answer", "stimulus", "stimulus_audio", "access")


def test_events_are_in_order_and_hold_no_ids(store_url):
    ticks = iter(range(1000))
    with Store.open(store_url, clock=lambda: float(next(ticks))) as store:
        info = small.opened(store)
        enrolled = small.enrol(store, info.id, platform="prolific", platform_id="5f1e2d3c")
        store.withdraw(enrolled.listener.id)
        store.event(info.id, "exported", "csv")
        store.close_study(info.id)
        events = store.events(info.id)
    assert [event.kind for event in events] == ["created", "opened", "enrolled", "withdrawn", "exported", "closed"]
    assert [event.at_s for event in events] == sorted(event.at_s for event in events)
    assert "5f1e2d3c" not in repr(events)
    assert enrolled.listener.public_id not in repr(events)


def test_a_sound_s_key_with_slashes_in_clip_and_system_is_understood(store):
    systems = ["original", {"system": "mcadams", "label": "a/b"}, {"system": "mcadams", "label": "b"}]
    info = store.add_study(small.study(systems=systems), "", Path())
    clips = [small.CLIPS[0].model_copy(update={"key": key, "speaker": key}) for key in ("x", "x/a", "y")]
    store.set_clips(info.id, clips)
    sounds = [Sound("speech", "x", "a/b"), Sound("speech", "y", "b", "speaker"), Sound("speech", "y", "original")]
    for sound in sounds:
        store.put_stimulus(info.id, sound.key, b"RIFF", {"duration_s": 1.0})
    store.set_state(info.id, "ready")
    trial = small.rated(0)
    page = type(trial)("task", "rated", "mos", tuple(sounds), ("sample",) * 3, ("overall_quality",), {"system": "b"})
    enrolled = store.enrol(
        info.id, origin="preview", language="en", consent_version="1", plan=lambda place: ("unfamiliar", [page])
    )
    small.answer_all(store, enrolled.listener.id)
    (row,) = store.table(info.id, ["preview"])
    found = [(sound["speaker"], sound["system"], sound["level"]) for sound in row["sounds"]]
    assert found == [("x", "a/b", "utterance"), ("y", "b", "speaker"), ("y", "original", "utterance")]
