"""The owner's login: one password, guesses slowed down, sessions as signed texts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from typing import Protocol

SESSION_S = 12 * 3600.0
SCRYPT = {"n": 2**14, "r": 8, "p": 1}
MADE = "Password for /admin, shown this once: {password} (to choose another, set VOICEVEIL_ADMIN_PASSWORD)"
MADE_EARLIER = (
    "The password for /admin was shown when this database was first used; "
    "to choose another, set VOICEVEIL_ADMIN_PASSWORD and start again."
)


class Keys(Protocol):
    """Where secrets stay between starts: the text of that name, made the first time it is asked for."""

    def key(self, name: str, make: Callable[[], str], /) -> str: ...


class Throttle:
    """Failures by name; after `free` of them the next try has to wait, longer each time.

    The wait is first_s · 2^(failures − free), at most longest_s seconds; `forget_s` after the last failure all is
    forgotten. At most `most` names are remembered, the latest.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = 3,
        first_s: float = 1.0,
        longest_s: float = 300.0,
        forget_s: float = 3600.0,
        most: int = 10_000,
    ) -> None:
        self._clock, self._free, self._first_s, self._longest_s = clock, free, first_s, longest_s
        self._forget_s, self._most = forget_s, most
        self._failures: dict[str, tuple[int, float]] = {}

    def wait_s(self, name: str) -> float:
        """Seconds until `name` may try again, 0 if now."""
        count, last_s = self._failures.get(name, (0, 0.0))
        past_s = self._clock() - last_s
        if count < self._free or past_s >= self._forget_s:
            return 0.0
        return max(0.0, min(self._longest_s, self._first_s * 2.0 ** min(count - self._free, 60)) - past_s)

    def failed(self, name: str) -> None:
        """Count a failure."""
        now_s = self._clock()
        count, last_s = self._failures.pop(name, (0, now_s))
        self._failures[name] = (count + 1 if now_s - last_s < self._forget_s else 1, now_s)
        while len(self._failures) > self._most:
            del self._failures[next(iter(self._failures))]

    def forget(self, name: str) -> None:
        """`name` got it right."""
        self._failures.pop(name, None)


class Login:
    """Checks the password and signs sessions.

    `announcement` is what to tell the person at the terminal: the password if it was made now, or where it came from.
    Without `password` one is made at the first start; only its scrypt hash is kept.
    """

    def __init__(self, keys: Keys, password: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.announcement = ""
        self._hash = hash_password(password) if password else self._kept(keys)
        # Another password ends the sessions of the one before.
        kind = f"given:{password}" if password else self._hash
        secret = keys.key("admin_session", lambda: secrets.token_urlsafe(32))
        self._secret = hmac.digest(secret.encode(), _bytes(kind), "sha256")
        self._by_address = Throttle(clock)
        self._by_all = Throttle(clock, free=20, longest_s=5.0)
        self._lock = threading.Lock()
        self._ended: dict[str, float] = {}

    def _kept(self, keys: Keys) -> str:
        made = "-".join(secrets.token_hex(2) for _ in range(5))
        kept = keys.key("admin_password", lambda: hash_password(made))
        fits = password_fits(made, kept)  # not so if it was made earlier, or by another process just now
        self.announcement = MADE.format(password=made) if fits else MADE_EARLIER
        return kept

    def enter(self, password: str, address: str) -> tuple[str, float]:
        """A session for the right password, else "", and the seconds to wait before the next try (0: none).

        Tries are checked one after the other and counted before they are checked: many at once gain nothing.
        """
        name = network(address)
        with self._lock:
            wait_s = max(self._by_address.wait_s(name), self._by_all.wait_s(""))
            if wait_s > 0:
                return "", wait_s
            if not password_fits(password, self._hash):
                self._by_address.failed(name)
                self._by_all.failed("")
                return "", 0.0
            self._by_address.forget(name)
        return self._signed(f"{int(self._clock() + SESSION_S)}.{secrets.token_urlsafe(12)}"), 0.0

    def knows(self, session: str) -> bool:
        """Whether a session was signed here and is not over."""
        text, _, _ = session.rpartition(".")
        if not hmac.compare_digest(self._signed(text).encode(), session.encode()):
            return False
        return self._clock() < int(text.partition(".")[0]) and text not in self._ended

    def leave(self, session: str) -> None:
        """End a session; it is refused from now on."""
        if self.knows(session):
            text, _, _ = session.rpartition(".")
            with self._lock:
                now_s = self._clock()
                self._ended = {key: end_s for key, end_s in self._ended.items() if end_s > now_s}
                self._ended[text] = float(text.partition(".")[0])

    def _signed(self, text: str) -> str:
        signature = hmac.digest(self._secret, text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def hash_password(password: str) -> str:
    """scrypt (RFC 7914) with a random salt, as "scrypt$n$r$p$salt$hash"."""
    salt = secrets.token_bytes(16)
    return "$".join(["scrypt", *map(str, SCRYPT.values()), salt.hex(), _scrypt(password, salt, **SCRYPT).hex()])


def password_fits(password: str, hashed: str) -> bool:
    """Whether `password` is the one of `hash_password`."""
    _, n, r, p, salt, wanted = hashed.split("$")
    got = _scrypt(password, bytes.fromhex(salt), n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(got, bytes.fromhex(wanted))


def _scrypt(password: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(_bytes(password), salt=salt, n=n, r=r, p=p, dklen=32, maxmem=256 * n * r)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # an environment may hold bytes that are no UTF-8


def network(address: str) -> str:
    """Whom an address belongs to: itself, or for IPv6 its /64, which one person has as a whole."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)
