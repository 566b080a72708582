"""The form that writes a study's file: the questions an owner has to answer; the file holds all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from anonymizers import registry
from listening_test.study import LOW_ANCHOR, ORIGINAL, Study
from web.study_service import slug

TASKS = {
    "overall_quality": "Overall quality",
    "naturalness": "Naturalness",
    "intelligibility": "Intelligibility",
    "same-different": "Same person or not",
    "line-up": "Voice line-up",
    "speaker-similarity": "Speaker similarity",
    "emotion": "Emotion",
}
RUNGS = {
    "unfamiliar": "Unfamiliar: never any feedback",
    "familiar": "Familiar: learns the voices first",
    "system-trained": "System-trained: practises on anonymized pairs, with feedback",
}
LANGUAGES = {"en": "English", "de": "German"}
ANCHORS = "The original and a noisy version are always there: without both ends listeners use the scale as they like."
STRONG = "The one of them that changes voices most; it bounds the scale."


class StudyForm:
    """Fields; `inputs` are all of them, in the order `definition` expects their values. `base` gives the defaults."""

    def __init__(self, base: Study) -> None:
        self._base = base
        self._fields: dict[str, Any] = {}
        self._about(base)
        self._hearing(base)
        with gr.Accordion("Texts for listeners, in both languages", open=False, elem_classes=["vv-params"]):
            self._texts(base)

    @property
    def inputs(self) -> list[Any]:
        """The components."""
        return list(self._fields.values())

    def _about(self, base: Study) -> None:
        with gr.Row():
            self._fields["title"] = gr.Textbox(
                label="Title", info="For you alone.", max_length=200, elem_id="form-title"
            )
            self._fields["name"] = gr.Textbox(label="Name, for files", info="Made from the title if empty.")
        with gr.Row():
            self._fields["listeners"] = gr.Number(
                base.limits.listeners, label="Listeners", precision=0, minimum=1, elem_id="form-listeners"
            )
            self._fields["minutes"] = gr.Number(base.limits.minutes, label="Minutes it takes", minimum=1, maximum=120)
        self._fields["controller"] = gr.Textbox(
            label="Who answers for the study", info="Shown to listeners.", elem_id="form-controller"
        )
        self._fields["voices"] = gr.Textbox(
            label="Your right to use the voices", info="Licence, or consent of each.", elem_id="form-voices"
        )
        self._fields["clip_language"] = gr.Textbox(base.ethics.clip_language, label="Language spoken in the clips")
        self._fields["languages"] = gr.CheckboxGroup(
            [(name, key) for key, name in LANGUAGES.items()], value=list(base.languages), label="Languages of the pages"
        )

    def _hearing(self, base: Study) -> None:
        keys = registry.keys()[1:]
        mine = [system.system for system in base.systems if system.system in keys]
        strong = next((system.system for system in base.systems if system.anchor == "strong"), None)
        self._fields["tasks"] = gr.CheckboxGroup(
            [(name, key) for key, name in TASKS.items()], value=["overall_quality"], label="What listeners judge"
        )
        self._fields["trials"] = gr.Slider(1, 20, 4, step=1, label="Trials of each system, per task and listener")
        self._fields["systems"] = gr.CheckboxGroup(
            [(registry.info(key).title, key) for key in keys], value=mine, label="Systems", info=ANCHORS
        )
        self._fields["strong"] = gr.Dropdown(
            [(registry.info(key).title, key) for key in keys], value=strong, label="Strong anchor", info=STRONG
        )
        self._fields["rungs"] = gr.CheckboxGroup(
            [(name, key) for key, name in RUNGS.items()],
            value=list(base.design.rungs),
            label="What listeners know before they judge who speaks",
            info="Each listener stands on one of those you tick.",
        )

    def _texts(self, base: Study) -> None:
        asked: dict[str, tuple[str, Mapping[Any, str], int]] = {
            "public_title": ("Title for listeners; must not tell a system", base.public_title, 1),
            "consent": ("What they agree to", base.consent.text, 6),
            "pay": ("What they get; empty for volunteers", {}, 1),
            "debrief": ("What it was about, told at the end", base.ethics.debrief, 4),
            "thank_you": ("Thanks", base.thank_you, 2),
        }
        for key, (label, texts, lines) in asked.items():
            with gr.Row():
                for language, name in LANGUAGES.items():
                    self._fields[f"{key}.{language}"] = gr.Textbox(
                        texts.get(language, ""), label=f"{label} ({name})", lines=lines, max_lines=20
                    )

    def yaml(self, values: Sequence[Any]) -> str:
        """The study's file.

        Raises:
            StudyError: if a field does not fit.
        """
        from io import StringIO

        from ruamel.yaml import YAML

        from listening_test.yaml_file import form_to_yaml, parse_study

        out, writer = StringIO(), YAML(typ="safe", pure=True)
        writer.dump(self.definition(values), out)
        return form_to_yaml(parse_study(out.getvalue(), "the form"))

    def definition(self, values: Sequence[Any]) -> dict[str, Any]:
        """A study's definition, as its YAML would read; what the form does not ask is the base's or the default."""
        given = dict(zip(self._fields, values, strict=True))
        languages, title = given["languages"] or [], (given["title"] or "").strip()

        def texts(key: str) -> dict[str, str]:
            return {one: text for one in languages if (text := (given[f"{key}.{one}"] or "").strip())}

        return {
            "name": (given["name"] or "").strip() or slug(title),
            "title": title,
            "public_title": texts("public_title"),
            "languages": list(languages),
            "consent": {"version": "1", "text": texts("consent")},
            "clips": {"manifest": str(self._base.clips.manifest or "voices/manifest.csv")},
            "systems": _systems(given["systems"] or [], given["strong"]),
            "tasks": _tasks(given["tasks"] or [], int(given["trials"])),
            "screening": {"attention_checks": 2},
            "design": {"rungs": given["rungs"] or []},
            "limits": {"listeners": int(given["listeners"] or 0), "minutes": given["minutes"] or 0},
            "ethics": {
                "voices": (given["voices"] or "").strip(),
                "controller": (given["controller"] or "").strip(),
                "clip_language": (given["clip_language"] or "").strip(),
                "listener_languages": list(languages),
                "language_mismatch_reason": self._base.ethics.language_mismatch_reason,
                "pay": texts("pay"),
                "debrief": texts("debrief"),
            },
            "thank_you": texts("thank_you"),
        }


def _systems(keys: Sequence[str], strong: str | None) -> list[Any]:
    others = [key for key in keys if key != strong]
    return [ORIGINAL, LOW_ANCHOR, *others, *([{"system": strong, "anchor": "strong"}] if strong else [])]


def _tasks(keys: Sequence[str], trials: int) -> list[dict[str, Any]]:
    scales = [key for key in keys if key in ("overall_quality", "naturalness", "intelligibility")]
    rated = [{"type": "mos", "questions": scales, "trials_per_system": trials}] if scales else []
    return rated + [{"type": key, "trials_per_system": trials} for key in keys if key not in scales]
