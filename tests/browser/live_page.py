"""What the tests of the page Live share: a browser whose microphone plays a file, and what the page says of itself."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np

from tests.browser.conftest import FLAGS, chromium_path
from tests.conftest import synthetic_voice

FIND = "[...document.querySelectorAll('*')].find((one) => one.live)?.live"


def speaker(chromium: Any, path: Path, samples: np.ndarray, sample_rate: int = 48_000) -> Any:
    """A Chromium that hears `samples` (float, n) again and again instead of a microphone."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sample_rate)
        out.writeframes(np.round(32767 * np.clip(samples, -1, 1)).astype("<i2").tobytes())
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={path}"]
    return chromium.browser_type.launch(executable_path=chromium_path(), args=flags)


def words() -> np.ndarray:
    """Two seconds of a synthetic voice at 48 kHz, peak 0.3."""
    return synthetic_voice(2.0, 48_000).samples


def state(page: Any) -> dict[str, Any]:
    """What the page says of itself."""
    return page.evaluate(f"{FIND}?.state() ?? {{}}")


def when(page: Any, condition: str, timeout_ms: float = 60_000) -> None:
    """Waits for a condition on `s`, the state, and `now`, what the worklet said last."""
    page.wait_for_function(
        f"() => {{ const s = {FIND}?.state(); const now = s?.stats; return Boolean(s && ({condition})); }}",
        timeout=timeout_ms,
    )


def level_db(power: float) -> float:
    return 10 * np.log10(power + 1e-12)
