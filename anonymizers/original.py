"""The clip as it came: the row every other row is heard against."""

from __future__ import annotations

from typing import Any

from anonymizers.base import Info, Progress, Result, silent
from audio.clip import Clip


class Original:
    """No anonymization at all."""

    info = Info(
        key="original",
        title="Original",
        family="Reference",
        summary="The clip as it came, untouched.",
        hides=frozenset(),
        reference="No system: the clip itself.",
        fidelity="exact",
        published=False,
        sample_rate=0,
        min_duration_s=0.0,
    )

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        return Result(clip, self.info.fidelity)
