"""Distributions of ranks: histograms, and beta-binomial distributions of the greatest likelihood, many at once.

A rank r among N is 1 + X, X ~ BetaBinomial(N - 1, a, b): with a = b = 1 every rank is as likely as another. Since
Gamma(x + a) / Gamma(a) is the product of a + j over j < x, the logarithm of the likelihood of weighted ranks is

    sum over j of  A_j ln(a + j) + B_j ln(b + j) - C_j ln(a + b + j)   (+ what does not depend on a and b)

A_j, B_j, C_j: weight of the ranks with r - 1 > j, with N - r > j, and of all with N - 1 > j. Newton's method, damped,
in ln a and ln b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STEPS = 200
SMALLEST, LARGEST = -12.0, 12.0  # of ln a and ln b: all ranks 1 would need infinite ones
DONE = 1e-9


@dataclass(frozen=True, eq=False)
class Cells:
    """Every rank 1..N of each pool size N that occurs, as c cells, and the weight of each speaker's trials in them.

    Attributes:
        pool, rank: N and r of each cell, (c,).
        table: by speaker and cell, (g, c); a trial whose place is shared is spread evenly over the places.
    """

    pool: Ints
    rank: Ints
    table: Floats

    @classmethod
    def of(cls, best: Ints, ties: Ints, pool: Ints, speakers: Ints) -> Cells:
        """From ranks (n,): the best place, how many share it and the ones after, N, and the speaker's number."""
        sizes = np.unique(pool)
        pools = np.repeat(sizes, sizes)
        ranks = np.concatenate([np.arange(1, size + 1) for size in sizes])
        starts = np.cumsum(sizes) - sizes
        first = starts[np.searchsorted(sizes, pool)] + best - 1
        trial = np.repeat(np.arange(len(best)), ties)
        place = first[trial] + np.arange(len(trial)) - np.repeat(np.cumsum(ties) - ties, ties)
        table = np.zeros((int(speakers.max()) + 1, len(pools)))
        np.add.at(table, (speakers[trial], place), 1 / ties[trial])
        return cls(pools, ranks, table)

    def shares(self, weights: Floats, fit: Literal["beta-binomial", "histogram"]) -> Floats:
        """p(r | N) of each cell times the share of the trials with N, under weights of speakers, (b, g): (b, c)."""
        weighed = weights @ self.table
        sizes, places = np.unique(self.pool, return_inverse=True)
        member = (places[:, None] == np.arange(len(sizes))).astype(float)
        of_pool = (weighed @ member / weighed.sum(1, keepdims=True))[:, places]
        if fit == "histogram":
            return np.asarray(weighed / weighed.sum(1, keepdims=True))
        return np.asarray(of_pool * self._fitted(weighed))

    def mean_bits(self, shares: Floats) -> Floats:
        """Mean disclosure of distributions as `shares` gives them, (b, c) to (b,)."""
        likely = self._conditional(shares)
        logs = np.log2(self.pool * likely, out=np.zeros(likely.shape), where=likely > 0)
        return np.asarray(np.maximum(np.sum(shares * logs, 1), 0.0))

    def summary(self, shares: Floats) -> tuple[float, float, float, float]:
        """Worst disclosure, log2 N, p(1), share of ranks more likely than by chance; of one distribution, (c,)."""
        likely = self._conditional(shares[None])[0]
        of_pool = self._pooled(shares[None])[0]
        worst = float(np.log2(np.max(self.pool * likely)))
        possible = float(np.sum(of_pool * np.log2(self.pool) / self.pool))
        spread = float(np.sum(of_pool / self.pool * (self.pool * likely > 1 + 1e-6)))
        return worst, possible, float(shares[self.rank == 1].sum()), spread

    def _pooled(self, shares: Floats) -> Floats:
        """Share of the trials that have each cell's N, (b, c)."""
        _, places = np.unique(self.pool, return_inverse=True)
        member = (places[:, None] == places[None]).astype(float)
        return np.asarray(shares @ member)

    def _conditional(self, shares: Floats) -> Floats:
        of_pool = self._pooled(shares)
        return np.divide(shares, of_pool, out=np.zeros(shares.shape), where=of_pool > 0)

    def _fitted(self, weighed: Floats) -> Floats:
        """Beta-binomial p(r | N) of each cell, with parameters fitted to weights of the cells, (b, c)."""
        from scipy.special import betaln, gammaln

        logs = _fit(*(weighed @ (tails > np.arange(self.pool.max() - 1)[:, None]).T for tails in self._tails()))
        a, b = np.exp(logs[:, :1]), np.exp(logs[:, 1:])
        x, m = self.rank - 1, self.pool - 1
        ways = gammaln(m + 1) - gammaln(x + 1) - gammaln(m - x + 1)
        return np.asarray(np.exp(ways + betaln(x + a, m - x + b) - betaln(a, b)))

    def _tails(self) -> tuple[Ints, Ints, Ints]:
        return self.rank - 1, self.pool - self.rank, self.pool - 1


