"""ES modules of web/ui as one classic script: browsers load no module from a page that was opened from disk.

It knows the forms that these modules are written in, and refuses any other.
"""

from __future__ import annotations

import re
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "ui"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
LEFT = re.compile(r"^\s*(?:import|export)\b.*|\bimport\s*\(.*", re.MULTILINE)
HERE = "import.meta.url", "document.baseURI"
"""Beside the page lies everything that lay beside the modules."""


class BundleError(ValueError):
    """A module is written in a form that is not known here; one sentence for engineers."""


def bundle(entry: str, folder: Path = UI) -> str:
    """The module `entry` of `folder` and all it imports, as a script that runs it."""
    order: list[str] = []
    _collect(entry, folder, order, ())
    parts = [_wrapped(name, (folder / name).read_text(encoding="utf-8")) for name in order]
    return '(() => {\n"use strict";\nconst modules = {};\n' + "".join(parts) + "})();\n"


def _collect(name: str, folder: Path, order: list[str], above: tuple[str, ...]) -> None:
    """Modules in the order in which they have to run."""
    if name in above:
        raise BundleError(f"Modules that import each other cannot be bundled: {' -> '.join((*above, name))}.")
    if name in order:
        return
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(
            f"A module was expected at {folder / name}, but it cannot be read: {error.strerror}."
        ) from None
    for _, other in IMPORT.findall(text):
        _collect(other, folder, order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    body = IMPORT.sub(lambda found: f'const {{{_renamed(found[1])}}} = modules["{found[2]}"];\n', text)
    names = EXPORT.findall(body)
    body = EXPORT.sub("", body).replace(*HERE)
    if left := LEFT.search(body):
        raise BundleError(
            f'{name}: import {{ … }} from "./…" or export before a name was expected, but {left[0]!r} came.'
        )
    return f'modules["{name}"] = (() => {{\n{body}return {{ {", ".join(names)} }};\n}})();\n'


def _renamed(names: str) -> str:
    return re.sub(r"\b(\w+) as (\w+)\b", r"\1: \2", names)
