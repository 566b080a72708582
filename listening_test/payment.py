"""A way to pay people of a crowd platform without being able to read who they are.

Their platform ids are sealed with the public half of a key (libsodium's sealed box: X25519, XSalsa20-Poly1305). The
database keeps that half alone: who reads the database reads no ids. The private half is shown to the owner once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass


class PaymentError(ValueError):
    """Why a payment key does not do; one sentence."""


@dataclass(frozen=True)
class KeyPair:
    """Both halves, base64 of 32 bytes each."""

    private: str
    public: str


def make_key_pair() -> KeyPair:
    """A new key, from the system's randomness."""
    from nacl.public import PrivateKey

    private = PrivateKey.generate()
    return KeyPair(*(base64.b64encode(bytes(half)).decode() for half in (private, private.public_key)))


def seal(public: str, platform_id: str) -> bytes:
    """`platform_id`, readable with the private half only; two seals of one id differ."""
    from nacl.public import PublicKey, SealedBox

    return SealedBox(PublicKey(_half(public))).encrypt(platform_id.encode("utf-8", "replace"))


def unseal(private: str, sealed: bytes) -> str:
    """The platform id in `sealed`.

    Raises:
        PaymentError: if `private` is no key, or not the one it was sealed for.
    """
    from nacl.exceptions import CryptoError
    from nacl.public import PrivateKey, SealedBox

    try:
        return SealedBox(PrivateKey(_half(private))).decrypt(sealed).decode()
    except CryptoError as error:
        raise PaymentError("The ids were sealed for another key than this one: give the one shown then.") from error


def pseudonym(salt: str, platform: str, platform_id: str) -> str:
    """HMAC-SHA256 of a platform's id with the study's salt: tells that it is the same person again, and not who.

    Pseudonymous, not anonymous: who has the salt and a list of ids can match them.
    """
    return hmac.new(salt.encode(), f"{platform}\0{platform_id}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _half(key: str) -> bytes:
    try:
        half = base64.b64decode(key.strip(), validate=True)
    except (binascii.Error, ValueError):
        half = b""
    if len(half) != 32:
        raise PaymentError("A payment key is 44 characters that end in =: copy it whole, as it was shown.")
    return half
