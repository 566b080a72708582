"""Variance components of crossed random effects, without iteration: also for unbalanced designs, also for pairs.

The model is y = X b + sum_k Z_k u_k + e with independent u_k ~ (0, s_k I) and e ~ (0, s_e I). With M the projection off
X, every quadratic form of the residuals M y has an expectation that is linear in the components,

    E |Z_k' M y|² = sum_l s_l |Z_k' M Z_l|² + s_e tr(Z_k' M Z_k),     E |M y|² = sum_l s_l tr(Z_l' M Z_l) + s_e rank(M)

so that one small linear system gives unbiased estimates (MINQUE(0): Rao 1971, doi 10.1016/0047-259X(71)90001-7; for
balanced designs those of the analysis of variance). Their covariance under normality is 2 tr(A_k V A_l V).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Components:
    """Variances of the random effects in the order of their blocks, then of the residual; (K + 1,).

    `covariance` is that of the estimates, (K + 1, K + 1). Estimates may be negative where a true variance is near 0.
    """

    values: Floats
    covariance: Floats


def estimate(values: npt.ArrayLike, fixed: npt.ArrayLike, blocks: Sequence[Any]) -> Components:
    """Variance components of values (n,) with fixed effects (n, p) and random ones, each (n, q_k), dense or sparse.

    Raises:
        ValueError: if they cannot be told apart: fewer residuals than components.
    """
    system = _System.of(np.asarray(fixed, float), blocks)
    found = system.solve(np.asarray(values, float))
    return Components(found, system.covariance(found))


def estimate_positive(values: npt.ArrayLike, fixed: npt.ArrayLike, blocks: Sequence[Any]) -> Components:
    """As `estimate`, but a random effect whose variance comes out negative is taken to be none, the worst first."""
    kept = list(range(len(blocks)))
    while True:
        found = estimate(values, fixed, [blocks[k] for k in kept])
        worst = int(np.argmin(found.values[:-1])) if kept else 0
        if not kept or found.values[worst] >= 0:
            break
        kept.pop(worst)
    places = [*kept, len(blocks)]
    whole, covariance = np.zeros(len(blocks) + 1), np.zeros((len(blocks) + 1, len(blocks) + 1))
    whole[places], covariance[np.ix_(places, places)] = found.values, found.covariance
    return Components(whole, covariance)


def indicators(groups: Ints) -> Any:
    """The block of one random effect for each group: sparse, (n, number of groups)."""
    from scipy import sparse

    columns = np.unique(groups, return_inverse=True)[1]
    return sparse.csr_array((np.ones(len(columns)), (np.arange(len(columns)), columns)))


@dataclass(frozen=True, eq=False)
class _System:
    """Everything that the design alone decides; `cross` is Z' M Z."""

    fixed: Floats
    effects: Any
    owner: Ints
    count: int
    cross: Floats
    free: int
    matrix: Floats

    @classmethod
    def of(cls, fixed: Floats, blocks: Sequence[Any]) -> _System:
        from scipy import sparse

        n, count = len(fixed), len(blocks)
        basis = _orthonormal(fixed)
        owner = np.repeat(np.arange(count), [block.shape[1] for block in blocks])
        effects = sparse.hstack(blocks, format="csr") if blocks else sparse.csr_array((n, 0))
        along = effects.T @ basis
        cross = (effects.T @ effects).toarray() - along @ along.T
        free = n - basis.shape[1]
        matrix = np.empty((count + 1, count + 1))
        matrix[:count, :count] = _blockwise(cross**2, owner, count)
        matrix[count, :count] = matrix[:count, count] = np.bincount(owner, np.diag(cross), count)
        matrix[count, count] = free
        return cls(basis, effects, owner, count, cross, free, matrix)

    def solve(self, values: Floats) -> Floats:
        rest = values - self.fixed @ (self.fixed.T @ values)
        squares = np.append(np.bincount(self.owner, (self.effects.T @ rest) ** 2, self.count), rest @ rest)
        if self.free <= self.count or np.linalg.matrix_rank(self.matrix) <= self.count:
            raise ValueError(f"{self.count + 1} variances were to be told apart by {self.free} residuals: too few.")
        return np.asarray(np.linalg.solve(self.matrix, squares), float)

    def covariance(self, components: Floats) -> Floats:
        """2 T⁻¹ S T⁻ᵀ with S_kl = tr(A_k V A_l V), at the components cut off at 0."""
        kept = np.maximum(components, 0)
        noise, scaled = kept[-1], self.cross * kept[:-1][self.owner]  # Z'MZ D
        once = noise * self.cross + scaled @ self.cross
        twice = noise * once + scaled @ once
        spread = np.empty_like(self.matrix)
        spread[:-1, :-1] = _blockwise(once**2, self.owner, self.count)
        spread[-1, :-1] = spread[:-1, -1] = np.bincount(self.owner, np.diag(twice), self.count)
        spread[-1, -1] = noise**2 * self.free + 2 * noise * np.trace(scaled) + np.sum(scaled * scaled.T)
        inverse = np.linalg.inv(self.matrix)
        return 2 * inverse @ spread @ inverse.T


def _orthonormal(fixed: Floats) -> Floats:
    """A basis of what the fixed effects span, (n, rank)."""
    left, sizes, _ = np.linalg.svd(fixed, full_matrices=False)
    return left[:, sizes > 1e-10 * sizes.max(initial=0)]


def _blockwise(matrix: Floats, owner: Ints, count: int) -> Floats:
    """Sums of a (q, q) matrix over its blocks, (K, K)."""
    member = np.eye(count)[owner] if count else np.zeros((0, 0))
    return member.T @ matrix @ member
