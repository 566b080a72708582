"""The owner's page: the list of studies, the editor of one, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from anonymizers.workers import Stopped, WorkerLost
from listening_test.payment import PaymentError
from listening_test.store_records import NotFound, StoreError, StudyInfo
from listening_test.study import StudyError
from web import address, study_watch
from web.components.study_editor import StudyEditor
from web.components.study_list import StudyList
from web.pages import admin_words as words
from web.services import Services

RENDER_POLL_S, WATCH_POLL_S = 1.5, 20.0
REFUSALS = (StudyError, StoreError, PaymentError, WorkerLost, Stopped)
Update = dict[Any, Any]


class AdminPage:
    """The page's components and what its buttons do. No handler raises: what goes wrong is a sentence on the page."""

    def __init__(self, services: Services) -> None:
        self.services, self.studies = services, services.studies
        gr.Navbar(main_page_name="Studies")
        gr.HTML(words.HEADER, padding=False)
        with gr.Row(elem_classes=["vv-columns"], equal_height=False):
            with gr.Column(scale=4, min_width=280, elem_classes=["vv-controls"]):
                self.list = StudyList([], label="Your studies", elem_id="studies", elem_classes=["vv-studies"])
                self.new = gr.Button("New study", elem_id="new", variant="primary")
            with gr.Column(scale=10, min_width=300, elem_classes=["vv-results"]):
                self.said = gr.HTML("", elem_id="said", padding=False, elem_classes=["vv-said"])
                self.empty = gr.HTML(words.EMPTY, elem_id="nothing", padding=False)
                self.editor = StudyEditor(self.studies)
                with gr.Column(visible=False, elem_id="panel", elem_classes=["vv-stack"]) as self.panel:
                    self._panel()
        self._wire()

    # -- what is on the page ---------------------------------------------------------------------------------

    def _panel(self) -> None:
        self.heading = gr.HTML("", elem_id="heading", padding=False)
        with gr.Row(elem_classes=["vv-buttons"]):
            self.edit = gr.Button("Edit", elem_id="edit", min_width=96)
            self.check = gr.Button("Check", elem_id="check", min_width=96)
            self.render = gr.Button("Render", elem_id="render", min_width=96)
            self.stop = gr.Button("Stop", elem_id="stop", min_width=96)
            self.open = gr.Button("Open", variant="primary", elem_id="open", min_width=96)
            self.close = gr.Button("Close", elem_id="close", min_width=96)
        self.progress = gr.HTML("", elem_id="progress", padding=False)
        self.findings = gr.HTML("", elem_id="findings-of-check", padding=False)
        with gr.Column(visible=False, elem_classes=["vv-stack"]) as self.links:
            gr.HTML('<h3 class="vv-step">Links</h3>', padding=False)
            self.preview = gr.Textbox(
                label="Preview, with answers kept apart",
                buttons=["copy"], interactive=False, elem_id="preview-link",
            )  # fmt: skip
            self.link = gr.Textbox(label="For listeners", buttons=["copy"], interactive=False, elem_id="study-link")
            self.prolific = gr.Textbox(
                label="For Prolific; ids are stored sealed",
                buttons=["copy"], interactive=False, elem_id="prolific-link",
            )  # fmt: skip
        with gr.Column(visible=False, elem_classes=["vv-stack"]) as self.results:
            gr.HTML('<h3 class="vv-step">How it goes</h3>', padding=False)
            self.watch = gr.HTML("", elem_id="watch", padding=False)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.refresh = gr.Button("Refresh", elem_id="refresh")
            gr.HTML('<h3 class="vv-step">Take away</h3>', padding=False)
            self.exports = gr.HTML("", elem_id="exports", padding=False)
            with gr.Accordion("Pay people of a crowd platform", open=False, elem_classes=["vv-params"]):
                self._payment()
        with gr.Accordion("Delete", open=False, elem_classes=["vv-params"]):
            self.typed = gr.Textbox(label=words.DELETE, elem_id="typed", max_length=100)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.delete = gr.Button("Delete this study", variant="stop", elem_id="delete")
        self.render_timer = gr.Timer(RENDER_POLL_S, active=False)
        self.watch_timer = gr.Timer(WATCH_POLL_S, active=False)

    def _payment(self) -> None:
        self.key = gr.Textbox(label="Payment key", info=words.PAYMENT, type="password", elem_id="payment-key")
        with gr.Row(elem_classes=["vv-buttons"]):
            self.pay = gr.Button("Show whom to pay", elem_id="pay")
            self.forget = gr.Button("All are paid: forget their ids", elem_id="forget", visible=False)
            self.new_key = gr.Button("Make a new key", elem_id="new-key")
        self.paid = gr.HTML("", elem_id="payments", padding=False)

    # -- what happens ----------------------------------------------------------------------------------------

    def _wire(self) -> None:
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        long: dict[str, Any] = {
            "show_progress": "full", "show_progress_on": self.said, "api_visibility": "private",
            "concurrency_id": "owner", "concurrency_limit": 2,
        }  # fmt: skip
        everything = [
            self.list, self.said, self.empty, self.editor.column, self.panel, self.heading,
            self.edit, self.check, self.render, self.stop, self.open, self.close,
            self.progress, self.findings, self.links, self.preview, self.link,
            self.prolific, self.results, self.watch, self.exports, self.paid, self.forget,
            self.key, self.typed, self.render_timer, self.watch_timer,
        ]  # fmt: skip
        editing = [self.said, self.empty, self.panel, self.render_timer, *self.editor.outputs]
        self.load = (self._listed, None, [self.list, self.said])
        self.list.input(self._shown, self.list, everything, **quick)
        self.refresh.click(self._shown, self.list, everything, **quick)
        deeds: tuple[tuple[Any, Callable[[int], str], dict[str, Any]], ...] = (
            (self.render, self._render, quick),
            (self.stop, self._stop, quick),
            (self.open, self._open, long),
            (self.close, self._close, quick),
            (self.forget, self._forget, quick),
            (self.new_key, self._new_key, quick),
        )
        for button, deed, how in deeds:
            button.click(self._handler(deed), self.list, everything, **how)
        self.check.click(self._check, self.list, [self.said, self.findings], **long)
        self.delete.click(self._delete, [self.list, self.typed], everything, **quick)
        self.pay.click(self._pay, [self.list, self.key], [self.paid, self.forget], **quick)
        self.render_timer.tick(self._rendering, self.list, everything, **quick)
        self.watch_timer.tick(self._watching, self.list, self.watch, **quick)
        self.new.click(self._new, None, [self.list, *editing], **quick)
        self.edit.click(self._edit, self.list, editing, **quick)
        self.editor.cancel.click(self._shown, self.list, everything, **quick)
        self.editor.save.click(
            self._save, [self.editor.text, self.editor.voices], [*everything, self.editor.said],
            **{**long, "show_progress_on": self.editor.said},
        )  # fmt: skip
        self.editor.wire(quick)

    def _handler(self, deed: Callable[[int], str]) -> Callable[..., Update]:
        def handle(request: gr.Request, chosen: Any) -> Update:
            try:
                return self._shown(request, chosen, note=deed(_number(chosen)))
            except REFUSALS as error:
                return self._shown(request, chosen, problem=str(error))

        return handle

    def _listed(self) -> Update:
        try:
            return {self.list: gr.update(choices=self._choices(self._infos()))}
        except StoreError as error:
            return {self.said: words.problem(str(error))}

    def _infos(self) -> list[StudyInfo]:
        return sorted(self.studies.store.studies(), key=lambda info: -info.created_s)

    def _choices(self, infos: list[StudyInfo]) -> list[tuple[str, int]]:
        return [(self._label(info), info.id) for info in infos]

    def _shown(self, request: gr.Request, chosen: Any, note: str = "", problem: str = "") -> Update:
        """The whole page as the database has it now."""
        try:
            infos = self._infos()
            choices = self._choices(infos)
            info = next((one for one in infos if one.id == chosen), None)
            panel = self._panel_of(info, address.of(self.services.settings, request)) if info else {}
        except StoreError as error:
            return {self.said: words.problem(f"{problem}\n{error}")}
        said = words.problem(problem) or words.note(note)
        return {
            self.list: gr.update(choices=choices, value=info.id if info else None),
            self.said: said,
            self.empty: gr.update(visible=info is None),
            self.editor.column: gr.update(visible=False),
            self.panel: gr.update(visible=info is not None),
            self.findings: "",
            self.typed: "",
            self.paid: "",
            self.forget: gr.update(visible=False),
            self.key: "",
            self.render_timer: gr.Timer(active=bool(info and self.studies.renders.is_running(info.id))),
            self.watch_timer: gr.Timer(active=bool(info and info.state == "open")),
            **panel,
        }

    def _label(self, info: StudyInfo) -> str:
        finished = self.studies.store.counts(info.id).finished if info.state in ("open", "closed") else 0
        return words.label(info, finished, running=self.studies.renders.is_running(info.id))

    def _panel_of(self, info: StudyInfo, home: str) -> Update:
        running, opened = self.studies.renders.is_running(info.id), info.state in ("open", "closed")
        visible = {
            self.edit: not running,
            self.check: not opened and not running,
            self.render: info.state in ("draft", "rendering") and not running,
            self.stop: running,
            self.open: info.state == "ready" and not running,
            self.close: info.state == "open",
            self.links: info.state in ("ready", "open"),
            self.results: opened,
        }
        link = f"{home}study/{info.link}"
        ids = "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
        return {
            **{component: gr.update(visible=shown) for component, shown in visible.items()},
            self.heading: words.heading(info, len(self.studies.store.stimuli(info.id)), running=running),
            self.progress: "" if opened else words.rendering(self.studies.renders.progress(info.id)),
            self.preview: f"{link}?preview={info.preview_key}",
            self.link: gr.update(value=link, visible=info.state == "open"),
            self.prolific: gr.update(value=f"{link}?{ids}", visible=info.state == "open"),
            self.watch: words.watched(study_watch.watch(self.studies.store, info)) if opened else "",
            self.exports: words.exports(info) if opened else "",
        }

    # -- deeds: each takes a study's number, does one thing, and says what it did -----------------------------

    def _render(self, study_id: int) -> str:
        self.studies.render(study_id)
        return ""

    def _stop(self, study_id: int) -> str:
        self.studies.renders.stop(study_id, wait=True)
        return ""

    def _open(self, study_id: int) -> str:
        key = self.studies.open(study_id)
        return f"It is open: send the link.\n{words.PAYMENT_KEY.format(key=key) if key else ''}"

    def _close(self, study_id: int) -> str:
        self.studies.close(study_id)
        return "It is closed. Who is taking it may finish."

    def _forget(self, study_id: int) -> str:
        return f"{self.studies.store.forget_platform_ids(study_id)} platform ids are forgotten."

    def _new_key(self, study_id: int) -> str:
        return words.PAYMENT_KEY.format(key=self.studies.store.make_payment_key(replace=True)) + words.OLD_KEY

    def _delete(self, request: gr.Request, chosen: Any, typed: str) -> Update:
        def deed(study_id: int) -> str:
            self.studies.delete(study_id, typed or "")
            return "The study and its answers are deleted."

        return self._handler(deed)(request, chosen)

    def _check(self, chosen: Any) -> Update:
        try:
            found = self.studies.check(_number(chosen))
            feasible = all(one.severity != "error" for one in found)
            ahead = words.forecast(self.studies.forecast(_number(chosen))) if feasible else ""
            return {self.said: "", self.findings: words.findings(found) + ahead}
        except REFUSALS as error:
            return {self.said: words.problem(str(error)), self.findings: ""}

    def _pay(self, chosen: Any, key: str) -> Update:
        try:
            rows = self.studies.store.payments(_number(chosen), (key or "").strip())
        except REFUSALS as error:
            return {self.paid: words.problem(str(error))}
        return {self.paid: words.payments(rows), self.forget: gr.update(visible=bool(rows))}

    def _rendering(self, request: gr.Request, chosen: Any) -> Update:
        progress = self.studies.renders.progress(chosen) if isinstance(chosen, int) else None
        if progress is not None and progress.state == "running":
            return {self.progress: words.rendering(progress)}
        return self._shown(request, chosen)

    def _watching(self, chosen: Any) -> Any:
        try:
            return words.watched(study_watch.watch(self.studies.store, self.studies.store.study(_number(chosen))))
        except REFUSALS as error:
            return words.problem(str(error))

    # -- the editor ------------------------------------------------------------------------------------------

    def _new(self) -> Update:
        return {self.list: None, **self._edited("")}

    def _edit(self, chosen: Any) -> Update:
        try:
            return self._edited(self.studies.store.study(_number(chosen)).yaml)
        except REFUSALS as error:
            return {self.said: words.problem(str(error))}

    def _edited(self, text: str) -> Update:
        shown = {self.editor.column: True, self.panel: False, self.empty: False}
        visible = {component: gr.update(visible=one) for component, one in shown.items()}
        return {self.said: "", **visible, **self.editor.began(text), self.render_timer: gr.Timer(active=False)}

    def _save(self, request: gr.Request, text: str, voices: list[str] | None) -> Update:
        try:
            info = self.studies.save(text or "", [Path(path) for path in voices or ()])
        except REFUSALS as error:
            return {self.editor.said: words.problem(str(error))}
        return self._shown(request, info.id, note=f"Saved as version {info.version} of {info.name}.")


def _number(chosen: Any) -> int:
    if not isinstance(chosen, int):
        raise NotFound("Choose a study first.")
    return chosen


def render(services: Services, blocks: gr.Blocks) -> None:
    """The page, inside the open `blocks`."""
    page = AdminPage(services)
    function, inputs, outputs = page.load
    blocks.load(function, inputs, outputs, queue=False, show_progress="hidden", api_visibility="private")
