"""The HTTP routes, in process: uploads of every kind, opaque addresses, nothing logged."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from starlette.testclient import TestClient

from audio.clip import Clip, encode_wav
from web import routes
from web.services import Services
from web.settings import Settings


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory):
    settings = Settings(
        offline=True, data_dir=tmp_path_factory.mktemp("data"), max_upload_mb=1.0, max_clip_s=10.0, workers=1
    )
    services = Services.start(settings)
    yield services
    services.close()


@pytest.fixture(scope="module")
def client(services: Services) -> TestClient:
    app = FastAPI()
    app.include_router(routes.router(services))
    return TestClient(app)


def wav(frames: np.ndarray, rate_hz: int = 16_000, **how: str) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, frames, rate_hz, **{"format": "WAV", **how})
    return buffer.getvalue()


def test_an_upload_comes_back_sample_for_sample(client: TestClient, voice: Clip) -> None:
    answer = client.post("/api/clips", content=encode_wav(voice))
    assert answer.status_code == 200
    body = answer.json()
    assert body["duration_s"] == pytest.approx(1.5)
    assert body["notes"] == []
    sound = client.get("/" + body["url"])
    assert sound.headers["cache-control"] == "private, no-store"
    assert sound.headers["content-type"] == "audio/wav"
    samples, rate_hz = soundfile.read(io.BytesIO(sound.content), dtype="float32")
    assert rate_hz == 16_000
    np.testing.assert_allclose(samples, voice.samples, atol=1 / 32_000)


def test_ranges_are_served(client: TestClient, voice: Clip) -> None:
    url = "/" + client.post("/api/clips", content=encode_wav(voice)).json()["url"]
    part = client.get(url, headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)


NAN = np.full((1600, 1), np.nan, np.float32)


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 422, "empty"),
        (b"not a sound " * 100, 422, "none that can be read"),
        (wav(np.zeros((0, 1), np.float32)), 422, "no samples"),
        (wav(NAN, subtype="FLOAT"), 422, "NaN"),
        (wav(np.zeros((16_000 * 11, 1), np.float32)), 422, "at most 10 s"),
        (b"x" * 1_000_001, 413, "at most 1 MB"),
    ],
)
def test_what_is_refused_gets_one_sentence_and_the_next_goes_on(
    client: TestClient, voice: Clip, data: bytes, status: int, words: str
) -> None:
    answer = client.post("/api/clips", content=data)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert client.post("/api/clips", content=encode_wav(voice)).status_code == 200


def test_a_large_upload_is_cut_off_even_if_it_does_not_say_how_large(client: TestClient) -> None:
    sent = []

    def pieces():
        for _ in range(300):  # 300 MB
            sent.append(1)
            yield b"x" * 1_000_000

    answer = client.post("/api/clips", content=pieces())
    assert answer.status_code == 413


def test_odd_but_usable_files_are_taken_with_a_note(client: TestClient) -> None:
    tone = 0.3 * np.sin(np.arange(4000))[:, None]
    for frames, rate_hz, words in (
        (tone, 8_000, "8 kHz"),
        (np.repeat(tone, 8, 1), 16_000, "8 channels"),
        (0 * tone, 16_000, "silence"),
    ):
        notes = client.post("/api/clips", content=wav(frames, rate_hz)).json()["notes"]
        assert any(words in note for note in notes)


@pytest.mark.parametrize("path", ["/media/" + "a" * 22, "/media/..%2f..%2fetc%2fpasswd", "/results/" + "a" * 22])
def test_unknown_addresses_say_it_is_gone(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404


def test_download_names_are_safe(client: TestClient, voice: Clip) -> None:
    url = "/" + client.post("/api/clips", content=encode_wav(voice)).json()["url"]
    header = client.get(url, params={"download": '../../x"\r\nSet-Cookie: a'}).headers["content-disposition"]
    assert header == 'attachment; filename="xSet-Cookiea.wav"'


def test_examples_are_listed_and_chosen(client: TestClient) -> None:
    listed = client.get("/api/examples").json()
    assert listed["can_fetch"] is False
    assert len(listed["examples"]) >= 4
    assert all(example["licence"] for example in listed["examples"])
    answer = client.post(f"/api/clips/example/{listed['examples'][0]['id']}")
    assert answer.status_code == 200
    assert answer.json()["said"]
    assert answer.json()["language"] == "English"
    assert client.post("/api/clips/example/nobody").status_code == 404


def test_fetching_offline_is_refused_in_one_sentence(client: TestClient) -> None:
    answer = client.post("/api/examples/fetch")
    assert answer.status_code == 503
    assert "VOICEVEIL_OFFLINE" in answer.json()["error"]


def test_nothing_of_an_upload_is_logged(client: TestClient, voice: Clip, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = client.post("/api/clips", content=encode_wav(voice)).json()["token"]
        client.post("/api/clips", content=b"secret words, no sound")
    own = [record.getMessage() for record in caplog.records if record.name.split(".")[0] != "httpx"]
    assert not any(token in line or "secret" in line for line in own)


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
