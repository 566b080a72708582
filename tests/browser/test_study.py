"""A listening study as strangers take it: in a real Chromium, over the real routes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from listening_test.planners import Planners
from tests.browser import study_lab as lab_
from tests.browser.study_lab import PHONE, StudyLab, choose, go_on, hear, press, take

SMALL = """(all) => all.filter((one) => one.getClientRects().length)
  .filter((one) => Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width) < 44)
  .map((one) => one.outerHTML)"""


def plan_these(monkeypatch: pytest.MonkeyPatch, trials: list[Any]) -> None:
    """Whoever enrols gets these pages."""
    planner = SimpleNamespace(plan=lambda place, language: trials)
    monkeypatch.setattr(Planners, "of", lambda planners, info: planner)


def enrolled(page: Any) -> str:
    return page.url.rsplit("/", 1)[1]


@pytest.mark.parametrize(
    ("language", "options"),
    [
        pytest.param("en", {"color_scheme": "light"}, id="laptop-light-en", marks=pytest.mark.slow),
        pytest.param("de", {"color_scheme": "dark", **PHONE, "width": 360}, id="phone-dark-de"),
    ],
)
def test_from_consent_to_code(
    lab: StudyLab,
    open_page: Callable[..., Any],
    ledger: Any,
    violations: Any,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    options: dict[str, Any],
) -> None:
    plan_these(monkeypatch, list(lab_.EVERY_PAGE))
    width = options.get("width", 1280)

    def look(page: Any) -> None:
        assert violations(page, "main") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.eval_on_selector_all("button, a[href], label.vvs-option, textarea", SMALL) == []

    page = open_page(f"{lab.url}/study/{lab.info.link}?lang={language}&PROLIFIC_PID=p-{language}", **options)
    page.wait_for_selector(".vvs-landing")
    look(page)
    page.click(".vvs-next", force=True)
    assert page.evaluate("document.activeElement.type") == "checkbox"  # what is missing, not a scolding
    for box in page.locator("input[type=checkbox]").all():
        box.check()
    page.click(".vvs-next")
    page.wait_for_selector("[data-block=about_you]")
    assert "p-" not in page.url
    assert page.evaluate("document.documentElement.lang") == language
    take(page, look)
    look(page)
    assert page.inner_text(".vvs-code") == "DONE-1234"
    assert page.get_attribute("a.vvs-main", "href") == "https://crowd.example.org/back?cc=DONE-1234"
    answers = lab.answers(enrolled(page))
    assert [sorted(each) for each in answers] == [sorted(each.questions) for each in lab_.EVERY_PAGE]
    assert answers[-1]["comment"] == "All & <b>well</b> +1 \"'; DROP TABLE answer; –"
    assert lab.store.listener(enrolled(page)).state == "finished"
    assert {request.url.split("/")[2] for request in ledger.requests} == {lab.url.split("/")[2]}
    ledger.assert_clean()


def test_with_the_keyboard_alone(at: Callable[..., Any], lab: StudyLab) -> None:
    pages = (lab_.ABOUT_YOU, lab_.HEADPHONES, lab_.TRAINING, lab_.LINE_UP, lab_.EMOTION, lab_.BREAK)
    page = at(*pages)
    press = page.keyboard.press
    for keys in ("12", "1", "5", "0", "34", ""):
        before = page.query_selector(".vvs-page")
        for i in range(page.locator(".vvs-play").count()):
            press("Space")
            page.wait_for_selector(f":nth-match(.vvs-sound, {i + 1})[data-heard=true]")
        for key in keys:
            press(key)
        press("Enter")
        page.wait_for_function("(page) => !page.isConnected || page.querySelector('.vvs-feedback')", arg=before)
        if page.locator(".vvs-feedback").count():
            assert "not right" in page.inner_text(".vvs-feedback")
            press("Enter")
            page.wait_for_function("(page) => !page.isConnected", arg=before)
    page.wait_for_selector("[data-end=finished]")
    assert lab.answers(page.token) == [
        {"hearing": "normal", "fluency": "fluent"},
        {"headphone_softest": "1"},
        {"same_different": "2"},
        {"line_up": "none"},
        {"emotion": "sadness", "intensity": "4"},
        {"ready": "ok"},
    ]


def test_letters_play_and_a_held_key_does_not_skip_pages(at: Callable[..., Any], lab: StudyLab) -> None:
    page = at(lab_.SAME_DIFFERENT, lab_.BREAK, lab_.BREAK)
    page.wait_for_selector(":nth-match(.vvs-sound, 2)[data-state=ready]")
    page.keyboard.press("b")
    page.wait_for_selector(":nth-match(.vvs-sound, 2)[data-heard=true]")
    assert page.get_attribute(".vvs-sound >> nth=0", "data-heard") == "false"
    page.keyboard.press("a")
    page.wait_for_selector(":nth-match(.vvs-sound, 1)[data-heard=true]")
    page.keyboard.press("6")
    page.keyboard.down("Enter")
    page.wait_for_selector("[data-block=break]")
    for _ in range(5):
        page.keyboard.down("Enter")  # the key is still down: these are repeats
    page.keyboard.up("Enter")
    assert lab.answers(page.token) == [{"same_different": "3"}, {}, {}]


def test_no_answer_before_every_sound_was_heard(at: Callable[..., Any], lab: StudyLab) -> None:
    page = at(lab_.SAME_DIFFERENT)
    page.wait_for_selector(".vvs-sound[data-state=ready]")
    for key in ("4", "Enter"):
        page.keyboard.press(key)
    assert page.locator("input:enabled").count() == 0
    assert "every recording to its end" in page.inner_text(".vvs-hint")
    page.click(".vvs-play >> nth=0")
    page.wait_for_selector(".vvs-sound[data-heard=true]")
    page.keyboard.press("4")
    page.click(".vvs-next", force=True)
    assert page.locator("input:enabled").count() == 0
    assert lab.answers(page.token) == [{}]


def test_only_stretches_that_were_played_count_as_heard(at: Callable[..., Any]) -> None:
    page = at(lab_.BREAK)
    stretches = """async (all) => {
      const address = document.querySelector("script[type=module]").src.replace("study.mjs", "sound.mjs");
      const { Stretches } = await import(address);
      return new Stretches(all).share(10);
    }"""
    for heard, share in (
        ([], 0),
        ([[0, 4]], 0.4),
        ([[0, 4], [0, 4], [2, 4]], 0.4),
        ([[0, 2], [8, 10], [1, 3]], 0.5),
        ([[5, 10], [0, 5]], 1),
        ([[3, 3], [4, 1]], 0),
        ([[0, 12]], 1),
    ):
        assert page.evaluate(stretches, heard) == pytest.approx(share)


def test_the_headphone_check_plays_once(at: Callable[..., Any], lab: StudyLab) -> None:
    page = at(lab_.HEADPHONES)
    hear(page)
    assert page.get_attribute(".vvs-sound", "data-state") == "spent"
    page.click(".vvs-play", force=True)
    page.keyboard.press("Space")
    assert page.get_attribute(".vvs-sound", "data-state") == "spent"
    page.reload()
    page.wait_for_selector(".vvs-sound[data-state=spent]")
    choose(page)
    go_on(page)
    trial = lab.store.trials(lab.store.listener(page.token).id)[0]
    assert trial.answers == {"headphone_softest": "2"}


def test_withdrawing_is_asked_once_more_and_erases(at: Callable[..., Any], lab: StudyLab, violations: Any) -> None:
    page = at(lab_.ABOUT_YOU, lab_.BREAK)
    choose(page)
    go_on(page)
    press(page, "Withdraw")
    page.wait_for_selector(".vvs-danger")
    assert violations(page, "main") == []
    press(page, "Keep going")
    assert page.is_visible("[data-block=break]")
    press(page, "About this study")
    page.wait_for_selector(".vvs-facts")
    assert "bench@example.org" in page.inner_text("main")
    assert violations(page, "main") == []
    press(page, "Back")
    press(page, "Withdraw")
    press(page, "Withdraw and erase my answers")
    page.wait_for_selector("[data-end=withdrawn]")
    assert lab.store.listener(page.token) is None
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    assert "does not work" in page.inner_text("main")


def test_screened_out(lab: StudyLab, at: Callable[..., Any], open_page: Any, violations: Any) -> None:
    info = lab.add("strict", screening={"headphones": "required", "headphones_pass": 1})
    page = open_page(f"{lab.url}/take/{lab.token(lab_.HEADPHONES, lab_.MOS, info=info)}")
    page.wait_for_selector("[data-block=headphones]")
    hear(page)
    choose(page, 2)
    page.click(".vvs-next")
    page.wait_for_selector("[data-end=screened_out]")
    assert page.inner_text(".vvs-code") == "OUT-5678"
    assert violations(page, "main") == []


@pytest.mark.parametrize("missing", ["study.mjs", "consent.mjs"])
def test_when_its_code_does_not_arrive_the_page_says_so(lab: StudyLab, open_page: Any, missing: str) -> None:
    page = open_page("about:blank", reduced_motion="reduce")
    page.route(f"**/{missing}", lambda route: route.abort())
    page.goto(f"{lab.url}/study/{lab.info.link}")
    late = page.locator("main .vvs-late")
    if missing == "study.mjs":  # no code at all: the style sheet lets the sentence appear after a while
        late.evaluate("(one) => one.getAnimations()[0].finish()")
    words = (late if missing == "study.mjs" else page.locator(".vvs-problem p")).first
    words.wait_for(state="visible")
    assert "Load the page again" in words.inner_text()


@pytest.mark.parametrize(("state", "words"), [("ready", "has not started yet"), ("closed", "is closed")])
def test_a_study_that_cannot_be_taken_says_so_at_once(lab: StudyLab, open_page: Any, state: str, words: str) -> None:
    page = open_page(f"{lab.url}/study/{lab.add(f'shut-{state}', state=state).link}")
    page.wait_for_selector("[data-end=refused]")
    assert words in page.inner_text("main")
    assert page.locator("input").count() == 0


def test_a_preview_says_that_it_is_one(lab: StudyLab, open_page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_these(monkeypatch, [lab_.BREAK])
    page = open_page(f"{lab.url}/study/{lab.info.link}?preview={lab.info.preview_key}&lang=de")
    page.click("text=English")
    page.get_by_role("button", name="Agree and start").wait_for()  # the page in English, with boxes of its own
    for box in page.locator("input[type=checkbox]").all():
        box.check()
    page.click(".vvs-next")
    page.wait_for_selector("[data-block=break]")
    assert "not counted" in page.inner_text(".vvs-mark")
    assert lab.store.listener(enrolled(page)).origin == "preview"


EVIL = "<img src=x onerror='document.body.dataset.hacked=1'>${document.body.dataset.hacked=1}{{1}}</script><b>"


def test_words_of_the_owner_stay_words(lab: StudyLab, open_page: Any, ledger: Any) -> None:
    both = {"en": EVIL, "de": EVIL}
    info = lab.add("evil", public_title=both, consent={"version": EVIL[:40], "text": both}, thank_you=both)
    page = open_page(f"{lab.url}/study/{info.link}")
    assert page.inner_text("h1") == EVIL
    page.goto(f"{lab.url}/take/{lab.token(lab_.BREAK, info=info)}")
    page.wait_for_selector("[data-block=break]")
    go_on(page)
    assert EVIL in page.inner_text("main")
    assert page.evaluate("document.body.dataset.hacked") is None
    ledger.assert_clean()


def test_the_first_page_is_light(lab: StudyLab, open_page: Any, ledger: Any) -> None:
    page = open_page("about:blank")
    page.goto(f"{lab.url}/take/{lab.token(lab_.MOS)}")
    page.wait_for_selector(".vvs-sound[data-state=ready]")
    sounds = [each for each in ledger.requests if "/sound/" in each.url]
    others = [each for each in ledger.requests if each not in sounds and each.url.startswith("http")]
    assert len(sounds) == 1
    assert len(others) <= 6, [each.url for each in others]
    sizes = [each.sizes() for each in others]
    total_bytes = sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes)
    assert 0 < total_bytes <= 100_000
    ledger.assert_clean()


HOST = """<!doctype html><html lang="en"><head><title>Around</title><link rel="icon" href="data:,"></head>
<body><main><h1>Listen</h1><div id="here"></div></main></body></html>"""


def test_inside_another_page(lab: StudyLab, open_page: Any, ledger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_these(monkeypatch, [lab_.BREAK, lab_.BREAK])
    page = open_page("about:blank")
    page.route("**/host", lambda route: route.fulfill(body=HOST, content_type="text/html"))
    mount = f"""async () => (await import("/study-ui/study.mjs"))
      .mount(document.getElementById("here"), {{ base: location.origin, link: "{lab.info.link}" }})"""

    def come() -> None:
        page.goto(f"{lab.url}/host")
        page.evaluate(mount)

    def begin() -> None:
        for box in page.locator("input[type=checkbox]").all():
            box.check()
        page.click(".vvs-next")
        page.wait_for_selector("[data-block=break]")

    come()
    assert page.inner_text("h2 >> nth=0") == "Listening to voices"
    begin()
    assert page.url.endswith("/host")
    go_on(page)
    come()
    page.wait_for_selector("[data-block=break]")
    assert "Welcome back" in page.inner_text(".vvs-problem")
    go_on(page)
    page.wait_for_selector("[data-end=finished]")
    page.click("text=Take it once more")
    page.wait_for_selector(".vvs-landing")
    begin()
    ledger.assert_clean()
