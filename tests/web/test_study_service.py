"""Studies made, rendered, opened, closed and deleted, as the owner's page does it, without a browser."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from listening_test.store import StoreError, WrongState
from listening_test.study import StudyError
from tests.web.owned_studies import SMALL, Tones, finish
from web.study_service import EXAMPLES, StudyService, slug


def voices(folder: Path) -> Path:
    """A ZIP of the examples' voices, as an owner would upload it."""
    path = folder / "voices.zip"
    with zipfile.ZipFile(path, "w") as out:
        for file in sorted((EXAMPLES / "voices").iterdir()):
            out.write(file, file.name)
    return path


def rendered(studies: StudyService, text: str = SMALL) -> int:
    study_id = studies.save(text).id
    studies.render(study_id)
    assert finish(studies, study_id).state == "done"
    return study_id


def test_every_example_is_a_study(studies: StudyService) -> None:
    examples = studies.examples()
    assert {"demo", "mos", "reidentification", "emotion", "full"} <= set(examples)
    for name, text in examples.items():
        assert studies.save(text).name == name


def test_from_a_file_to_answers_and_away(studies: StudyService, tones: Tones) -> None:
    study_id = studies.save(SMALL).id
    assert [one for one in studies.check(study_id) if one.severity == "error"] == []
    studies.render(study_id)
    progress = finish(studies, study_id)
    assert (progress.state, progress.done) == ("done", progress.of)
    assert progress.of > 10
    assert studies.store.study(study_id).state == "ready"
    assert studies.open(study_id)  # the payment key, shown once
    assert studies.store.study(study_id).state == "open"
    assert studies.store.study(study_id).digest
    assert studies.close(study_id).state == "closed"
    with pytest.raises(StudyError, match="type its name: small"):
        studies.delete(study_id, "smal")
    studies.delete(study_id, " small ")
    assert studies.store.studies() == []


def test_the_payment_key_is_shown_once(studies: StudyService, tones: Tones) -> None:
    assert studies.open(rendered(studies))
    assert studies.open(rendered(studies, SMALL.replace("name: small", "name: other"))) == ""


def test_saving_changes_a_draft_and_versions_what_was_opened(studies: StudyService, tones: Tones) -> None:
    first = studies.save(SMALL)
    changed = studies.save(SMALL.replace("A small study", "Another title"))
    assert (changed.id, changed.version, changed.title) == (first.id, 1, "Another title")
    studies.render(first.id)
    finish(studies, first.id)
    studies.open(first.id)
    second = studies.save(SMALL)
    assert (second.version, second.state) == (2, "draft")
    assert studies.store.study(first.id).title == "Another title"
    with pytest.raises(StudyError, match="frozen"):
        studies.render(first.id)


def test_uploaded_voices_go_where_the_file_says_and_stay(studies: StudyService, tmp_path: Path) -> None:
    info = studies.save(SMALL, [voices(tmp_path)])
    assert info.folder.is_relative_to(tmp_path / "data" / "studies")
    assert (info.folder / "voices" / "manifest.csv").is_file()
    assert [one for one in studies.check(info.id) if one.severity == "error"] == []
    again = studies.save(SMALL.replace("A small study", "Another title"))
    assert again.folder == info.folder
    studies.delete(info.id, "small")
    assert not info.folder.exists()


def test_uploaded_voices_in_a_folder_need_no_manifest(studies: StudyService, tmp_path: Path) -> None:
    files = [path for path in sorted((EXAMPLES / "voices").iterdir()) if path.suffix == ".flac"][:4]
    info = studies.save(SMALL.replace("{manifest: voices/manifest.csv}", "{folder: mine}"), files)
    assert sorted(path.name for path in (info.folder / "mine").iterdir()) == sorted(path.name for path in files)


REFUSED = {
    "{manifest: /etc/manifest.csv}": "data folder were expected",
    "{folder: ../../../../etc}": "data folder were expected",
    "{folder: /}": "data folder were expected",
}


@pytest.mark.parametrize("where", REFUSED)
def test_voices_elsewhere_on_the_server_are_refused(studies: StudyService, where: str) -> None:
    with pytest.raises(StudyError, match=REFUSED[where]):
        studies.save(SMALL.replace("{manifest: voices/manifest.csv}", where))
    assert studies.store.studies() == []


