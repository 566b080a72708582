"""The page about evaluation runs: what machine attackers and recognisers found, beside what papers published."""

from __future__ import annotations

from typing import Any

import gradio as gr

from evaluation.figures.conditions import Condition, conditions, label
from evaluation.runs import Run
from web.components.choices import Choices
from web.components.result_figures import ResultFigures
from web.evaluation_runs import EvaluationRuns, condition_of
from web.pages import machines_words as words
from web.pages.words import problem
from web.services import Services

ATTACKED, OTHERS = 4, 12
"""Places of figures that change with the attack, and of those that do not."""
AT_ONCE = 2
"""Figures that come with the heading."""
HOW: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
Update = dict[Any, Any]


class MachinesPage:
    """The page's components and what happens on it."""

    def __init__(self, runs: EvaluationRuns) -> None:
        self.runs = runs
        with gr.Column(elem_classes=["vv-stack", "vv-results-page"]):
            gr.HTML(words.TITLE, padding=False)
            self.list = Choices(choices=[], label="Evaluation", elem_id="run", visible=False, filterable=False)
            self.problem = gr.HTML("", elem_id="problem", padding=False, elem_classes=["vv-status"])
            self.empty = gr.HTML(visible=False, elem_id="nothing", padding=False)
            self.heading = gr.HTML("", elem_id="heading", padding=False)
            with gr.Row(visible=False, elem_classes=["vv-attack"]) as self.choice:
                self.attack = Choices(choices=[], label="Attack shown", elem_id="attack", filterable=False, scale=3)
                self.papers = gr.Checkbox(True, label="Published figures behind the trade-off", elem_id="papers")
            self.attacked = ResultFigures(ATTACKED, "attacked")
            self.others = ResultFigures(OTHERS, "heard")
            self.further = gr.HTML("", elem_id="further", padding=False)
        asked = [self.list, self.attack, self.papers]
        first = self.list.input(self._chosen, self.list, self._head, **HOW)
        first.then(self._rest, asked, self._tail, **HOW)
        for control in (self.attack, self.papers):
            control.input(self._attacked, asked, [self.heading, *self.attacked.outputs], **HOW)

    def load(self, blocks: gr.Blocks) -> None:
        """Fill the page when it opens."""
        first = blocks.load(self._opened, None, self._head, **HOW)
        first.then(self._rest, [self.list, self.attack, self.papers], self._tail, **HOW)

    @property
    def _head(self) -> list[Any]:
        """What comes first."""
        own = [self.list, self.problem, self.empty, self.heading, self.choice, self.attack, self.papers, self.further]
        return [*own, *self.attacked.outputs, *self.others.outputs]

    @property
    def _tail(self) -> list[Any]:
        """What comes after it."""
        later = self.attacked.outputs[AT_ONCE * ResultFigures.WIDTH :]
        return [self.problem, self.further, *later, *self.others.outputs]

    # -- what happens ----------------------------------------------------------------------------------------

    def _opened(self, request: gr.Request) -> Update:
        """The page as its address wants it: ?run= chooses."""
        return self._shown(str(request.query_params.get("run", "")))

    def _chosen(self, name: Any) -> Update:
        return self._shown(str(name or ""))

    def _shown(self, name: str) -> Update:
        """Heading and first figures of a run, the first one with figures unless it is named."""
        runs = {run.name: run for run in self.runs.listed()}
        missing = bool(name) and name not in runs
        run = runs.get(name) or next((one for one in runs.values() if one.shows), next(iter(runs.values()), None))
        if run is None:
            return self._nothing(missing)
        condition = condition_of(run, "")
        figures = self.runs.attacked(run, condition)
        every = conditions(run)
        return {
            self.list: gr.update(choices=list(runs), value=run.name, visible=len(runs) > 1),
            self.problem: problem(words.UNKNOWN) if missing else "",
            self.empty: gr.update(visible=False),
            self.heading: words.heading(run, condition, [*figures, *self.runs.others(run)]),
            self.choice: gr.update(visible=condition is not None),
            self.attack: gr.update(choices=[(label(one, every), one.key) for one in every],
                                   value=condition.key if condition else None),
            self.papers: True,
            self.further: "",
            **self._first(run, figures),
        }  # fmt: skip

    def _first(self, run: Run, figures: list[Any]) -> Update:
        own = self.attacked.filled(words.filled(figures[:AT_ONCE], run))
        return dict(zip([*self.attacked.outputs, *self.others.outputs], [*own, *self.others.filled([])], strict=True))

    def _nothing(self, missing: bool) -> Update:
        """No run: what papers published."""
        own = self.attacked.filled(words.filled(self.runs.published(), None))
        return {
            self.list: gr.update(choices=[], value=None, visible=False),
            self.problem: problem(words.UNKNOWN) if missing else "",
            self.empty: gr.update(value=words.NONE, visible=True),
            self.heading: "",
            self.choice: gr.update(visible=False),
            self.attack: gr.update(choices=[], value=None),
            self.papers: True,
            self.further: "",
            **dict(zip(self.attacked.outputs, own, strict=True)),
        }

    def _rest(self, name: Any, attack: Any, papers: Any) -> Update:
        """The other figures and the tables of the run that the page shows."""
        run = self.runs.find(str(name or ""))
        if run is None:
            return {self.problem: gr.skip()}
        figures = self.runs.attacked(run, condition_of(run, str(attack or "")), papers=bool(papers))
        own = self.attacked.filled(words.filled(figures, run))[AT_ONCE * ResultFigures.WIDTH :]
        others = self.others.filled(words.filled(self.runs.others(run), run))
        later = self.attacked.outputs[AT_ONCE * ResultFigures.WIDTH :]
        return {
            self.further: words.further(run) if run.shows else "",
            **dict(zip([*later, *self.others.outputs], [*own, *others], strict=True)),
        }

    def _attacked(self, name: Any, attack: Any, papers: Any) -> Update:
        """The figures of another attack; heading and glance with it."""
        run = self.runs.find(str(name or ""))
        if run is None:
            return {self.heading: problem(words.UNKNOWN)}
        condition: Condition | None = condition_of(run, str(attack or ""))
        figures = self.runs.attacked(run, condition, papers=bool(papers))
        own = self.attacked.filled(words.filled(figures, run))
        return {
            self.heading: words.heading(run, condition, [*figures, *self.runs.others(run)]),
            **dict(zip(self.attacked.outputs, own, strict=True)),
        }


def render(services: Services, blocks: gr.Blocks) -> None:
    """The page, inside the open `blocks`."""
    gr.Navbar(main_page_name="Compare")
    MachinesPage(services.evaluations).load(blocks)
