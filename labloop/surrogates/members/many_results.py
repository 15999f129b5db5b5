"""A process of more results than a fit of hyper-parameters needs: fitted to some, told of more.

A fit costs the cube of the number of results at each of some hundred steps, conditioning costs it
once. Two hundred results tell lengthscales and noise; predictions gain from each result nearby.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labloop.records import FloatArray
from labloop.surrogates.members.outliers import ScaledGP, believed
from labloop.surrogates.numerics import condition_on, foretold_without

FEW = 300
"""Up to so many results the hyper-parameters are learned from all."""
_LEARNED = 200
LOST = 1e4
"""Variance of a result that tells nothing, in units of the standardised output."""


def telling_rows(y: FloatArray, sign: float) -> NDArray[np.intp]:
    """Return the numbers of the results that hyper-parameters are learned from.

    The best third, the latest third, others evenly; of an output without a better side the latest
    half and others evenly.

    Args:
        y: ``n`` results in order of completion, NaN where there is none.
        sign: 1 where large ones are good, -1 where small ones are, 0 where neither is.
    """
    there = np.flatnonzero(~np.isnan(y))
    if len(there) <= _LEARNED:
        return there
    share = _LEARNED // 3 if sign else _LEARNED // 2
    kept = np.zeros(len(there), dtype=np.bool_)
    kept[-share:] = True
    if sign:
        kept[np.argsort(-sign * y[there], kind="stable")[:share]] = True
    others = np.flatnonzero(~kept)
    places = np.linspace(0, len(others) - 1, _LEARNED - int(kept.sum())).round().astype(int)
    kept[others[places]] = True
    return there[kept]


def told_of_more(
    some: ScaledGP, x: FloatArray, y: FloatArray, known: FloatArray, sign: float
) -> tuple[ScaledGP, NDArray[np.bool_]]:
    """Return a fitted process conditioned on all results that are believed, and which these are.

    Args:
        some: fitted to some of them.
        x: ``n x d`` encoded points.
        y: ``n`` results, NaN where there is none.
        known: ``n`` variances of the measurements, 0 where unknown.
        sign: as above; 0 believes all.
    """
    there = ~np.isnan(y)
    scaled = np.where(there, (y - some.mean) / some.sd, 0.0)
    variance = known / some.sd**2
    whole = condition_on(some.gp, x, scaled, np.where(there, variance, LOST))

    def without(kept: NDArray[np.bool_]) -> ScaledGP:
        mean, sd = foretold_without(whole, scaled, there & ~kept)
        return ScaledGP(replace(whole, loo_mean=mean, loo_sd=sd), some.mean, some.sd)

    found, kept = believed(without, y, sign)
    if (kept | ~there).all():
        return found, kept
    left = np.where(kept, scaled, 0.0), np.where(kept, variance, LOST)
    final = condition_on(some.gp, x, *left)
    mean, sd = found.gp.loo_mean, found.gp.loo_sd
    return ScaledGP(replace(final, loo_mean=mean, loo_sd=sd), some.mean, some.sd), kept
