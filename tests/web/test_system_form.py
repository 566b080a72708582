"""The form: one box a system, one field a parameter, all from the registry."""

from __future__ import annotations

import gradio as gr
import pytest

from anonymizers import registry
from anonymizers.base import AnonymizerError
from anonymizers.runner import Job, check_params
from web.components.system_form import SystemForm


@pytest.fixture(scope="module")
def form() -> SystemForm:
    with gr.Blocks(analytics_enabled=False):
        return SystemForm()


def test_every_system_and_parameter_has_a_field(form: SystemForm) -> None:
    systems = registry.keys()[1:]
    assert len(form.inputs) == len(systems) + sum(len(registry.info(key).params) for key in systems)


def test_values_and_jobs_are_inverse(form: SystemForm) -> None:
    jobs = [Job(key, check_params(registry.info(key), {})) for key in ("house", "mcadams")]
    assert form.jobs(form.values(jobs)) == jobs
    assert form.jobs(form.values([])) == []


def test_what_the_fields_show_at_first_is_valid(form: SystemForm) -> None:
    jobs = form.jobs([field.value for field in form.inputs])
    assert [job.key for job in jobs] == ["house", "mcadams", "pitch-formant"]


def test_a_wrong_value_names_the_system(form: SystemForm) -> None:
    values = form.values([Job("mcadams", {"alpha_min": 99.0})])
    with pytest.raises(AnonymizerError, match="McAdams: alpha_min lies between"):
        form.jobs(values)
