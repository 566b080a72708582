"""What a model's card says of its data and its making, for people (.md) and for programs (.json)."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from training.common import Utterance, sha256

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("training", "anonymizers/nn")
PACKAGES = ("torch", "speechbrain", "scikit-learn", "numpy", "scipy", "onnx", "onnxruntime")


def data(utterances: Sequence[Utterance]) -> list[dict[str, Any]]:
    """Each corpus with its clips, hours, named speakers and licence, as the manifest states it."""
    corpora = sorted({utterance.corpus for utterance in utterances})
    return [_corpus(name, [u for u in utterances if u.corpus == name]) for name in corpora]


def _corpus(name: str, own: Sequence[Utterance]) -> dict[str, Any]:
    return {
        "corpus": name,
        "clips": len(own),
        "hours": round(sum(u.duration_s for u in own) / 3600, 2),
        "speakers": len({u.speaker for u in own if u.speaker}),
        "licence": "; ".join(sorted({u.licence for u in own})),
    }


def making(paths: Iterable[Path], sources: Sequence[str] = SOURCES) -> dict[str, Any]:
    """The project's commit, the versions of what trained, the machine; the SHA-256 and the size of each file.

    `sources`: the recipe's own files and folders; a "+" behind the commit says that they differ from it.
    """
    return {
        "commit": commit(sources),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "machine": f"{platform.system()} {platform.machine()}",
        **stored(paths),
    }


def stored(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """What a card says of its files, by name: "sha256" and "bytes"."""
    every = list(paths)
    return {
        "sha256": {path.name: sha256(path) for path in every},
        "bytes": {path.name: path.stat().st_size for path in every},
    }


def files(card: Mapping[str, Any]) -> str:
    """The last part of a card for people: its files, with their size and SHA-256."""
    lines = [f"- `{name}`, {card['bytes'][name] / 1e6:.2f} MB: {digest}" for name, digest in card["sha256"].items()]
    return "## SHA-256\n\n" + "\n".join(lines)


def commit(sources: Sequence[str] = SOURCES) -> str:
    """The commit that the project's files are at, "" outside a checkout; then "+" if `sources` differ from it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return ""
    ask = lambda *words: subprocess.run([git, *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout  # noqa: E731
    changed = ask("status", "--porcelain", "--", *sources).strip()
    return ask("rev-parse", "--short=12", "HEAD").strip() + ("+" if changed else "")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Rows as a Markdown table; `columns`: key to heading."""
    lines = [list(columns.values()), ["---"] * len(columns)]
    lines += [["" if row.get(key) is None else str(row[key]) for key in columns] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
