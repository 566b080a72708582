"""A list to choose from whose choices change with what else is chosen."""

from __future__ import annotations

from typing import Any

import gradio as gr


class Choices(gr.Dropdown):
    """Takes whatever is chosen: a page may be older than what the server remembers of its choices."""

    def get_block_name(self) -> str:
        return "dropdown"  # in the browser it is one

    def preprocess(self, payload: Any) -> Any:
        return payload

    def api_info(self) -> dict[str, Any]:
        return {"type": "string", "description": "one of the choices"}
