"""Tells the studies' pages below which path people see them, when a proxy takes that path off (ROOT_PATH)."""

from __future__ import annotations

from typing import Any

BELOW = ("/study/", "/take/", "/study-ui/", "/admin")


class RootPath:
    """ASGI middleware: puts `root_path` back onto the addresses of studies and of their owner's pages.

    The public Gradio pages have a setting of their own for this; pages that are mounted below a path cannot use it.
    """

    def __init__(self, app: Any, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._root and scope["type"] == "http" and scope["path"].startswith(BELOW):
            scope = {**scope, "root_path": self._root, "path": f"{self._root}{scope['path']}"}
        await self._app(scope, receive, send)
