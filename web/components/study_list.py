"""The owner's studies to choose from: Gradio's radio buttons with a longer memory."""

from __future__ import annotations

from typing import Any

import gradio as gr


class StudyList(gr.Radio):
    """Takes whatever number is chosen: a page may be older than what the server remembers of its choices."""

    def get_block_name(self) -> str:
        return "radio"  # in the browser it is one

    def preprocess(self, payload: Any) -> Any:
        return payload

    def api_info(self) -> dict[str, Any]:
        return {"type": "integer", "description": "a study's number"}
