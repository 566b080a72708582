"""The low anchor: speech with modulated noise, so bad on purpose that the scale has a lower end in every study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from anonymizers.base import AnonymizerError, Param
from audio.clip import Clip

Q_DB = 5.0
NOISE_PEAK = 4.0
"""Standard deviations beyond which the noise is cut, as ITU-T's own software tool library (G.191) does."""

PARAMS = (
    Param(
        "q_db", "float", Q_DB, "Q",
        "Ratio of speech to modulated noise. Lower is worse: 5 dB is heard as bad, 35 dB as all but clean.",
        minimum=0.0, maximum=50.0, step=1.0, unit="dB",
    ),
)  # fmt: skip
"""What `params` of the system low-anchor may hold."""


def check_params(params: Mapping[str, Any]) -> dict[str, float]:
    """All parameters of the low anchor, the missing ones at their defaults.

    Raises:
        AnonymizerError: on an unknown name or a value that does not fit.
    """
    known = {param.name: param for param in PARAMS}
    for name in params:
        if name not in known:
            raise AnonymizerError(f"low-anchor has no parameter {name!r}; it has: {', '.join(known)}.")
    return {name: float(param.parse(params.get(name, param.default))) for name, param in known.items()}


def low_anchor(clip: Clip, *, q_db: float = Q_DB, seed: int) -> Clip:
    """The clip through the modulated noise reference unit (MNRU) of ITU-T P.810.

        y(i) = x(i) (1 + 10^(-Q/20) N(i))

    N is white Gaussian noise of variance 1, x the clip, Q = `q_db` the ratio of speech to noise in dB, the same at
    every moment: pauses stay clean, words get harsh. The unit's band filters are left out: the clip's rate bounds the
    band, so resample first. Samples may go beyond [-1, 1]. Same clip, Q and seed: the same samples.
    """
    noise = np.random.default_rng(seed).standard_normal(len(clip.samples)).clip(-NOISE_PEAK, NOISE_PEAK)
    return Clip((clip.samples * (1 + 10 ** (-q_db / 20) * noise)).astype(np.float32), clip.sample_rate)
