"""What Compare says of a system's weights, who may accept a licence, and which boxes can be ticked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from anonymizers import licences, registry
from anonymizers.weights import WeightRef
from tests.anonymizers import fake_network, hub
from tests.anonymizers.fake_network import KEY, FakeNetwork
from web import readiness
from web.components.system_form import SystemForm


@pytest.fixture
def free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub.Hub]:
    with fake_network.published(tmp_path, monkeypatch) as server:
        yield server


@pytest.fixture
def not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub.Hub]:
    terms = {"licence": "CC BY-NC 4.0", "commercial": False}
    with fake_network.published(tmp_path, monkeypatch, **terms) as server:
        yield server


def form(**may: bool) -> SystemForm:
    with gr.Blocks(analytics_enabled=False):
        return SystemForm(**may)


def test_systems_without_weights_say_nothing() -> None:
    assert readiness.of("mcadams", strangers=True) == readiness.Readiness(True)


def test_what_downloads_says_size_and_licence(free: hub.Hub) -> None:
    ready = readiness.of(KEY, strangers=True)
    assert (ready.tickable, ready.to_accept) == (True, None)
    assert "Downloads 3.0 MB first, once:</strong> Fake Large (3.0 MB, MIT)." in ready.html


def test_what_is_here_can_be_ticked_by_everybody(free: hub.Hub, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    for strangers in (True, False):
        ready = readiness.of(KEY, strangers=strangers)
        assert ready.tickable
        assert "Weights:</strong> Fake Large (3.0 MB, MIT)." in ready.html


def test_a_part_that_has_come_is_told(free: hub.Hub, tmp_path: Path) -> None:
    fake_network.here(tmp_path / "store")
    path = tmp_path / "store" / "us" / "fake" / fake_network.FILE
    path.with_name(f"{path.name}.part").write_bytes(path.read_bytes()[:1_000_000])
    path.unlink()
    said = readiness.of(KEY, strangers=True).html
    assert "Downloads 2.0 MB first" in said
    assert "1.0 MB have come already" in said


def test_strangers_fetch_nothing_where_the_owner_does(free: hub.Hub) -> None:
    ready = readiness.of(KEY, strangers=False)
    assert not ready.tickable
    assert "The owner of this app has to fetch them first" in ready.html


def test_without_a_network_what_to_do_is_told(free: hub.Hub) -> None:
    ready = readiness.of(KEY, strangers=True, offline=True)
    assert not ready.tickable
    assert "put fake.safetensors into VOICEVEIL_MODELS/us/fake" in ready.html


def test_a_licence_is_named_with_what_it_forbids(not_free: hub.Hub) -> None:
    ready = readiness.of(KEY, strangers=True)
    assert not ready.tickable
    assert ready.to_accept == FakeNetwork.info.weights[0]
    for words in ("CC BY-NC 4.0", "forbids commercial use", "Fake Large", "everybody who uses this app", "3.0 MB"):
        assert words in ready.html
    assert readiness.of(KEY, strangers=False).to_accept is None


def test_the_button_accepts_it_at_once_and_only_where_it_may(not_free: hub.Hub) -> None:
    ref = FakeNetwork.info.weights[0]
    form(strangers=False).accepted(KEY)
    assert not licences.accepted(ref)
    page = form()
    problem, *states = page.accepted(KEY)
    assert problem == ""
    assert licences.accepted(ref)
    assert len(states) == len(page.states)
    at = page.states.index(page.inputs[page._fields.index((KEY, None))])
    assert states[at]["interactive"]
    assert page.accepted(KEY)[0] == ""  # again: nothing to accept


def test_a_store_that_cannot_be_written_is_a_sentence(not_free: hub.Hub, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    problem = form().accepted(KEY)[0]
    assert "cannot be written" in problem
    assert 'role="alert"' in problem


def test_a_licence_that_only_some_parameters_need_does_not_lock_the_box(
    free: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ref,) = FakeNetwork.info.weights
    extra = replace(ref, id="extra", title="Extra", licence="CPML", commercial=False)
    monkeypatch.setattr(FakeNetwork, "every_weight", (ref, extra), raising=False)
    ready = readiness.of(KEY, strangers=True)
    assert ready.tickable
    assert ready.to_accept == extra
    assert "For some of its parameters: CPML" in ready.html


@pytest.mark.parametrize("offline", [True, False])
def test_what_must_be_trained_cannot_be_ticked(free: hub.Hub, monkeypatch: pytest.MonkeyPatch, offline: bool) -> None:
    ours: WeightRef = replace(FakeNetwork.info.weights[0], source="here", recipe="fake --data DIR")
    monkeypatch.setattr(FakeNetwork, "info", replace(FakeNetwork.info, weights=(ours,)))
    ready = readiness.of(KEY, strangers=True, offline=offline)
    assert not ready.tickable
    assert "Needs training:</strong>" in ready.html
    assert "python -m training fake --data DIR" in ready.html


def test_every_system_can_be_described(free: hub.Hub) -> None:
    page = form()
    assert len(page.fresh()) == len(page.states)
    for key in registry.keys()[1:]:
        ready = readiness.of(key, strangers=True)
        assert ready.html.count("<p") == ready.html.count("</p>") == bool(ready.html)
