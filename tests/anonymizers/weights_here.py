"""A machine with empty caches and its own weights on a local server, for tests of the weight store."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from anonymizers.weights import WeightFile, WeightRef
from tests.anonymizers.hub import Hub, Served

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
DATA = bytes(range(256)) * 800
"""A file of 204,800 bytes, each part of which differs from its neighbours."""


def bare_machine(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """No settings, no proxies, caches below `folder`; returns the store's folder."""
    for name in ("VOICEVEIL_OFFLINE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", *PROXIES, *map(str.lower, PROXIES)):
        patch.delenv(name, raising=False)
    for name, inside in (("XDG_CACHE_HOME", "cache"), ("TORCH_HOME", "torch"), ("HF_HUB_CACHE", "hub")):
        patch.setenv(name, str(folder / inside))
    patch.setenv("VOICEVEIL_MODELS", str(folder / "store"))
    return folder / "store"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def published(hub: Hub, name: str = "model.bin", data: bytes = DATA, **kwargs: Any) -> WeightFile:
    """A file on the hub, with its size and SHA-256 unless told otherwise."""
    hub.files[name] = Served(data)
    return WeightFile(name, hub.url(name), **{"bytes": len(data), "sha256": sha256(data), **kwargs})


def ref_of(*files: WeightFile, **kwargs: Any) -> WeightRef:
    usual = {
        "id": "tiny", "title": "Tiny", "source": "huggingface:us/tiny", "revision": "a" * 40, "licence": "MIT",
    }  # fmt: skip
    return WeightRef(**{**usual, "files": files, **kwargs})
