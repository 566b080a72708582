"""From a study's file to a study that is ready to open: read, checked, in the database, every sound rendered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listening_test.study import Study, StudyClip, StudyError, digest

if TYPE_CHECKING:
    from listening_test.check import Finding
    from listening_test.store import Store, StudyInfo


def read(path: Path) -> tuple[Study, list[StudyClip]]:
    """A study from its YAML file, and its clips.

    Raises:
        StudyError: with a sentence for each fault.
    """
    from listening_test import clips, yaml_file

    study = yaml_file.load_study(path)
    return study, clips.read(study, path.parent)


def findings(study: Study, clips: Sequence[StudyClip]) -> list[Finding]:
    """What `check` says of a study."""
    from listening_test import check

    return check.check(study, clips)


def put(store: Store, path: Path) -> StudyInfo:
    """A study's file into the database: as it is there if nothing changed, updated if it never opened, else anew.

    What was closed is always put there anew: closing is for good.

    Raises:
        StudyError: if it cannot be read, or is not feasible.
    """
    study, clips = read(path)
    faults = [found.sentence for found in findings(study, clips) if found.severity == "error"]
    if faults:
        raise StudyError("\n".join(faults))
    old = store.find(study.name)
    if old and old.state != "closed" and digest(old.study, old.clips) == digest(study, clips):
        return old
    text, folder = path.read_text(encoding="utf-8"), path.parent.resolve()
    if old and old.state in {"draft", "rendering", "ready"}:
        info = store.update_study(old.id, study, text, folder)
    else:
        info = store.add_study(study, text, folder)
    store.set_clips(info.id, clips)
    return store.study(info.id)


def render(
    store: Store,
    info: StudyInfo,
    *,
    call: Callable[..., Any],
    jobs: int = 1,
    planned: Callable[[int, int], None] = lambda done, of: None,
    rendered: Callable[[], None] = lambda: None,
    cancelled: threading.Event | None = None,
) -> StudyInfo:
    """Render every sound that is not there yet; the study is ready once all are.

    `planned(done, of)` is called once, `rendered()` after each sound. What was rendered before a fault or a stop stays.

    Raises:
        StudyError: with a sentence for each sound that could not be rendered.
    """
    from listening_test import plan, stimuli

    sounds = plan.sounds(info.study, info.clips)
    have = {stimulus.key for stimulus in store.stimuli(info.id)}
    missing = [sound for sound in sounds if sound.key not in have]
    planned(len(sounds) - len(missing), len(sounds))
    if missing:
        how: dict[str, Any] = {"call": call, "have": have, "jobs": jobs, "cancelled": cancelled}
        for one in stimuli.render(info.study, info.clips, info.folder, sounds, **how):
            store.put_stimulus(info.id, one.sound_key, one.wav, one.facts)
            rendered()
    stopped = cancelled is not None and cancelled.is_set()
    if info.state in {"draft", "rendering"} and not stopped:
        store.set_state(info.id, "ready")
    return store.study(info.id)
