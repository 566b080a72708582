"""What a stranger, another site or a hostile upload may try against the owner's pages, in the whole app."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from listening_test.study import StudyError
from tests.listening_test import rendered_study
from tests.web.owned_studies import SMALL
from web import study_uploads
from web.admin_guard import COOKIE, GUARDED, from_elsewhere
from web.server import create_app
from web.settings import Settings
from web.study_service import StudyService

PASSWORD = "correct horse"
HOME = "http://voices.example.org"
LIMITS = study_uploads.Limits(file_bytes=10_000)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    data = tmp_path_factory.mktemp("data")
    settings = Settings(offline=True, data_dir=data, admin_password=PASSWORD, demo_study=False, workers=1)
    app = create_app(settings)
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def study(app: Any) -> Any:
    return rendered_study.opened(app.state.services.store)


@pytest.fixture
def stranger(app: Any) -> TestClient:
    return TestClient(app, base_url=HOME, follow_redirects=False)


@pytest.fixture
def owner(app: Any) -> TestClient:
    client = TestClient(app, base_url=HOME, follow_redirects=False)
    assert client.post("/admin/login", data={"password": PASSWORD}).status_code == 303
    return client


FOREIGN = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "same-site", "origin": "https://other.example.org"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://voices.example.org.evil.example"},
    {"origin": "http://[broken"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_does_nothing_in_the_owner_s_name(owner: TestClient, study: Any, headers: dict[str, str]) -> None:
    delete = {"data": [study.id, study.name], "fn_index": 9, "session_hash": "abc"}
    answers = [
        owner.post("/admin/gradio_api/queue/join", json=delete, headers=headers),
        owner.post("/admin/gradio_api/upload", files={"files": ("a.wav", b"RIFF")}, headers=headers),
        owner.get(f"/admin/export/{study.id}.csv", headers=headers),
        owner.get("/admin/config", headers=headers),
    ]
    for answer in answers:
        assert answer.status_code == 403
        assert "Another site" in answer.json()["error"]
        assert "access-control-allow-origin" not in answer.headers
    assert owner.post("/admin/login", data={"password": PASSWORD}, headers=headers).status_code == 403
    assert owner.post("/admin/logout", headers=headers).status_code == 403
    assert owner.get("/admin/config").status_code == 200


def test_a_link_leads_in_but_a_frame_does_not(owner: TestClient) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert owner.get("/admin/", headers=link).status_code == 200
    assert owner.post("/admin/gradio_api/queue/join", json={}, headers=link).status_code == 403
    assert owner.get("/admin/", headers={**link, "sec-fetch-dest": "iframe"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "public_url", "elsewhere"),
    [
        ({}, "", False),
        ({"sec-fetch-site": "same-origin"}, "", False),
        ({"sec-fetch-site": "none"}, "", False),
        ({"sec-fetch-site": "cross-site"}, "", True),
        ({"origin": "http://a.org:7860", "host": "a.org:7860"}, "", False),
        ({"origin": "https://a.org", "host": "127.0.0.1:7860"}, "https://a.org/v", False),
        ({"origin": "https://a.org", "host": "127.0.0.1:7860"}, "", True),
        ({"origin": "http://[::1]:7860", "host": "[::1]:7860"}, "", False),
        ({"origin": "null", "host": ""}, "", True),
    ],
)
def test_where_a_request_comes_from(headers: dict[str, str], public_url: str, elsewhere: bool) -> None:
    from starlette.datastructures import Headers

    assert from_elsewhere(Headers(headers), public_url) is elsewhere


def test_sockets_are_closed_to_strangers_and_to_other_sites(stranger: TestClient, owner: TestClient) -> None:
    session = owner.cookies[COOKIE]
    foreign = {"cookie": f"{COOKIE}={session}", "origin": "https://evil.example"}
    for headers in ({}, foreign):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            stranger.websocket_connect("/admin/gradio_api/stream", headers=headers),
        ):
            pass
        assert closed.value.code == 1008


def test_owner_s_pages_are_kept_and_framed_nowhere(owner: TestClient, study: Any) -> None:
    uploaded = owner.post("/admin/gradio_api/upload", files={"files": ("a.wav", b"RIFFvoice")}).json()[0]
    paths = ["/admin/", "/admin/config", f"/admin/gradio_api/file={uploaded}", f"/admin/export/{study.id}.csv"]
    for path in paths:
        answer = owner.get(path)
        assert answer.status_code == 200
        assert {name: answer.headers[name] for name in GUARDED} == GUARDED
    assert "cache-control" not in owner.get("/admin/assets/nothing.js").headers


@pytest.mark.parametrize(
    "path",
    [
        "/admin/config", "//admin/config", "/%61dmin/config", "/admin%2fconfig", "/admin/login/../config",
        "/studies/../admin/config", "/admin/login%0a", "/admin//config", "/admin/login/", "/admin/export/1.csv",
    ],
)  # fmt: skip
def test_no_way_of_writing_a_path_gets_past_the_door(stranger: TestClient, path: str) -> None:
    assert stranger.get(f"{HOME}{path}").status_code == 401


def test_files_of_the_server_are_served_to_nobody(app: Any, stranger: TestClient, owner: TestClient) -> None:
    data = app.state.services.settings.data_dir
    files = ["/etc/passwd", str(data / "voiceveil.db"), str(Path(study_uploads.__file__)), "web/server.py", "../app.py"]
    for base, client in (("", stranger), ("", owner), ("/admin", owner)):
        for file in files:
            assert client.get(f"{base}/gradio_api/file={file}").status_code in {403, 404}
    (data / "voiceveil.db").stat()  # it is there


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30])
def test_numbers_that_no_study_has_are_a_sentence(owner: TestClient, number: int) -> None:
    answer = owner.get(f"/admin/export/{number}.csv")
    assert (answer.status_code, "no such study" in answer.json()["error"]) == (404, True)


def test_a_session_from_before_the_login_is_not_taken_over(stranger: TestClient) -> None:
    stranger.cookies.set(COOKIE, "1999999999.planted.signature", path="/admin")
    assert stranger.get("/admin/config").status_code == 401
    answer = stranger.post("/admin/login", data={"password": PASSWORD})
    assert "planted" not in answer.headers["set-cookie"]


def zipped(names: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return file.getvalue()


def damaged_bz2() -> bytes:
    return zipped({"a.wav": b"voice" * 50}, zipfile.ZIP_BZIP2).replace(b"BZh9", b"XXXX")


def damaged_lzma() -> bytes:
    data = bytearray(zipped({"a.wav": bytes(range(256)) * 20}, zipfile.ZIP_LZMA))
    data[60:160] = bytes(100)
    return bytes(data)


def name_that_is_no_text() -> bytes:
    return zipped({"é.wav": b"voice"}).replace("é".encode(), b"\xff\xfe")


def link_to_a_file() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("a.wav")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return file.getvalue()


@pytest.mark.parametrize("data", [damaged_bz2(), damaged_lzma(), name_that_is_no_text()])
def test_archives_made_to_harm_are_a_sentence(tmp_path: Path, data: bytes) -> None:
    upload = tmp_path / "voices.zip"
    upload.write_bytes(data)
    with pytest.raises(StudyError, match="ZIP"):
        study_uploads.put([upload], tmp_path / "voices", LIMITS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["voices.zip"]


def test_a_link_in_an_archive_is_a_file_of_its_own(tmp_path: Path) -> None:
    upload = tmp_path / "voices.zip"
    upload.write_bytes(link_to_a_file())
    study_uploads.put([upload], tmp_path / "voices", LIMITS)
    unpacked = tmp_path / "voices" / "a.wav"
    assert not unpacked.is_symlink()
    assert unpacked.read_text() == "/etc/passwd"


def test_bombs_end_at_the_limit(tmp_path: Path) -> None:
    upload = tmp_path / "voices.zip"
    upload.write_bytes(zipped({"a.wav": bytes(5_000_000)}))
    assert upload.stat().st_size < 10_000
    with pytest.raises(StudyError, match="goes beyond"):
        study_uploads.put([upload], tmp_path / "voices", LIMITS)


@pytest.mark.parametrize("file", ["../../../secret.wav", "{folder}/secret.wav"])
def test_an_uploaded_manifest_names_no_file_of_the_server(studies: StudyService, tmp_path: Path, file: str) -> None:
    for folder in (tmp_path, tmp_path / "data"):
        folder.mkdir(exist_ok=True)
        (folder / "secret.wav").write_bytes(b"RIFF")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(f"file,speaker,sex\n{file.format(folder=tmp_path)},anna,F\n")
    info = studies.save(SMALL, [manifest])
    with pytest.raises(StudyError, match="lies outside"):
        studies.check(info.id)
    named = SMALL.replace("voices/manifest.csv", str(info.folder / "voices" / "manifest.csv"))
    with pytest.raises(StudyError, match="lies outside"):
        studies.check(studies.save(named.replace("name: small", "name: again")).id)
