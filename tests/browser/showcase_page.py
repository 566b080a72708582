"""What the tests of the gallery do on its page, in the app and opened from disk."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import wait_until

FIND = "[...document.querySelectorAll('*')].find((one) => one.showcase).showcase"


def state(page: Any) -> dict[str, Any]:
    """What the gallery says of itself."""
    return page.evaluate(f"{FIND}.state()")


def heard(page: Any) -> tuple[int, str] | None:
    """Row and column of what sounds now: the one cell whose gain is open while the clock runs."""
    now = state(page)
    if not now["playing"] or now["now"] is None:
        return None
    (key,) = [track["key"] for track in now["tracks"] if track["open"]]
    return now["now"]["row"], key


def same_moment(page: Any) -> set[int]:
    """Where the sounds of the row began on the output's clock: one number if they are in step, to the sample."""
    return {track["startFrame"] - track["offsetFrames"] for track in state(page)["tracks"]}


def clicked(page: Any, number: int) -> None:
    """Press a cell by its place on the page."""
    page.locator(".vvg-cell").nth(number).click()


def recorded(page: Any) -> None:
    """From now on `played` knows every cell that begins to sound, however slow the test is."""
    page.evaluate(
        f"""() => {{ const {{ deck }} = {FIND}, before = deck.changed;
        window.played = [];
        deck.changed = () => {{
          before();
          if (deck.now?.state === 'playing') window.played.push([deck.now.row, deck.now.column]);
        }}; }}"""
    )


def played(page: Any) -> list[list[Any]]:
    """The rows and columns that sounded since `recorded`."""
    return page.evaluate("window.played")


def switches_in_place(page: Any) -> None:
    """The third sentence, a long one, plays, and goes on at the same moment when another system is pressed, or its
    number."""
    clicked(page, 6)
    wait_until(lambda: heard(page) == (3, "original") and state(page)["positionS"] > 0.05)
    wait_until(lambda: len(state(page)["tracks"]) == 3)
    before = state(page)
    clicked(page, 7)
    wait_until(lambda: heard(page) == (3, "mcadams"))
    after = state(page)
    assert after["contextS"] > before["contextS"]  # the output's clock runs
    assert after["positionS"] - before["positionS"] >= 0.99 * (after["contextS"] - before["contextS"]) - 0.01
    assert same_moment(page) == {track["startFrame"] - track["offsetFrames"] for track in before["tracks"]}
    page.keyboard.press("3")
    wait_until(lambda: heard(page) == (3, "pitch-formant"))
    assert len(same_moment(page)) == 1


def small_targets(page: Any) -> list[str]:
    """Visible buttons, links and summaries of the gallery under 44 px in either direction."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.vvg button, .vvg a, .vvg summary')]
        .filter((one) => one.getClientRects().length)
        .filter((one) => { const box = one.getBoundingClientRect(); return box.width < 44 || box.height < 44; })
        .map((one) => one.outerHTML.slice(0, 120))"""
    )
