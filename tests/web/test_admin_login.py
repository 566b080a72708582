"""The login without a browser: what opens, what waits, what ends."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.admin_login import MADE_EARLIER, SESSION_S, Login, Throttle, hash_password, network, password_fits

PASSWORD = "correct horse"


class Kept:
    """Keys in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def key(self, name: str, make: Callable[[], str], /) -> str:
        return self.texts.setdefault(name, make())


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_the_right_password_opens_and_no_other(kept: Kept, clock: Clock) -> None:
    login = Login(kept, PASSWORD, clock)
    session, wait_s = login.enter(PASSWORD, "10.0.0.1")
    assert login.knows(session)
    assert wait_s == 0
    assert login.enter("wrong horse", "10.0.0.2") == ("", 0.0)
    assert login.enter("", "10.0.0.3") == ("", 0.0)


def test_without_a_password_one_is_made_shown_once_and_kept_as_a_hash(kept: Kept, clock: Clock) -> None:
    login = Login(kept, "", clock)
    shown = login.announcement.split(": ")[1].split(" ")[0]
    assert login.enter(shown, "a")[0]
    assert shown not in "".join(kept.texts.values())
    again = Login(kept, "", clock)
    assert again.announcement == MADE_EARLIER
    assert again.enter(shown, "a")[0]
    assert Login(Kept(), "", clock).announcement != login.announcement


def test_a_given_password_is_told_to_nobody(kept: Kept, clock: Clock) -> None:
    login = Login(kept, PASSWORD, clock)
    assert login.announcement == ""
    assert PASSWORD not in "".join(kept.texts.values())


def test_sessions_outlive_a_restart_but_not_another_password(kept: Kept, clock: Clock) -> None:
    session, _ = Login(kept, PASSWORD, clock).enter(PASSWORD, "a")
    assert Login(kept, PASSWORD, clock).knows(session)
    assert not Login(kept, "another password", clock).knows(session)
    assert not Login(Kept(), PASSWORD, clock).knows(session)


def test_sessions_end(kept: Kept, clock: Clock) -> None:
    login = Login(kept, PASSWORD, clock)
    first, second = login.enter(PASSWORD, "a")[0], login.enter(PASSWORD, "a")[0]
    login.leave(first)
    assert not login.knows(first)
    assert login.knows(second)
    clock.now_s += SESSION_S
    assert not login.knows(second)
    login.leave("no session at all")


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_changed_session_is_refused(kept: Kept, clock: Clock, place: int) -> None:
    login = Login(kept, PASSWORD, clock)
    session = login.enter(PASSWORD, "a")[0]
    changed = list(session)
    changed[place] = "A" if changed[place] != "A" else "B"
    assert not login.knows("".join(changed))


@settings(max_examples=50)
@given(st.text())
def test_invented_sessions_are_refused(text: str) -> None:
    assert not Login(Kept(), PASSWORD, Clock()).knows(text.encode("utf-8", "replace").decode())


def test_wrong_passwords_wait_longer_and_longer_and_only_their_sender(kept: Kept, clock: Clock) -> None:
    login = Login(kept, PASSWORD, clock)
    waits = []
    for _ in range(12):
        login.enter("wrong", "10.0.0.1")
        _, wait_s = login.enter(PASSWORD, "10.0.0.1") if len(waits) > 1 else ("", 0.0)
        waits.append(wait_s)
        clock.now_s += wait_s
    assert waits[2:] == [min(300.0, 2.0**n) for n in range(10)]
    login.enter("wrong", "10.0.0.1")
    assert login.enter(PASSWORD, "10.0.0.1")[1] > 0  # even the right one waits
    clock.now_s += 5.0
    assert login.enter(PASSWORD, "10.0.0.2")[0]


def test_guessing_from_many_addresses_is_slowed_too(kept: Kept, clock: Clock) -> None:
    login = Login(kept, PASSWORD, clock)
    for number in range(20):
        assert login.enter("wrong", f"10.0.0.{number}") == ("", 0.0)
    _, wait_s = login.enter("wrong", "10.0.1.1")
    assert 0 < wait_s <= 5.0


def test_many_guesses_at_once_gain_nothing(kept: Kept, clock: Clock) -> None:
    login, checked = Login(kept, PASSWORD, clock), []
    threads = [
        threading.Thread(target=lambda: checked.append(login.enter("wrong", "10.0.0.1")[1] == 0.0)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(checked) == 3


def test_failures_are_forgotten_and_their_memory_is_bounded(clock: Clock) -> None:
    throttle = Throttle(clock, free=1, most=5)
    throttle.failed("a")
    assert throttle.wait_s("a") == 1.0
    clock.now_s += 3600
    assert throttle.wait_s("a") == 0.0
    throttle.failed("a")
    for number in range(5):
        throttle.failed(str(number))
    assert throttle.wait_s("a") == 0.0
    assert throttle.wait_s("4") == 1.0


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::1", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_is_one_person(address: str, owner: str) -> None:
    assert network(address) == owner


@pytest.mark.parametrize("password", ["x", "pässwörd 😀", "a" * 5000])
def test_hashes_fit_their_password(password: str) -> None:
    hashed = hash_password(password)
    assert password_fits(password, hashed)
    assert not password_fits(password + " ", hashed)
    assert hash_password(password) != hashed
