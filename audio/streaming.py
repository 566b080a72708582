"""Sound at another rate while it is still coming: no gap between the pieces, and about a millisecond late."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

EMPTY = np.zeros(0, np.float32)


class StreamResampler:
    """Mono sound from one rate to another, piece by piece, by FFmpeg's libswresample (through PyAV).

    Its filter spans 32 samples of the lower rate, so a sample leaves 16 of them after it came: 1 ms at 16 kHz. soxr,
    which resamples whole clips here, works on live sound in large blocks and is 16 to 90 ms late.

    Args:
        from_hz, to_hz: rates in Hz; where they are equal, the sound passes as it is.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._resampler: Any = None
        if from_hz != to_hz:
            from av.audio.resampler import AudioResampler

            self._resampler = AudioResampler(format="flt", layout="mono", rate=to_hz)

    def push(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Take float32 (n,), any n; give what is ready, float32 (m,). Over its life m / n is to_hz / from_hz."""
        if self._resampler is None or not len(samples):
            return samples
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="flt", layout="mono")
        frame.sample_rate = self._from_hz
        return self._joined(frame)

    def flush(self) -> npt.NDArray[np.float32]:
        """The sound has ended: what is still inside, float32 (m,). Nothing may be pushed afterwards."""
        return EMPTY if self._resampler is None else self._joined(None)

    def _joined(self, frame: Any) -> npt.NDArray[np.float32]:
        parts = [part.to_ndarray()[0] for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else EMPTY
