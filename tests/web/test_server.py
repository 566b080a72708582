"""The whole app in process: nothing below /admin answers a stranger, and everything works below a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient, WebSocketDisconnect

from tests.listening_test import rendered_study
from web.admin_guard import ADMIN
from web.server import create_app
from web.settings import Settings

PASSWORD = "correct horse"
ROOT = "/voiceveil"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    settings = Settings(
        offline=True,
        data_dir=tmp_path_factory.mktemp("data"),
        admin_password=PASSWORD,
        demo_study=False,
        workers=1,
        public_url=f"https://voices.example.org{ROOT}",
        root_path=ROOT,
    )
    app = create_app(settings)
    yield app
    app.state.services.close()


@pytest.fixture
def stranger(app: Any) -> TestClient:
    return TestClient(app, base_url="https://voices.example.org", follow_redirects=False)


@pytest.fixture
def owner(app: Any) -> TestClient:
    client = TestClient(app, base_url="https://voices.example.org", follow_redirects=False)
    answer = client.post("/admin/login", data={"password": PASSWORD})
    cookie = answer.headers["set-cookie"].partition(";")[0]
    client.headers["cookie"] = cookie  # the proxy took the path off that the cookie is for
    return client


@pytest.fixture(scope="module")
def study(app: Any) -> Any:
    return rendered_study.opened(app.state.services.store)


def gradio_paths(app: Any) -> set[str]:
    """Every path that Gradio answers below /admin, with something in its blanks."""
    mount = next(route for route in app.routes if isinstance(route, Mount) and route.path == ADMIN)
    paths = mount.app.openapi()["paths"]
    return {ADMIN + re.sub(r"\{[^}]*\}", "x", path) for path in paths}


def test_no_route_below_admin_answers_a_stranger(app: Any, stranger: TestClient) -> None:
    paths = gradio_paths(app)
    assert {"/admin/config", "/admin/gradio_api/info", "/admin/gradio_api/queue/join"} <= paths
    assert len(paths) > 40
    for path in sorted(paths - {"/admin/login"}):
        for method in ("GET", "POST", "HEAD", "PUT"):
            answer = stranger.request(method, path)
            assert answer.status_code == 401, (method, path)
    assert "password" in stranger.get("/admin/login").text  # ours, not Gradio's


def test_the_owner_gets_in(owner: TestClient) -> None:
    assert owner.get("/admin/").status_code == 200
    assert owner.get("/admin/config").json()["root"] == f"https://voices.example.org{ROOT}/admin"


def test_the_public_pages_hold_nothing_of_studies(stranger: TestClient, study: Any) -> None:
    texts = [stranger.get(path).text for path in ("/", "/studies", "/results", "/about", "/config", "/gradio_api/info")]
    for secret in (study.link, study.preview_key, study.simulation_key, study.title, "payment-key"):
        assert not any(secret in text for text in texts)


def test_below_a_path_every_link_has_it(stranger: TestClient, study: Any) -> None:
    assert stranger.get("/admin", headers={"accept": "text/html"}).headers["location"] == f"{ROOT}/admin/"
    assert stranger.get("/admin/", headers={"accept": "text/html"}).headers["location"] == f"{ROOT}/admin/login"
    page = stranger.get(f"/study/{study.link}")
    assert page.status_code == 200
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    assert all(link.startswith(f"{ROOT}/study-ui/") for link in links if not link.startswith("data:"))
    for link in links:
        if link.startswith(ROOT):
            assert stranger.get(link.removeprefix(ROOT)).status_code == 200
    assert stranger.get("/config").json()["root"] == f"https://voices.example.org{ROOT}"


def test_a_listener_can_enrol_and_sees_the_first_page(stranger: TestClient, study: Any) -> None:
    agreed = {"language": "en", "consent_version": "1", "age_ok": True, "device": "pointer"}
    token = stranger.post(f"/study/{study.link}/enrol", json=agreed).json()["token"]
    assert stranger.get(f"/take/{token}/page").json()["block"] == "about_you"


def test_live_sound_finds_its_way_below_a_path_and_pages_may_use_the_microphone(stranger: TestClient) -> None:
    assert stranger.get("/live").headers["permissions-policy"].startswith("microphone=(self), camera=()")
    assert "permissions-policy" not in stranger.get("/api/live").headers
    address = "wss://voices.example.org/api/live/stream"
    with stranger.websocket_connect(address, headers={"origin": "https://voices.example.org"}) as socket:
        socket.send_text("?")
        assert "reload the page" in socket.receive_json()["sentence"]
    with (
        pytest.raises(WebSocketDisconnect),
        stranger.websocket_connect(address, headers={"origin": "https://elsewhere.example.com"}),
    ):
        pass
