"""The Results page: published ones for everybody, and behind /admin every study's for its owner."""

from __future__ import annotations

import time
from typing import Any

import gradio as gr

from listening_test.store_records import NotFound, Origin, StoreError, StudyInfo
from web import result_files
from web.components.result_figures import ResultFigures
from web.components.study_list import StudyList
from web.pages import results_words as words
from web.pages.results_view import Drawer, View
from web.pages.words import problem
from web.services import Services
from web.study_results import Shown

LOOK_AGAIN_S, WATCH_S = 2.0, 15.0
"""While something is computed, and while answers may still come."""
AT_ONCE = 2
"""Figures that come with the heading: drawing all of them keeps a browser busy for a second or two."""
HOW: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
Update = dict[Any, Any]


class ResultsPage:
    """The page's components and what happens on it. `owner`: it stands behind /admin and shows everything."""

    def __init__(self, services: Services, *, owner: bool) -> None:
        self.services, self.owner, self._drawer = services, owner, Drawer()
        with gr.Column(elem_classes=["vv-stack", "vv-results-page"]):
            self._components()
        self.drawn, self.whole = gr.State(""), gr.State("")
        self.timer = gr.Timer(LOOK_AGAIN_S, active=False)
        self._wire()

    def _components(self) -> None:
        gr.HTML(words.OWNER_TITLE if self.owner else words.TITLE, padding=False)
        self.list = StudyList([], label="Study", elem_id="results-of", elem_classes=["vv-studies"], visible=False)
        with gr.Row(visible=False, elem_classes=["vv-buttons"]) as self.own:
            self.origin = gr.Radio(
                [(text, origin) for origin, text in words.ORIGINS.items()],
                value="participant", label="Answers of", elem_id="origin",
            )  # fmt: skip
        self.problem = gr.HTML("", elem_id="problem", padding=False, elem_classes=["vv-status"])
        self.status = gr.HTML("", elem_id="status", padding=False, elem_classes=["vv-status"])
        with gr.Row(visible=False, elem_classes=["vv-buttons"]) as self.retry_row:
            self.retry = gr.Button("Try again", elem_id="retry")
        self.empty = gr.HTML(visible=False, elem_id="nothing", padding=False)
        with gr.Column(visible=False, elem_id="results", elem_classes=["vv-stack"]) as self.body:
            self.heading = gr.HTML("", elem_id="heading", padding=False)
            if self.owner:
                self._publishing()
            self.figures = ResultFigures()
            self.tables = gr.HTML("", elem_id="further", padding=False)

    def _publishing(self) -> None:
        self.public = gr.HTML("", elem_id="public", padding=False)
        with gr.Row(elem_classes=["vv-buttons"]):
            self.publish = gr.Button("Publish…", elem_id="publish", visible=False)
            self.unpublish = gr.Button("Unpublish", elem_id="unpublish", visible=False)
        with gr.Column(visible=False, elem_id="confirm", elem_classes=["vv-confirm"]) as self.confirm:
            gr.HTML(words.BECOMES_PUBLIC, padding=False)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.yes = gr.Button("Publish these results", variant="primary", elem_id="publish-now")
                self.no = gr.Button("Keep them private", elem_id="keep-private")

    def _wire(self) -> None:
        asked = [self.list, self.origin, self.drawn]
        self._on(self.timer.tick, self._look, asked)
        self._on(self.list.input, self._look, asked)
        if self.owner:
            self._on(self.origin.input, self._look, asked)
            self._on(self.retry.click, self._again, asked)
            self._on(self.yes.click, self._publish, asked)
            self._on(self.unpublish.click, self._unpublish, asked)
            self.publish.click(lambda: gr.update(visible=True), None, self.confirm, **HOW)
            self.no.click(lambda: gr.update(visible=False), None, self.confirm, **HOW)

    def load(self, blocks: gr.Blocks) -> None:
        """Fill the page when it opens."""
        self._on(blocks.load, self._opened, None)

    def _on(self, event: Any, function: Any, inputs: Any) -> None:
        """What an event changes, and then the figures that take longer."""
        first = event(function, inputs, self._everything, **HOW)
        rest = [self.list, self.origin, self.drawn, self.whole]
        first.then(self._rest, rest, [self.whole, self.tables, *self.figures.outputs], **HOW)

    @property
    def _everything(self) -> list[Any]:
        own = [self.public, self.publish, self.unpublish, self.confirm] if self.owner else []
        return [
            self.list, self.own, self.problem, self.status, self.retry_row, self.empty, self.body, self.heading,
            self.tables, self.drawn, self.timer, *own, *self.figures.outputs,
        ]  # fmt: skip

    # -- what happens ----------------------------------------------------------------------------------------

    def _opened(self, request: gr.Request) -> Update:
        """The page as its address wants it: ?study= chooses."""
        return self._shown(str(request.query_params.get("study", "")), "participant", "", first=True)

    def _look(self, chosen: Any, origin: Any, drawn: str) -> Update:
        return self._shown(str(chosen or ""), origin, drawn)

    def _again(self, chosen: Any, origin: Any, drawn: str) -> Update:
        def deed(info: StudyInfo) -> None:
            self.services.results.again(info, self._origin(origin))

        return self._done(deed, chosen, origin, drawn)

    def _publish(self, chosen: Any, origin: Any, drawn: str) -> Update:
        return self._done(lambda info: self.services.store.publish(info.id), chosen, origin, drawn)

    def _unpublish(self, chosen: Any, origin: Any, drawn: str) -> Update:
        return self._done(lambda info: self.services.store.unpublish(info.id), chosen, origin, drawn)

    def _done(self, deed: Any, chosen: Any, origin: Any, drawn: str) -> Update:
        try:
            info = result_files.find(self.services.store, str(chosen or ""), owner=self.owner)
            if info is None:
                raise NotFound(words.UNKNOWN_OWNED)
            deed(info)
        except StoreError as error:
            return {self.problem: problem(str(error))}
        return self._shown(str(chosen), origin, drawn)

    # -- what is shown ---------------------------------------------------------------------------------------

    def _infos(self) -> list[StudyInfo]:
        if not self.owner:
            return self.services.store.published()
        there = [info for info in self.services.store.studies() if info.state in ("open", "closed")]
        return sorted(there, key=lambda info: -info.created_s)

    def _origin(self, origin: Any) -> Origin:
        return origin if self.owner and origin in words.ORIGINS else "participant"

    def _shown(self, chosen: str, origin: Any, drawn: str, *, first: bool = False) -> Update:
        try:
            infos = {result_files.name_of(info): info for info in self._infos()}
            unknown = bool(chosen) and chosen not in infos
            info = infos.get(chosen) or next(iter(infos.values()), None)
            if info is None:
                return self._nothing(unknown)
            shown = self.services.results.shown(info, self._origin(origin), owner=self.owner)
        except StoreError as error:
            return {self.problem: problem(str(error)), self.timer: gr.Timer(WATCH_S, active=True)}
        missing = words.UNKNOWN_OWNED if self.owner else words.UNKNOWN
        return {
            self.list: self._listed(infos, info),
            self.own: gr.update(visible=self.owner),
            self.problem: problem(missing) if unknown and first else "",
            self.empty: gr.update(visible=False),
            self.body: gr.update(visible=True),
            **self._progress(info, shown),
            **self._content(View(info, self._origin(origin), shown.results), drawn),
        }

    def _nothing(self, unknown: bool) -> Update:
        empty = words.NONE_OWNED if self.owner else words.NONE_PUBLIC
        return {
            self.list: gr.update(choices=[], value=None, visible=False),
            self.problem: problem(words.UNKNOWN) if unknown and not self.owner else "",
            self.empty: gr.update(value=empty, visible=True),
            self.body: gr.update(visible=False),
            self.status: "",
            self.drawn: "",
            self.timer: gr.Timer(active=False),
        }

    def _listed(self, infos: dict[str, StudyInfo], chosen: StudyInfo) -> Any:
        choices = [(words.choice(info, owner=self.owner), name) for name, info in infos.items()]
        return gr.update(choices=choices, value=result_files.name_of(chosen), visible=len(choices) > 1 or self.owner)

    def _progress(self, info: StudyInfo, shown: Shown) -> Update:
        every_s = LOOK_AGAIN_S if shown.since_s is not None else WATCH_S
        watches = (
            shown.since_s is not None or (shown.stale and not shown.problem) or (self.owner and info.state == "open")
        )
        return {
            self.status: words.status(shown, time.time()),
            self.retry_row: gr.update(visible=bool(self.owner and shown.problem and shown.since_s is None)),
            self.timer: gr.Timer(every_s, active=watches),
        }

    def _content(self, view: View, drawn: str) -> Update:
        """Heading and first figures, unless the page has them already; the others come after (`_rest`)."""
        if view.token == drawn:
            return {}
        figures = self._drawer.figures(view)
        filled = self.figures.filled(view.filled(figures[:AT_ONCE]))
        return {
            self.drawn: view.token,
            self.heading: view.heading(figures),
            self.tables: "",
            **dict(zip(self.figures.outputs, filled, strict=True)),
            **(self._ownership(view.info) if self.owner and not drawn.startswith(f"{view.subject} ") else {}),
        }

    def _rest(self, chosen: Any, origin: Any, drawn: str, whole: str) -> Update:
        """The other figures and tables, if the page lacks them and they still belong to what it shows."""
        as_it_is = {self.whole: whole}
        if drawn == whole:
            return as_it_is
        try:
            info = result_files.find(self.services.store, str(chosen or ""), owner=self.owner)
            if info is None:
                return as_it_is
            results = self.services.results.kept(info, self._origin(origin), owner=self.owner)
        except StoreError as error:
            return {self.tables: problem(str(error))}
        view = View(info, self._origin(origin), results)
        if view.token != drawn:
            return as_it_is
        figures = self._drawer.figures(view)
        later = zip(self.figures.outputs, self.figures.filled(view.filled(figures)), strict=True)
        return {
            self.whole: drawn,
            self.tables: view.others(figures),
            **dict(list(later)[AT_ONCE * self.figures.WIDTH :]),
        }

    def _ownership(self, info: StudyInfo) -> Update:
        public = info.published_s is not None
        return {
            self.public: words.publishing(info),
            self.publish: gr.update(visible=info.state == "closed" and not public),
            self.unpublish: gr.update(visible=public),
            self.confirm: gr.update(visible=False),
        }


def render(services: Services, blocks: gr.Blocks, *, owner: bool = False) -> None:
    """The page, inside the open `blocks`."""
    gr.Navbar(main_page_name="Studies" if owner else "Compare")
    ResultsPage(services, owner=owner).load(blocks)
