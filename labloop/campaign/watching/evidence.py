"""Whether something was added to results on a smooth surface: a trend, or one spoilt value.

The results are a Gaussian process of the conditions plus noise, once without and once with what may
have been added; told is the log of the Bayes factor between the two. Location and scale are
integrated out, so that few results claim little (Berger, Pericchi & Varshavsky, Sankhya A 60 (1998)
307); that a Bayes factor may be looked at after every experiment without more false alarms in the
end is Ville's inequality (Grunwald, de Heide & Koolen, J. R. Stat. Soc. B 86 (2024) 1091). NumPy
alone: it also watches campaigns of machines that have no torch.
"""

import math
from dataclasses import dataclass

import numpy as np

from labloop.records import FloatArray

_LENGTHS = (0.15, 0.3, 0.6, 1.2, 2.4)
"""Lengthscales that are tried, in units of the cube, times the root of its dimension."""
_FACTORS = (0.35, 4.0)
"""By which each dimension of its own is tried shorter, and longer."""
_NOISES = np.array([1e-3, 4e-3, 0.016, 0.06, 0.25, 1.0])
"""Variances of the noise relative to that of the surface. Less than a thirtieth of the spread of
the results is never told from the surface."""
_FIRST_NOISE = 0.06
_SQRT5 = 5.0**0.5


@dataclass(frozen=True, slots=True)
class Smooth:
    """A smooth surface that was fitted to ``n`` results, and the evidence for it.

    With ``K`` the covariance of the surface, whitened by what is known of the noise, and
    ``K = Q diag(roots) Q'``, everything below is rotated by ``Q'``.
    """

    turn: FloatArray
    """``Q``, ``n x n``."""
    roots: FloatArray
    scale: FloatArray
    """``n`` square roots of the noise variances, relative to each other."""
    y: FloatArray
    ones: FloatArray
    mean: float
    sd: float
    """By which the results were standardised."""
    plain: float
    """The greatest log evidence over all noises with nothing added."""

    def added(self, direction: FloatArray, noises: float, spread: float) -> float:
        """Return the log Bayes factor of something that was added along ``direction`` (``n``).

        Args:
            direction: what one unit of it adds to each result.
            noises: how large it may be, in standard deviations of the noise.
            spread: how large it may be as well, in standard deviations of the surface.
        """
        u = self.turn.T @ (direction / self.scale)
        each = [
            _evidence(self.roots, float(noise), self.y, self.ones, u, variance)
            for noise in _NOISES
            for variance in (noises**2 * float(noise), spread**2)
        ]
        return max(each) - math.log(2.0) - self.plain

    def left_out(self) -> FloatArray:
        """Return how far each result lies from what the others foretell, in standard deviations."""
        residual, diagonal, variance = self._without()
        away: FloatArray = residual / np.sqrt(diagonal * variance)
        return away

    def foretold(self, index: int) -> tuple[float, float]:
        """Return mean and standard deviation of one result as the others foretell it."""
        residual, diagonal, variance = self._without()
        scale, unit = float(self.scale[index]), self.sd
        mean = float((self.turn @ self.y)[index] - residual[index] / diagonal[index]) * scale
        noise = self._noise()
        rest = max(variance * (scale**2 * (1.0 / float(diagonal[index]) - noise) + noise), 0.0)
        return self.mean + unit * mean, unit * float(np.sqrt(rest))

    def along(self, direction: FloatArray) -> float:
        """Return how much of ``direction`` (``n``) was added, in the unit of the results."""
        u = self.turn.T @ (direction / self.scale)
        weights = 1.0 / (self.roots + self._noise())
        centred = u - self.ones * (
            (self.ones @ (weights * u)) / (self.ones @ (weights * self.ones))
        )
        return self.sd * float(centred @ (weights * self.y)) / float(centred @ (weights * u))

    def _noise(self) -> float:
        return max(map(float, _NOISES), key=lambda v: _evidence(self.roots, v, self.y, self.ones))

    def _without(self) -> tuple[FloatArray, FloatArray, float]:
        """Return weighted residuals and their diagonal, both ``n``, and the variance of all."""
        inverse = (self.turn / (self.roots + self._noise())) @ self.turn.T
        ones, y = self.turn @ self.ones, self.turn @ self.y
        solved = inverse @ ones
        inverse -= np.outer(solved, solved) / (ones @ solved)
        residual = inverse @ y
        variance = max(float(y @ residual) / (len(y) - 1), 1e-300)
        return residual, np.maximum(np.diag(inverse), 1e-12), variance


