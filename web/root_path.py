"""Tells the study pages below which path people see them, when a proxy takes that path off (ROOT_PATH)."""

from __future__ import annotations

from typing import Any

STUDIES = ("/study/", "/take/", "/study-ui/")


class RootPath:
    """ASGI middleware: puts `root_path` back onto the addresses of the study routes. Gradio has its own setting."""

    def __init__(self, app: Any, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._root and scope["type"] == "http" and scope["path"].startswith(STUDIES):
            scope = {**scope, "root_path": self._root, "path": f"{self._root}{scope['path']}"}
        await self._app(scope, receive, send)
