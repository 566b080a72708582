"""The WebSocket of the page Live: who gets in, what comes back, and how it ends."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient, WebSocketDisconnect

from tests.web.delay_line import Gate, registered
from web.live.service import NOBODY, Limits, Live
from web.routes_live import router

RATE = 48_000
SIZE = 960
STREAM = "ws://voices.example.org/api/live/stream"


@pytest.fixture(autouse=True)
def systems(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Gate.gate.clear()
    registered(monkeypatch, "DelayLine", "Absent", "Gate")
    yield
    Gate.gate.set()


@pytest.fixture
def live() -> Live:
    return Live(2)


@pytest.fixture
def client(live: Live) -> Iterator[TestClient]:
    with made(live) as client:
        yield client


def made(live: Live, public_url: str = "") -> TestClient:
    app = FastAPI()
    app.include_router(router(live, public_url))
    return TestClient(app, base_url="http://voices.example.org")


def opening(system: str = "delay-line", **more: Any) -> str:
    return json.dumps({"type": "open", "system": system, "seed": 1, "sample_rate_hz": RATE, **more})


def sound(number: int, value: float = 0.5, size: int = SIZE) -> bytes:
    return struct.pack("<d", number * size) + np.full(size, round(value * 32767), "<i2").tobytes()


def ended(socket: Any) -> dict[str, Any]:
    """The last message, whatever sound comes before it."""
    while True:
        message = socket.receive()
        if message.get("text") and json.loads(message["text"])["type"] == "ended":
            return json.loads(message["text"])


def test_a_voice_comes_back_with_its_time(client: TestClient) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening(params={"latency": 320, "gain": 0.5}))
        about = socket.receive_json()
        assert (about["type"], about["system"], about["seed"], about["algorithmic_ms"]) == ("open", "delay-line", 1, 20)
        assert 0 < about["resampling_ms"] < 5
        frames, came = [], []
        for number in range(1, 11):
            socket.send_bytes(sound(number))
        while sum(map(len, came)) < 7 * SIZE:
            answer = socket.receive_bytes()
            frames.append(struct.unpack_from("<dfI", answer))
            came.append(np.frombuffer(answer, "<i2", offset=16))
        assert frames[0][0] == SIZE  # the first sample that went in
        assert all(computing_ms >= 0 and dropped == 0 for _, computing_ms, dropped in frames)
        assert np.diff([frame for frame, _, _ in frames]).tolist() == [len(part) for part in came[:-1]]
        heard = np.concatenate(came)[SIZE:]
        np.testing.assert_allclose(heard, 8192, atol=300)


def test_another_voice_on_the_same_connection(client: TestClient, live: Live) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening())
        socket.receive_json()
        socket.send_text(opening(seed=2, params={"latency": 1600}))
        about = socket.receive_json()
        assert (about["seed"], about["algorithmic_ms"]) == (2, 100)
        assert live.taken == 1


def test_a_third_is_refused_politely_until_somebody_leaves(client: TestClient, live: Live) -> None:
    with client.websocket_connect(STREAM) as first, client.websocket_connect(STREAM) as second:
        for socket in (first, second):
            socket.send_text(opening())
            assert socket.receive_json()["type"] == "open"
        assert client.get("/api/live").json()["free"] == 0
        with client.websocket_connect(STREAM) as third:
            third.send_text(opening())
            assert third.receive_json() == {"type": "ended", "sentence": live.full, "full": True}
            with pytest.raises(WebSocketDisconnect) as closed:
                third.receive_json()
            assert closed.value.code == 1013
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening())
        assert socket.receive_json()["type"] == "open"
    assert live.full == "All 2 places are taken just now: try again in a few minutes."


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("sentence", "This voice cannot be done: speak lower."),
        ("crash", "failed in a way nobody expected (ZeroDivisionError)"),
    ],
)
def test_a_fault_is_a_sentence_and_frees_the_place(client: TestClient, live: Live, fault: str, why: str) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening(params={"fault": fault}))
        socket.receive_json()
        socket.send_bytes(sound(0))
        sentence = ended(socket)["sentence"]
        assert why in sentence
        assert "secret" not in sentence
    assert live.taken == 0


def test_nonsense_of_a_system_is_silence(client: TestClient) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening(params={"fault": "nan"}))
        socket.receive_json()
        socket.send_bytes(sound(0))
        assert not np.frombuffer(socket.receive_bytes(), "<i2", offset=16).any()


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("no json", "reload the page"),
        (b"sound", "reload the page"),
        ("x" * 20_000, "reload the page"),
        (opening(sample_rate_hz=1), "reload the page"),
        (opening(more="?"), "reload the page"),
        (opening("absent"), "needs training"),
        (opening("nobody"), "There is no system 'nobody'"),
        (opening(params={"gain": "loud"}), "gain is a number, but 'loud' came"),
    ],
)
def test_what_cannot_be_opened_is_said(client: TestClient, live: Live, first: str | bytes, why: str) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send({"type": "websocket.receive", **({"text": first} if isinstance(first, str) else {"bytes": first})})
        assert why in ended(socket)["sentence"]
    assert live.taken == 0


@pytest.mark.parametrize("message", [b"\0" * 9, b"\0" * 100_000, "what?", opening(sample_rate_hz=44_100)])
def test_nonsense_later_ends_it_with_a_sentence(client: TestClient, live: Live, message: str | bytes) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening())
        socket.receive_json()
        socket.send(
            {"type": "websocket.receive", **({"text": message} if isinstance(message, str) else {"bytes": message})}
        )
        assert ended(socket)["sentence"]
    assert live.taken == 0


def test_a_slow_system_leaves_blocks_out_instead_of_piling_them_up(client: TestClient) -> None:
    with client.websocket_connect(STREAM) as socket:
        socket.send_text(opening("gated"))
        socket.receive_json()
        for number in range(45):  # 0.9 s; the first is being worked at, or the first few
            socket.send_bytes(sound(number))
        socket.send_text(opening("gated", seed=2))  # is heard behind all of them: they have arrived
        Gate.gate.set()
        answers = []
        while not (message := socket.receive()).get("text"):
            answers.append(message["bytes"])
        assert json.loads(message["text"])["seed"] == 2
        assert sum(len(each) // 2 - 8 for each in answers) < 45 * SIZE


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(session_s=0.05), "Live ends after 0.05 seconds, so that others get a place"),
        (Limits(silence_s=0.05), "Nobody spoke for 0.05 seconds, so the place was given back"),
        (Limits(nothing_s=0.05), "No sound came from this browser for 0.05 seconds"),
    ],
)
def test_it_ends_by_the_clock_with_a_sentence(limits: Limits, why: str) -> None:
    live = Live(1, limits)
    with made(live) as client, client.websocket_connect(STREAM) as socket:
        socket.send_text(opening())
        assert socket.receive_json()["type"] == "open"
        assert why in ended(socket)["sentence"]
    assert live.taken == 0


def test_whoever_says_nothing_is_not_waited_for() -> None:
    live = Live(1, Limits(hello_s=0.02))
    with made(live) as client, client.websocket_connect(STREAM) as socket:
        assert "reload the page" in ended(socket)["sentence"]


@pytest.mark.parametrize(
    ("headers", "public_url"),
    [
        ({"origin": "https://elsewhere.example.com"}, ""),
        ({"origin": "null"}, ""),
        ({"sec-fetch-site": "cross-site", "origin": "http://voices.example.org"}, ""),
        ({"origin": "https://elsewhere.example.com"}, "https://voices.example.org/v"),
    ],
)
def test_a_page_of_another_site_gets_no_socket(live: Live, headers: dict[str, str], public_url: str) -> None:
    with (
        made(live, public_url) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(STREAM, headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    ("origin", "public_url"),
    [("http://voices.example.org", ""), ("https://people.see.this", "https://people.see.this/v")],
)
def test_the_page_itself_gets_one(live: Live, origin: str, public_url: str) -> None:
    with made(live, public_url) as client, client.websocket_connect(STREAM, headers={"origin": origin}) as socket:
        socket.send_text(opening())
        assert socket.receive_json()["type"] == "open"


def test_what_is_offered(client: TestClient) -> None:
    answer = client.get("/api/live")
    assert "no-store" in answer.headers["cache-control"]
    offer = answer.json()
    assert (offer["limit"], offer["free"], offer["closed"]) == (2, 2, "")
    ready, absent, _ = offer["systems"]
    assert (ready["key"], ready["ready"], ready["caution"]) == ("delay-line", True, "It hides nothing.")
    assert [param["name"] for param in ready["params"]] == ["latency", "gain", "fault", "warm"]
    assert (absent["ready"], absent["problem"]) == (False, "needs training: run python -m training absent")


def test_switched_off() -> None:
    live = Live(0)
    with made(live) as client:
        assert client.get("/api/live").json()["closed"] == NOBODY
        with client.websocket_connect(STREAM) as socket:
            socket.send_text(opening())
            assert ended(socket) == {"type": "ended", "sentence": NOBODY, "full": False}
