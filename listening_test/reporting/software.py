"""What computed a document: versions of Python and of every library that has a say in the numbers."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "scikit-learn",
    "nltk",
    "pydantic",
    "sqlalchemy",
    "plotly",
    "torch",
    "librosa",
    "pyworld-prebuilt",
    "soxr",
    "silero-vad",
    "onnxruntime",
)


def versions() -> dict[str, str]:
    """Name to version, VoiceVeil first; a library that is not installed is left out."""
    from anonymizers import __version__

    found = {
        "VoiceVeil": __version__,
        "Python": platform.python_version(),
        "Platform": f"{sys.platform} {platform.machine()}",
    }
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
