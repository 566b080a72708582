"""Two classifiers of emotions, as few arrays each: a linear discriminant, and a support vector machine.

Both give logits of mean 0 over classes and deviation 1 over what was learned from, so that they can be added.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LOG_TEMPERATURES = (-4.0, 6.0)


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
    """Linear discriminant analysis with a shrunk covariance; classes are taken for equally likely."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    count = len(np.unique(classes))
    found = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=np.full(count, 1 / count))
    found.fit(z, classes)
    if count > 2:
        return _unit(Linear(found.coef_, found.intercept_), z)
    return _unit(Linear(np.vstack([-found.coef_, found.coef_]) / 2, np.array([-1, 1]) * found.intercept_ / 2), z)


def _unit(one: Linear, z: Floats) -> Linear:
    """Logits of mean 0 over classes, and of deviation 1 over what was learned from."""
    weights, bias = one.weights - one.weights.mean(0), one.bias - one.bias.mean()
    spread = max(1e-9, float(Linear(weights, bias).logits(z).std()))
    return Linear(weights / spread, bias / spread)


def machine(z: Floats, classes: Ints, components: int, penalty: float) -> Machine:
    """An RBF support vector machine on principal components; a class's logit is the sum of its duels' margins."""
    from sklearn.decomposition import PCA
    from sklearn.svm import SVC

    axes = PCA(min(components, *z.shape), svd_solver="covariance_eigh").fit(z)
    found = SVC(C=penalty, gamma="scale", class_weight="balanced", decision_function_shape="ovo")
    found.fit(axes.transform(z), classes)
    coefficients, bias = _summed_duels(found)
    vectors = found.support_vectors_ + axes.components_ @ axes.mean_
    one = Machine(axes.components_, vectors, coefficients, bias, float(found._gamma))
    spread = max(1e-9, float(one.logits(z).std()))
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
