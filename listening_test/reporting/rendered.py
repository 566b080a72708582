"""What was rendered for a study, by the facts that rendering left: what ran, how loud, what was held back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from listening_test.reporting.card import Fact, count
from listening_test.study import Study

Stimulus = tuple[str, dict[str, Any]]
"""Sound.key and the facts of stimuli.Rendered."""


def facts(study: Study, stimuli: Sequence[Stimulus]) -> Iterator[Fact]:
    """One line a system; nothing where no sound was rendered."""
    by_label: dict[str, list[dict[str, Any]]] = {label: [] for label in study.labels}
    for key, found in stimuli:
        if (label := _label(key, study)) is not None:
            by_label[label].append(found)
    for label, sounds in by_label.items():
        if sounds:
            yield Fact(label, _line(sounds))


def _label(key: str, study: Study) -> str | None:
    """The system of a speech sound; labels may hold slashes themselves, so the longest that fits."""
    kind, _, rest = key.partition("/")
    names = rest.rsplit("/", 2)[0]
    fitting = [label for label in study.labels if names.endswith(f"/{label}")]
    return max(fitting, key=len) if kind == "speech" and fitting else None


def _line(sounds: Sequence[dict[str, Any]]) -> str:
    ran = sorted({str(one["fidelity"]) for one in sounds if one.get("fidelity")})
    parts = [count(len(sounds), "sound"), f"what ran: {', '.join(ran)}" if ran else "the recording itself or an anchor"]
    levels = [float(one["level_lufs"]) for one in sounds if one.get("level_lufs") is not None]
    if levels:
        parts.append(f"{min(levels):.1f} to {max(levels):.1f} LUFS".replace("-", "−"))
    held = sum(float(one.get("short_by_db") or 0) > 0.05 for one in sounds)
    if held:
        most = max(float(one.get("short_by_db") or 0) for one in sounds)
        parts.append(f"{held} held back by the peak guard (at most {most:.2f} dB)")
    speeds = sorted(float(one["real_time_factor"]) for one in sounds if one.get("real_time_factor"))
    if speeds:
        parts.append(f"real-time factor {speeds[len(speeds) // 2]:.2g} (median)")
    warned = sorted({str(text) for one in sounds for text in one.get("warnings") or ()})
    text = "; ".join(parts) + "."
    return text + (f" Warnings: {' '.join(warned[:3])}" if warned else "")
