"""Galleries of short made-up voices, for the tests of the showcase."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audio.clip import encode_wav
from tests.conftest import synthetic_voice
from web.showcase import gallery_file
from web.showcase.rendering import Rendering
from web.showcase.sounds import Shelf

CLIPS = {"ann_1": ("ann", "anger", 110.0), "ann_2": ("ann", "sadness", 130.0), "bob_1": ("bob", "anger", 90.0)}
SYSTEMS = ["original", "mcadams", "pitch-formant"]


def written(folder: Path, *, durations_s: tuple[float, ...] = (0.8, 0.8, 0.8), **changes: Any) -> Path:
    """showcase.yaml and its clips in `folder`; `changes` replace keys of the file, None takes one out."""
    for seed, ((name, (_, _, f0_hz)), duration_s) in enumerate(zip(CLIPS.items(), durations_s, strict=True)):
        (folder / f"{name}.wav").write_bytes(encode_wav(synthetic_voice(duration_s, f0_hz=f0_hz, seed=seed)))
    utterances = [
        {"file": f"{name}.wav", "speaker": speaker, "emotion": emotion, "transcript": f"Sentence {name}"}
        for name, (speaker, emotion, _) in CLIPS.items()
    ]
    tree = {"title": "Small", "licence": "CC0-1.0", "utterances": utterances, "systems": SYSTEMS, **changes}
    path = folder / "showcase.yaml"
    path.write_text(json.dumps({key: value for key, value in tree.items() if value is not None}))  # JSON is YAML
    return path


def here(function: Callable[..., Any], *args: Any, cancelled: Any = None) -> Any:
    """What Workers.call does, in this process."""
    return function(*args)


def rendering(path: Path, shelf: Path, call: Callable[..., Any] = here) -> Rendering:
    """The gallery of a file, nothing made yet."""
    return Rendering(gallery_file.load(path), Shelf(shelf), call)


def rendered(path: Path, shelf: Path) -> Rendering:
    """The same with every sound made."""
    one = rendering(path, shelf)
    for _ in one.run():
        pass
    return one
