"""The gallery: what its file may say, how its sounds come about and are kept, and what a running app tells of it."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from starlette.testclient import TestClient

from anonymizers import registry
from anonymizers.runner import Job
from assets.showcase import make_voices
from audio.clip import Clip, decode
from audio.level import integrated_lufs
from tests.web import small_galleries
from tests.web.small_galleries import here, rendered, rendering, written
from web import routes_showcase, settings_link
from web.showcase import gallery_file, sounds, view
from web.showcase.gallery import GalleryError
from web.showcase.service import LOOK_AGAIN_S, Showcase


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small gallery with every sound made."""
    return rendered(written(tmp_path_factory.mktemp("gallery")), tmp_path_factory.mktemp("shelf"))


def samples(one: Any, row: int, column: str) -> Clip:
    data, rate = soundfile.read(one.shelf.path(one.sound(row, column).identity), dtype="float32")
    return Clip(data, rate)


# -- the file -------------------------------------------------------------------------------------------------------


def test_the_shipped_gallery_is_there_and_says_what_its_voices_are() -> None:
    gallery = gallery_file.load(gallery_file.DEFAULT)
    shipped = [key for key in registry.keys() if not registry.info(key).weights]  # the others are to be fetched first
    assert [column.system for column in gallery.columns] == shipped
    assert {row.utterance.licence for row in gallery.rows} == {"CC0-1.0"}
    assert all(row.utterance.style and not row.utterance.emotion for row in gallery.rows)  # nobody acted
    assert "synthetic" in gallery.definition.intro
    counts = {group: [row.group for row in gallery.rows].count(group) for group in {row.group for row in gallery.rows}}
    assert set(counts.values()) == {3}


def test_a_sound_says_which_system_it_takes() -> None:
    gallery = gallery_file.load(gallery_file.DEFAULT)
    systems = [cell.runs.key for cell in gallery.cells[len(gallery.rows) :]][: len(gallery.columns) - 1]
    assert systems == [column.system for column in gallery.columns[1:]]
    assert gallery.cells[0].runs == Job("original", {})


def test_the_shipped_voices_can_be_made_again() -> None:
    speaker = make_voices.SPEAKERS[1]
    made = make_voices.make(speaker, "lively")
    shipped = decode(make_voices.HERE / make_voices.row(speaker, "lively")["file"]).clip
    assert np.abs(made.samples - shipped.samples).max() < 1e-4
    assert "settings of the synthesiser" in (make_voices.HERE / "LICENSE.md").read_text()


def test_rows_come_group_by_group_and_the_original_first(tmp_path: Path) -> None:
    path = written(tmp_path, systems=["mcadams", {"system": "original", "title": "As recorded"}])
    gallery = gallery_file.load(path)
    assert [(row.group, row.path.stem) for row in gallery.rows] == [
        ("anger", "ann_1"),
        ("anger", "bob_1"),
        ("sadness", "ann_2"),
    ]
    assert [row.number for row in gallery.rows] == [1, 2, 3]
    assert [view.title(column) for column in gallery.columns] == ["As recorded", registry.info("mcadams").title]
    assert gallery_file.load(written(tmp_path, systems=["mcadams"])).columns[0].name == "original"


def test_groups_choose_and_order_and_per_group_keeps_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, groups=["sadness", "anger"], per_group=1)
    assert [row.path.stem for row in gallery_file.load(path).rows] == ["ann_2", "ann_1"]


def test_a_table_names_the_clips_and_semicolons_do(tmp_path: Path) -> None:
    written(tmp_path)
    with (tmp_path / "table.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([
            ["file", "Speaker", "emotion", "licence", "mine"],
            ["ann_1.wav", "ann", "anger", "with consent; for teaching", "x"],
        ])  # fmt: skip
    path = written(tmp_path, utterances=None, manifest="table.csv", licence=None)
    (row,) = gallery_file.load(path).rows
    assert (row.utterance.speaker, row.group, row.utterance.licence) == ("ann", "anger", "with consent; for teaching")


