"""Random numbers that depend on what they are for, never on what else was drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NamedDraws:
    """So one more attacker or system does not move the intervals of the others."""

    seed: int
    replicates: int

    @classmethod
    def of(cls, rng: np.random.Generator, replicates: int) -> NamedDraws:
        """One number is taken from `rng`."""
        return cls(int(rng.integers(2**63)), replicates)

    def rng(self, *names: str) -> np.random.Generator:
        """The generator for what these names say."""
        text = "|".join((str(self.seed), *names))
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big"))
