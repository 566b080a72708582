"""`python -m evaluation recognisers`: what there is, which weights run, and what is needed first."""

from __future__ import annotations

import json
from typing import Any

from evaluation.recognisers import registry


def listed(key: str) -> dict[str, Any]:
    """All that a recogniser says of itself, and whether it can run now; JSON-ready."""
    state = registry.status(key)
    return {
        **vars(registry.info(key)),
        "version": registry.version(key),
        "status": state.state,
        "status_detail": state.detail,
    }


def text(*, as_json: bool = False) -> str:
    """Every recogniser on a line, with what is to be known below it; or all as JSON."""
    every = [listed(key) for key in registry.keys()]
    if as_json:
        return json.dumps(every, indent=1, ensure_ascii=False)
    return "\n".join(line for one in every for line in _lines(one))


def _lines(one: dict[str, Any]) -> list[str]:
    language = f" ({one['language']})" if one["language"] else ""
    head = f"{one['key']:23} {one['kind']:8} {one['fidelity']:17} {one['status']:16} {one['title']}{language}"
    below = (one["status_detail"], f"trained on {one['trained_on']}", one["caution"])
    return [head, *(f"{'':23} {line}" for line in below if line)]
