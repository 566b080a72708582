"""Under a system's box: what is to be known of its weights, and the button that accepts their licence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from anonymizers import licences, registry
from anonymizers.base import AnonymizerError
from web.readiness import Readiness


class SystemWeights:
    """`words` and `accept` of one system, both hidden until `shown` says otherwise."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.words = gr.HTML("", padding=False, elem_id=f"weights-{key}", elem_classes=["vv-weights-block"])
        self.accept = gr.Button("I accept the licence", size="sm", visible=False, elem_id=f"accept-{key}")

    @property
    def outputs(self) -> list[Any]:
        """What `shown` is for."""
        return [self.words, self.accept]

    def shown(self, ready: Readiness) -> list[Any]:
        """The values of `outputs`."""
        licence = ready.to_accept.licence if ready.to_accept else ""
        return [ready.html, gr.update(value=f"I accept {licence}", visible=bool(licence))]

    def wire(self, accepted: Callable[[str], list[Any]], outputs: list[Any]) -> None:
        """A click calls accepted(key), whose answer goes to `outputs`."""
        self.accept.click(
            lambda: accepted(self.key), None, outputs,
            queue=False, show_progress="hidden", api_visibility="private",
        )  # fmt: skip


def accept(key: str, ready: Readiness) -> str:
    """Accept the licence that the page names for this system, and all others of that name it has; why not, or ""."""
    if ready.to_accept is None:
        return ""
    same = [ref for ref in licences.to_accept(registry.weights_of(key)) if ref.licence == ready.to_accept.licence]
    try:
        for ref in same:
            licences.accept(ref, ready.to_accept.licence)
    except AnonymizerError as error:
        return str(error)
    return ""