@pytest.mark.parametrize("where", ["{manifest: /tmp/manifest.csv}", "{folder: ../x}", "{manifest: manifest.csv}"])
def test_uploads_go_nowhere_else(studies: StudyService, tmp_path: Path, where: str) -> None:
    with pytest.raises(StudyError, match="a folder of their own was expected"):
        studies.save(SMALL.replace("{manifest: voices/manifest.csv}", where), [voices(tmp_path)])
    assert not (tmp_path / "data" / "studies").exists()


def test_an_upload_without_the_manifest_is_refused_and_leaves_nothing(studies: StudyService, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"manifest.csv was expected among the uploaded files"):
        studies.save(SMALL, [next((EXAMPLES / "voices").glob("*.flac"))])
    assert list((tmp_path / "data" / "studies").iterdir()) == []


@pytest.mark.parametrize("text", ["", "hello", "name: x\nname: y", "a: [", "\x00", "x" * 1_000_000])
def test_what_is_no_study_is_a_sentence(studies: StudyService, text: str) -> None:
    with pytest.raises(StudyError, match=r"expected|stands twice"):
        studies.save(text)
    assert studies.store.studies() == []


def test_an_unknown_system_is_found_by_check(studies: StudyService) -> None:
    study_id = studies.save(SMALL.replace("mcadams", "macadams")).id
    assert any(one.severity == "error" and "macadams" in one.sentence for one in studies.check(study_id))


def test_a_study_that_is_not_feasible_is_not_rendered(studies: StudyService, tones: Tones) -> None:
    study_id = studies.save(SMALL.replace("low-anchor, ", "")).id
    studies.render(study_id)
    progress = finish(studies, study_id)
    assert progress.state == "failed"
    assert "low" in progress.problem
    assert studies.store.study(study_id).state == "draft"
    with pytest.raises(WrongState):
        studies.open(study_id)


def test_stop_keeps_what_is_there_and_the_next_start_goes_on(studies: StudyService, tones: Tones) -> None:
    study_id = studies.save(SMALL).id
    tones.go_on.clear()
    studies.render(study_id)
    assert tones.first.wait(30)
    assert studies.store.study(study_id).state == "rendering"
    with pytest.raises(StudyError, match="is being rendered"):
        studies.save(SMALL)
    studies.renders.stop(study_id, wait=True)
    assert studies.renders.progress(study_id).state == "stopped"
    assert studies.store.study(study_id).state == "draft"
    assert len(studies.store.stimuli(study_id)) == 1
    tones.go_on.set()
    studies.render(study_id)
    assert finish(studies, study_id).state == "done"
    assert len(tones.rendered) == len(set(tones.rendered)) == len(studies.store.stimuli(study_id))


def test_pressing_render_twice_renders_once(studies: StudyService, tones: Tones) -> None:
    study_id = studies.save(SMALL).id
    tones.go_on.clear()
    studies.render(study_id)
    studies.render(study_id)
    tones.go_on.set()
    finish(studies, study_id)
    assert len(tones.rendered) == len(set(tones.rendered))


@pytest.mark.parametrize("fault", [StudyError("One clip is silent."), StoreError("No room."), ZeroDivisionError("odd")])
def test_a_fault_on_the_way_is_told(studies: StudyService, tones: Tones, fault: Exception) -> None:
    study_id = studies.save(SMALL).id
    tones.fault = fault
    studies.render(study_id)
    progress = finish(studies, study_id)
    assert progress.state == "failed"
    assert str(fault) in progress.problem
    assert studies.store.study(study_id).state == "draft"


def test_other_voices_replace_what_was_rendered(studies: StudyService, tones: Tones, tmp_path: Path) -> None:
    info = studies.save(SMALL, [voices(tmp_path)])
    studies.render(info.id)
    finish(studies, info.id)
    before = {stimulus.id for stimulus in studies.store.stimuli(info.id)}
    manifest = info.folder / "voices" / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("CC0", "CC-0"))
    studies.store.set_state(info.id, "draft")
    studies.render(info.id)
    assert finish(studies, info.id).state == "done"
    assert not before & {stimulus.id for stimulus in studies.store.stimuli(info.id)}


@pytest.mark.parametrize(
    ("title", "name"),
    [("How do voices sound?", "how-do-voices-sound"), ("Ü", "my-study"), ("", "my-study"), ("a" * 90, "a" * 60)],
)
def test_a_title_becomes_a_name(title: str, name: str) -> None:
    assert slug(title) == name
