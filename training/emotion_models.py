"""Two classifiers of emotions, as few arrays each: a linear discriminant, and a support vector machine.

Both give logits of mean 0 over classes and deviation 1 over what was learned from, so that they can be added.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.recognisers.house_emotion import STEEPNESS

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
    """A duel of each two classes; each class's logit is the sum of its votes, V tanh(3 (A k + b)).

    k_i = exp(-gamma |P z - s_i|^2): axes P (p, d), vectors s (n, p), coefficients A (duels, n), bias b (duels,),
    votes V (k, duels).
    """

    axes: Floats
    vectors: Floats
    coefficients: Floats
    bias: Floats
    gamma: float
    votes: Floats

    def margins(self, z: Floats) -> Floats:
        """Of each duel, (m, duels); above 0 where the first of the two wins."""
        places = z @ self.axes.T
        squares = np.sum(places**2, 1)[:, None] - 2 * places @ self.vectors.T + np.sum(self.vectors**2, 1)
        return np.exp(-self.gamma * np.maximum(squares, 0)) @ self.coefficients.T + self.bias

    def logits(self, z: Floats) -> Floats:
        return np.tanh(STEEPNESS * self.margins(z)) @ self.votes.T


def linear(z: Floats, classes: Ints, shrinkage: float) -> Linear:
    """Linear discriminant analysis with a shrunk covariance S, for classes that are equally likely.

        W = M S'^-1,  b = -diag(M W') / 2,  S' = (1 - a) S + a diag(S)

    with M the classes' means, S the mean of their covariances and a the shrinkage. Shrunk towards S's own diagonal, not
    towards the identity as scikit-learn does: what hardly varies within a class keeps its weight.
    """
    own = [z[classes == one] for one in range(int(classes.max()) + 1)]
    means = np.stack([rows.mean(0) for rows in own])
    covariance = np.mean(
        [(rows - mean).T @ (rows - mean) / len(rows) for rows, mean in zip(own, means, strict=True)], 0
    )
    variances = np.maximum(np.diag(covariance), SMALLEST_SPREAD)
    weights = np.linalg.solve((1 - shrinkage) * covariance + shrinkage * np.diag(variances), means.T).T
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
    """An RBF support vector machine on principal components, all pairs of classes against each other.

    A duel is nearly a whole vote, as usual, but a narrow margin counts for less: answers change smoothly.
    """
    from sklearn.svm import SVC

    axes = found.axes[:components]
    svc = SVC(C=penalty, gamma="scale", class_weight="balanced", decision_function_shape="ovo")
    svc.fit((z - found.mean) @ axes.T, classes)
    coefficients, votes = _duels(svc.dual_coef_, svc.n_support_)
    vectors = svc.support_vectors_ + axes @ found.mean
    one = Machine(axes, vectors, coefficients, svc.intercept_, float(svc._gamma), votes)
    return one._replace(votes=votes / max(SMALLEST_SPREAD, float(one.logits(z).std())))


def _duels(coefficients: Floats, counts: Ints) -> tuple[Floats, Floats]:
    """From libsvm's coefficients, (k - 1, n), of vectors sorted by class: what each adds to each duel; who gains."""
    k, owners = len(counts), np.repeat(np.arange(len(counts)), counts)
    pairs = [(one, other) for one in range(k) for other in range(one + 1, k)]
    votes = np.zeros((k, len(pairs)))
    rows = []
    for place, (one, other) in enumerate(pairs):
        votes[[one, other], place] = 1, -1
        rows.append(
            np.where(owners == one, coefficients[other - 1], 0) + np.where(owners == other, coefficients[one], 0)
        )
    return np.stack(rows), votes


def no_linear(classes: int, size: int) -> Linear:
    """Says nothing: logits 0."""
    return Linear(np.zeros((classes, size)), np.zeros(classes))


def no_machine(classes: int, size: int) -> Machine:
    """Says nothing: logits 0."""
    nobody = np.zeros((0, 0))
    return Machine(np.zeros((0, size)), nobody, nobody, np.zeros(0), 1.0, np.zeros((classes, 0)))


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
