"""Roots of many small real polynomials at once: the poles of every frame of a clip in one go.

numpy.roots takes one polynomial at a time and spends O(n^3) on the eigenvalues of its companion matrix. Here all
polynomials walk together through Laguerre's method with deflation, O(n^2), are polished by Newton's method on the
undeflated polynomial, and then checked: multiplied out, the roots must give the coefficients back. Those that do not
settle or do not pass (multiple roots, mostly) get the eigenvalues after all.
"""

from __future__ import annotations

import numpy as np

STEP_TOLERANCE = 1e-4
"""A relative Laguerre step this small is the last: convergence is cubic, and Newton follows."""
REAL_TOLERANCE, PAIR_TOLERANCE = 1e-8, 1e-5
"""|imag| / |root| up to the first is a real root, from the second on a pair; between them the eigenvalues decide."""
RESIDUAL_TOLERANCE = 1e-11
"""Largest coefficient error of accepted roots, relative to the largest coefficient."""
ITERATIONS_PER_DEGREE = 5
STRAGGLERS = 0.02
"""When this share of the polynomials is left, the eigenvalues are cheaper than another step."""


def roots(coefficients: np.ndarray) -> np.ndarray:
    """Roots of real polynomials, complex128, shape (m, n), in no particular order.

    Args:
        coefficients: float64, shape (m, n + 1), finite, highest power first, the first one 1.

    Real roots have an imaginary part of exactly 0 and complex ones come with their exact conjugates, as from
    numpy.linalg.eigvals; values agree with it as far as the polynomial's conditioning allows.
    """
    coefficients = np.asarray(coefficients, dtype=np.float64)
    with np.errstate(all="ignore"):
        found, settled = _laguerre(coefficients)
        found = _newton(coefficients, found)
        residual = np.abs(multiply_out(found) - coefficients).max(axis=1)
        angle = np.abs(found.imag) / np.abs(found)
    settled &= residual <= RESIDUAL_TOLERANCE * np.abs(coefficients).max(axis=1)
    settled &= ((found.imag == 0.0) | (angle >= PAIR_TOLERANCE)).all(axis=1)
    found[~settled] = companion_roots(coefficients[~settled])
    return found


def companion_roots(coefficients: np.ndarray) -> np.ndarray:
    """The same roots as eigenvalues of companion matrices (LAPACK dgeev): slower, and sure."""
    count, degree = coefficients.shape[0], coefficients.shape[1] - 1
    companion = np.zeros((count, degree, degree))
    companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1.0
    companion[:, 0] = -coefficients[:, 1:]
    return np.linalg.eigvals(companion).astype(np.complex128)


def multiply_out(found: np.ndarray) -> np.ndarray:
    """Coefficients, highest power first, float64, shape (m, n + 1), of the polynomials with roots `found` (m, n).

    Complex roots must come with their conjugates.
    """
    product = np.zeros((found.shape[1] + 1, found.shape[0]), dtype=np.complex128)
    product[0] = 1.0
    for done, root in enumerate(np.ascontiguousarray(found.T)):
        product[1 : done + 2] -= root * product[: done + 1]
    return product.real.T


def _newton(coefficients: np.ndarray, found: np.ndarray) -> np.ndarray:
    """`found` after one Newton step each; a root with no derivative stays."""
    z = np.ascontiguousarray(found.T)
    value, slope = np.ones_like(z), np.zeros_like(z)
    for coefficient in np.ascontiguousarray(coefficients.T[1:]):
        slope *= z
        slope += value
        value *= z
        value += coefficient
    step = value / slope
    return (z - np.where(np.isfinite(step), step, 0.0)).T


def _laguerre(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Roots, and which polynomials settled, bool, shape (m,).

    Each polynomial is at its own root: as soon as one is found it is divided out and the next search starts at 0,
    so that small roots go first and dividing forwards is stable. `left` holds what remains, right-aligned under
    leading zeros, so that one Horner scheme serves all degrees.
    """
    count, degree = coefficients.shape[0], coefficients.shape[1] - 1
    found = np.full((degree, count), np.nan, dtype=np.complex128)
    left, degrees = np.array(coefficients.T, order="C"), np.full(count, degree)
    who, z = np.arange(count), np.zeros(count, dtype=np.complex128)
    for _ in range(ITERATIONS_PER_DEGREE * degree):
        top = degree - int(degrees.max(initial=0))
        step = _laguerre_step(left[top:], degrees, z)
        z = z - step
        degrees[~np.isfinite(z)] = 0  # stuck where the derivatives vanish: given up, its roots stay NaN
        at_root = np.flatnonzero((degrees > 0) & ((np.abs(step) <= STEP_TOLERANCE * np.abs(z)) | (degrees <= 2)))
        if len(at_root):
            pair = _take_out(left[top:], degrees, at_root, z[at_root])
            _note(found, who[at_root], degree - degrees[at_root], z[at_root], pair)
            degrees[at_root] -= 1 + pair
            z[at_root] = 0.0
        busy = degrees > 0
        if busy.sum() <= STRAGGLERS * count:
            break
        if busy.mean() < 0.8:
            left, degrees, who, z = np.ascontiguousarray(left[:, busy]), degrees[busy], who[busy], z[busy]
    return found.T.copy(), np.asarray(np.isfinite(found).all(axis=0))


def _laguerre_step(left: np.ndarray, degrees: np.ndarray, z: np.ndarray) -> np.ndarray:
    """n p / (p' +- sqrt((n-1) ((n-1) p'^2 - n p p''))), the sign that makes the step small."""
    sums = np.zeros((3, len(z)), dtype=np.complex128)  # p''/2, p', p
    other = np.empty_like(sums)
    sums[2] = left[0]
    for coefficient in left[1:]:
        np.multiply(sums, z, out=other)
        other[:2] += sums[1:]
        other[2] += coefficient
        sums, other = other, sums
    half_curve, slope, value = sums
    spread = np.sqrt((degrees - 1) * ((degrees - 1) * slope * slope - 2 * degrees * value * half_curve))
    spread = np.where(slope.real * spread.real + slope.imag * spread.imag < 0, -spread, spread)
    return degrees * value / (slope + spread)


def _take_out(left: np.ndarray, degrees: np.ndarray, at_root: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Divide root z, or z and its conjugate, out of `left[:, at_root]`, in place; True where it was a pair."""
    pair = (np.abs(z.imag) > REAL_TOLERANCE * np.abs(z)) & (degrees[at_root] > 1)
    once = np.where(pair, 2.0 * z.real, z.real)
    twice = np.where(pair, -(z.real**2 + z.imag**2), 0.0)
    part = left[:, at_root]
    quotient = np.zeros((len(part) + 2, len(z)))  # two rows of zeros above
    for row, coefficient in enumerate(part):
        quotient[row + 2] = coefficient + once * quotient[row + 1] + twice * quotient[row]
    left[:, at_root] = np.where(pair, quotient[:-2], quotient[1:-1])
    return pair


def _note(found: np.ndarray, who: np.ndarray, place: np.ndarray, z: np.ndarray, pair: np.ndarray) -> None:
    """Write z, or z and its conjugate, into `found[place:, who]`."""
    found[place, who] = np.where(pair, z, z.real)
    found[place[pair] + 1, who[pair]] = np.conj(z[pair])
