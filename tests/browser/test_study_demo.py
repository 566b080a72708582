"""The demo study as it ships, rendered, and taken to its end as a stranger on a phone takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.study_process import demo_study
from listening_test.http.app import create
from tests.browser import study_lab


@pytest.mark.slow
def test_the_demo_from_its_link_to_its_end(open_page: Callable[..., Any], serve: Any, ledger: Any) -> None:
    with demo_study(2) as (database, store, info):
        page = open_page(f"{serve(create(database))}/study/{info.link}", width=390, height=844, has_touch=True)
        page.wait_for_selector(".vvs-landing")
        for box in page.locator("input[type=checkbox]").all():
            box.check()
        page.click(".vvs-next")
        page.wait_for_selector("[data-block]")
        reloads = iter([True])

        def reload_once(page: Any) -> None:
            if study_lab.block(page) == "task" and next(reloads, False):
                page.reload()
                page.wait_for_selector(".vvs-sound[data-heard=true]")

        study_lab.take(page, reload_once)
        page.wait_for_selector("[data-end=finished]")
        listener = store.listener(page.url.rsplit("/", 1)[1])
        assert listener.state == "finished"
        trials = store.trials(listener.id)
        assert all(trial.skipped or trial.answered_s for trial in trials)
        systems = [row["system"] for row in store.table(info.id) if row["kind"] == "rated"]
        assert set(systems) == set(info.study.labels)
        ledger.assert_clean()
