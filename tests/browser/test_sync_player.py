"""The synchronised player in a real Chromium: keys, mouse, touch, loudness, and results as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.harness import STATE, THREE, Lab, comparison, open_tracks, show, state, track


def gain(page: Any, key: str) -> float:
    return next(each["gain"] for each in state(page)["tracks"] if each["key"] == key)


def seek_fraction(page: Any, fraction: float, row: int = 0) -> None:
    box = page.locator(".vvc-lane").nth(row).bounding_box()
    page.mouse.click(box["x"] + fraction * box["width"], box["y"] + box["height"] / 2)


def drag(page: Any, start: float, end: float) -> None:
    box = page.locator(".vvc-lane").first.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


# -- keys ----------------------------------------------------------------------------------------------------


def test_number_keys_open_one_track_each(player: Any) -> None:
    assert open_tracks(player) == ["original"]
    player.keyboard.press("2")
    assert open_tracks(player) == ["mcadams"]
    player.keyboard.press("3")
    assert open_tracks(player) == ["devoiced"]
    player.keyboard.press("9")
    assert open_tracks(player) == ["devoiced"]
    assert player.evaluate("window.picked") == [{"key": "mcadams"}, {"key": "devoiced"}]


def test_gain_really_reaches_the_ear(player: Any) -> None:
    player.keyboard.press("Space")
    player.keyboard.press("2")
    player.wait_for_function(f"{STATE}.tracks.every((t) => Math.abs(t.gainNow - t.gain) < 1e-6)")
    assert open_tracks(player) == ["mcadams"]


def test_space_plays_and_pauses_where_it_was(player: Any) -> None:
    player.keyboard.press("Space")
    player.wait_for_function(f"{STATE}.playing && {STATE}.positionS > 0.2")
    player.keyboard.press("Space")
    rest = state(player)
    assert not rest["playing"]
    assert rest["positionS"] > 0.2


def test_it_stops_at_the_end_and_stands_at_the_start(player: Any) -> None:
    seek_fraction(player, 0.95)
    player.keyboard.press("Space")
    player.wait_for_function(f"!{STATE}.playing")
    assert state(player)["positionS"] == 0


def test_arrows_home_and_fine_steps(player: Any) -> None:
    player.keyboard.press("ArrowRight")
    assert state(player)["positionS"] == pytest.approx(1.0, abs=1e-3)
    player.keyboard.press("Period")
    player.keyboard.press("Period")
    player.keyboard.press("Comma")
    assert state(player)["positionS"] == pytest.approx(1.1, abs=1e-3)
    player.keyboard.press("ArrowLeft")
    assert state(player)["positionS"] == pytest.approx(0.1, abs=1e-3)
    player.keyboard.press("ArrowLeft")
    assert state(player)["positionS"] == 0
    player.keyboard.press("ArrowRight")
    player.keyboard.press("Home")
    assert state(player)["positionS"] == 0


def test_loop_by_keys_stretches_and_clears(player: Any) -> None:
    player.keyboard.press("Shift+ArrowRight")
    player.keyboard.press("Shift+ArrowRight")
    assert state(player)["loop"] == pytest.approx({"startS": 0, "endS": 0.2}, abs=1e-3)
    player.keyboard.press("Escape")
    assert state(player)["loop"] is None
    player.keyboard.press("ArrowRight")
    player.keyboard.press("i")
    assert state(player)["loop"] == pytest.approx({"startS": 1, "endS": 2}, abs=1e-3)


def test_keys_are_left_alone_while_typing_and_with_modifiers(player: Any) -> None:
    for field in ("#words", "#area"):
        player.focus(field)
        player.keyboard.type("2 m")
        assert player.input_value(field) == "2 m"
    player.evaluate("document.activeElement.blur()")
    player.keyboard.press("Control+2")
    player.keyboard.press("Alt+2")
    assert open_tracks(player) == ["original"]
    assert state(player)["matched"]
    assert not state(player)["playing"]


def test_space_on_a_button_presses_that_button(player: Any) -> None:
    player.evaluate("document.getElementById('other').addEventListener('click', () => (window.pressed = true))")
    player.focus("#other")
    player.keyboard.press("Space")
    assert player.evaluate("window.pressed")
    assert not state(player)["playing"]


def test_up_and_down_move_through_the_tracks(player: Any) -> None:
    player.focus(".vvc-row[data-selected=true] [role=radio]")
    player.keyboard.press("ArrowDown")
    assert open_tracks(player) == ["mcadams"]
    assert player.evaluate("document.activeElement.textContent").endswith("McAdams")
    player.keyboard.press("Space")
    assert state(player)["playing"]
    assert player.locator("[role=radio][aria-checked=true]").count() == 1


def test_two_players_do_not_both_take_a_key(player: Any) -> None:
    player.evaluate(
        """async (value) => {
          const { mount } = await import(new URL('ui/player.mjs', document.baseURI));
          const second = document.createElement('div');
          second.innerHTML = '<div class="vvc vvc-player"></div>';
          document.querySelector('main').append(second);
          await mount({ element: second, props: { value }, watch: () => {} });
          window.second = second;
        }""",
        comparison(*THREE),
    )
    player.wait_for_function("window.second.syncPlayer.state().tracks.length === 3")
    player.keyboard.press("2")
    assert open_tracks(player) == ["mcadams"]
    assert player.evaluate("window.second.syncPlayer.state().selected") == "original"
    player.evaluate("window.second.querySelectorAll('[role=radio]')[2].click()")
    player.evaluate("window.second.querySelectorAll('[role=radio]')[2].focus()")
    player.keyboard.press("1")
    assert open_tracks(player) == ["mcadams"]
    player.evaluate("window.second.remove()")
    player.keyboard.press("3")
    assert open_tracks(player) == ["devoiced"]


def test_a_player_taken_from_the_page_falls_silent(player: Any) -> None:
    player.keyboard.press("Space")
    player.evaluate("window.element.remove()")
    player.wait_for_function(f"!{STATE}.playing")


# -- mouse and touch -----------------------------------------------------------------------------------------


def test_click_seeks_and_chooses_the_row(player: Any) -> None:
    seek_fraction(player, 0.5, row=1)
    assert state(player)["positionS"] == pytest.approx(1.0, abs=0.02)
    assert open_tracks(player) == ["mcadams"]


def test_drag_loops_and_playing_stays_inside(player: Any) -> None:
    drag(player, 0.25, 0.5)
    loop = state(player)["loop"]
    assert loop == pytest.approx({"startS": 0.5, "endS": 1.0}, abs=0.02)
    player.keyboard.press("Space")
    player.wait_for_function(
        f"(() => {{ const s = {STATE}; const t = s.tracks[0]; const now = player().mixer.now();"
        " return s.playing && now - t.startFrame > 12000; })()"
    )
    now = state(player)
    assert loop["startS"] <= now["positionS"] < loop["endS"]
    seek_fraction(player, 0.9)
    assert state(player)["loop"] is None


def test_an_edge_of_the_loop_can_be_dragged(player: Any) -> None:
    drag(player, 0.25, 0.5)
    drag(player, 0.5, 0.75)
    assert state(player)["loop"] == pytest.approx({"startS": 0.5, "endS": 1.5}, abs=0.03)


def test_touch_plays_chooses_seeks_and_loops(open_page: Callable[..., Any], player_lab: Lab, ledger: Any) -> None:
    page = open_page(f"{player_lab.url}/plain", width=360, height=740, has_touch=True, is_mobile=True)
    page.wait_for_function("window.mounted")
    show(page, comparison(*THREE))
    page.tap(".vvc-play")
    page.wait_for_function(f"{STATE}.playing")
    page.tap(".vvc-row:nth-child(3) [role=radio]")
    assert open_tracks(page) == ["devoiced"]
    box = page.locator(".vvc-scale").bounding_box()
    y = box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    # The finger moves for half a second and rests before it lifts: else Chromium sees a fling, and eats the next tap.
    moves = [("touchStart", 0.2), ("touchMove", 0.5), *[("touchMove", 0.7)] * 8, ("touchEnd", None)]
    began_s = time.time()
    for number, (kind, fraction) in enumerate(moves):
        points = [] if fraction is None else [{"x": box["x"] + fraction * box["width"], "y": y}]
        event = {"type": kind, "touchPoints": points, "timestamp": began_s + 0.05 * number}
        client.send("Input.dispatchTouchEvent", event)
    assert state(page)["loop"] == pytest.approx({"startS": 0.4, "endS": 1.4}, abs=0.05)
    page.tap("text=Clear loop")
    page.wait_for_function(f"{STATE}.loop === null")
    ledger.assert_clean()


# -- loudness ------------------------------------------------------------------------------------------------


def test_matched_loudness_applies_each_gain_and_says_so(player: Any) -> None:
    assert gain(player, "original") == pytest.approx(10 ** (-6 / 20))
    assert player.get_by_role("switch").text_content() == "Loudness matched to −23 LUFS"
    short = player.get_by_text("2.5 dB quieter than the others: its peaks leave no room.")
    assert short.is_visible()
    player.keyboard.press("m")
    assert gain(player, "original") == 1
    assert player.get_by_role("switch").get_attribute("aria-checked") == "false"
    assert player.get_by_role("switch").text_content() == "Loudness as delivered"
    assert short.count() == 0
    player.get_by_role("switch").click()
    player.keyboard.press("2")
    assert gain(player, "mcadams") == pytest.approx(10 ** (3 / 20))


# -- results as they come ------------------------------------------------------------------------------------


def test_nothing_yet_says_what_to_do_first(open_page: Callable[..., Any], player_lab: Lab) -> None:
    page = open_page(f"{player_lab.url}/plain")
    page.wait_for_function("window.mounted")
    assert page.get_by_text("Nothing to hear yet.").is_visible()
    assert not page.locator(".vvc-body").is_visible()
    page.keyboard.press("Space")
    assert not state(page)["playing"]


def test_progress_and_states_are_shown(player: Any) -> None:
    waiting = track("pitch", "Pitch + formant", state="waiting", place=2)
    running = track("f0", "F0", state="running", place=3)
    failed = track("bad", "Bad", state="failed", place=4, message="A longer clip was expected.")
    progress = {"done": 2, "total": 5, "doing": "F0", "elapsed_s": 1.2, "eta_s": 3.0}
    show(player, comparison(THREE[0], waiting, running, failed, run="run-2", busy=True, progress=progress))
    bar = player.get_by_role("progressbar", name="Systems done")
    assert [bar.get_attribute(name) for name in ("aria-valuenow", "aria-valuemax")] == ["2", "5"]
    assert player.get_by_text("Running F0").is_visible()
    assert player.get_by_text("2 of 5 done · 1.2 s so far · about 3 s left").is_visible()
    assert player.get_by_text("A longer clip was expected.").is_visible()
    assert player.get_by_text("Waiting for its turn").is_visible()
    player.keyboard.press("2")
    assert open_tracks(player) == ["original"]
    show(player, comparison(THREE[0], run="run-2"))
    assert player.get_by_role("progressbar").count() == 0
    assert player.get_by_text("1 of 1 ready to hear").is_visible()


def test_a_result_that_arrives_does_not_interrupt(player: Any) -> None:
    show(player, comparison(THREE[0], track("mcadams", "McAdams", state="running"), run="run-2", busy=True))
    player.keyboard.press("Space")
    player.wait_for_function(f"{STATE}.positionS > 0.2")  # a start that came late has been made good by then
    start = state(player)["tracks"][0]["startFrame"]
    show(player, comparison(*THREE[:2], run="run-2"))
    now = state(player)
    assert now["playing"]
    assert now["tracks"][0]["startFrame"] == start
    assert open_tracks(player) == ["original"]
    assert player.locator("[aria-live]").text_content() == "McAdams is ready."


def test_a_new_run_stops_and_stands_at_the_start(player: Any) -> None:
    player.keyboard.press("3")
    player.keyboard.press("ArrowRight")
    player.keyboard.press("i")
    player.keyboard.press("Space")
    show(player, comparison(*THREE, run="run-2"))
    now = state(player)
    assert (now["playing"], now["positionS"], now["loop"]) == (False, 0, None)
    assert open_tracks(player) == ["devoiced"]


def test_each_sound_is_fetched_once(player: Any, ledger: Any) -> None:
    show(player, comparison(*THREE[:2]))
    show(player, comparison(*THREE))
    show(player, comparison(*THREE, run="run-2"))
    asked = [request.url.rsplit("/", 1)[1] for request in ledger.requests if "/media/" in request.url]
    assert sorted(asked) in (["s0", "s1", "s2"], ["s0", "s1", "s2", "s2"])  # s2 had left the list once


def test_a_sound_that_is_gone_or_broken_leaves_a_sentence(player: Any, ledger: Any) -> None:
    gone = track("gone", "Gone", "nowhere", place=3)
    broken = track("broken", "Broken", "noise", place=4)
    player.evaluate("(value) => window.show(value)", comparison(THREE[0], gone, broken, run="run-2"))
    player.get_by_text("This sound is no longer on the server").wait_for()
    player.get_by_text("The browser could not decode this sound").wait_for()
    assert open_tracks(player) == ["original"]
    ledger.assert_clean(expected_errors=("404",))


def test_words_from_elsewhere_stay_words(player: Any, ledger: Any) -> None:
    evil = '<img src=x onerror="window.hacked=1"> ${window.hacked=1} {{hacked}} `'
    show(player, comparison(track("a", evil, "s0", transcript=evil, notes=[evil], colour="red;}"), run="evil"))
    assert player.locator(".vvc-title").text_content() == evil
    assert player.get_by_text("What the recogniser heard:").text_content().endswith(f"“{evil}”")
    assert player.locator("img").count() == 0
    assert player.evaluate("window.hacked") is None
    ledger.assert_clean()
