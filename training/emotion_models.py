"""Two classifiers of emotions, as few arrays each: a linear discriminant, and a support vector machine.

Both give logits of mean 0 over classes and deviation 1 over what was learned from, so that they can be added.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LOG_TEMPERATURES = (-2.0, 4.0)
SMALLEST_SPREAD = 1e-9


class Linear(NamedTuple):
    """Logits W z + b: weights (k, d), bias (k,)."""

    weights: Floats
    bias: Floats

    def logits(self, z: Floats) -> Floats:
        return z @ self.weights.T + self.bias


class Machine(NamedTuple):
    """Logits A k + b, k_i = exp(-gamma |P z - s_i|^2): axes P (p, d), vectors s (n, p), coefficients A (k, n)."""

    axes: Floats
    vectors: Floats
    coefficients: Floats
    bias: Floats
    gamma: float

    def logits(self, z: Floats) -> Floats:
        places = z @ self.axes.T
        squares = np.sum(places**2, 1)[:, None] - 2 * places @ self.vectors.T + np.sum(self.vectors**2, 1)
        return np.exp(-self.gamma * np.maximum(squares, 0)) @ self.coefficients.T + self.bias


def linear(z: Floats, classes: Ints, shrinkage: float) -> Linear:
    """Linear discriminant analysis for classes that are equally likely, its covariance S regularised (Friedman 1989).

        W = M S'^-1,  b = -diag(M W') / 2,  S' = (1 - a) S + a (trace S / d) I

    with M the classes' means, S the mean of their covariances and a the shrinkage.
    """
    own = [z[classes == one] for one in range(int(classes.max()) + 1)]
    means = np.stack([rows.mean(0) for rows in own])
    covariance = np.mean(
        [(rows - mean).T @ (rows - mean) / len(rows) for rows, mean in zip(own, means, strict=True)], 0
    )
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    weights = np.linalg.solve(shrunk, means.T).T
    return _unit(Linear(weights, -np.sum(means * weights, 1) / 2), z)


def _unit(one: Linear, z: Floats) -> Linear:
    """Logits of mean 0 over classes, and of deviation 1 over what was learned from."""
    weights, bias = one.weights - one.weights.mean(0), one.bias - one.bias.mean()
    spread = max(SMALLEST_SPREAD, float(Linear(weights, bias).logits(z).std()))
    return Linear(weights / spread, bias / spread)


class Axes(NamedTuple):
    """Principal components of z, the widest first: axes (p, d), and the mean of z, (d,)."""

    axes: Floats
    mean: Floats


def principal(z: Floats, most: int) -> Axes:
    """At most so many principal components."""
    from sklearn.decomposition import PCA

    few = len(z) <= z.shape[1]
    found = PCA(min(most, *z.shape), svd_solver="full" if few else "covariance_eigh").fit(z)
    return Axes(found.components_, found.mean_)


def machine(z: Floats, classes: Ints, found: Axes, components: int, penalty: float) -> Machine:
    """An RBF support vector machine on principal components; a class's logit is the sum of its duels' margins."""
    from sklearn.svm import SVC

    axes = found.axes[:components]
    svc = SVC(C=penalty, gamma="scale", class_weight="balanced", decision_function_shape="ovo")
    svc.fit((z - found.mean) @ axes.T, classes)
    coefficients, bias = _summed_duels(svc)
    one = Machine(axes, svc.support_vectors_ + axes @ found.mean, coefficients, bias, float(svc._gamma))
    spread = max(SMALLEST_SPREAD, float(one.logits(z).std()))
    return one._replace(coefficients=coefficients / spread, bias=bias / spread)


def _summed_duels(found: Any) -> tuple[Floats, Floats]:
    """Of an SVC: what each vector adds to each class over its duels, (k, n), and each class's constant, (k,)."""
    duels, counts, constants = found.dual_coef_, found.n_support_, found.intercept_
    k, owners = len(counts), np.repeat(np.arange(len(counts)), counts)
    coefficients, bias = np.zeros((k, len(owners))), np.zeros(k)
    for place, (one, other) in enumerate((i, j) for i in range(k) for j in range(i + 1, k)):
        duel = np.where(owners == one, duels[other - 1], 0) + np.where(owners == other, duels[one], 0)
        coefficients[one] += duel
        coefficients[other] -= duel
        bias[one] += constants[place]
        bias[other] -= constants[place]
    return coefficients, bias


def no_linear(classes: int, size: int) -> Linear:
    """Says nothing: logits 0."""
    return Linear(np.zeros((classes, size)), np.zeros(classes))


def no_machine(classes: int, size: int) -> Machine:
    """Says nothing: logits 0."""
    return Machine(np.zeros((0, size)), np.zeros((0, 0)), np.zeros((classes, 0)), np.zeros(classes), 1.0)


def calibrated(logits: Floats, truth: Ints) -> tuple[float, float]:
    """The temperature at which the log loss, classes weighing the same, is smallest; and that loss."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: balanced_log_loss(logits / np.exp(log), truth), bounds=LOG_TEMPERATURES, method="bounded"
    )
    return float(np.exp(found.x)), float(found.fun)


def balanced_log_loss(logits: Floats, truth: Ints) -> float:
    """Mean over classes of the mean of -log p(truth), in nats."""
    from scipy.special import log_softmax

    losses = -log_softmax(logits, axis=1)[np.arange(len(truth)), truth]
    return float(np.mean([losses[truth == one].mean() for one in np.unique(truth)]))
