"""The synchronised player in a real Chromium: what is open, where it plays, and that it is the same place for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.browser.harness import Lab, build, comparison, float_wav, track, voice, wav

RATES = (16_000, 44_100)
STATE = "window.element.syncPlayer.state()"
# Both open at once, past the player's own choice, so that a sound and its negative can cancel.
OPEN_ALL = "for (const key of player().mixer.channels.keys()) player().mixer.setGain(key, 1);"
TOOLS = """
window.player = () => window.element.syncPlayer.player;
window.capture = async (seconds) => {
  const { context, output } = player().mixer;
  if (!window.ready) { await context.audioWorklet.addModule('capture.mjs'); window.ready = true; }
  const node = new AudioWorkletNode(context, 'capture');
  let peak = 0, samples = 0, from = context.currentTime + 0.05;
  output.connect(node);
  await new Promise((resolve) => {
    node.port.onmessage = ({ data }) => {
      if (context.currentTime < from) return;
      for (const sample of data) peak = Math.max(peak, Math.abs(sample));
      samples += data.length;
      if (samples >= seconds * context.sampleRate) resolve();
    };
  });
  output.disconnect(node);
  return { peak, samples };
};
null;
"""


@pytest.fixture(scope="module")
def lab(serve: Callable[[Any], str]) -> Lab:
    lab = Lab()
    for number in range(4):
        lab.sounds[f"s{number}"] = wav(voice(number))
    lab.sounds["long"] = wav(voice(5, 3.0))
    speech = (voice(7, 20.0) / 32768).astype(np.float32)
    for rate in RATES:
        lab.sounds[f"speech-{rate}"] = float_wav(speech, rate)
        lab.sounds[f"negative-{rate}"] = float_wav(-speech, rate)
    lab.sounds["late-16000"] = float_wav(np.concatenate([[0], -speech[:-1]]))
    lab.sounds["noise"] = b"this is no sound"
    lab.url = serve(build(lab))
    return lab


THREE = (
    track("original", "Original", "s0", place=0, gain_db=-6.0),
    track("mcadams", "McAdams", "s1", place=1, gain_db=3.0, short_by_db=2.5),
    track("devoiced", "Devoiced", "s2", place=2),
)


@pytest.fixture
def player(open_page: Callable[..., Any], lab: Lab) -> Any:
    """A page with the player alone, three tracks loaded."""
    page = open_page(f"{lab.url}/plain")
    page.wait_for_function("window.mounted")
    page.evaluate(TOOLS)
    show(page, comparison(*THREE))
    return page


def show(page: Any, value: Any) -> None:
    """What the server would send; waits until every ready track is decoded."""
    page.evaluate("(value) => window.show(value)", value)
    ready = sum(each["state"] == "ready" for each in (value or {"tracks": []})["tracks"])
    page.wait_for_function(f"{STATE}.tracks.length === {ready}")


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(STATE)


def open_tracks(page: Any) -> list[str]:
    return [each["key"] for each in state(page)["tracks"] if each["open"]]


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


# -- sample by sample ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("looping", [False, True])
@pytest.mark.parametrize("rate", RATES)
def test_track_that_joins_while_playing_cancels_its_negative_exactly(player: Any, looping: bool, rate: int) -> None:
    show(player, comparison(track("a", "A", f"speech-{rate}"), run="null"))
    assert state(player)["sampleRateHz"] == rate
    if looping:
        player.evaluate("player().setLoop({ start: 16001, end: 24333 })")
    player.keyboard.press("Space")
    assert player.evaluate("capture(0.2)")["peak"] > 0.01
    show(player, comparison(track("a", "A", f"speech-{rate}"), track("b", "B", f"negative-{rate}"), run="null"))
    player.evaluate(OPEN_ALL)
    heard = player.evaluate("capture(1.0)")
    assert state(player)["playing"]
    assert heard == {"peak": 0, "samples": heard["samples"]}


def test_null_test_can_fail_by_one_sample(player: Any) -> None:
    show(player, comparison(track("a", "A", "speech-16000"), track("b", "B", "late-16000", place=1), run="null"))
    player.keyboard.press("Space")
    player.evaluate(OPEN_ALL)
    assert player.evaluate("capture(0.5)")["peak"] > 0.01


def test_longer_track_that_joins_keeps_all_aligned(player: Any) -> None:
    show(player, comparison(track("a", "A", "speech-16000"), track("b", "B", "negative-16000"), run="null"))
    player.keyboard.press("Space")
    player.evaluate(OPEN_ALL)
    player.evaluate(
        "player().mixer.add('longer', new AudioBuffer({ length: 400000, numberOfChannels: 1, sampleRate: 16000 }), 0)"
    )
    assert player.evaluate("capture(0.5)")["peak"] == 0
    assert {each["lengthFrames"] for each in state(player)["tracks"]} == {400_000}


def test_positions_agree_whenever_a_track_joined(player: Any) -> None:
    show(player, comparison(*THREE[:2]))
    player.keyboard.press("Space")
    player.wait_for_function(f"{STATE}.positionS > 0.1")
    show(player, comparison(*THREE))
    tracks = state(player)["tracks"]
    assert len({each["offsetFrames"] - each["startFrame"] for each in tracks}) == 1
    assert len({each["startFrame"] for each in tracks}) == 2
    assert {each["lengthFrames"] for each in tracks} == {32_000}


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


def test_touch_plays_chooses_seeks_and_loops(open_page: Callable[..., Any], lab: Lab, ledger: Any) -> None:
    page = open_page(f"{lab.url}/plain", width=360, height=740, has_touch=True, is_mobile=True)
    page.wait_for_function("window.mounted")
    show(page, comparison(*THREE))
    page.tap(".vvc-play")
    page.wait_for_function(f"{STATE}.playing")
    page.tap(".vvc-row:nth-child(3) [role=radio]")
    assert open_tracks(page) == ["devoiced"]
    box = page.locator(".vvc-scale").bounding_box()
    y = box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    for kind, fraction in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        points = [] if fraction is None else [{"x": box["x"] + fraction * box["width"], "y": y}]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
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


def test_nothing_yet_says_what_to_do_first(open_page: Callable[..., Any], lab: Lab) -> None:
    page = open_page(f"{lab.url}/plain")
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


# -- in Gradio -----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_gradio_it_plays_tells_the_server_and_satisfies_axe(
    open_page: Callable[..., Any], lab: Lab, ledger: Any, violations: Any, width: int, theme: str
) -> None:
    page = open_page(f"{lab.url}/?__theme={theme}", width=width)
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


def test_malicious_words_through_gradio_stay_words(open_page: Callable[..., Any], lab: Lab, ledger: Any) -> None:
    page = open_page(lab.url)
    page.wait_for_selector("#player .vvc-empty")
    evil = "${document.body.setAttribute('hacked', 1)} {{value}} <img src=x onerror=\"document.body.hacked=1\">"
    in_gradio(page, comparison(track("a", evil, "s0", transcript=evil)))
    assert page.locator("#player .vvc-title").text_content() == evil
    assert page.evaluate("document.body.getAttribute('hacked') ?? document.body.hacked") is None
    ledger.assert_clean()
