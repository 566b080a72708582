"""A small app around the two browser components, with routes that answer as the real ones do."""

from __future__ import annotations

import asyncio
import io
import json
import mimetypes
import struct
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from web.components.clip_input import ClipInput
from web.components.sync_player import SyncPlayer
from web.theme import theme

UI = Path(__file__).resolve().parents[2] / "web" / "ui"
SAMPLE_RATE = 16_000
COLOURS = ["#8A8F98", "#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2"]
NOT_A_CLIP = "A recording was expected, but text came: choose a WAV, FLAC or MP3 file."

# The page of the player without Gradio around it: quick to load, and the test plays the server.
PLAIN_PAGE = """<!doctype html><html lang="en"><head><title>Player</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="ui/components.css"></head><body><main>
<h1>Player</h1><label>Words <input id="words"></label><textarea id="area" aria-label="Area"></textarea>
<button id="other" type="button">Other</button><div id="here"><div class="vvc vvc-player"></div></div></main>
<script type="module">
import { mount } from "./ui/player.mjs";
const watchers = [];
const element = document.getElementById("here");
const props = { value: null };
window.picked = [];
window.show = (value) => { props.value = value; watchers.forEach((callback) => callback()); };
window.element = element;
const watch = (name, callback) => watchers.push(callback);
await mount({ element, props, watch, picked: (track) => window.picked.push(track) });
window.mounted = true;
</script></body></html>"""

CAPTURE = """class Capture extends AudioWorkletProcessor {
  process([input]) {
    if (input.length) this.port.postMessage({ timeS: currentTime, block: input[0].slice() });
    return true;
  }
}
registerProcessor("capture", Capture);"""


def voice(seed: int, seconds: float = 2.0) -> np.ndarray:
    """Noise that swells and fades like syllables; int16 (n,)."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.abs(np.sin(2 * np.pi * (1.3 + 0.2 * seed) * times_s)) ** 2 * (0.4 + 0.6 * np.cos(1.1 * times_s) ** 2)
    return np.round(9000 * swell * np.clip(rng.standard_normal(len(times_s)), -3, 3) / 1.5).astype(np.int16)


def wav(samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """16-bit mono WAV of int16 samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def float_wav(samples: np.ndarray, sample_rate: int = SAMPLE_RATE) -> bytes:
    """32-bit float mono WAV: browsers scale positive and negative integers differently, floats not at all."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, sample_rate, 4 * sample_rate, 4, 32)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def track(
    key: str, title: str, sound: str | None = None, *, state: str = "ready", place: int = 0, **more: Any
) -> dict[str, Any]:
    """One track as the server sends it; `sound` is a name of Lab.sounds."""
    ready = state == "ready"
    return {
        "key": key,
        "title": title,
        "colour": COLOURS[place % len(COLOURS)],
        "dash": ["solid", "dash", "dot", "dashdot"][place % 4],
        "state": state,
        "url": f"media/{sound}" if ready else None,
        "download": f"media/{sound}?download=1" if ready else None,
        "message": None,
        "gain_db": 0.0,
        "short_by_db": 0.0,
        "duration_s": 2.0 if ready else None,
        "keeps_timing": True,
        "fidelity": "exact",
        "hides": ["speaker"],
        "notes": [],
        "transcript": None,
        **more,
    }


def comparison(*tracks: dict[str, Any], run: str = "run-1", busy: bool = False, progress: Any = None) -> dict[str, Any]:
    """A player's value."""
    return {"run": run, "target_lufs": -23.0, "busy": busy, "progress": progress, "tracks": list(tracks)}


@dataclass
class Lab:
    """The app, its sounds by name, and what was posted to it."""

    sounds: dict[str, bytes] = field(default_factory=dict)
    uploads: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    slow: bool = False  # an upload waits until `slow` is taken back
    fails: bool = False  # uploads answer 503 without a body
    fetched: bool = False
    handled: list[Any] = field(default_factory=list)
    url: str = ""


def build(lab: Lab) -> FastAPI:
    """The app of a Lab: /plain has the player alone, / has both components in Gradio."""
    mimetypes.add_type("text/javascript", ".mjs")
    app = FastAPI()
    app.mount("/ui", StaticFiles(directory=UI))
    _media(app, lab)
    _clips(app, lab)
    looks = {"theme": theme(), "css_paths": [UI / "page.css"], "footer_links": [], "ssr_mode": False}
    return gr.mount_gradio_app(app, _blocks(lab), path="/", **looks)


def _media(app: FastAPI, lab: Lab) -> None:
    @app.get("/media/{name}")
    def media(name: str) -> Response:
        sound = lab.sounds.get(name)
        return Response(sound, media_type="audio/wav") if sound else Response(status_code=404)

    @app.get("/plain")
    def plain() -> HTMLResponse:
        return HTMLResponse(PLAIN_PAGE)

    @app.get("/capture.mjs")
    def capture() -> Response:
        return Response(CAPTURE, media_type="text/javascript")


