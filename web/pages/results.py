"""The Results page: published ones for everybody, and behind /admin every study's for its owner."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from listening_test.store_records import NotFound, Origin, StoreError, StudyInfo
from web import result_files
from web.components.result_figures import Filled, ResultFigures
from web.components.study_list import StudyList
from web.pages import results_words as words
from web.pages.results_tables import Place, others
from web.pages.words import problem
from web.services import Services
from web.study_results import Shown

if TYPE_CHECKING:
    from listening_test.analysis.results import Results
    from listening_test.plots import Figure

LOOK_AGAIN_S, WATCH_S = 2.0, 15.0
"""While something is computed, and while answers may still come."""
Update = dict[Any, Any]


class ResultsPage:
    """The page's components and what happens on it. `owner`: it stands behind /admin and shows everything."""

    def __init__(self, services: Services, *, owner: bool) -> None:
        self.services, self.owner = services, owner
        with gr.Column(elem_classes=["vv-stack", "vv-results-page"]):
            self._components()
        self.drawn = gr.State("")
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
        how: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        asked = [self.list, self.origin, self.drawn]
        self.look = (self._look, asked, self._everything)
        self.timer.tick(*self.look, **how)
        self.list.input(self._look, asked, self._everything, **how)
        if self.owner:
            self.origin.input(self._look, asked, self._everything, **how)
            self.retry.click(self._again, asked, self._everything, **how)
            self.publish.click(lambda: gr.update(visible=True), None, self.confirm, **how)
            self.no.click(lambda: gr.update(visible=False), None, self.confirm, **how)
            self.yes.click(self._publish, asked, self._everything, **how)
            self.unpublish.click(self._unpublish, asked, self._everything, **how)

    @property
    def _everything(self) -> list[Any]:
        own = [self.public, self.publish, self.unpublish, self.confirm] if self.owner else []
        return [
            self.list, self.own, self.problem, self.status, self.retry_row, self.empty, self.body, self.heading,
            self.tables, self.drawn, self.timer, *own, *self.figures.outputs,
        ]  # fmt: skip

    # -- what happens ----------------------------------------------------------------------------------------

    def opened(self, request: gr.Request) -> Update:
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
            **self._content(info, shown, self._origin(origin), drawn),
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

    def _content(self, info: StudyInfo, shown: Shown, origin: Origin, drawn: str) -> Update:
        """Heading, figures and tables, unless the page has them already."""
        results = shown.results
        facts = (results.about["computed_s"], len(results.tables)) if results else ()
        token = f"{result_files.name_of(info)} {origin} {info.state} {info.published_s} {facts}"
        if token == drawn:
            return {}
        place = Place(info, origin, results.about.get("styles") or {} if results else {})
        figures = _drawn(results)
        return {
            self.drawn: token,
            self.heading: words.heading(place, results, figures),
            self.tables: _rest(place, results, figures),
            **dict(zip(self.figures.outputs, self.figures.filled(_filled(place, results, figures)), strict=True)),
            **(self._ownership(info) if self.owner else {}),
        }

    def _ownership(self, info: StudyInfo) -> Update:
        public = info.published_s is not None
        return {
            self.public: words.publishing(info),
            self.publish: gr.update(visible=info.state == "closed" and not public),
            self.unpublish: gr.update(visible=public),
            self.confirm: gr.update(visible=False),
        }


def _drawn(results: Results | None) -> list[Figure]:
    """The figures that show something."""
    from listening_test import plots

    if results is None or not results.about.get("enrolled"):
        return []
    return [one for one in plots.figures(results) if one.figure.data]


def _filled(place: Place, results: Results | None, figures: Sequence[Figure]) -> list[Filled]:
    if results is None:
        return []
    mark = str(results.about.get("watermark") or "")
    return [
        Filled(words.figure_head(one, mark), one.figure, words.figure_foot(place, one, results.tables))
        for one in figures
    ]


def _rest(place: Place, results: Results | None, figures: Sequence[Figure]) -> str:
    """The tables that no figure shows."""
    if results is None or not results.about.get("enrolled"):
        return ""
    used = {key for one in figures for key in one.tables}
    return others(place, [table for key, table in results.tables.items() if key not in used])


def render(services: Services, blocks: gr.Blocks, *, owner: bool = False) -> None:
    """The page, inside the open `blocks`."""
    gr.Navbar(main_page_name="Studies" if owner else "Compare")
    page = ResultsPage(services, owner=owner)
    blocks.load(page.opened, None, page._everything, queue=False, show_progress="hidden", api_visibility="private")
