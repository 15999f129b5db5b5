"""The Gaussian process of one output: its scale, its kernel, and the results that it believes.

The kernel is chosen each round by the leave-one-out log density, in closed form (Sundararajan &
Keerthi, Neural Computation 13 (2001) 1103); the first is taken unless another is clearly better.
An average of kernels was measured to be worse than either, because their disagreement adds to
the variance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labloop.records import FloatArray
from labloop.surrogates.members.many_results import FEW, LOST, telling_rows, told_of_more
from labloop.surrogates.members.outliers import ScaledGP, believed
from labloop.surrogates.numerics import LITTLE_NOISE, FittedGP, Kernel, fit_gp

CLEAR = 1.0
"""Log density by which another kernel must do better than the first to be taken."""
_ALIKE = 1e-14
"""Results whose relative differences are smaller than this differ by rounding only."""


@dataclass(frozen=True, slots=True)
class OutputGP:
    """The GP of one output and its standardisation."""

    gp: FittedGP
    mean: float
    sd: float
    known: float
    """Mean of the known variances of its measurements, in its unit squared."""
    scores: Mapping[str, float]
    """Kernel -> leave-one-out log density of the standardised output; the best was taken."""
    log_density: float
    """The leave-one-out log density of all measurements in their own unit."""
    doubted: tuple[float, ...] = ()
    """Results that were not believed, in the output's unit."""


def fit_output(
    kernels: Sequence[Kernel],
    x: FloatArray,
    y: FloatArray,
    known: FloatArray,
    sign: float = 0.0,
    noise: tuple[float, float] = LITTLE_NOISE,
) -> OutputGP:
    """Return the GP of one output, its kernel chosen by leave-one-out.

    Of many results some choose kernel and hyper-parameters, see ``many_results``.

    Args:
        kernels: to choose from, the usual one first.
        x: ``n x d`` encoded points.
        y: ``n`` measurements, in any unit; NaN where there is none, which tells nothing.
        known: ``n`` variances of the measurements, 0 where unknown.
        sign: 1 where large values are good, -1 where small ones are; then results that are far
            worse than all others say are not believed. 0 believes all.
        noise: the prior of the noise, see ``fit_gp``.
    """
    if len(y) > FEW:
        rows = telling_rows(y, sign)
        some = _fit_all(kernels, x[rows], y[rows], known[rows], sign, noise)
        fitted = ScaledGP(some.gp, some.mean, some.sd)
        return _made(*told_of_more(fitted, x, y, known, sign), y, known, some.scores)
    return _fit_all(kernels, x, y, known, sign, noise)


def _fit_all(
    kernels: Sequence[Kernel],
    x: FloatArray,
    y: FloatArray,
    known: FloatArray,
    sign: float,
    noise: tuple[float, float],
) -> OutputGP:
    def fit(kernel: Kernel, kept: NDArray[np.bool_]) -> ScaledGP:
        return _fit_scaled(kernel, x, y, known, kept, noise)

    first, kept = believed(lambda some: fit(kernels[0], some), y, sign)
    fitted = [first, *(fit(k, kept) for k in kernels[1:])]
    scores = {one.gp.kernel.name: _foretold(one, y, kept) for one in fitted}
    best = max(fitted, key=lambda one: scores[one.gp.kernel.name])
    clear = scores[best.gp.kernel.name] - scores[first.gp.kernel.name] > CLEAR
    return _made(best if clear else first, kept, y, known, scores)


def _made(
    chosen: ScaledGP,
    kept: NDArray[np.bool_],
    y: FloatArray,
    known: FloatArray,
    scores: Mapping[str, float],
) -> OutputGP:
    there = ~np.isnan(y)
    doubted = tuple(float(v) for v in y[there & ~kept])
    density = _foretold(chosen, y, kept) - int(there.sum()) * math.log(chosen.sd)
    variance = float(known[there].mean())
    return OutputGP(chosen.gp, chosen.mean, chosen.sd, variance, scores, density, doubted)


def _foretold(made: ScaledGP, y: FloatArray, kept: NDArray[np.bool_]) -> float:
    """Return the leave-one-out log density of the standardised results that are believed."""
    scaled = (y - made.mean) / made.sd
    return float(_log_density(scaled, made.gp.loo_mean, made.gp.loo_sd)[kept].sum())


def _fit_scaled(
    kernel: Kernel,
    x: FloatArray,
    y: FloatArray,
    known: FloatArray,
    kept: NDArray[np.bool_],
    noise: tuple[float, float],
) -> ScaledGP:
    """Return a GP of standardised results; those that are not kept tell it nothing."""
    some = y[kept]
    mean = float(some.mean())
    sd = float(some.std(ddof=1)) if len(some) > 1 else 0.0
    size = float(np.abs(some).max())
    if sd <= _ALIKE * size:
        # Without a spread the size of the results is the only scale in their unit.
        sd = size or 1.0
    scaled, variance = (y - mean) / sd, known / sd**2
    if kept.all():
        return ScaledGP(fit_gp(kernel, x, scaled, variance, noise), mean, sd)
    gp = fit_gp(kernel, x, np.where(kept, scaled, 0.0), np.where(kept, variance, LOST), noise)
    # What was left out is foretold as any other result is.
    left = np.maximum(gp.loo_sd**2 - np.where(kept, 0.0, LOST), gp.hyper.noise)
    return ScaledGP(replace(gp, loo_sd=np.sqrt(left)), mean, sd)


def _log_density(y: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    density = -0.5 * ((y - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi)
    clipped: FloatArray = np.maximum(density, -8.0)
    return clipped
