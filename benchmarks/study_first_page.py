"""python -m benchmarks.study_first_page: the first trial page in Chromium at 400 kbit/s: bytes, requests, seconds."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from benchmarks.results import write_result
from benchmarks.study_process import StudyServer, demo_study
from listening_test.simulate import truths
from listening_test.simulated_listener import SimulatedListener, ability

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DOWN_KBIT_S, UP_KBIT_S, LATENCY_MS = 400, 400, 150
BYTES_LIMIT, REQUESTS_LIMIT = 100_000, 6
SHOWN_LIMIT_S = 5.0
"""What "usable" is held to: the question is there, and its sounds have begun to load."""
LIMIT_MS = 60_000
PHONE = {"width": 390, "height": 844}


def at_first_trial(store: Store, info: StudyInfo, address: str) -> str:
    """The token of a new simulated listener who has answered every page before the first trial."""
    with httpx.Client(base_url=address, timeout=30) as client:
        query = {"simulation": info.simulation_key}
        about = client.get(f"/study/{info.link}/about", params=query).json()
        consent = {"language": about["language"], "consent_version": about["consent"]["version"], "age_ok": True}
        token = client.post(f"/study/{info.link}/enrol", json={**consent, **query}).json()["token"]
        told, listener = truths(store)(token), SimulatedListener(ability(info.study), rng=np.random.default_rng(1))
        page = client.get(f"/take/{token}/page").json()
        while page["block"] != "task":
            known = told[page["page"]]
            message = {
                "page": page["page"],
                "answers": listener.answers(page["questions"], known.kind, known.truth),
                "heard": [{"plays": 1, "coverage": 1.0} for _ in page["sounds"]],
                "response_time_s": 1.0,
            }
            page = client.post(f"/take/{token}/answer", json=message).raise_for_status().json()["next"]
        return token


@dataclass
class Traffic:
    """What a page fetched, as the browser counts it: address and bytes on the wire, headers included."""

    requests: dict[str, str] = field(default_factory=dict)
    sizes_bytes: dict[str, float] = field(default_factory=dict)

    def watch(self, session: Any) -> None:
        """Follow a page's network."""
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            self.requests[event["requestId"]] = event["request"]["url"]

    def _came(self, event: dict[str, Any]) -> None:
        self.sizes_bytes[event["requestId"]] = event["encodedDataLength"]

    def tell(self) -> dict[str, Any]:
        """Requests and bytes, without those of sounds."""
        sounds = {one for one, url in self.requests.items() if "/sound/" in url}
        before = set(self.requests) - sounds
        return {
            "requests": len(before),
            "bytes": sum(self.sizes_bytes.get(one, 0) for one in before),
            "sound_requests": len(sounds),
        }


def visit(browser: Any, address: str, ready: str) -> dict[str, Any]:
    """A phone opens a page for the first time; seconds until `ready` is seen, and until its sounds can be played."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page, traffic = context.new_page(), Traffic()
    session = context.new_cdp_session(page)
    traffic.watch(session)
    slow = {"downloadThroughput": DOWN_KBIT_S * 125, "uploadThroughput": UP_KBIT_S * 125}
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY_MS, **slow})
    began = time.perf_counter()
    page.goto(address, wait_until="commit", timeout=LIMIT_MS)
    page.wait_for_selector(ready, timeout=LIMIT_MS)
    shown_s = time.perf_counter() - began
    page.wait_for_function(
        "() => [...document.querySelectorAll('.vvs-sound')].every((one) => one.dataset.state === 'ready')",
        timeout=LIMIT_MS,
    )
    result = {"shown_s": shown_s, "playable_s": time.perf_counter() - began, **traffic.tell()}
    context.close()
    return result


def main() -> int:
    """Measure and write; status 1 if the page is heavier or later than promised."""
    from playwright.sync_api import sync_playwright

    with demo_study(4) as (url, store, info), StudyServer(url) as server, sync_playwright() as playwright:
        token = at_first_trial(store, info, server.address)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        result: dict[str, Any] = {
            "network": {"down_kbit_s": DOWN_KBIT_S, "up_kbit_s": UP_KBIT_S, "latency_ms": LATENCY_MS},
            "consent_page": visit(browser, f"{server.address}/study/{info.link}", "main button:visible"),
            "first_trial_page": visit(
                browser, f"{server.address}/take/{token}", ".vvs-page[data-block=task] .vvs-play:visible"
            ),
        }
        browser.close()
    first = result["first_trial_page"]
    result["kept"] = (
        first["bytes"] <= BYTES_LIMIT and first["requests"] <= REQUESTS_LIMIT and first["shown_s"] <= SHOWN_LIMIT_S
    )
    write_result("study_first_page", result)
    print(json.dumps(result, indent=1))
    return 0 if result["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
