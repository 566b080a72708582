"""The owner's page of weights: what is here, licences, downloads in the background, checks, deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from anonymizers import kept_voices, licences, weights
from anonymizers.base import AnonymizerError
from web import weight_shelf
from web.components.choices import Choices
from web.pages import models_words as words
from web.services import Services
from web.weight_shelf import Shelved

POLL_S = 1.0
HOW: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
Update = dict[Any, Any]


class ModelsPage:
    """The page's components and what its buttons do. No handler raises: what goes wrong is a sentence on the page."""

    def __init__(self, services: Services) -> None:
        self.work, self.offline = services.weight_work, services.settings.offline
        gr.Navbar(main_page_name="Studies")
        gr.HTML(words.HEADER, padding=False)
        with gr.Column(elem_classes=["vv-stack"]):
            self.summary = gr.HTML("", elem_id="summary", padding=False)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.forget = gr.Button("Forget target speakers", elem_id="forget-heard", visible=False, min_width=96)
            self.list = Choices(
                [(one.ref.title, one.ref.id) for one in weight_shelf.shelf()],
                value=None, label="Choose weights to fetch, check or delete", elem_id="weights",
            )  # fmt: skip
            self.said = gr.HTML("", elem_id="said", padding=False, elem_classes=["vv-said"])
            with gr.Column(visible=False, elem_id="panel", elem_classes=["vv-stack"]) as self.panel:
                self._panel()
            gr.HTML('<h2 class="vv-step">All weights</h2>', padding=False)
            self.table = gr.HTML("", elem_id="all", padding=False)
        self.stamp = gr.State("")
        self.timer = gr.Timer(POLL_S)
        self._wire()

    def _panel(self) -> None:
        self.heading = gr.HTML("", elem_id="heading", padding=False)
        with gr.Row(elem_classes=["vv-buttons"]):
            self.accept = gr.Button("I accept the licence", variant="primary", elem_id="accept", min_width=96)
            self.download = gr.Button("Download", variant="primary", elem_id="download", min_width=96)
            self.stop = gr.Button("Stop", elem_id="stop", min_width=96)
            self.verify = gr.Button("Check", elem_id="verify", min_width=96)
            self.delete = gr.Button("Delete…", elem_id="delete", min_width=96)
        with gr.Column(visible=False, elem_id="confirm", elem_classes=["vv-confirm"]) as self.confirm:
            gr.HTML(words.DELETE, padding=False)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.yes = gr.Button("Delete them", variant="stop", elem_id="delete-now")
                self.no = gr.Button("Keep them", elem_id="keep")
        self.progress = gr.HTML("", elem_id="progress", padding=False)
        self.facts = gr.HTML("", elem_id="facts", padding=False)

    def _wire(self) -> None:
        everything = [
            self.list, self.said, self.summary, self.table, self.panel, self.heading, self.progress, self.facts,
            self.accept, self.download, self.stop, self.verify, self.delete, self.confirm, self.stamp, self.forget,
        ]  # fmt: skip
        self.load = (self._listed, None, everything)
        self.list.input(self._shown, self.list, everything, **HOW)
        deeds: tuple[tuple[Any, Callable[[Shelved], str]], ...] = (
            (self.accept, self._accept),
            (self.download, self._download),
            (self.stop, self._stop),
            (self.verify, self._verify),
            (self.yes, self._delete),
        )
        for button, deed in deeds:
            button.click(self._handler(deed), self.list, everything, **HOW)
        self.forget.click(self._forget, self.list, everything, **HOW)
        self.delete.click(lambda: gr.update(visible=True), None, self.confirm, **HOW)
        self.no.click(lambda: gr.update(visible=False), None, self.confirm, **HOW)
        self.timer.tick(self._looked, [self.list, self.stamp], everything, **HOW)

    def _handler(self, deed: Callable[[Shelved], str]) -> Callable[[Any], Update]:
        def handle(chosen: Any) -> Update:
            one = weight_shelf.find(chosen)
            if one is None:
                return self._listed() | {self.said: words.problem(words.GONE)}
            try:
                said = words.note(deed(one))
            except AnonymizerError as error:
                said = words.problem(str(error))
            return self._shown(chosen) | {self.said: said}

        return handle

    # -- deeds: each takes weights, does one thing, and says what it did ---------------------------------------

    def _accept(self, one: Shelved) -> str:
        licences.accept(one.ref, one.ref.licence)
        return f"{one.ref.licence} is accepted for {one.ref.title}, for everybody who uses this app."

    def _download(self, one: Shelved) -> str:
        licences.required((one.ref,))
        if self.offline:
            raise AnonymizerError(f"{weights.forbidden(one.ref)}.")
        self.work.download(one.ref)
        return ""

    def _stop(self, one: Shelved) -> str:
        self.work.stop(one.ref.id)
        return ""

    def _verify(self, one: Shelved) -> str:
        self.work.verify(one.ref)
        return ""

    def _delete(self, one: Shelved) -> str:
        if self.work.is_busy(one.ref.id):
            raise AnonymizerError(words.BUSY)
        if one.state == "elsewhere":
            raise AnonymizerError(words.ELSEWHERE)
        freed = weights.delete(one.ref)
        self.work.forget(one.ref.id)
        return f"{one.ref.title} is deleted; {weights.megabytes(freed)} are free again."

    def _forget(self, chosen: Any) -> Update:
        try:
            said = words.note(f"{weights.megabytes(kept_voices.forget())} are free again. {words.HEARD_AGAIN}")
        except AnonymizerError as error:
            said = words.problem(str(error))
        return self._shown(chosen) | {self.said: said}

    # -- what is shown ---------------------------------------------------------------------------------------

    def _listed(self) -> Update:
        return self._shown(None)

    def _shown(self, chosen: Any) -> Update:
        """The whole page as things are now."""
        listed = weight_shelf.shelf()
        one = next((each for each in listed if each.ref.id == chosen), None)
        return {
            self.said: "",
            self.confirm: gr.update(visible=False),
            self.list: one.ref.id if one else None,
            self.panel: gr.update(visible=one is not None),
            **self._state(listed, one),
            self.stamp: self._stamp(listed, one),
        }

    def _looked(self, chosen: Any, stamp: str) -> Update:
        """What has changed since the page was last told."""
        listed = weight_shelf.shelf()
        one = next((each for each in listed if each.ref.id == chosen), None)
        if (now := self._stamp(listed, one)) == stamp:
            return {self.stamp: gr.skip()}
        return {**self._state(listed, one), self.stamp: now}

    def _state(self, listed: list[Shelved], one: Shelved | None) -> Update:
        works = [self.work.seen(each.ref.id) for each in listed]
        disk = weight_shelf.disk(listed)
        common = {
            self.summary: words.summary(listed, disk),
            self.forget: gr.update(visible=disk.heard_bytes > 0),
            self.table: words.table(listed, works),
        }
        return common | (self._panel_of(one) if one else {})

    def _panel_of(self, one: Shelved) -> Update:
        work = self.work.seen(one.ref.id)
        running, trained = self.work.is_busy(one.ref.id), one.ref.source == "here"
        there = one.state in ("here", "elsewhere")
        visible = {
            self.download: not running and not there and not trained and one.accepted and not self.offline,
            self.stop: running and work is not None and work.kind == "download",
            self.verify: not running and there,
            self.delete: not running and one.state in ("here", "in part"),
        }
        return {
            **{component: gr.update(visible=shown) for component, shown in visible.items()},
            self.accept: gr.update(value=f"I accept {one.ref.licence}", visible=not one.accepted),
            self.heading: words.heading(one, work),
            self.progress: words.progress(work),
            self.facts: words.facts(one),
        }

    def _stamp(self, listed: list[Shelved], one: Shelved | None) -> str:
        """What tells whether anything on the page is out of date."""
        stands = [words.standing(each, self.work.seen(each.ref.id)) for each in listed]
        return repr([stands, kept_voices.size_bytes(), one, words.progress(self.work.seen(one.ref.id)) if one else ""])


def render(services: Services, blocks: gr.Blocks) -> None:
    """The page, inside the open `blocks`."""
    page = ModelsPage(services)
    function, inputs, outputs = page.load
    blocks.load(function, inputs, outputs, **HOW)
