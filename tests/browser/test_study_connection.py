"""A study over reloads, other devices, lost connections and lost replies: no answer is lost, none stored twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import study_lab as lab_
from tests.browser.study_lab import PHONE, StudyLab, choose, go_on, hear


def test_a_reload_keeps_the_page_what_was_heard_and_what_was_chosen(at: Callable[..., Any], lab: StudyLab) -> None:
    page = at(lab_.BREAK, lab_.EMOTION, lab_.QUESTIONNAIRE)
    go_on(page)
    hear(page)
    page.keyboard.press("2")
    page.reload()
    page.wait_for_selector(".vvs-sound[data-heard=true]")
    assert "Welcome back" in page.inner_text(".vvs-problem")
    assert page.locator("input:checked").get_attribute("value") == "neutral"
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-block=questionnaire]")
    page.fill("textarea", "half a sent")
    page.reload()
    assert page.input_value("textarea") == "half a sent"
    assert lab.answers(page.token)[1] == {"emotion": "neutral", "intensity": "3"}


def test_the_same_link_on_another_device_goes_on_there(at: Callable[..., Any], lab: StudyLab, open_page: Any) -> None:
    page = at(lab_.ABOUT_YOU, lab_.MOS, lab_.BREAK)
    choose(page)
    go_on(page)
    other = open_page(page.url, **PHONE)
    other.wait_for_selector("[data-block=task]")
    hear(other)
    choose(other)
    go_on(other)
    hear(page)  # meanwhile the first window still shows what was answered in the second
    choose(page, 3)
    page.click(".vvs-next")
    page.wait_for_selector("[data-block=break]")
    assert "already answered" in page.inner_text(".vvs-problem")
    assert lab.answers(page.token)[1] == {"overall_quality": "4"}


@pytest.mark.parametrize("status", [None, 503])
def test_an_answer_waits_on_the_page_until_it_arrives(
    at: Callable[..., Any], lab: StudyLab, status: int | None
) -> None:
    page = at(lab_.MOS, lab_.BREAK)
    hear(page)
    page.keyboard.press("4")
    sent: list[Any] = []

    def refuse(route: Any) -> None:
        sent.append(json.loads(route.request.post_data))
        route.abort() if status is None else route.fulfill(status=status, json={"error": "Not now.", "code": "storage"})

    page.route("**/answer", refuse)
    page.wait_for_selector("input[value='4']:checked")
    with page.expect_request("**/answer"):  # if anything is lost, this tells whether it was ever sent
        page.keyboard.press("Enter")
    page.wait_for_selector(".vvs-problem button")
    assert ("Your answer is safe" if status is None else "Not now.") in page.inner_text(".vvs-problem")
    assert page.locator("input:checked").get_attribute("value") == "4"
    assert page.locator("input:enabled").count() == 0
    assert lab.answers(page.token)[0] == {}
    page.unroute("**/answer")
    page.reload()  # not even a reload loses it: the page sends it again by itself
    page.wait_for_selector("[data-block=break]")
    assert lab.answers(page.token)[0] == {"overall_quality": "4"}
    assert len({json.dumps(message, sort_keys=True) for message in sent}) == 1


def test_a_reply_that_got_lost_does_no_harm(at: Callable[..., Any], lab: StudyLab) -> None:
    page = at(lab_.MOS, lab_.BREAK)
    hear(page)
    page.keyboard.press("2")

    def lose_reply(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/answer", lose_reply, times=1)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-block=break]")
    assert lab.answers(page.token) == [{"overall_quality": "2"}, {}]


def test_a_sound_that_does_not_come_is_tried_again(at: Callable[..., Any], lab: StudyLab, open_page: Any) -> None:
    token = lab.token(lab_.MOS)
    page = open_page("about:blank")
    page.route("**/sound/*", lambda route: route.abort())
    page.goto(f"{lab.url}/take/{token}")
    page.wait_for_selector(".vvs-sound[data-state=failed]")
    assert "did not arrive" in page.inner_text(".vvs-trouble")
    page.unroute("**/sound/*")
    page.click(".vvs-play")  # tries at once, and plays when it is there
    page.wait_for_selector(".vvs-sound[data-heard=true]")
