"""A gallery as a folder for any web space, or to open from disk: a page, its sounds, and a record of every one."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tempfile
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from web.showcase import view
from web.showcase.bundle import UI, bundle
from web.showcase.gallery import GalleryError
from web.showcase.rendering import Rendering, Sound

RECORD = "gallery.json"
STYLES = ("components.css", "showcase.css", "showcase_static.css")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
{styles}
</head>
<body>
<main id="showcase"><noscript><p>This page needs JavaScript to play in step. The sounds are in the folder
<a href="sounds/">sounds</a>; <a href="gallery.json">gallery.json</a> says what each of them is.</p></noscript></main>
<footer class="vvc vvg-footer"><p>Made with VoiceVeil {version}. <a href="gallery.json">gallery.json</a> holds the
licences, versions, seeds and parameters of every sound. The page's own code is under the Apache License 2.0; the voices
are under the licences named above.</p></footer>
<script type="application/json" id="gallery">{data}</script>
<script src="showcase.js"></script>
</body>
</html>
"""


def address(sound: Sound) -> str:
    """Where a sound lies in the folder."""
    row = sound.cell.row
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", row.path.stem).strip("-")[:40]
    return f"sounds/{row.number:03}-{name}-{sound.cell.column.name}.wav"


def write(rendering: Rendering, folder: Path) -> None:
    """The gallery into `folder`: new, empty, or one that was written by this before.

    Beside every WAV lies the same as a script: opened from disk, a page may read no other file than scripts.

    Raises:
        GalleryError: if the folder holds something else, or cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / RECORD).is_file():
            raise GalleryError(f"An empty folder was expected at {folder}, but it holds other things: choose another.")
        if (folder / "sounds").is_dir():
            shutil.rmtree(folder / "sounds")
        (folder / "sounds").mkdir(parents=True)
        for sound in rendering.sounds:
            if sound.state == "ready":
                _write_sound(sound, rendering.shelf.path(sound.identity).read_bytes(), folder)
        _write_page(rendering, folder)
    except OSError as error:
        raise GalleryError(f"{folder} should take the gallery, but cannot be written: {error.strerror}.") from error


def zipped(rendering: Rendering, path: Path) -> None:
    """The gallery's folder as a ZIP at `path`."""
    with tempfile.TemporaryDirectory(prefix="voiceveil-showcase-") as name:
        folder = Path(name) / "showcase"
        write(rendering, folder)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for one in sorted(folder.rglob("*")):
                archive.write(one, one.relative_to(folder.parent).as_posix())


def _write_sound(sound: Sound, wav: bytes, folder: Path) -> None:
    place = address(sound)
    (folder / place).write_bytes(wav)
    data = base64.b64encode(wav).decode("ascii")
    (folder / place).with_suffix(".js").write_text(f'voiceveilSound("{place}","{data}");\n', encoding="ascii")


def _write_page(rendering: Rendering, folder: Path) -> None:
    data = view.page(rendering, address) | {"busy": False}
    links = "\n".join(f'<link rel="stylesheet" href="{name}">' for name in STYLES)
    page = PAGE.format(title=escape(data["title"]), styles=links, version=data["version"], data=_embedded(data))
    for name in STYLES:
        shutil.copyfile(UI / name, folder / name)
    (folder / "showcase.js").write_text(bundle("showcase_static.mjs"), encoding="utf-8")
    (folder / "index.html").write_text(page, encoding="utf-8")
    record = json.dumps(view.record(rendering, address), indent=1, ensure_ascii=False)
    (folder / RECORD).write_text(record, encoding="utf-8")


def _embedded(data: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
