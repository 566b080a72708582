"""A sound as a reply, whole or the part that was asked for; with nothing in the headers but its length."""

from __future__ import annotations

import re

from starlette.responses import Response

MEDIA_TYPE = "audio/wav"


def ranged(data: bytes, wanted: str) -> Response:
    """The reply to a request whose Range header is `wanted`: 200, 206 with one part, or 416.

    As HTTP allows (RFC 9110, 14.2), a header that is not understood, or asks for several parts, gets the whole.
    """
    headers = {"Accept-Ranges": "bytes"}
    span = _span(wanted, len(data))
    if span is None:
        return Response(data, media_type=MEDIA_TYPE, headers=headers)
    first, last = span
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, headers, MEDIA_TYPE)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None for the whole, and first > last for what is not there."""
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", wanted.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        return (size - min(size, int(last)), size - 1) if int(last) else (size, size - 1)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1