def test_the_same_system_twice_needs_two_names(tmp_path: Path) -> None:
    strong = {"system": "mcadams", "name": "strong", "title": "Strong", "params": {"alpha_min": 0.5, "alpha_max": 0.6}}
    gallery = gallery_file.load(written(tmp_path, systems=["mcadams", strong]))
    assert [column.name for column in gallery.columns] == ["original", "mcadams", "strong"]
    with pytest.raises(GalleryError, match=r"mcadams stands twice: add a name"):
        gallery_file.load(written(tmp_path, systems=["mcadams", {"system": "mcadams"}]))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": None}, r"title: this is needed, but it is missing"),
        ({"colour": "red"}, r"colour: there is no such key"),
        ({"systems": ["mcadam"]}, r"systems\[0\]: There is no system 'mcadam'"),
        ({"systems": [{"system": "mcadams", "params": {"alpha": 1}}]}, r"has no parameter 'alpha'"),
        ({"systems": []}, r"systems: .*1 item"),
        ({"seed": -1}, r"seed: .*greater than or equal to 0, but '-1' came"),
        ({"loudness_lufs": 0}, r"loudness_lufs: .*-16"),
        ({"manifest": "table.csv"}, r"give one of them"),
        ({"utterances": [{"file": "nowhere.wav"}]}, r"nowhere\.wav: a sound file was expected, but there is none"),
        ({"groups": ["joy"]}, r"clips whose emotion is joy were expected"),
        ({"licence": None}, r"ann_1\.wav: a licence was expected"),
        ({"level": "speaker", "utterances": [{"file": "ann_1.wav"}]}, r"a speaker was expected"),
        ({"utterances": None, "manifest": "none.csv"}, r"A table of clips was expected at .*none\.csv"),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GalleryError, match=sentence):
        gallery_file.load(written(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "[1, 2]", "title: [", "title: a\ntitle: b", "\x00", "a: !!python/object:os.x {}"])
def test_what_is_no_gallery_is_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "showcase.yaml"
    path.write_text(text)
    with pytest.raises(GalleryError, match=r"^showcase\.yaml"):
        gallery_file.load(path)


def test_a_gallery_too_large_to_make_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_file, "MAX_CELLS", 8)
    with pytest.raises(GalleryError, match="at most 8 sounds were expected, but 3 clips through 3 systems"):
        gallery_file.load(written(tmp_path))


# -- the sounds -----------------------------------------------------------------------------------------------------


def test_every_sound_is_at_one_level_and_as_long_as_its_original(done: Any) -> None:
    assert all(one.state == "ready" for one in done.sounds)
    assert len(done.sounds) == 9
    for one in done.sounds:
        row, column = one.cell.row.number, one.cell.column.name
        clip = samples(done, row, column)
        assert abs(integrated_lufs(clip) + 23 + one.facts["short_by_db"]) < 0.05
        assert len(clip.samples) == len(samples(done, row, "original").samples)
        assert len(one.facts["peaks"]) == sounds.PEAKS
        assert abs(max(one.facts["peaks"]) - np.abs(clip.samples).max()) < 0.006


def test_what_was_made_is_not_made_again_and_any_change_is_another_sound(tmp_path: Path, done: Any) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("made again")

    path = done.gallery.rows[0].path.parent / "showcase.yaml"
    again = rendering(path, done.shelf.folder, never)
    assert again.is_done
    assert list(again.run()) == []
    cell = done.sounds[4].cell
    before = sounds.identity(cell, done.made_with)
    changed = [
        sounds.identity(type(cell)(**{**vars(cell), **change}), done.made_with)
        for change in ({"seed": 2}, {"level": "speaker"}, {"loudness_lufs": -24.0}, {"row": done.gallery.rows[2]})
    ]
    changed.append(sounds.identity(cell, {**done.made_with, "voiceveil": "99"}))
    changed.append(sounds.identity(cell, {**done.made_with, "code_sha256": "other"}))
    assert len({before, *changed}) == 7
    assert sounds.identity(cell, {**done.made_with, "platform": "another"}) == before


