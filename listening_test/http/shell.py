"""The pages that browsers open: one shell with the study's facts in it, which the ES module fills."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from listening_test.page import words_of

PAGES = Path(__file__).parent / "pages"
UI = Path(__file__).parent / "ui"
MEDIA_TYPES = {
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    """A file of the page's own code, ready to be sent."""

    data: bytes
    gzipped: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """The files under /study-ui by name, read once."""
    return {path.name: _asset(path) for path in sorted(UI.iterdir()) if path.suffix in MEDIA_TYPES}


def _asset(path: Path) -> Asset:
    data = path.read_bytes()
    return Asset(data, gzip.compress(data, 9, mtime=0), MEDIA_TYPES[path.suffix])


@cache
def version() -> str:
    """Of the page's own code: part of its address, so that browsers keep it until it changes."""
    names = [name.encode() + asset.data for name, asset in assets().items()]
    return hashlib.sha256(b"".join(names)).hexdigest()[:16]


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)


def landing(request: Request, about: dict[str, Any], link: str) -> str:
    """The page that asks for consent."""
    return _shell(request, "landing", about, link=link, token="", page=None)


def take(request: Request, about: dict[str, Any], token: str, page: dict[str, Any]) -> str:
    """The study itself, with the page the listener is at."""
    return _shell(request, "take", about, link="", token=token, page=page)


def _shell(request: Request, mode: str, about: dict[str, Any], **values: Any) -> str:
    root = root_of(request)
    return (
        _templates()
        .get_template("shell.html")
        .render(
            about=about,
            mode=mode,
            root=root,
            ui=f"{root}/study-ui/{version()}",
            language=about["language"],
            title=about["title"],
            not_scripted=about["ui"]["not_scripted"],
            **values,
        )
    )


def problem_page(request: Request, sentence: str, language: str) -> str:
    """A page that says what went wrong."""
    root = root_of(request)
    return (
        _templates()
        .get_template("problem.html")
        .render(
            sentence=sentence,
            language=language,
            title=words_of(language).get("page.listening_study"),
            ui=f"{root}/study-ui/{version()}",
        )
    )


def root_of(request: Request) -> str:
    """The path below which the app is seen from outside, without a slash at its end."""
    return str(request.scope.get("root_path", "")).rstrip("/")
