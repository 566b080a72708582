"""What surrounds the code says what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from anonymizers import registry

ROOT = Path(__file__).resolve().parents[1]
RUN = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python app.py"
TEST = "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.txt && .venv/bin/python -m pytest"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table_rows(text: str) -> dict[str, list[str]]:
    """Cells of the Markdown table rows that start with a `name`, by that name."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


@pytest.mark.parametrize("key", registry.keys())
def test_every_system_has_a_true_row_in_the_readme(key):
    info = registry.info(key)
    does, fidelity, hides = table_rows(read("README.md"))[key]
    assert len(does) > 20
    assert fidelity == info.fidelity
    assert hides == (", ".join(sorted(info.hides)) or "nothing")


@pytest.mark.parametrize("command", [RUN, TEST])
def test_readme_holds_the_two_commands_to_the_letter(command):
    assert command in read("README.md").splitlines()


def test_ci_calls_the_readme_s_test_command():
    assert TEST in [line.strip() for line in read(".ci/run").splitlines()]


def test_every_picture_and_page_the_readme_and_docs_name_is_there():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    ]
    assert links
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def settings_read() -> set[str]:
    """Those of the app, and those of whatever runs systems, which packages below read themselves."""
    own = set(re.findall(r"\"((?:VOICEVEIL_)?[A-Z_]{4,})\"", read("web/settings.py")))
    below = [path.read_text("utf-8") for package in ("audio", "anonymizers") for path in (ROOT / package).rglob("*.py")]
    return own | {name for text in below for name in re.findall(r"\"(VOICEVEIL_[A-Z_]+)\"", text)}


def test_readme_names_every_setting_and_no_other():
    documented = {name for name in table_rows(read("README.md")) if name.isupper()}
    assert documented == settings_read()


@pytest.mark.parametrize("path", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned(path):
    lines = [line.partition("#")[0].strip() for line in read(path).splitlines()]
    wanted = [line for line in lines if line and not line.startswith("-r ")]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[\w.\[\],-]+==[\w.]+(; [\w. =!<>\"]+)?", line)] == []


def test_changelog_has_the_version_or_what_is_coming():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    titles = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), flags=re.MULTILINE)
    assert {"Unreleased", version} & set(titles[:1])
    assert re.search(r"^### (Added|Changed|Fixed|Removed)$", read("CHANGELOG.md"), flags=re.MULTILINE)


def test_licence_is_the_one_pyproject_names():
    assert tomllib.loads(read("pyproject.toml"))["project"]["license"]["text"] == "Apache-2.0"
    assert "Apache License" in read("LICENSE").splitlines()[1]
    assert "END OF TERMS AND CONDITIONS" in read("LICENSE")


def test_third_party_licences_name_every_requirement():
    text = read("requirements.txt") + read("requirements-postgres.txt")
    names = re.findall(r"^([\w.-]+)==", text, flags=re.MULTILINE)
    rows = table_rows(read("docs/third_party.md"))
    assert sorted(set(names) - set(rows)) == []


def test_dockerfile_passes_hadolint():
    beside = str(Path(sys.executable).parent)
    hadolint = shutil.which("hadolint", path=beside) or shutil.which("hadolint")
    if not hadolint:
        pytest.skip("no hadolint: install requirements-dev.txt to lint the Dockerfile")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_image_runs_as_user_1000_on_7860_with_a_volume():
    lines = read("Dockerfile").splitlines()
    assert "USER 1000:1000" in lines
    assert "EXPOSE 7860" in lines
    assert "VOLUME /data" in lines
    assert re.search(r"^    VOICEVEIL_MODELS=/data/\w+ \\$", read("Dockerfile"), flags=re.MULTILINE)
    assert re.search(r"useradd .*--uid 1000 user", read("Dockerfile"))


def test_image_is_given_every_package_it_runs():
    given = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    tools = {"benchmarks", "experiments", "tests", "training"}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - tools
    assert packages | {"app.py", "assets", "requirements.txt", "LICENSE"} <= given


def test_compose_keeps_the_data_and_shows_the_app_to_this_machine_alone():
    compose = yaml.safe_load(read("compose.yaml"))
    app, backup = compose["services"]["app"], compose["services"]["backup"]
    assert all(port.startswith("127.0.0.1:") for port in app["ports"])
    assert "data:/data" in app["volumes"]
    assert "data" in compose["volumes"]
    assert app["restart"] == "unless-stopped"
    assert any("/healthz" in part for part in app["healthcheck"]["test"])
    assert backup["profiles"] == ["backup"]
    assert "data:/data" in backup["volumes"]
    script = next(part for part in backup["command"] if part.endswith(".py"))
    assert (ROOT / script).is_file()
    assert f"!{script}" in read(".dockerignore").splitlines()


def test_proxy_example_lets_the_largest_upload_through_unbuffered():
    from web.settings import Settings

    config = read("docs/nginx.conf")
    (allowed_mb,) = re.findall(r"client_max_body_size (\d+)m;", config)
    assert int(allowed_mb) > Settings.max_upload_mb
    for line in ("proxy_buffering off;", "proxy_request_buffering off;", "proxy_set_header X-Forwarded-Proto $scheme;"):
        assert line in config