def _fit(low: Floats, high: Floats, whole: Floats) -> Floats:
    """ln a and ln b for b weightings, (b, 2), from A, B and C of the module's formula, (b, j) each.

    Levenberg's way: the curvature is damped, more after a step that went down and less after one that went up.
    """
    low, high, whole = (part / np.maximum(whole[:, :1], 1e-300) for part in (low, high, whole))
    logs, damping = np.zeros((len(low), 2)), np.full(len(low), 1e-2)
    reached = _likelihood(logs, low, high, whole)
    for _ in range(STEPS):
        step = _step(logs, damping, low, high, whole)
        tried = np.clip(logs + step, SMALLEST, LARGEST)
        found = _likelihood(tried, low, high, whole)
        better = found > reached
        settled = np.abs(tried - logs).max(1) < DONE
        logs[better], reached[better] = tried[better], found[better]
        damping = np.clip(np.where(better, damping / 8, damping * 4), 1e-9, 1e9)
        if np.all(settled):
            break
    return logs


def _step(logs: Floats, damping: Floats, low: Floats, high: Floats, whole: Floats) -> Floats:
    """The slope divided by curvature and damping, (b, 2), at most 2 long: always upwards."""
    j = np.arange(low.shape[1])
    a, b = np.exp(logs[:, :1]), np.exp(logs[:, 1:])
    one, other, both = 1 / (a + j), 1 / (b + j), 1 / (a + b + j)
    shared, curved = np.sum(whole * both, 1), np.sum(whole * both**2, 1)
    a, b = a[:, 0], b[:, 0]
    slope = np.stack([a * (np.sum(low * one, 1) - shared), b * (np.sum(high * other, 1) - shared)], 1)
    aa = a**2 * (curved - np.sum(low * one**2, 1)) + slope[:, 0]
    bb = b**2 * (curved - np.sum(high * other**2, 1)) + slope[:, 1]
    ab = a * b * curved
    most = (aa + bb) / 2 + np.hypot((aa - bb) / 2, ab)  # the largest eigenvalue: above 0 where it is not concave
    shift = np.maximum(most, 0) + damping * np.abs(slope).max(1).clip(1e-6)
    p, q = shift - aa, shift - bb
    step = np.stack([q * slope[:, 0] + ab * slope[:, 1], ab * slope[:, 0] + p * slope[:, 1]], 1)
    step /= np.maximum(p * q - ab**2, 1e-300)[:, None]
    return np.asarray(step * np.minimum(1.0, 2.0 / np.maximum(np.abs(step).max(1, keepdims=True), 1e-300)))


def _likelihood(logs: Floats, low: Floats, high: Floats, whole: Floats) -> Floats:
    j = np.arange(low.shape[1])
    a, b = np.exp(logs[:, :1]), np.exp(logs[:, 1:])
    return np.asarray(np.sum(low * np.log(a + j) + high * np.log(b + j) - whole * np.log(a + b + j), 1))
