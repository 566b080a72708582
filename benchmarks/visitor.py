"""A visitor without a browser: gives a clip, presses Compare, waits for the numbers; speaks the page's own protocol."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Visit:
    """What one visitor saw: errors, places in the queue, and seconds from the click."""

    errors: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    first_sound_s: float = float("nan")
    last_sound_s: float = float("nan")
    numbers_s: float = float("nan")


class Visitor:
    """One session with the app at `address`."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=300)
        self.session = secrets.token_hex(6)
        config = self.client.get("/config").json()
        self._events = {event["api_name"]: event for event in config["dependencies"]}
        self._defaults = {part["id"]: part["props"].get("value") for part in config["components"]}
        self._parts = {part["id"]: part for part in config["components"]}

    def compare(self, wav: bytes, systems: frozenset[str] | None = None) -> Visit:
        """One comparison; `systems` by title, None for all."""
        visit = Visit()
        received = self.client.post("/api/clips", content=wav)
        if received.status_code != 200:
            visit.errors.append(received.text)
            return visit
        clip = {**received.json(), "name": "clip"}
        began = time.perf_counter()
        prepared = self._post("run/prepare", "prepare", clip, systems)
        if prepared.status_code != 200:
            visit.errors.append(prepared.text)
            return visit
        joined = self._post("queue/join", "run", clip, systems)
        if joined.status_code != 200:
            visit.errors.append(joined.text)
            return visit
        self._follow(visit, began)
        return visit

    def _post(self, path: str, name: str, clip: dict[str, Any], systems: frozenset[str] | None) -> httpx.Response:
        event = self._events[name]
        data = [self._value(identity, clip, systems) for identity in event["inputs"]]
        body = {"data": data, "fn_index": event["id"], "session_hash": self.session, "trigger_id": None}
        return self.client.post(f"/gradio_api/{path}", json=body)

    def _value(self, identity: int, clip: dict[str, Any], systems: frozenset[str] | None) -> Any:
        part = self._parts[identity]
        if part["props"].get("elem_id") == "clip-input":
            return clip
        if part["type"] == "checkbox" and part["props"].get("container") is False:  # a system's own box
            return systems is None or part["props"]["label"] in systems
        return self._defaults[identity]

    def _follow(self, visit: Visit, began: float) -> None:
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                self._note(visit, message, time.perf_counter() - began)
                if message["msg"] in ("process_completed", "close_stream", "unexpected_error"):
                    return

    def _note(self, visit: Visit, message: dict[str, Any], seconds: float) -> None:
        kind = message["msg"]
        if kind == "estimation" and message.get("rank") is not None:
            visit.places.append(message["rank"] + 1)
        elif kind == "unexpected_error" or (kind == "process_completed" and not message.get("success")):
            visit.errors.append(json.dumps(message)[:300])
        elif kind == "process_generating":
            visit.last_sound_s = seconds
            if visit.first_sound_s != visit.first_sound_s:
                visit.first_sound_s = seconds
        elif kind == "process_completed":
            visit.numbers_s = seconds
