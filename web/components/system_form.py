"""The form that chooses systems and sets their parameters, made from the registry: a new system needs nothing here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from anonymizers import registry
from anonymizers.base import AnonymizerError, Info, Param
from anonymizers.runner import Job, check_params
from web import readiness
from web.components.system_weights import SystemWeights, accept

TICKED_AT_FIRST = frozenset({"mcadams", "pitch-formant", "house"})

FIDELITY_WORDS = {
    "exact": "exact: the published algorithm",
    "own-design": "own design",
    "original-weights": "original weights",
    "house-weights": "house weights: trained by our recipes",
}


class SystemForm:
    """Checkboxes and parameter fields; `inputs` are all of them, in the order `jobs` expects their values.

    `states` are the parts that say which systems can run now: they are filled by `fresh`, at every visit, as downloads
    change it. `strangers`: whether visitors may accept licences and cause downloads; `offline`: whether nobody may.
    """

    def __init__(self, *, strangers: bool = True, offline: bool = False) -> None:
        self._may = {"strangers": strangers, "offline": offline}
        self.inputs: list[Any] = []
        self.states: list[Any] = []
        self._weights: dict[str, tuple[Any, SystemWeights]] = {}
        self._fields: list[tuple[str, Param | None]] = []
        families: dict[str, list[Info]] = {}
        for key in registry.keys()[1:]:
            info = registry.info(key)
            families.setdefault(info.family, []).append(info)
        for family, infos in families.items():
            gr.HTML(f'<h3 class="vv-family">{family}</h3>', padding=False)
            for info in infos:
                self._add_system(info)

    def _add_system(self, info: Info) -> None:
        status = registry.status(info.key)
        has_weights = bool(registry.weights_of(info.key))
        with gr.Column(elem_classes=["vv-system"], elem_id=f"system-{info.key}"):
            runs = status.state == "ready"
            box = gr.Checkbox(
                value=info.key in TICKED_AT_FIRST and runs,
                label=info.title,
                info=describe(info) if runs or has_weights else f"{status.state}: {status.detail}",
                interactive=runs,
                container=False,
            )
            self._add(info.key, None, box)
            if has_weights:
                self._add_weights(info.key, box)
            if info.params:
                with gr.Accordion("Parameters", open=False, elem_classes=["vv-params"]):
                    for param in info.params:
                        self._add(info.key, param, field(param))

    def _add_weights(self, key: str, box: Any) -> None:
        weights = SystemWeights(key)
        self._weights[key] = box, weights
        self.states += [box, *weights.outputs]

    def wire(self, problem: Any) -> None:
        """Let the buttons that accept a licence do so; what goes wrong is told in `problem`."""
        for _, weights in self._weights.values():
            weights.wire(self.accepted, [problem, *self.states])

    def fresh(self) -> list[Any]:
        """Which systems can run now: the values of `states`."""
        shown: list[Any] = []
        for key, (_, weights) in self._weights.items():
            ready = readiness.of(key, **self._may)
            shown += [gr.update(interactive=ready.tickable), *weights.shown(ready)]
        return shown

    def accepted(self, key: str) -> list[Any]:
        """Accept what the page asks for; why that failed, if it did, and the values of `states`."""
        problem = accept(key, readiness.of(key, **self._may))
        return [f'<p class="vv-problem" role="alert">{escape(problem)}</p>' if problem else "", *self.fresh()]

    def _add(self, key: str, param: Param | None, component: Any) -> None:
        self._fields.append((key, param))
        self.inputs.append(component)

    def jobs(self, values: Sequence[Any]) -> list[Job]:
        """The ticked systems with their checked parameters.

        Raises:
            AnonymizerError: if a value does not fit.
        """
        ticked: list[str] = []
        params: dict[str, dict[str, Any]] = {}
        for (key, param), value in zip(self._fields, values, strict=True):
            if param is None:
                ticked += [key] if value else []
            else:
                params.setdefault(key, {})[param.name] = param.default if value is None else value
        return [Job(key, _checked(key, params.get(key, {}))) for key in ticked]

    def values(self, jobs: Sequence[Job]) -> list[Any]:
        """The values of `inputs` that make these jobs; parameters of other systems at their defaults."""
        wanted = {job.key: job.params for job in jobs}
        return [
            key in wanted if param is None else wanted.get(key, {}).get(param.name, param.default)
            for key, param in self._fields
        ]


def _checked(key: str, params: dict[str, Any]) -> dict[str, Any]:
    info = registry.info(key)
    try:
        return check_params(info, params)
    except AnonymizerError as error:
        raise AnonymizerError(f"{info.title}: {error}") from None


def describe(info: Info) -> str:
    """One line under a system's name: what it does, what it hides, what runs."""
    hides = f"Hides: {', '.join(sorted(info.hides))}" if info.hides else "Hides nothing"
    return f"{info.summary} {hides} · {FIDELITY_WORDS[info.fidelity]}."


def field(param: Param) -> Any:
    """The field for a parameter."""
    label = f"{param.label} ({param.unit})" if param.unit else param.label
    common = {"label": label, "info": param.help, "value": param.default}
    if param.kind == "flag":
        return gr.Checkbox(**common)
    if param.kind == "choice":
        return gr.Dropdown(choices=list(param.choices), **common)
    if param.kind == "text":
        return gr.Textbox(lines=1, max_lines=3, max_length=1000, **common)
    step = param.step or (1 if param.kind == "int" else None)
    low, high = param.minimum, param.maximum
    if low is None or high is None:
        return gr.Number(minimum=low, maximum=high, step=step or 0.01, **common)
    return gr.Slider(minimum=low, maximum=high, step=step, **common)
