"""F0 by YAAPT, the tracker that SSL-SAS and the B5 baseline of the VoicePrivacy Challenge hear with.

Zahorian & Hu, "A spectral/temporal method for robust fundamental frequency tracking", JASA 123 (2008), as amfm_decompy
(MIT) computes it. The published vocoders were trained on this tracker's values: another one is no replacement.
"""

from __future__ import annotations

import logging
import warnings

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000


def track(
    samples: Floats,
    *,
    frame_ms: float = 20.0,
    space_ms: float = 10.0,
    nccf_threshold: float = 0.25,
    tda_frame_ms: float = 25.0,
) -> Floats:
    """F0 in Hz of a sound, 0 where unvoiced: float32, shape (n samples // samples a space,).

    `samples`: float32, (n,), 16 kHz. Half a frame of silence is put before and after it, as in SSL-SAS and SA-toolkit.
    The defaults are SSL-SAS's; B5 has frames of 35 ms every 20 ms. A sound in which the tracker finds no voice, or that
    is too short for it, is unvoiced throughout.

    Args:
        frame_ms: length of a frame of the pitch candidates; space_ms: from one to the next.
        nccf_threshold: the least normalised correlation of a candidate; tda_frame_ms: frame of the time domain's
            candidates.
    """
    frames = len(samples) // round(space_ms / 1000 * SAMPLE_RATE_HZ)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # means of no voiced frame, filters longer than the sound
            found = _heard(samples, frame_ms, space_ms, nccf_threshold, tda_frame_ms)
    except Exception as error:  # what the package says of a sound without a voice is of no fixed kind
        logging.getLogger(__name__).debug("no F0 in %d samples: %s", len(samples), error)
        found = np.zeros(frames)
    found = np.nan_to_num(np.asarray(found, np.float32), posinf=0.0)
    return np.pad(found, (0, max(0, frames - len(found))))[:frames]


def _heard(samples: Floats, frame_ms: float, space_ms: float, nccf_threshold: float, tda_frame_ms: float) -> np.ndarray:
    from amfm_decompy import basic_tools, pYAAPT

    margin = int(frame_ms / 1000 * SAMPLE_RATE_HZ) // 2
    padded = np.pad(samples.astype(np.float64), margin)
    settings = {
        "frame_length": frame_ms,
        "frame_space": space_ms,
        "nccf_thresh1": nccf_threshold,
        "tda_frame_length": tda_frame_ms,
    }
    return pYAAPT.yaapt(basic_tools.SignalObj(padded, SAMPLE_RATE_HZ), **settings).samp_values
