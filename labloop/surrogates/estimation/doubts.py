"""What to know before the numbers of a fit are believed."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr
from torch import Tensor

from labloop.physics import BoundPhysics
from labloop.records import FloatArray
from labloop.surrogates.estimation.physics_fit import FittedOutput, FittedParameter

_FAR = 2.5
"""Prior standard deviations from which on a parameter contradicts its prior."""
_TOGETHER = 0.9
_SIGNIFICANT = 0.01
_FEWEST = 8
_MORE_THAN_NOISE = 1.5
_FACTORS = {60.0: "minutes and seconds", 3600.0: "hours and seconds", 1000.0: "milli or kilo"}


def doubts_of(
    bound: BoundPhysics,
    encoded: Tensor,
    parameters: Sequence[FittedParameter],
    outputs: Sequence[FittedOutput],
    covariance: FloatArray,
    rival: Tensor | None,
) -> Iterator[str]:
    """Yield sentences, the weightiest first."""
    yield from (_far(p) for p in parameters if abs(p.shift) > _FAR)
    yield from _structure(bound, encoded, outputs)
    yield from (_noisy(o) for o in outputs if o.told and o.noise > _MORE_THAN_NOISE * o.told)
    if rival is not None:
        yield _other_minimum(parameters, rival)
    yield from _mixed_up(parameters, covariance)
    unseen = [p.name for p in parameters if p.width > 0.95]
    if unseen:
        yield f"the table says nothing about {', '.join(unseen)}: the prior stands"


def _far(parameter: FittedParameter) -> str:
    told = (
        f"{parameter.name} lies {abs(parameter.shift):.1f} standard deviations from its prior "
        f"({parameter.value:.4g} against {parameter.before.median:.4g} {parameter.unit})"
    ).replace(" 1)", ")")
    ratio = abs(parameter.value / parameter.before.median) if parameter.before.median else 1.0
    for factor, what in _FACTORS.items():
        if ratio > 0 and min(abs(math.log(ratio / f)) for f in (factor, 1 / factor)) < math.log(
            1.25
        ):
            return f"{told}: a factor near {factor:g}, were {what} mistaken for each other?"
    return f"{told}: the prior is mistaken, its unit is, or the physics misses something"


def _structure(
    bound: BoundPhysics, encoded: Tensor, outputs: Sequence[FittedOutput]
) -> Iterator[str]:
    """Yield where residuals follow an input or the prediction itself (Spearman's rank test)."""
    inputs = {name: value.numpy() for name, value in bound.inputs_si(encoded).items()}
    for output in outputs:
        found = _strongest(output, inputs)
        if found is not None:
            name, how = found
            yield (
                f"the residuals of {output.name} {how} {name}: the physics misses something "
                "that depends on it"
            )


def _strongest(output: FittedOutput, inputs: Mapping[str, FloatArray]) -> tuple[str, str] | None:
    rows = np.array(output.rows)
    residual = np.array(output.residuals)
    # Rounding is no residual: what is fitted exactly has no structure.
    if len(rows) < _FEWEST or np.abs(residual).max() < 1e-9 * np.abs(output.measured).max():
        return None
    told = {}
    axes = {name: values[rows] for name, values in inputs.items() if "=" not in name}
    axes[f"the predicted {output.name}"] = np.array(output.predicted)
    for name, values in axes.items():
        if len(np.unique(values)) < 3:
            continue
        straight = spearmanr(values, residual)
        bent = spearmanr(np.abs(values - np.median(values)), residual)
        way = "rise with" if straight.statistic > 0 else "fall with"
        told[name, way] = float(straight.pvalue)
        told[name, "differ between the middle and the ends of"] = float(bent.pvalue)
    if not told:
        return None
    best = min(told, key=lambda key: told[key])
    # Bonferroni: one test for each axis and shape.
    return best if told[best] * len(told) < _SIGNIFICANT else None


def _noisy(output: FittedOutput) -> str:
    return (
        f"the residuals of {output.name} are {output.noise / (output.told or 1.0):.2g} times the "
        "standard deviation that the table gives: the physics misses something, or the "
        "measurements are worse than stated"
    )


def _other_minimum(parameters: Sequence[FittedParameter], rival: Tensor) -> str:
    told = ", ".join(
        f"{p.name} = {p.before.natural(float(z)):.4g} {p.unit}".removesuffix(" 1")
        for p, z in zip(parameters, rival, strict=True)
    )
    return f"another set of parameters describes the table as well: {told}"


def _mixed_up(parameters: Sequence[FittedParameter], covariance: FloatArray) -> Iterator[str]:
    deviation = np.sqrt(np.diag(covariance))
    for i, first in enumerate(parameters):
        for j in range(i):
            second = parameters[j]
            rho = covariance[i, j] / (deviation[i] * deviation[j])
            if abs(rho) < _TOGETHER or min(first.width, second.width) < 0.02:
                continue
            told = f"{second.name} and {first.name} cannot be told apart (correlation {rho:+.2f})"
            if not (first.before.log and second.before.log):
                yield told
                continue
            slopes = np.array([p.before.si_coefficients()[2] for p in (first, second)])
            part = covariance[np.ix_([i, j], [i, j])] * np.outer(slopes, slopes)
            sign = -1.0 if rho > 0 else 1.0
            spread = math.sqrt(max(part[0, 0] + part[1, 1] + 2 * sign * part[0, 1], 0.0))
            what = "quotient" if rho > 0 else "product"
            yield f"{told}; their {what} is known to {100 * math.expm1(spread):.2g} %"
