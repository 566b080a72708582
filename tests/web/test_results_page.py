"""The Results pages without a browser: what is shown to whom, and what goes out as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from listening_test import plots
from listening_test.analysis.results import Results
from listening_test.analysis.table import Column, Table
from listening_test.store_records import StoreUnavailable
from tests.listening_test import known_tables, rendered_study
from tests.web import known_results
from web import routes_admin, routes_results
from web.admin_guard import Guard
from web.components import result_figures
from web.pages import results_words as words
from web.pages.results import ResultsPage
from web.services import Services
from web.settings import Settings
from web.study_results import Shown

PASSWORD = "correct horse"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("data")
    services = Services.start(Settings(offline=True, data_dir=folder, workers=1, admin_password=PASSWORD))
    yield services
    services.close()


@pytest.fixture(scope="module")
def studies(services: Services) -> dict[str, Any]:
    """Four studies with known results: published, closed, open and masked, and one that is not open yet."""
    store = services.store
    found = {}
    for name, state in (("published", "closed"), ("private", "closed"), ("masked", "open"), ("draft", "ready")):
        making = rendered_study.ready if state == "ready" else rendered_study.opened
        info = making(store, name=name, title=f"The study called {name}")
        if state == "closed":
            store.close_study(info.id)
        if name == "published":
            store.publish(info.id)
        found[name] = store.study(info.id)
        known_results.kept(store, found[name], software_version="1.2.3")
        known_results.kept(store, found[name], "simulation")
    return found


@pytest.fixture
def stranger(services: Services, studies: Any) -> TestClient:
    app = FastAPI()
    app.include_router(routes_admin.router(services))
    app.include_router(routes_results.router(services))
    app.add_middleware(Guard, login=services.login, root_path="")
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def owner(stranger: TestClient) -> TestClient:
    stranger.post("/admin/login", data={"password": PASSWORD})
    return stranger


def page(services: Services, *, owner: bool) -> ResultsPage:
    with gr.Blocks(analytics_enabled=False):
        return ResultsPage(services, owner=owner)


def whole(shown: ResultsPage, chosen: str, origin: Any = "participant") -> dict[Any, Any]:
    """Everything that comes when a study is chosen: what is quick, and then the rest."""
    update = shown._shown(chosen, origin, "")
    return update | shown._rest(chosen, origin, update[shown.drawn], "")


def text_of(update: dict[Any, Any]) -> str:
    """Everything an update puts on the page."""
    return str(list(update.values()))


# -- files ---------------------------------------------------------------------------------------------------


def test_a_published_table_is_a_file_for_everybody(stranger: TestClient) -> None:
    answer = stranger.get("/results/published-v1/mos.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="published-v1-mos.csv"'
    assert answer.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["system"] == "original"
    assert len(rows) == len(known_tables.mos().rows)


@pytest.mark.parametrize(
    "study", ["private-v1", "masked-v1", "draft-v1", "published-v2", "published", "published-v", "published-v0",
              "published-v-1", "published-v1.0", "published-v²", "nothing-v1", "published-v99999999999", "-v1", "1"]
)  # fmt: skip
def test_what_is_not_published_does_not_exist_for_others(stranger: TestClient, study: str) -> None:
    answer = stranger.get(f"/results/{study}/mos.csv")
    assert answer.status_code == 404
    assert answer.json() == {"error": routes_results.NOT_THERE}


def test_the_secret_link_is_no_name_of_results(stranger: TestClient, studies: Any) -> None:
    assert stranger.get(f"/results/{studies['published'].link}/mos.csv").status_code == 404
    assert studies["published"].link not in stranger.get("/results/published-v1/mos.csv").text


def test_comments_and_names_of_speakers_stay_with_the_owner(stranger: TestClient) -> None:
    assert stranger.get("/results/published-v1/comments.csv").status_code == 404
    speakers = stranger.get("/results/published-v1/worst_speakers.csv").text
    assert "Speaker 1" in speakers
    assert "F01" not in speakers
    assert stranger.get("/admin/results/published-v1/mos.csv").status_code == 401
    stranger.post("/admin/login", data={"password": PASSWORD})
    assert "my aunt" in stranger.get("/admin/results/published-v1/comments.csv").text
    assert "F01" in stranger.get("/admin/results/published-v1/worst_speakers.csv").text


@pytest.mark.parametrize("study", ["published-v1", "private-v1", "masked-v1"])
def test_the_owner_takes_every_table(owner: TestClient, study: str) -> None:
    assert owner.get(f"/admin/results/{study}/mos.csv").text.startswith("exclusions,task,question,system,")
    assert owner.get(f"/admin/results/{study}/nothing.csv").json() == {"error": routes_results.NO_TABLE}


def test_simulated_numbers_say_so_in_every_row(owner: TestClient) -> None:
    answer = owner.get("/admin/results/private-v1/mos.csv?origin=simulation")
    assert answer.headers["content-disposition"] == 'attachment; filename="private-v1-simulation-mos.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["watermark"] for row in rows} == {"SIMULATED, NOT PEOPLE"}
    assert owner.get("/admin/results/private-v1/mos.csv?origin=everybody").status_code == 404
    simulated = owner.get("/results/published-v1/mos.csv?origin=simulation").text
    assert "SIMULATED" not in simulated  # others get participants, whatever they ask for


def test_no_cell_is_a_formula(services: Services, owner: TestClient, studies: Any) -> None:
    columns = (Column("system", ""), Column("value", ""))
    rows = ({"system": "=HYPERLINK(1)", "value": -2.5}, {"system": "a;=1+1", "value": None})
    known_results.kept(
        services.store, studies["private"], results=known_tables.results(Table("odd", "Odd", columns, rows))
    )
    text = owner.get("/admin/results/private-v1/odd.csv").text
    assert text == "system,value\r\n'=HYPERLINK(1),-2.5\r\na;'=1+1,\r\n"
    known_results.kept(services.store, studies["private"])


def test_a_database_that_is_away_is_a_sentence(
    services: Services, stranger: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any) -> Any:
        raise StoreUnavailable("The database is away.")

    monkeypatch.setattr(services.store, "find", away)
    answer = stranger.get("/results/published-v1/mos.csv")
    assert (answer.status_code, answer.json()) == (503, {"error": "The database is away."})


# -- pages ---------------------------------------------------------------------------------------------------


def test_others_see_what_is_published_and_nothing_else(services: Services, studies: Any) -> None:
    public = page(services, owner=False)
    for chosen in ("", "published-v1", "private-v1", "masked-v1", "draft-v1", "1", "' OR 1=1"):
        update = public._shown(chosen, "participant", "", first=True)
        text = text_of(update | public._rest(chosen or "published-v1", "participant", update[public.drawn], ""))
        assert "The study called published" in text
        assert not any(
            secret in text for secret in ("called private", "called masked", "called draft", "my aunt", "F01")
        )
        assert [name for _, name in update[public.list]["choices"]] == ["published-v1"]
        assert (words.UNKNOWN in text) is (chosen not in ("", "published-v1"))
    for origin in ("simulation", "preview", "everybody", None):
        assert "SIMULATED" not in text_of(public._shown("published-v1", origin, ""))


def test_the_owner_sees_every_study_that_was_opened(services: Services, studies: Any) -> None:
    mine = page(services, owner=True)
    update = mine._shown("private-v1", "participant", "")
    assert {name for _, name in update[mine.list]["choices"]} == {"published-v1", "private-v1", "masked-v1"}
    assert update[mine.publish]["visible"]
    assert not update[mine.unpublish]["visible"]
    assert words.PRIVATE in update[mine.public]
    assert "my aunt" in text_of(whole(mine, "private-v1"))
    assert "SIMULATED, NOT PEOPLE" in text_of(mine._shown("private-v1", "simulation", ""))
    update = mine._shown("masked-v1", "participant", "")
    assert words.NOT_CLOSED in update[mine.public]
    assert not update[mine.publish]["visible"]
    assert update[mine.timer].active


def test_what_the_page_has_is_not_sent_again(services: Services, studies: Any) -> None:
    public = page(services, owner=False)
    first = public._shown("published-v1", "participant", "")
    again = public._shown("published-v1", "participant", first[public.drawn])
    assert public.heading in first
    assert public.heading not in again
    assert not set(public.figures.outputs) & set(again)
    rest = public._rest("published-v1", "participant", first[public.drawn], "")
    assert public.tables in rest
    assert set(public._rest("published-v1", "participant", rest[public.whole], rest[public.whole])) == {public.whole}
    assert set(public._rest("published-v1", "participant", "another", "")) == {public.whole}


def test_figures_that_cannot_be_drawn_leave_the_tables(
    services: Services, studies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(results: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("listening_test.plots.figures", broken)
    text = text_of(whole(page(services, owner=False), "published-v1"))
    assert "nothing to draw" in text
    assert "published-v1-mos.csv" in text


def test_new_numbers_do_not_close_the_question_whether_to_publish(services: Services, studies: Any) -> None:
    mine = page(services, owner=True)
    first = mine._shown("private-v1", "participant", "")
    assert not first[mine.confirm]["visible"]
    known_results.kept(services.store, studies["private"], computed_s=2e9)
    again = mine._shown("private-v1", "participant", first[mine.drawn])
    assert mine.heading in again
    assert mine.confirm not in again
    assert not mine._shown("published-v1", "participant", first[mine.drawn])[mine.confirm]["visible"]


def test_publishing_and_taking_back(services: Services, studies: Any) -> None:
    mine, public = page(services, owner=True), page(services, owner=False)
    update = mine._publish("private-v1", "participant", "")
    assert "Public since" in update[mine.public]
    assert update[mine.unpublish]["visible"]
    assert "The study called private" in text_of(public._shown("private-v1", "participant", ""))
    mine._unpublish("private-v1", "participant", "")
    assert "The study called private" not in text_of(public._shown("private-v1", "participant", ""))
    refused = mine._publish("masked-v1", "participant", "")
    assert "masked is open: only a study that is closed can be published" in refused[mine.problem]
    assert words.UNKNOWN_OWNED in mine._publish("nothing-v1", "participant", "")[mine.problem]


def test_every_figure_has_its_reading_its_caution_and_its_table(services: Services, studies: Any) -> None:
    public = page(services, owner=False)
    update = whole(public, "published-v1")
    places = [update[one] for one in public.figures.outputs]
    shown = [places[i : i + 4] for i in range(0, len(places), 4) if places[i]["visible"]]
    assert len(shown) >= 8
    for _, head, plot, foot in shown:
        assert "<h2" in head
        assert plot["value"].data
        assert "vv-reading" in foot
        assert ".csv" in foot
    text = text_of(update)
    assert "When not to trust it" in text
    assert "13 began, 12 finished, 11 used" in text
    assert "VoiceVeil 1.2.3" in text
    assert studies["published"].digest[:12] in text


def test_nothing_published_says_what_to_do_first(tmp_path: Path) -> None:
    services = Services.start(Settings(offline=True, data_dir=tmp_path, workers=1))
    try:
        public, mine = page(services, owner=False), page(services, owner=True)
        update = public._shown("some-v1", "participant", "", first=True)
        assert update[public.empty]["visible"]
        assert 'href="studies"' in update[public.empty]["value"]
        assert words.UNKNOWN in update[public.problem]
        assert not update[public.body]["visible"]
        assert 'href="."' in mine._shown("", "participant", "")[mine.empty]["value"]
    finally:
        services.close()


def test_a_study_without_answers_says_so(services: Services, studies: Any) -> None:
    known_results.kept(services.store, studies["private"], results=Results(known_tables.about(enrolled=0)))
    mine = page(services, owner=True)
    update = mine._shown("private-v1", "participant", "")
    assert words.NOBODY["closed"] in update[mine.heading]
    assert not any(place["visible"] for place in (update[one] for one in mine.figures.outputs[::4]))
    known_results.kept(services.store, studies["private"])


def test_answers_that_expired_are_said_to_be_gone(services: Services) -> None:
    info = rendered_study.opened(services.store, name="expired", limits={"keep_answers_days": 1})
    info = services.store.close_study(info.id)
    known_results.kept(services.store, info, results=Results(known_tables.about(enrolled=0)), computed_s=9e9)
    update = page(services, owner=True)._shown("expired-v1", "participant", "")
    text = text_of(update)
    assert words.EXPIRED.format(days=1) in text
    assert words.EXPIRES.format(days=1) in text
    services.store.delete_study(info.id)


def test_a_database_that_is_away_is_a_sentence_on_the_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise StoreUnavailable("The database is away.")

    public = page(services, owner=False)
    monkeypatch.setattr(services.store, "published", away)
    update = public._shown("", "participant", "")
    assert "The database is away." in update[public.problem]
    assert update[public.timer].active  # it looks again


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (Shown(), ""),
        (Shown(since_s=90.0), "are being computed for the first time: 10 s so far. They appear"),
        (
            Shown(known_tables.results(), since_s=90.0, part="machine"),
            "Computing again with what has changed (machine)",
        ),
        (Shown(known_tables.results(), stale=True), "counted in within a minute"),
        (Shown(known_tables.results(), stale=False), ""),
        (Shown(known_tables.results(), problem=HOSTILE), "&lt;img"),
    ],
)
def test_the_page_says_what_is_going_on(shown: Shown, said: str) -> None:
    text = words.status(shown, now_s=100.0)
    assert said in text if said else text == ""
    assert "<img" not in text


def test_whatever_people_wrote_stays_text(services: Services) -> None:
    info = rendered_study.opened(services.store, name="hostile", title=HOSTILE)
    services.store.close_study(info.id)
    info = services.store.study(info.id)
    table = Table(
        "odd", HOSTILE, (Column("system", HOSTILE), Column("value", "")),
        ({"system": HOSTILE, "value": 1.0},), HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE,
    )  # fmt: skip
    look = {"name": HOSTILE, "colour": '"><script>', "dash": "", "symbol": ""}
    reasons = Table(
        "exclusions", HOSTILE, (Column("reason", ""), Column("listeners", "")), ({"reason": HOSTILE, "listeners": 2},)
    )
    found = known_tables.results(table, reasons, systems=[HOSTILE], styles={HOSTILE: look})
    known_results.kept(services.store, info, results=found, watermark=HOSTILE)
    mine = page(services, owner=True)
    update = whole(mine, "hostile-v1")
    text = text_of({key: one for key, one in update.items() if key is not mine.list})
    assert "&lt;img" in text
    assert "<img" not in text
    assert "<script" not in text
    services.store.delete_study(info.id)


def test_every_figure_that_there_can_be_has_a_place() -> None:
    assert len(plots.figures(known_tables.results())) <= result_figures.PLACES


def test_more_figures_than_places_are_refused() -> None:
    with gr.Blocks(analytics_enabled=False):
        figures = result_figures.ResultFigures()
    with pytest.raises(ValueError, match="raise PLACES"):
        figures.filled([result_figures.Filled("", None, "")] * (result_figures.PLACES + 1))