def test_a_sound_that_cannot_be_made_says_why_and_the_others_come(tmp_path: Path) -> None:
    path = written(tmp_path, per_group=1)
    (tmp_path / "ann_2.wav").write_text("no sound at all")
    one = rendered(path, tmp_path / "shelf")
    assert {sound.cell.row.path.stem for sound in one.sounds if sound.state == "failed"} == {"ann_2"}
    page = view.page(one, lambda sound: sound.identity)
    cells = page["rows"][1]["cells"]
    assert all("A sound file was expected" in cell["problem"] and "url" not in cell for cell in cells)
    assert page["done"] == page["of"] == 6
    assert not page["busy"]
    assert [entry["error"] for entry in view.record(one, str)["sounds"] if "error" in entry]


def test_what_nobody_expected_costs_one_sound(tmp_path: Path) -> None:
    def breaks(function: Any, cell: Any, cancelled: Any = None) -> Any:
        if cell.column.name == "mcadams":
            raise RuntimeError("secret path /home/x")
        return function(cell)

    one = rendering(written(tmp_path, per_group=1), tmp_path / "shelf", breaks)
    assert len(list(one.run())) == 6
    problems = {sound.problem for sound in one.sounds if sound.state == "failed"}
    assert problems == {"This sound failed in a way nobody expected (RuntimeError): please report it."}


def test_stopped_it_ends_and_goes_on_from_there(tmp_path: Path) -> None:
    path = written(tmp_path)
    one = rendering(path, tmp_path / "shelf")
    for _, _ in zip(range(2), one.run(), strict=False):
        pass
    one.stop()
    assert list(one.run()) == []
    made = sum(sound.state == "ready" for sound in rendering(path, tmp_path / "shelf").sounds)
    assert 2 <= made < 9
    assert rendered(path, tmp_path / "shelf").is_done


def test_two_settings_of_a_system_differ_and_the_record_holds_both(tmp_path: Path) -> None:
    mild = {"system": "mcadams", "name": "mild", "seed": 9, "params": {"alpha_min": 0.95, "alpha_max": 0.95}}
    one = rendered(written(tmp_path, systems=["mcadams", mild], per_group=1), tmp_path / "shelf")
    usual, changed = samples(one, 1, "mcadams").samples, samples(one, 1, "mild").samples
    assert not np.array_equal(usual, changed)
    record = json.loads(json.dumps(view.record(one, lambda sound: sound.identity)))
    entries = {entry["column"]: entry for entry in record["sounds"] if entry["clip"] == 1}
    assert entries["mild"]["params"]["alpha_min"] == 0.95
    assert (entries["mild"]["seed"], entries["mcadams"]["seed"]) == (9, 1)
    assert entries["mild"]["pseudo_speaker"] != entries["mcadams"]["pseudo_speaker"]
    assert record["made_with"]["voiceveil"]
    assert record["clips"][0]["licence"] == "CC0-1.0"
    (column,) = [one for one in view.page(one, str)["columns"] if one["name"] == "mild"]
    assert "0.95" in column["settings"]
    assert "seed 9" in column["settings"]


# -- in a running app -----------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(tmp_path: Path, clock: Clock) -> Iterator[tuple[Showcase, threading.Event]]:
    """A showcase of three sounds whose making waits for the event."""
    go_on = threading.Event()

    def call(function: Any, *args: Any, cancelled: threading.Event) -> Any:
        while not go_on.wait(0.005) and not cancelled.is_set():
            pass
        return here(function, *args)

    written(tmp_path, groups=["sadness"])
    showcase = Showcase("", tmp_path, call, clock)
    yield showcase, go_on
    showcase.close()


@pytest.fixture
def client(held: tuple[Showcase, threading.Event]) -> TestClient:
    app = FastAPI()
    app.include_router(routes_showcase.router(held[0]))
    return TestClient(app)


