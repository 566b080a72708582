"""The editor of a study's file: from an example, a form or a file, then by hand; and the upload of its voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from listening_test.study import StudyError
from listening_test.yaml_file import parse_study
from web.components.study_form import StudyForm
from web.pages import admin_words as words
from web.study_service import StudyService

FORM_BASE = "mos"
VOICE_FILES = [".zip", ".csv", ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".webm", ".aiff"]
YAML_HELP = "Every key is explained in the example “full”. What is left out has a default."
NO_TEXT = "A YAML file in UTF-8 was expected, but this is another kind of file: choose the study's .yaml."
VOICES_HELP = """
<h3 class="vv-step">Voices</h3>
<p class="vv-reading">Audio files and a manifest.csv (columns file, speaker, sex; also transcript, session, emotion), or
one ZIP of them all. They go where <code>clips</code> in the file says. Without an upload the voices stay as they
were; a new study has the synthetic voices of the examples.</p>
"""
Update = dict[Any, Any]


class StudyEditor:
    """Its components; `text` and `voices` are what `save` is about, `outputs` what `began` sets."""

    def __init__(self, studies: StudyService) -> None:
        self._studies = studies
        examples = studies.examples()
        with gr.Column(visible=False, elem_id="editor", elem_classes=["vv-stack"]) as self.column:
            gr.HTML('<h2 class="vv-title">Study file</h2><p class="vv-reading">Start from</p>', padding=False)
            with gr.Tabs():
                with gr.Tab("Example"):
                    self._example = gr.Dropdown(list(examples), value=FORM_BASE, label="Example", elem_id="example")
                    self._use_example = _button("Take this example", "use-example")
                with gr.Tab("Form"):
                    self._form = StudyForm(parse_study(examples[FORM_BASE]))
                    self._use_form = _button("Write the file", "use-form")
                    self._said_of_form = gr.HTML("", elem_id="said-of-form", padding=False)
                with gr.Tab("File"):
                    self._file = gr.File(
                        label="YAML file", file_types=[".yaml", ".yml"], elem_id="yaml-upload", height=160
                    )
            self.text = gr.Textbox(
                label="The file", info=YAML_HELP, lines=18, max_lines=32, elem_id="yaml", elem_classes=["vv-code"]
            )
            gr.HTML(VOICES_HELP, padding=False)
            self.voices = gr.File(
                label="Voices", file_count="multiple", file_types=VOICE_FILES, elem_id="voices", height=160
            )
            self.said = gr.HTML("", elem_id="said-of-file", padding=False)
            with gr.Row(elem_classes=["vv-buttons"]):
                self.save = gr.Button("Save", variant="primary", elem_id="save")
                self.cancel = gr.Button("Cancel", elem_id="cancel")

    @property
    def outputs(self) -> list[Any]:
        """What `began` sets, the column with it."""
        return [self.column, self._said_of_form, self.said, self.text, self.voices]

    def wire(self, how: dict[str, Any]) -> None:
        """Bind the buttons that fill in the text."""
        outputs = [self._said_of_form, self.said, self.text]
        self._use_example.click(self._from_example, self._example, outputs, **how)
        self._use_form.click(self._from_form, self._form.inputs, outputs, **how)
        self._file.upload(self._from_file, self._file, outputs, **how)

    def began(self, text: str) -> Update:
        """The editor with this text, and nothing said yet."""
        return {**self._filled(text), self.voices: None}

    def _filled(self, text: str) -> Update:
        return {self._said_of_form: "", self.said: "", self.text: text}

    def _from_example(self, name: str) -> Update:
        return self._filled(self._studies.examples().get(name, ""))

    def _from_form(self, *values: Any) -> Update:
        try:
            return self._filled(self._form.yaml(values))
        except StudyError as error:
            return {self._said_of_form: words.problem(str(error))}

    def _from_file(self, path: str | None) -> Update:
        try:
            return self._filled(Path(path).read_bytes().decode("utf-8-sig") if path else "")
        except UnicodeDecodeError:
            return {self.said: words.problem(NO_TEXT)}


def _button(text: str, elem_id: str) -> gr.Button:
    with gr.Row(elem_classes=["vv-buttons"]):
        return gr.Button(text, elem_id=elem_id)
