"""The Compare page: give a clip, choose systems, hear and see them side by side, take the results away."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import gradio as gr
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from anonymizers.base import AnonymizerError
from audio.clip import Clip
from web import address, figures, hearing, quality, settings_link
from web.comparison import Asked, Comparison, stopped
from web.components import hearing_panel, results_table
from web.components.clip_input import ClipInput
from web.components.hearing_panel import HearingPanel
from web.components.sync_player import SyncPlayer
from web.components.system_form import SystemForm
from web.pages import words
from web.services import Services

UNDER_WAY = 12
"""Comparisons that have a thread; those of them that wait see their place. Further ones wait in Gradio's queue."""
QUALITY_AT_ONCE = 2
HEARD_AT_ONCE = 1
"""Comparisons that machines hear at the same time: each takes a process and a core of those that make sounds."""


class ComparePage:
    """The page's components and what its buttons do."""

    def __init__(self, services: Services) -> None:
        self.services = services
        gr.Navbar(main_page_name="Compare")
        gr.HTML(words.HEADER, padding=False)
        with gr.Row(elem_classes=["vv-columns"], equal_height=False):
            with gr.Column(scale=5, min_width=300, elem_classes=["vv-controls"]):
                self._controls()
            with gr.Column(scale=9, min_width=300, elem_classes=["vv-results"]):
                self._results()
        self._wire()

    def _controls(self) -> None:
        settings = self.services.settings
        gr.HTML('<h2 class="vv-step">1 · Your clip</h2>', padding=False)
        self.clip = ClipInput(max_mb=int(settings.max_upload_mb), max_s=int(settings.max_clip_s), elem_id="clip-input")
        gr.HTML('<h2 class="vv-step">2 · Systems</h2>', padding=False)
        self.form = SystemForm(strangers=settings.anyone_downloads, offline=settings.offline)
        with gr.Accordion("Seed and level", open=False, elem_classes=["vv-params"]):
            self.seed = gr.Number(0, label="Seed", info=words.SEED, precision=0, minimum=0, maximum=999_999_999)
            self.level = gr.Radio(
                [("Each clip its own", "utterance"), ("One per speaker", "speaker")],
                value="utterance", label="Pseudo-speaker", info=words.LEVEL,
            )  # fmt: skip
            self.speaker = gr.Textbox(label="Speaker", info=words.SPEAKER, visible=False, max_length=80)
        with gr.Row(elem_classes=["vv-go"]):
            self.go = gr.Button("Compare", variant="primary", elem_id="compare", scale=3)
            self.halt = gr.Button("Stop", elem_id="stop", visible=False, scale=1)
        self.problem = gr.HTML("", elem_id="problem", padding=False)

    def _results(self) -> None:
        gr.HTML('<h2 class="vv-step">3 · Listen</h2>', padding=False)
        self.status = gr.HTML("", elem_id="status", padding=False, elem_classes=["vv-status"])
        self.player = SyncPlayer(elem_id="player")
        with gr.Column(visible=False, elem_id="findings") as self.findings:
            gr.HTML('<h2 class="vv-step">What machines hear</h2>', padding=False)
            self.panel = HearingPanel(elem_id="hearing", padding=False)
            gr.HTML('<h2 class="vv-step">Numbers</h2>', padding=False)
            self.table = gr.HTML("", elem_id="numbers", padding=False)
            gr.HTML('<h2 class="vv-step">Take away</h2>', padding=False)
            self.take = gr.HTML("", elem_id="take-away", padding=False)
            self.link = gr.Textbox(
                label="Link to these settings (not to your clip)", buttons=["copy"], interactive=False, elem_id="link"
            )
            self.plots = {}
            for name, title in figures.TITLES.items():
                gr.HTML(
                    f'<h2 class="vv-step">{title}</h2><p class="vv-reading">{figures.READING[name]}</p>', padding=False
                )
                self.plots[name] = gr.Plot(show_label=False, elem_id=f"plot-{name}", container=False)
        self.run_id = gr.State("")
        self.finished = gr.State("")
        self.known = gr.State({"token": ""})

    def _wire(self) -> None:
        asked = [self.seed, self.level, self.speaker, *self.form.inputs]
        measured = [self.findings, self.panel, self.table, self.take, self.link, *self.plots.values()]
        self.level.change(lambda level: gr.update(visible=level == "speaker"), self.level, self.speaker, queue=False)
        quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        # What comes late may still be under way when it is asked for again: both run, and the older one stops itself.
        late = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "multiple"}
        pressed = self.go.click(
            self.prepare, [self.finished, self.known, self.clip, *asked],
            [self.run_id, self.known, self.problem, self.player, self.status, self.go, self.halt, self.findings],
            **quick,
        )  # fmt: skip
        ran = pressed.success(
            self.run, [self.run_id, self.known, self.clip, *asked], [self.player, self.status, *measured],
            concurrency_limit=UNDER_WAY, concurrency_id="compare", show_progress="full", show_progress_on=self.status,
            api_visibility="private",
        )  # fmt: skip
        done = ran.then(self.finish, self.run_id, [self.go, self.halt, self.finished, *self.form.states], **quick)
        quality = done.then(
            self.predict_quality, self.finished, self.table,
            concurrency_limit=QUALITY_AT_ONCE, concurrency_id="quality", **late,
        )  # fmt: skip
        quality.then(
            self.hear, [self.finished, self.known], self.panel,
            concurrency_limit=HEARD_AT_ONCE, concurrency_id="hearing", **late,
        )  # fmt: skip
        self.form.wire(self.problem)
        self.panel.halt(self.stop_hearing, None, None, queue=False, api_visibility="private")
        self.panel.said(
            self.mark, self.known, [self.panel, self.known],
            queue=False, show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        self.halt.click(
            self.stop, [self.run_id, self.player], [self.player, self.halt],
            queue=False, show_progress="hidden", api_visibility="private",
        )  # fmt: skip

    def _asked(self, seed: float | None, level: Any, speaker: str, values: Sequence[Any]) -> Asked:
        jobs = self.form.jobs(values)
        if not jobs:
            raise AnonymizerError(words.NO_SYSTEM)
        return Asked(jobs, int(seed or 0), level, speaker or "")

    def prepare(self, before: str, known: Any, clip: Any, seed: Any, level: Any, speaker: Any, *values: Any) -> tuple:
        """Answer the click at once: what will run, as rows that wait, or what is missing, as a sentence.

        `before` is the run that this browser has finished: what still comes of it must not land in the new one's table.
        """
        try:
            found, asked = self._found(clip), self._asked(seed, level, speaker, values)
        except AnonymizerError as error:
            return "", gr.skip(), words.problem(str(error)), *[gr.skip()] * 5
        if before:
            self.services.runs.replace(before)
        run = secrets.token_urlsafe(16)
        self.services.runs.begin(run)
        waiting = Comparison(self.services, run, found, asked).player(busy=True)
        go, halt = gr.update(interactive=False), gr.update(visible=True, interactive=True)
        return run, _known_of(clip, known), "", waiting, words.WAITING, go, halt, gr.update(visible=False)

    def _found(self, clip: Any) -> Clip:
        if not clip:
            raise AnonymizerError(words.NO_CLIP)
        found = self.services.clip(clip.get("token", ""))
        if found is None:
            raise AnonymizerError(words.GONE)
        return found

    async def run(
        self, request: gr.Request, run: str, known: Any, clip: Any, seed: Any, level: Any, speaker: Any, *values: Any
    ) -> AsyncIterator[tuple]:
        """Run the systems, showing each as it is ready, then what was measured."""
        if not run:
            return
        cancelled = self.services.runs.cancelled(run)
        skip = [gr.skip()] * (5 + len(self.plots))
        found = await run_in_threadpool(self._found, clip)
        comparison = Comparison(self.services, run, found, self._asked(seed, level, speaker, values))
        try:
            async for _ in iterate_in_threadpool(comparison.sounds(cancelled)):
                done = comparison.all_heard
                told = words.MEASURING if done else words.queued(comparison.ahead)
                yield (comparison.player(busy=not done), told, *skip)
            home = address.of(self.services.settings, request)
            measured = await run_in_threadpool(self._measured, comparison, known, home)
            yield (comparison.player(busy=False), "", *measured)
        finally:
            cancelled.set()
            comparison.gone.set()  # nothing goes on for a browser that has gone
            self.services.runs.end(run)

    def _measured(self, comparison: Comparison, known: Any, home: str) -> tuple:
        comparison.keep()
        to_hear = self._hearing(comparison.run, known)
        drawn = figures.draw(list(comparison.rows.values()))
        link = f"{home}?{settings_link.to_query(comparison.asked)}"
        table = results_table.html(comparison.report()["systems"], quality_coming=True)
        return (
            gr.update(visible=True),
            hearing_panel.shown(to_hear) if to_hear else None,
            table,
            words.take_away(comparison.run),
            link,
            *(drawn[name] for name in self.plots),
        )

    def finish(self, run: str) -> tuple:
        """Give the button back, whatever happened; systems whose weights have come can be ticked."""
        finished = run or gr.skip()  # where nothing was begun, the run before is still the one to be told of
        return gr.update(interactive=True), gr.update(visible=False), finished, *self.form.fresh()

    def stop(self, run: str, player: Any) -> tuple:
        """Stop the run; what is there stays."""
        self.services.runs.stop(run)
        return stopped(player or {}), gr.update(interactive=False)

    def predict_quality(self, run: str) -> Any:
        """Fill in the predicted quality, after the sound is there; not for a run that another one has replaced."""
        systems = None if self.services.runs.is_replaced(run) else quality.predict(self.services, run)
        if systems is None or self.services.runs.is_replaced(run):
            return gr.skip()
        return results_table.html(systems, quality_coming=False)

    def _hearing(self, run: str, known: Any) -> hearing.Hearing | None:
        return hearing.of(self.services, run, known["said"], known["language"], known["speaker"])

    async def hear(self, run: str, known: Any) -> AsyncIterator[Any]:
        """Let the machines hear the sounds, showing each number as it is there; the last thing that is computed."""
        runs = self.services.runs
        found = await run_in_threadpool(self._hearing, run, known) if run and not runs.is_replaced(run) else None
        if found is None or "hearing" in found.report:  # heard already
            return
        runs.begin(run)
        stop = runs.cancelled(run)
        try:
            async for _ in iterate_in_threadpool(found.rounds(stop)):
                if runs.is_replaced(run):
                    return
                yield hearing_panel.shown(found)
        finally:
            stop.set()  # nothing goes on for a browser that has gone
            runs.end(run)

    def stop_hearing(self, event: gr.EventData) -> None:
        """What was not heard is not coming."""
        self.services.runs.stop(str(event.run))

    def mark(self, known: Any, event: gr.EventData) -> tuple:
        """Compare the words with those that a person says are said; also when this clip is compared again."""
        said = str(event.text)[: hearing.LONGEST_SAID]
        found = hearing.marked(self.services, str(event.run), said)
        return hearing_panel.shown(found) if found else gr.skip(), {**known, "said": said}

    def from_link(self, request: gr.Request) -> list[Any]:
        """The form as a link wants it, and what in the link does not fit; untouched when there is none."""
        asked, faults = settings_link.from_query(dict(request.query_params))
        problem = words.problem(" ".join(faults)) if faults else ""
        if asked is None:
            return [problem, *[gr.skip()] * (3 + len(self.form.inputs))]
        speaker = gr.update(value=asked.speaker, visible=asked.level == "speaker")
        return [problem, asked.seed, asked.level, speaker, *self.form.values(asked.jobs)]


def _known_of(clip: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a clip from elsewhere: what is said in it, its language and who speaks; "" where not known."""
    if clip["token"] == before["token"]:  # what was typed meanwhile stays
        return dict(before)
    facts = {name: clip.get(name) for name in ("token", "said", "language", "speaker")}
    return {name: fact if isinstance(fact, str) else "" for name, fact in facts.items()}


def render(services: Services, blocks: gr.Blocks) -> None:
    """The page, inside the open `blocks`."""
    page = ComparePage(services)
    blocks.load(
        page.from_link, None, [page.problem, page.seed, page.level, page.speaker, *page.form.inputs],
        queue=False, show_progress="hidden", api_visibility="private",
    )  # fmt: skip
    blocks.load(page.form.fresh, None, page.form.states, queue=False, show_progress="hidden", api_visibility="private")