def test_nothing_is_made_before_the_first_visit_and_parts_are_shown(held: Any, client: TestClient) -> None:
    showcase, go_on = held
    assert not (showcase.shelf.folder).exists()
    assert client.get("/api/showcase/sounds/" + "0" * 64 + ".wav").status_code == 404
    assert client.get("/api/showcase/showcase.zip").status_code == 503
    first = client.get("/api/showcase").json()
    assert (first["busy"], first["done"], first["of"]) == (True, 0, 3)
    go_on.set()
    showcase.wait()
    last = client.get("/api/showcase").json()
    assert (last["busy"], last["done"], last["id"]) == (False, 3, first["id"])
    cells = last["rows"][0]["cells"]
    answer = client.get(f"/{cells[1]['url']}")
    assert answer.headers["content-type"] == "audio/wav"
    assert "immutable" in answer.headers["cache-control"]
    assert soundfile.info(io.BytesIO(answer.content)).subtype == "PCM_16"
    assert client.get("/api/showcase/showcase.zip").content[:2] == b"PK"


@pytest.mark.parametrize("name", ["..%2f..%2fshowcase.yaml", "x", "0" * 64])
def test_only_sounds_of_the_gallery_are_handed_out(held: Any, client: TestClient, name: str) -> None:
    held[1].set()
    client.get("/api/showcase")
    held[0].wait()
    assert client.get(f"/api/showcase/sounds/{name}.wav").status_code == 404


def test_an_edited_gallery_is_read_again_and_what_it_lost_is_deleted(held: Any, clock: Clock, tmp_path: Path) -> None:
    showcase, go_on = held
    go_on.set()
    before = showcase.page(str)
    showcase.wait()
    assert showcase.archive() is not None
    written(tmp_path, groups=["sadness"], systems=["devoiced"], title="Other")
    assert showcase.page(str)["title"] == "Small"  # looked a moment ago
    clock.now_s += LOOK_AGAIN_S
    after = showcase.page(str)
    assert (after["title"], after["of"]) == ("Other", 2)
    assert after["id"] != before["id"]
    showcase.wait()
    assert len(list(showcase.shelf.folder.glob("*.wav"))) == 2
    assert not list(showcase.shelf.folder.glob("*.zip"))


def test_a_faulty_gallery_is_a_sentence_until_it_is_mended(held: Any, clock: Clock, tmp_path: Path) -> None:
    showcase, go_on = held
    go_on.set()
    (tmp_path / "showcase.yaml").write_text("title: Mine")
    assert "systems: this is needed" in showcase.page(str)["problem"]
    assert showcase.archive() is None
    clock.now_s += LOOK_AGAIN_S
    written(tmp_path, groups=["sadness"])
    assert showcase.page(str)["title"] == "Small"


def test_a_setting_comes_before_the_data_folder_and_that_before_the_shipped_one(tmp_path: Path) -> None:
    assert gallery_file.chosen("", tmp_path) == gallery_file.DEFAULT
    path = written(tmp_path)
    assert gallery_file.chosen("", tmp_path) == path
    assert gallery_file.chosen("other.yaml", tmp_path) == Path("other.yaml")


def test_closing_ends_what_is_being_made(held: Any) -> None:
    showcase, _ = held
    showcase.page(str)
    showcase.close()
    assert not any(thread.name == "showcase" and thread.is_alive() for thread in threading.enumerate())
    assert showcase.page(str)["busy"] is False


def test_the_link_to_compare_ticks_the_gallery_s_systems(done: Any) -> None:
    link = routes_showcase.compare_link(done.gallery)
    query = dict(re.findall(r"([\w.]+)=([^&]*)", link.partition("?")[2]))
    asked, faults = settings_link.from_query(query)
    assert faults == []
    assert asked is not None
    assert [job.key for job in asked.jobs] == small_galleries.SYSTEMS[1:]
    assert asked.seed == done.gallery.definition.seed
