"""The owner's page of weights without a browser: its words, its buttons, and that strangers reach none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.testclient import TestClient

from anonymizers import kept_voices, licences, weights
from tests.anonymizers import fake_network, hub
from tests.anonymizers.fake_network import KEY
from web import weight_shelf
from web.pages import models_words as words
from web.pages.models import ModelsPage
from web.server import create_app
from web.settings import Settings

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, hub.Hub]]:
    """An app on a bare machine, and the server that has the weights."""
    folder = tmp_path_factory.mktemp("machine")
    terms = {"licence": "CC BY-NC 4.0", "commercial": False}
    with pytest.MonkeyPatch.context() as patch, fake_network.published(folder, patch, **terms) as server:
        app = create_app(Settings(data_dir=folder / "data", demo_study=False, workers=1, admin_password=PASSWORD))
        yield app, server
        app.state.services.close()


@pytest.fixture
def page(world: tuple[Any, hub.Hub]) -> ModelsPage:
    with gr.Blocks(analytics_enabled=False):
        return ModelsPage(world[0].state.services)


def press(page: ModelsPage, deed: Any) -> dict[Any, Any]:
    """What the page shows once a button was pressed for the fake weights, and what it began is over."""
    page._handler(deed)(KEY)
    if (work := page.work.seen(KEY)) is not None:
        assert work.over.wait(30)
    return page._shown(KEY)


def offered(shown: dict[Any, Any], page: ModelsPage) -> set[str]:
    buttons = {"accept": page.accept, "download": page.download, "stop": page.stop, "verify": page.verify}
    return {name for name, one in {**buttons, "delete": page.delete}.items() if shown[one]["visible"]}


def test_the_way_of_weights(page: ModelsPage, world: tuple[Any, hub.Hub]) -> None:
    shown = page._shown(KEY)
    assert offered(shown, page) == {"accept"}
    assert shown[page.accept]["value"] == "I accept CC BY-NC 4.0"
    refused = page._handler(page._download)(KEY)
    assert "CC BY-NC 4.0" in refused[page.said]
    assert offered(press(page, page._accept), page) == {"download"}
    assert licences.accepted(fake_network.FakeNetwork.info.weights[0])
    shown = press(page, page._download)
    assert offered(shown, page) == {"verify", "delete"}
    assert "All of it is here." in shown[page.progress]
    assert re.search(r"Accepted</dt><dd>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", shown[page.facts])
    assert "They take 3.0 MB of this disk" in shown[page.summary]
    shown = press(page, page._verify)
    assert words.CHECKED["fetched"] in shown[page.progress]
    done = page._handler(page._delete)(KEY)
    assert "Fake Large is deleted; 3.0 MB are free again." in done[page.said]
    assert offered(done, page) == {"download"}


def test_what_was_heard_of_target_speakers_is_told_and_forgotten(page: ModelsPage) -> None:
    assert not page._shown(None)[page.forget]["visible"]
    stamp = page._shown(None)[page.stamp]
    for name in kept_voices.FOLDERS:
        (weights.store() / name).mkdir(parents=True)
        (weights.store() / name / "a.npz").write_bytes(bytes(600_000))
    draft = weights.store() / kept_voices.FOLDERS[0] / "b.1.tmp"
    draft.write_bytes(b"somebody writes this now")
    shown = page._looked(None, stamp)
    assert "heard of target speakers takes 1.2 MB there" in shown[page.summary]
    assert shown[page.forget]["visible"]
    after = page._forget(None)
    assert "1.2 MB are free again." in after[page.said]
    assert not after[page.forget]["visible"]
    assert kept_voices.size_bytes() == 0
    assert draft.exists()


def test_what_has_not_changed_is_not_sent_again(page: ModelsPage) -> None:
    shown = page._shown(KEY)
    assert list(page._looked(KEY, shown[page.stamp])) == [page.stamp]
    assert page.table in page._looked(KEY, "before")


@pytest.mark.parametrize("chosen", [None, "no-such", 7, ["x"], "<img src=x>"])
def test_what_is_not_there_is_a_sentence(page: ModelsPage, chosen: Any) -> None:
    shown = page._handler(page._delete)(chosen)
    assert words.GONE in shown[page.said]
    assert not shown[page.panel]["visible"]


def test_every_weight_has_its_users_and_its_line(page: ModelsPage) -> None:
    listed = weight_shelf.shelf()
    assert len({one.ref.id for one in listed}) == len(listed)
    assert all(one.used_by for one in listed)
    table = page._shown(None)[page.table]
    assert table.count("<tr>") == len(listed) + 1
    for one in listed:
        assert page._shown(one.ref.id)[page.list] == one.ref.id


def test_a_publisher_s_cache_is_not_emptied(page: ModelsPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--us--fake" / "snapshots" / ("a" * 40)
    folder.mkdir(parents=True)
    (folder / fake_network.FILE).write_bytes(fake_network.data())
    shown = page._shown(KEY)
    assert "delete" not in offered(shown, page)
    assert "publisher&#x27;s own cache" in page._handler(page._delete)(KEY)[page.said]
    assert (folder / fake_network.FILE).exists()


def test_strangers_reach_nothing_of_it(world: tuple[Any, hub.Hub]) -> None:
    stranger = TestClient(world[0], follow_redirects=False)
    for path in ("/admin/models", "/admin/models/", "/admin/config", "/admin/gradio_api/info"):
        assert stranger.get(path).status_code == 401
    for name in ("predict", *map(str, range(60))):
        answer = stranger.post(f"/admin/gradio_api/run/{name}", json={"data": [KEY], "fn_index": 0})
        assert answer.status_code == 401
    public = stranger.get("/config").text
    assert "delete-now" not in public
    assert "Choose weights to fetch" not in public
