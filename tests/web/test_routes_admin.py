"""The owner's login and exports over HTTP, in process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from web import routes_admin
from web.admin_guard import COOKIE, Guard
from web.services import Services
from web.settings import Settings

PASSWORD = "correct horse"
PAGE = {"accept": "text/html,*/*"}


def app_of(services: Services) -> FastAPI:
    app = FastAPI()
    app.include_router(routes_admin.router(services))

    @app.get("/admin/inside")
    def inside() -> str:
        return "inside"

    @app.get("/administration")
    def beside() -> str:
        return "beside"

    app.add_middleware(Guard, login=services.login, root_path=services.settings.root_path)
    return app


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    services = Services.start(Settings(offline=True, data_dir=tmp_path, workers=1, admin_password=PASSWORD))
    yield services
    services.close()


@pytest.fixture
def client(services: Services) -> TestClient:
    return TestClient(app_of(services), follow_redirects=False)


def enter(client: TestClient, password: str = PASSWORD) -> None:
    answer = client.post("/admin/login", data={"username": "admin", "password": password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")


def test_before_the_login_pages_lead_to_it_and_all_else_is_refused(client: TestClient) -> None:
    page = client.get("/admin/inside", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/admin/login")
    for answer in (client.get("/admin/inside"), client.post("/admin/inside", headers=PAGE), client.get("/admin/x/y")):
        assert answer.status_code == 401
        assert "log in" in answer.json()["error"]
    assert client.get("/admin").headers["location"] == "/admin/"
    assert client.get("/administration").text == '"beside"'
    assert client.get("http://testserver//admin/inside").status_code == 401
    assert client.get("/admin/export/1.csv").status_code == 401


def test_the_login_page_asks_loads_nothing_and_is_never_kept(client: TestClient) -> None:
    page = client.get("/admin/login")
    assert 'type="password"' in page.text
    assert "http" not in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert "form-action 'self'" in page.headers["content-security-policy"]


def test_the_right_password_opens_until_the_logout(client: TestClient) -> None:
    enter(client)
    cookie = client.cookies[COOKIE]
    assert client.get("/admin/inside").text == '"inside"'
    out = client.post("/admin/logout")
    assert out.headers["location"] == "/admin/login"
    assert client.get("/admin/inside").status_code == 401
    client.cookies.set(COOKIE, cookie, path="/admin")
    assert client.get("/admin/inside").status_code == 401  # ended on the server too


@pytest.mark.parametrize("password", ["wrong", "", "' OR 1=1 --", "<script>alert(1)</script>", "x" * 50_000, "\x00"])
def test_a_wrong_password_is_one_sentence(client: TestClient, password: str) -> None:
    answer = client.post("/admin/login", data={"password": password})
    assert answer.status_code == 401
    assert routes_admin.WRONG in answer.text
    assert "<script" not in answer.text
    assert COOKIE not in answer.cookies


@pytest.mark.parametrize("body", [b"", b"&&&&", b"password", b"\xff\xfe", b"&".join([b"a=b"] * 100)])
def test_a_body_that_is_no_form_is_a_wrong_password(client: TestClient, body: bytes) -> None:
    assert client.post("/admin/login", content=body).status_code == 401


def test_guessing_is_slowed(client: TestClient) -> None:
    for _ in range(3):
        assert client.post("/admin/login", data={"password": "wrong"}).status_code == 401
    answer = client.post("/admin/login", data={"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "Wait" in answer.text


def test_another_site_can_neither_log_in_nor_out(client: TestClient) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.post("/admin/login", data={"password": PASSWORD}, headers=foreign).status_code == 403
    enter(client)
    assert client.post("/admin/logout", headers=foreign).status_code == 403
    assert client.get("/admin/inside").status_code == 200


@pytest.mark.parametrize(("public_url", "secure"), [("https://x.org/v", True), ("http://x.org/v", False), ("", False)])
def test_the_cookie_is_for_the_server_alone(tmp_path: Path, public_url: str, secure: bool) -> None:
    settings = Settings(
        offline=True, data_dir=tmp_path, workers=1, admin_password=PASSWORD, public_url=public_url, root_path="/v"
    )
    services = Services.start(settings)
    try:
        client = TestClient(app_of(services), follow_redirects=False)
        answer = client.post("/admin/login", data={"password": PASSWORD})
        assert answer.headers["location"] == "/v/admin/"
        cookie = answer.headers["set-cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/v/admin", "Max-Age="))
        assert ("Secure" in cookie) is secure
        stranger = TestClient(app_of(services), follow_redirects=False)
        assert stranger.get("/v/admin/inside").status_code == 401  # a proxy that leaves the prefix on
    finally:
        services.close()


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", f"9{'9' * 20}.x.y", "é", '"'])
def test_an_invented_cookie_opens_nothing(client: TestClient, cookie: str) -> None:
    header = {"cookie": f"{COOKIE}={cookie}".encode()}
    assert client.get("/admin/inside", headers=header).status_code == 401


@pytest.fixture
def study_id(services: Services) -> int:
    from tests.listening_test import rendered_study

    return rendered_study.opened(services.store).id


def test_everything_can_be_taken_away(services: Services, client: TestClient, study_id: int) -> None:
    enter(client)
    csv = client.get(f"/admin/export/{study_id}.csv")
    assert csv.headers["content-disposition"] == 'attachment; filename="tiny-v1.csv"'
    assert csv.headers["cache-control"] == "private, no-store"
    assert csv.text.startswith("watermark,study,")
    assert "study" in pd.read_parquet(io.BytesIO(client.get(f"/admin/export/{study_id}.parquet").content)).columns
    assert client.get(f"/admin/export/{study_id}.sqlite").content.startswith(b"SQLite format 3")
    assert client.get(f"/admin/export/{study_id}.md").text.startswith("# Codebook")
    assert "name: tiny" in client.get(f"/admin/export/{study_id}.yaml").text
    assert [event.kind for event in services.store.events(study_id)].count("exported") == 3


@pytest.mark.parametrize(
    "path", ["99.csv", "{id}.exe", "{id}.csv?origin=everybody", "{id}.csv?origin=' OR 1=1", "{id}", "x.csv", "-1.csv"]
)
def test_what_is_not_there_is_not_found(client: TestClient, study_id: int, path: str) -> None:
    enter(client)
    assert client.get(f"/admin/export/{path.format(id=study_id)}").status_code in {404, 422}