def _clips(app: FastAPI, lab: Lab) -> None:
    def accepted(token: str, notes: list[str]) -> dict[str, Any]:
        lab.sounds.setdefault(token, wav(voice(1)))
        facts = {"token": token, "duration_s": 2.0, "sample_rate_hz": SAMPLE_RATE, "channels": 1}
        return {**facts, "notes": notes, "url": f"media/{token}"}

    @app.post("/api/clips")
    async def clips(request: Request) -> Response:
        body = await request.body()
        lab.uploads.append((dict(request.headers), body))
        while lab.slow:
            await asyncio.sleep(0.02)
        if lab.fails:
            return Response(status_code=503)
        if body.startswith(b"text"):
            return JSONResponse({"error": NOT_A_CLIP}, status_code=422)
        return JSONResponse(accepted(f"token-{len(lab.uploads)}", ["8 channels were mixed to one."]))

    @app.post("/api/clips/example/{name}")
    def example(name: str) -> Response:
        return JSONResponse(accepted(f"token-{name}", []))

    def listed() -> dict[str, Any]:
        made = [
            {"id": f"demo-{i}", "title": f"Voice {i}", "detail": "Synthetic, 5 s", "licence": "CC0"} for i in (1, 2, 3)
        ]
        real = [{"id": "real-1", "title": "Real <b>voice</b>", "detail": "LibriSpeech, 4 s", "licence": "CC BY 4.0"}]
        examples = made + (real if lab.fetched else [])
        return {"examples": examples, "can_fetch": not lab.fetched, "fetch_detail": "" if lab.fetched else "12 MB"}

    @app.get("/api/examples")
    def examples() -> dict[str, Any]:
        return listed()

    @app.post("/api/examples/fetch")
    def fetch() -> Response:
        if lab.fails:
            return JSONResponse({"error": "The publisher could not be reached: try again later."}, status_code=502)
        lab.fetched = True
        return JSONResponse(listed())


def _blocks(lab: Lab) -> gr.Blocks:
    def clip_came(value: Any, event: gr.EventData) -> str:
        lab.handled.append({"value": value, "event": event._data})
        return json.dumps(value)

    def picked(event: gr.EventData) -> str:
        return event.key

    with gr.Blocks(title="Components", analytics_enabled=False) as blocks:
        clip = ClipInput(max_mb=1, max_s=30, elem_id="clip")
        got = gr.Textbox(label="got", elem_id="got")
        player = SyncPlayer(elem_id="player")
        sent = gr.Textbox(label="value", elem_id="value")
        chosen = gr.Textbox(label="picked", elem_id="picked")
        clear = gr.Button("No clip", elem_id="clear")
        clip.clip(clip_came, clip, got, show_progress="hidden")
        player.picked(picked, None, chosen, show_progress="hidden")
        sent.submit(json.loads, sent, player, show_progress="hidden")
        clear.click(lambda: None, None, clip, show_progress="hidden")
    return blocks


# -- the player on its plain page ------------------------------------------------------------------------------

STATE = "window.element.syncPlayer.state()"
RATES = (16_000, 44_100)
TOOLS = """
window.player = () => window.element.syncPlayer.player;
window.capture = async (seconds) => {
  const { context, output } = player().mixer;
  if (!window.ready) { await context.audioWorklet.addModule('capture.mjs'); window.ready = true; }
  const node = new AudioWorkletNode(context, 'capture');
  let peak = 0, samples = 0, from = context.currentTime + 0.05;
  output.connect(node);
  await new Promise((resolve) => {
    node.port.onmessage = ({ data: { timeS, block } }) => {
      if (timeS < from) return;
      for (const sample of block) peak = Math.max(peak, Math.abs(sample));
      samples += block.length;
      if (samples >= seconds * context.sampleRate) resolve();
    };
  });
  output.disconnect(node);
  return { peak, samples };
};
null;
"""
THREE = (
    track("original", "Original", "s0", place=0, gain_db=-6.0),
    track("mcadams", "McAdams", "s1", place=1, gain_db=3.0, short_by_db=2.5),
    track("devoiced", "Devoiced", "s2", place=2),
)


def player_sounds() -> dict[str, bytes]:
    """Voices, a long one, speech with its exact negative (also one sample late), and what is no sound."""
    sounds = {f"s{number}": wav(voice(number)) for number in range(4)}
    speech = (voice(7, 20.0) / 32768).astype(np.float32)
    for rate in RATES:
        sounds[f"speech-{rate}"] = float_wav(speech, rate)
        sounds[f"negative-{rate}"] = float_wav(-speech, rate)
    late = float_wav(np.concatenate([[0], -speech[:-1]]))
    return {**sounds, "late-16000": late, "long": wav(voice(5, 3.0)), "noise": b"this is no sound"}


def show(page: Any, value: Any) -> None:
    """What the server would send; waits until every ready track is decoded."""
    page.evaluate("(value) => window.show(value)", value)
    ready = sum(each["state"] == "ready" for each in (value or {"tracks": []})["tracks"])
    page.wait_for_function(f"{STATE}.tracks.length === {ready}")


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(STATE)


def open_tracks(page: Any) -> list[str]:
    return [each["key"] for each in state(page)["tracks"] if each["open"]]
