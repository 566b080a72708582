"""python -m benchmarks.page: the Compare page in a real Chromium; start, click to sound, click to plots, memory."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from anonymizers import registry
from audio.clip import encode_wav
from benchmarks.app_process import AppProcess
from benchmarks.clips import ten_seconds
from benchmarks.results import write_result

RUNS = 3
SETTLE_S = 8.0
POLL_S = 0.02
MEMORY_POLL_S = 0.5
LIMIT_S = 120.0
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
STATE = """(() => { const all = [...document.querySelectorAll('#player, #player *')];
 return all.find((one) => one.syncPlayer)?.syncPlayer.state() ?? null; })()"""
HEARD = "document.querySelector('#hearing .vvh-progress')?.hidden === true"
PLOTS = ("features_over_time", "distributions", "spectrograms", "f0_over_time")


def until(done: Any, began: float, poll_s: float = POLL_S) -> float:
    """Seconds from `began` until done()."""
    pause = threading.Event()
    while not done():
        if time.perf_counter() - began > LIMIT_S:
            raise TimeoutError(f"not done within {LIMIT_S:g} s")
        pause.wait(poll_s)
    return time.perf_counter() - began


def audible(page: Any) -> set[str]:
    """Systems whose sound is decoded in the browser, ready for their key."""
    state = page.evaluate(STATE)
    return {track["key"] for track in (state or {}).get("tracks", []) if track["lengthFrames"]}


def drawn(page: Any) -> bool:
    """Whether every figure shows something."""
    found = [page.locator(f"#plot-{name} .js-plotly-plot :is(.scatterlayer .trace, image)").count() for name in PLOTS]
    return all(found)


def compare(browser: Any, app: AppProcess, wav: Path, systems: tuple[str, ...]) -> dict[str, float]:
    """One comparison in a fresh tab; seconds from the click, and the most memory while machines hear the sounds."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{app.address}/?systems={','.join(systems)}")
    page.wait_for_selector("#clip-input input[type=file]", state="attached")
    page.set_input_files("#clip-input input[type=file]", wav)
    page.get_by_text("Use another clip").wait_for()
    page.click("#compare")
    began = time.perf_counter()
    seconds = {f"{key}_audible_s": until(lambda key=key: key in audible(page), began) for key in systems}
    last_s = until(lambda: set(systems) <= audible(page), began)
    plots_s = until(lambda: drawn(page), began)
    quality_s = until(lambda: not page.locator("#numbers .vv-coming").count() and page.locator("#zip").count(), began)
    memory_mb = [app.memory_mb()]

    def heard() -> bool:
        memory_mb.append(app.memory_mb())
        return bool(page.evaluate(HEARD))

    heard_s = until(heard, began, MEMORY_POLL_S)
    context.close()
    after = {"plots_after_last_s": plots_s - last_s, "quality_s": quality_s, "heard_after_last_s": heard_s - last_s}
    return {**seconds, "all_audible_s": last_s, **after, "hearing_mb": max(memory_mb)}


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each number."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> int:
    """Measure and write the result."""
    from playwright.sync_api import sync_playwright

    everything = tuple(key for key in registry.keys()[1:] if not registry.info(key).weights)
    with tempfile.TemporaryDirectory() as folder, AppProcess() as app, sync_playwright() as playwright:
        wav = Path(folder) / "clip.wav"
        wav.write_bytes(encode_wav(ten_seconds()))
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        threading.Event().wait(SETTLE_S)
        result: dict[str, Any] = {"clip_s": 10.0, "start_to_first_page_s": app.started_in_s, "idle_mb": app.memory_mb()}
        result["first_visit_all"] = compare(browser, app, wav, everything)
        for name, systems in {"mcadams": ("mcadams",), "pitch-formant": ("pitch-formant",), "all": everything}.items():
            result[name] = medians([compare(browser, app, wav, systems) for _ in range(RUNS)])
        result["all_loaded_mb"] = app.memory_mb()
        browser.close()
    write_result("page", result)
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