def smooth(x: FloatArray, y: FloatArray, variance: FloatArray) -> Smooth:
    """Return the smooth surface that explains results best.

    Args:
        x: ``n x d`` conditions in the unit cube.
        y: ``n`` results, in any unit.
        variance: ``n`` variances of their noise, relative to each other.
    """
    scale = np.sqrt(variance)
    square = (x[:, None, :] - x[None, :, :]) ** 2
    mean, sd = float(y.mean()), max(float(y.std()), 1e-300)
    y = (y - mean) / sd
    dimension = x.shape[1]

    def evidence(lengths: FloatArray) -> float:
        covariance = _matern(square, lengths, scale)
        covariance[np.diag_indices_from(covariance)] += _FIRST_NOISE
        return _by_cholesky(covariance, y / scale, 1.0 / scale)

    tried = [np.full(dimension, length * dimension**0.5) for length in _LENGTHS]
    scored = [(evidence(lengths), i) for i, lengths in enumerate(tried)]
    best, index = max(scored)
    lengths = tried[index]
    for axis in range(dimension if dimension > 1 else 0):
        for factor in _FACTORS:
            other = lengths.copy()
            other[axis] *= factor
            if (found := evidence(other)) > best:
                best, lengths = found, other
    roots, turn = np.linalg.eigh(_matern(square, lengths, scale))
    roots = np.maximum(roots, 0.0)
    rotated, ones = turn.T @ (y / scale), turn.T @ (1.0 / scale)
    plain = max(_evidence(roots, float(noise), rotated, ones) for noise in _NOISES)
    return Smooth(turn, roots, scale, rotated, ones, mean, sd, plain)


def _matern(square: FloatArray, lengths: FloatArray, scale: FloatArray) -> FloatArray:
    distance = _SQRT5 * np.sqrt(square @ lengths**-2.0)
    value: FloatArray = (1.0 + distance + distance**2 / 3.0) * np.exp(-distance)
    return value / np.outer(scale, scale)


def _by_cholesky(covariance: FloatArray, y: FloatArray, ones: FloatArray) -> float:
    root = np.linalg.cholesky(covariance)
    a, b = np.linalg.solve(root, np.stack([y, ones], axis=1)).T
    log_det = 2.0 * float(np.log(np.diag(root)).sum())
    return _marginal(log_det, float(a @ a), float(b @ b), float(a @ b), len(y))


def _evidence(
    roots: FloatArray,
    noise: float,
    y: FloatArray,
    ones: FloatArray,
    added: FloatArray | None = None,
    variance: float = 0.0,
) -> float:
    """Return the log density of the results up to a constant, location and scale integrated out."""
    weights = 1.0 / (roots + noise)
    yy, oo = float(y @ (weights * y)), float(ones @ (weights * ones))
    yo = float(y @ (weights * ones))
    log_det = -float(np.log(weights).sum())
    if added is not None:
        weighted = weights * added
        own = 1.0 + variance * float(added @ weighted)
        share = variance / own
        ay, ao = float(weighted @ y), float(weighted @ ones)
        yy, oo, yo = yy - share * ay**2, oo - share * ao**2, yo - share * ay * ao
        log_det += math.log(own)
    return _marginal(log_det, yy, oo, yo, len(y))


def _marginal(log_det: float, yy: float, oo: float, yo: float, n: int) -> float:
    rest = max(yy - yo**2 / oo, 1e-300)
    return -0.5 * (log_det + math.log(oo) + (n - 1) * math.log(rest))
