"""What machines hear, in a real Chromium: the panel alone, with answers made here (test_compare.py has the page)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from evaluation.recognisers.base import CORE_EMOTIONS
from web import hearing
from web.server import UI

PAGE = """<!doctype html><html lang="en"><head><title>Hearing</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="ui/components.css"></head><body><main><h1>Hearing</h1><div id="here">
<div class="vvh"></div></div></main><script type="module">
import { mount } from "./ui/hearing.mjs";
const watchers = [];
const props = { value: null };
window.said = [];
window.halted = 0;
window.show = (value) => { props.value = value; watchers.forEach((callback) => callback()); };
await mount({ element: document.getElementById("here"), props, watch: (name, callback) => watchers.push(callback),
  said: (text) => window.said.push(text), halt: () => { window.halted += 1; } });
window.mounted = true;
</script></body></html>"""
DARK = """body { --body-text-color: #eee; --body-background-fill: #111; --block-background-fill: #191919;
 --border-color-primary: #444; background: #111; color: #eee; }"""
REFERENCE = "the train was late"
NASTY = "<img src=x onerror=document.title='hit'> ${document.title='hit'} {{7*7}}"
EMOTIONS = dict(zip(CORE_EMOTIONS, (0.1, 0.2, 0.3, 0.4), strict=True))


@pytest.fixture(scope="module")
def panel_address(serve: Callable[[Any], str]) -> str:
    app = FastAPI()
    app.mount("/ui", StaticFiles(directory=UI))
    app.get("/")(lambda: HTMLResponse(PAGE))
    return serve(app)


@pytest.fixture
def panel(panel_address: str, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """panel(value, **options of open_page) -> a page with the panel alone."""

    def open_(value: Any, **options: Any) -> Any:
        page = open_page(panel_address, **options)
        page.wait_for_function("window.mounted")
        page.evaluate("(value) => window.show(value)", value)
        return page

    return open_


def system(key: str, title: str, heard: str | None, *, reference: str = REFERENCE, **more: Any) -> dict[str, Any]:
    words = None if heard is None else {"text": heard, **hearing.counted(reference, heard)}
    return {"key": key, "title": title, "colour": "#E69F00", "dash": "solid", "words": words,
            "speaker": {}, "emotion": {"probabilities": EMOTIONS}, **more}  # fmt: skip


def value(*systems: dict[str, Any], state: str = "done", run: str = "run-1", **more: Any) -> dict[str, Any]:
    machine = {"fidelity": "house-weights", "version": "1", "trained_on": "little", "caution": "Acted German speech."}
    about = {"data": [{"corpus": "LibriSpeech", "clips": 4}], "speakers": 2, "same_trials": 2, "different_trials": 4,
             "eer": 0.1, "protocol": "Pairs."}  # fmt: skip
    scale = {"different": [-0.2, 0.1, 0.5], "same": [0.3, 0.6, 0.9], **about}
    ears = {
        "speaker": {**machine, "title": "Speakers' machine", "scale": scale},
        "words": {**machine, "title": "Words' machine"},
        "emotion": {**machine, "title": "Emotions' machine"},
    }
    first = {**system("original", "Original", REFERENCE), "words": {"text": REFERENCE}}
    every = [first, *systems]
    return {"run": run, "state": state, "said": "", "compared_with": "own", "done": 3, "total": 6, "ears": ears,
            "systems": every, **more}  # fmt: skip


LIKE = {"cosine": 0.62, "above_different": 0.97, "above_same": 0.12}


def test_likeness_stands_on_a_scale(panel: Any, ledger: Any) -> None:
    page = panel(value(system("a", "Ay", "", speaker=LIKE), system("b", "Bee", "", speaker={"error": "Too short."})))
    text = page.locator(".vvh-of-speaker .vvh-rows").inner_text()
    assert "0.62" in text
    assert "more alike than 97 % of pairs of two people and 12 % of pairs of one person" in text
    assert "Too short." in text
    dot = page.locator(".vvh-dot >> visible=true").bounding_box()
    track = page.locator(".vvh-rows .vvh-track").first.bounding_box()
    assert (dot["x"] + 2 - track["x"]) / track["width"] == pytest.approx((0.62 + 0.2) / 1.2, abs=0.01)
    assert "anonym" not in page.locator(".vvh-of-speaker").inner_text().lower()
    ledger.assert_clean()


def test_errors_in_words_can_be_told_without_colour(panel: Any) -> None:
    page = panel(value(system("a", "Ay", "a rain was so", reference="a train was late again")))
    words = page.locator("#vvh-words-a")
    marks = [(kind, words.locator(f".vvh-{kind}").all_inner_texts()) for kind in ("substitution", "deletion")]
    assert marks[0][1][0].split() == ["instead", "of", "train", "heard", "rain"]
    assert marks[1][1][0].split() == ["missing", "again"]
    struck = "(one) => getComputedStyle(one).textDecorationLine"
    assert words.locator("del").first.evaluate(struck) == "line-through"
    assert words.locator("ins").first.evaluate(struck) == "underline"
    facts = page.locator(".vvh-of-words .vvh-row", has_text="Ay").locator(".vvh-text").inner_text()
    assert facts == "WER 60 % · 3 errors to 5 words: 2 other, 1 missing"
    assert "What the others are compared with" in page.locator(".vvh-of-words .vvh-rows").inner_text()
    assert "English only" in page.locator(".vvh-of-words .vvh-reading").inner_text()


def test_emotions_before_and_after(panel: Any) -> None:
    after = dict(zip(CORE_EMOTIONS, (0.7, 0.1, 0.1, 0.1), strict=True))
    page = panel(value(system("a", "Ay", "", emotion={"probabilities": after})))
    cells = page.locator(".vvh-of-emotion .vvh-emotion")
    assert cells.first.inner_text().split("\n")[:2] == ["angry", "10 → 70 %"]
    widths = [cells.first.locator(f".vvh-{name}").bounding_box()["width"] for name in ("before", "after")]
    assert widths[1] / widths[0] == pytest.approx(7, rel=0.1)
    assert cells.first.locator("strong").count() == 1
    assert "Acted German speech." in page.locator(".vvh-of-emotion .vvh-reading").inner_text()


def test_what_is_not_there_yet_says_so_and_can_be_stopped(panel: Any) -> None:
    waits = {"words": None, "speaker": None, "emotion": None}
    page = panel(value(system("a", "Ay", None, **waits), state="hearing"))
    assert page.locator(".vvh-row", has_text="Ay").first.locator(".vvh-text").inner_text() == "computing…"
    assert page.locator(".vvh-status-words").inner_text() == "Computing: 3 of 6 heard"
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("window.halted") == 1
    page.evaluate("(value) => window.show(value)", value(system("a", "Ay", None, **waits), state="stopped"))
    assert page.locator(".vvh-row", has_text="Ay").first.locator(".vvh-text").inner_text() == "not heard"
    assert page.get_by_role("button", name="Stop").count() == 0
    assert page.get_by_role("status").first.inner_text() == "Stopped: 3 of 6 heard"


def test_words_typed_while_machines_hear_are_used_when_they_are_done(panel: Any) -> None:
    page = panel(value(system("a", "Ay", None), state="hearing"))
    page.get_by_label("What is said?").fill("the train")
    page.keyboard.press("Enter")
    page.get_by_text("used as soon as").wait_for()
    assert page.evaluate("window.said") == []
    page.evaluate("(value) => window.show(value)", value(system("a", "Ay", "the rain")))
    assert page.evaluate("window.said") == ["the train"]
    page.get_by_role("button", name="Mark errors").click()
    assert page.evaluate("window.said") == ["the train", "the train"]


def test_what_is_open_stays_open_when_more_is_heard(panel: Any) -> None:
    long = " ".join(["word"] * 90)
    page = panel(value(system("a", "Ay", long), system("b", "Bee", None), state="hearing"))
    page.get_by_role("button", name="Show all 90 words").click()
    page.locator(".vvh-of-words summary").press("Enter")
    page.get_by_label("What is said?").fill("typed")
    page.evaluate("(value) => window.show(value)", value(system("a", "Ay", long), system("b", "Bee", "x"), done=4))
    assert page.get_by_role("button", name="Show fewer words").get_attribute("aria-expanded") == "true"
    assert page.locator(".vvh-of-words details").get_attribute("open") is not None
    assert page.get_by_label("What is said?").input_value() == "typed"
    page.evaluate("(value) => window.show(value)", value(run="run-2", said="other"))
    assert page.get_by_label("What is said?").input_value() == "other"


def test_one_reason_for_all_is_said_once(panel: Any) -> None:
    error = {"words": {"error": "German it is."}}
    page = panel(value(system("a", "Ay", "", **error), systems=[system(key, key, "", **error) for key in "ab"]))
    assert page.get_by_text("German it is.").locator("visible=true").count() == 1


def test_words_are_text_and_never_markup(panel: Any, ledger: Any) -> None:
    page = panel(value(system("a", NASTY, NASTY), said=NASTY))
    assert page.locator("img").count() == 0
    assert page.title() == "Hearing"
    ledger.assert_clean()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (360, "dark")])
def test_nothing_is_cut_and_axe_finds_nothing(panel: Any, violations: Any, width: int, theme: str) -> None:
    page = panel(
        value(system("a", "Ay", "the rain so", speaker=LIKE), system("b", "A long name of a system", None)),
        width=width, color_scheme=theme,
    )  # fmt: skip
    if theme == "dark":
        page.add_style_tag(content=DARK)
        page.evaluate("document.body.classList.add('dark')")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page, "main") == []
