"""Under which address people see this app."""

from __future__ import annotations

from typing import Any

from web.settings import Settings


def of(settings: Settings, request: Any) -> str:
    """The app's address for links, ending in a slash: PUBLIC_URL, or what the browser asked for."""
    if settings.public_url:
        return f"{settings.public_url}/"
    return f"{request.url.scheme}://{request.headers.get('host', '')}{settings.root_path}/"
