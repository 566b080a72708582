"""The player as a Gradio component: values from the server, the event back, themes, widths, axe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.harness import THREE, Lab, comparison, track


def in_gradio(page: Any, value: Any) -> None:
    page.fill("#value textarea", json.dumps(value))
    page.press("#value textarea", "Enter")
    page.wait_for_function(
        "(n) => document.querySelectorAll('#player .vvc-row[data-state=ready]').length === n",
        arg=sum(each["state"] == "ready" for each in value["tracks"]),
    )
    page.evaluate("document.activeElement.blur()")


FULL = comparison(
    *THREE,
    track("f0", "F0 mean reversion", state="running", place=3),
    track("bad", "Prosody scaling", state="failed", place=4, message="A longer clip was expected, but 0.05 s came."),
    track(
        "cascade", "Cascade", "long", place=5, keeps_timing=False, transcript="the north wind", notes=["Says it anew."]
    ),
    busy=True,
    progress={"done": 5, "total": 6, "doing": "F0", "elapsed_s": 1.0, "eta_s": None},
)


@pytest.mark.parametrize(
    ("width", "theme"),
    [
        (1280, "light"),
        (360, "dark"),
        pytest.param(360, "light", marks=pytest.mark.slow),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
    ],
)
def test_in_gradio_it_plays_tells_the_server_and_satisfies_axe(
    open_page: Callable[..., Any], player_lab: Lab, ledger: Any, violations: Any, width: int, theme: str
) -> None:
    page = open_page(f"{player_lab.url}/?__theme={theme}", width=width)
    page.wait_for_selector("#player .vvc-empty")
    assert violations(page, "#player") == []
    in_gradio(page, FULL)
    page.keyboard.press("2")
    page.wait_for_function("document.querySelector('#picked textarea').value === 'mcadams'")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("i")
    page.click("#player .vvc-play")
    page.wait_for_selector("#player .vvc-play[aria-label=Pause]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page, "#player") == []
    small = page.eval_on_selector_all(
        "#player button, #player a[href], #player [role=slider]",
        "(all) => all.filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.className)",
    )
    assert small == []
    ledger.assert_clean()


def test_malicious_words_through_gradio_stay_words(open_page: Callable[..., Any], player_lab: Lab, ledger: Any) -> None:
    page = open_page(player_lab.url)
    page.wait_for_selector("#player .vvc-empty")
    evil = "${document.body.setAttribute('hacked', 1)} {{value}} <img src=x onerror=\"document.body.hacked=1\">"
    in_gradio(page, comparison(track("a", evil, "s0", transcript=evil)))
    assert page.locator("#player .vvc-title").text_content() == evil
    assert page.evaluate("document.body.getAttribute('hacked') ?? document.body.hacked") is None
    ledger.assert_clean()
