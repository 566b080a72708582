"""python -m audio features IN: what can be measured on one sound file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from audio.clip import Clip, ClipError, Decoded, decode
from audio.features import FEATURES, Contour, within
from audio.level import integrated_lufs, peak_dbfs
from audio.vad import Segment, VadError, segments

EXAMPLE = "example: python -m audio features voice.wav --json > voice.json"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    main = argparse.ArgumentParser(prog="python -m audio", description="Measure a sound file.", epilog=EXAMPLE)
    commands = main.add_subparsers(dest="command", required=True)
    one = commands.add_parser(
        "features",
        help="spectral centroid, spectral kurtosis, loudness, F0 and delta F0 where somebody speaks",
        epilog=EXAMPLE,
    )
    one.add_argument("input", type=Path, metavar="IN", help="a sound file")
    one.add_argument("--json", action="store_true", help="everything, frame by frame, as JSON (null: not defined)")
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 1 this file cannot be measured (2 from argparse: bad usage)."""
    asked = parser().parse_args(arguments)
    try:
        decoded = decode(asked.input.read_bytes())
        report = measure(decoded)
    except (ClipError, VadError) as error:
        print(f"{asked.input}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        why = error.strerror or error
        print(f"A readable sound file was expected at {asked.input}, but: {why}. Check the path.", file=sys.stderr)
        return 1
    print(json.dumps(report, ensure_ascii=False) if asked.json else as_text(report))
    return 0


def measure(decoded: Decoded) -> dict[str, Any]:
    """Everything measured on a clip, ready for JSON: numbers that are not defined are None.

    Contours hold every frame; their summaries (5th, 50th and 95th percentile) only those where somebody speaks.
    """
    clip = decoded.clip
    spoken = segments(clip)
    return {
        "duration_s": clip.duration_s,
        "sample_rate_hz": clip.sample_rate,
        "notes": list(decoded.notes),
        "integrated_lufs": _number(integrated_lufs(clip)),
        "peak_dbfs": _number(peak_dbfs(clip)),
        "speech_s": sum(end_s - start_s for start_s, end_s in spoken),
        "speech_segments_s": [list(segment) for segment in spoken],
        "features": {name: _feature(clip, name, spoken) for name in FEATURES},
    }


def as_text(report: dict[str, Any]) -> str:
    """The report as a table for people."""
    lines = [
        f"{'duration':<20}{report['duration_s']:10.2f} s at {report['sample_rate_hz']} Hz",
        f"{'speech':<20}{report['speech_s']:10.2f} s in {len(report['speech_segments_s'])} segments",
        f"{'integrated loudness':<20}{_text(report['integrated_lufs'])} LUFS",
        f"{'sample peak':<20}{_text(report['peak_dbfs'])} dBFS",
        "",
        f"{'while speaking':<20}{'5 %':>10}{'median':>10}{'95 %':>10}  unit",
    ]
    for feature in report["features"].values():
        low, middle, high = (_text(feature[key]) for key in ("p5", "median", "p95"))
        lines.append(f"{feature['name']:<20}{low}{middle}{high}  {feature['unit']}")
    return "\n".join([*lines, *(f"note: {note}" for note in report["notes"])])


def _feature(clip: Clip, name: str, spoken: tuple[Segment, ...]) -> dict[str, Any]:
    contour = FEATURES[name](clip)
    low, middle, high = _percentiles(within(contour, spoken))
    return {
        "name": contour.name,
        "unit": contour.unit,
        "p5": low,
        "median": middle,
        "p95": high,
        "times_s": np.round(contour.times_s, 6).tolist(),
        "values": [_number(value) for value in contour.values.tolist()],
    }


def _percentiles(contour: Contour) -> list[float | None]:
    defined = contour.values[np.isfinite(contour.values)]
    return np.percentile(defined, [5, 50, 95]).tolist() if len(defined) else [None] * 3


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _text(value: float | None) -> str:
    return f"{'–' if value is None else format(value, '.1f'):>10}"


if __name__ == "__main__":
    sys.exit(main())
