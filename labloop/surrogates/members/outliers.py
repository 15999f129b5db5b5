"""Results that are far worse than all others say: one of them must not hide the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from labloop.objectives import Maximize, Minimize
from labloop.records import Alarm, FloatArray
from labloop.surrogates._base import TrainingData
from labloop.surrogates.numerics import FittedGP

_FEW = 6
"""Among fewer results none is unlike the others."""
_UNLIKE = 2.5
"""Standard deviations below what the others say, from which on a result is doubted."""
_CLEAR = 6.0
"""Log density of the other results that doubt must win: one result in four hundred is spoilt."""
_MOST = 0.1
"""At most this share of the results is doubted."""


@dataclass(frozen=True, slots=True)
class ScaledGP:
    """A process of standardised results, and by what they were standardised."""

    gp: FittedGP
    mean: float
    sd: float

    def away(self, y: FloatArray) -> FloatArray:
        """Return how far ``n`` results lie from what the others say, in standard deviations."""
        away: FloatArray = ((y - self.mean) / self.sd - self.gp.loo_mean) / self.gp.loo_sd
        return away

    def log_density(self, y: FloatArray) -> FloatArray:
        """Return the leave-one-out log density of ``n`` results, up to a constant."""
        density: FloatArray = -0.5 * self.away(y) ** 2 - np.log(self.sd * self.gp.loo_sd)
        return density


Fit: TypeAlias = Callable[[NDArray[np.bool_]], ScaledGP]
"""Fits a process to the results (``n``) that are believed; the others tell it nothing."""


def sign_of(data: TrainingData, column: int) -> float:
    """Return 1 for an output that is maximised, -1 for one that is minimised, else 0."""
    aims = data.objective.aims
    aim = aims[column] if column < len(aims) else None
    return 1.0 if isinstance(aim, Maximize) else -1.0 if isinstance(aim, Minimize) else 0.0


def believed(fit: Fit, y: FloatArray, sign: float) -> tuple[ScaledGP, NDArray[np.bool_]]:
    """Return the process of the results that are believed, and which of ``n`` these are.

    A spoilt sample or a sensor that fell off gives a result far worse than what stands around
    it. It is not believed where without it the others foretell each other far better. Only a
    bad result is ever doubted: a good one may be true, and is tried again.

    Args:
        fit: fits the process.
        y: ``n`` results, NaN where there is none; such a one is never believed.
        sign: 1 where large ones are good, -1 where small ones are, 0 where neither is.
    """
    kept = ~np.isnan(y)
    count = int(kept.sum())
    fitted = fit(kept)
    if count < _FEW or sign == 0.0:
        return fitted, kept
    for _ in range(max(1, int(_MOST * count))):
        away = np.where(kept, sign * fitted.away(y), np.inf)
        worst = int(np.argmin(away))
        if away[worst] > -_UNLIKE:
            break
        tried = kept.copy()
        tried[worst] = False
        without = fit(tried)
        won = without.log_density(y)[tried].sum() - fitted.log_density(y)[tried].sum()
        if won < _CLEAR:
            break
        fitted, kept = without, tried
    return fitted, kept


def doubt_alarm(output: str, doubted: Sequence[float]) -> Alarm:
    """Return what is told of results that are not believed."""
    values = ", ".join(f"{value:.4g}" for value in doubted)
    one = len(doubted) == 1
    return Alarm(
        kind="result-doubted",
        message=(
            f"{output} = {values}: far worse than {'what was' if one else 'all that was'} measured "
            f"around {'it' if one else 'them'} says, so the model without physics learns nothing "
            f"from {'it' if one else 'them'}; repeat the experiment, or correct the result"
        ),
        data={"output": output, "values": list(doubted)},
    )
