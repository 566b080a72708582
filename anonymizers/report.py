"""A result as plain data: what a JSON file, a log line or a page says of it."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anonymizers import registry
from anonymizers.base import Result

PACKAGES = ("numpy", "scipy", "librosa", "pyworld-prebuilt", "pocketsphinx", "espeakng-loader", "soxr", "torch")


def describe(result: Result) -> dict[str, Any]:
    """Everything needed to know how a sound came about and to make it again; JSON-ready."""
    info = registry.info(result.key)
    return {
        "system": result.key,
        "title": info.title,
        "fidelity": result.fidelity,
        "reference": info.reference,
        "hides": sorted(info.hides),
        "params": dict(result.params),
        "seed": result.seed,
        "level": result.level,
        "pseudo_speaker": dict(result.pseudo_speaker),
        "transcript": result.intermediates.get("transcript"),
        "duration_s": result.clip.duration_s,
        "sample_rate_hz": result.clip.sample_rate,
        "seconds": result.seconds,
        "real_time_factor": result.real_time_factor,
        "warnings": list(result.warnings),
        "samples_sha256": result.clip.digest,
    }


def versions() -> dict[str, str]:
    """What made the sound: this project's version, Python's, and those of the packages that compute."""
    from anonymizers import __version__

    found = {"voiceveil": __version__, "python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
