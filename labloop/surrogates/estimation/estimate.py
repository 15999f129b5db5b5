"""Parameters of a physics model from a table of results.

Maximum a posteriori by damped least squares from many starts, the noise of every output estimated
from its residuals. Intervals are those of a sample of the posterior, over whose noise is integrated
(Box & Tiao, Bayesian Inference in Statistical Analysis, 1973, chapter 2); where the sample fails,
those of the curvature at the best fit with Student's t (Bates & Watts, Nonlinear Regression, 1988).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics import BoundPhysics, Prior, as_physics, most_informative
from labloop.records import FloatArray, Output, Point, Scalar, ScalarValue
from labloop.space import SearchSpace
from labloop.surrogates.estimation.doubts import doubts_of
from labloop.surrogates.estimation.physics_fit import FittedOutput, FittedParameter, PhysicsFit
from labloop.surrogates.estimation.posterior_sample import PosteriorSample, sample_posterior
from labloop.surrogates.numerics import (
    LIMIT,
    Minimum,
    ValueAndJacobian,
    alternative_minimum,
    best_distinct,
    least_squares,
)
from labloop.units import convert

_DIFFERENCE_STEP = 1e-4
_STARTS, _BEGUN, _KEPT = 64, 6, 2
_START_SD = 0.8
_FIRST_NOISE = 0.3
"""Noise of the first fits, in standard deviations of an output over the table."""
_EXPECTED_NOISE = 0.02
"""Noise that is expected before any residual, in the same; worth one measurement of each output.
Without it a table of as many measurements as parameters would be believed to every digit."""
_LEAST_NOISE = 1e-4
_REWEIGHTED = 5
_BEGINNING, _ITERATIONS = 12, 30
_NEXT = 3
_NORMAL = 1.6448536269514722
"""Half the width of a 90 % interval of a normal distribution."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The measurements that the model predicts, as one long list."""

    points: tuple[Point, ...]
    encoded: Tensor
    row: Tensor
    """``N``: the row of each measurement."""
    column: Tensor
    """``N``: its column in ``BoundPhysics.predict_all``."""
    value: Tensor
    known: Tensor
    """``N``: its standard deviation where the table gives one, else NaN."""

    @property
    def columns(self) -> list[int]:
        """The outputs that were measured."""
        return sorted(set(self.column.tolist()))

    def size(self, column: int) -> float:
        """Return the standard deviation of one output over the table, above 0."""
        values = self.value[self.of(column)]
        spread = float(values.std(correction=0))
        # A few rows that are alike say nothing of how good a measurement is.
        return max(spread, 0.05 * float(values.abs().max()), 1e-300)

    def of(self, column: int) -> Tensor:
        """Return which measurements are of one output."""
        return (self.column == column).nonzero().flatten()


@dataclass(frozen=True, slots=True)
class _Range:
    """What is known of one whitened parameter."""

    middle: float
    low: float
    high: float
    mean: float
    sd: float


def fit_physics(
    model: object,
    space: SearchSpace,
    outputs: Sequence[Output],
    rows: Sequence[tuple[Point, Mapping[str, ScalarValue]]],
    *,
    seed: int = 0,
) -> PhysicsFit:
    """Return the parameters of ``model`` that a table of results supports.

    Args:
        model: a physics model.
        space: the parameters of the points, with their units; points may lie outside of its bounds.
        outputs: the measured outputs with their units.
        rows: the point and the outputs of every experiment; an output may be missing.
        seed: of the random starts.

    Raises:
        PhysicsError: the model does not fit the space, predicts nothing that was measured, has
            no parameters, or gives nothing finite at the points.
        SpaceError: a point that has no place in the space.
    """
    bound = BoundPhysics(as_physics(model), space)
    if not bound.model.parameters:
        raise PhysicsError(f"physics {bound.model.name!r} has no parameters, nothing is to fit")
    table = _table(bound, space, outputs, rows)
    with torch.no_grad():
        noise, at, every = _fitted(bound, table, seed)
        sample = _sample(bound, table, at, noise, seed)
        covariance = _covariance(at, noise) if sample is None else sample.covariance
        rival = alternative_minimum(every.z, every.cost, int(every.cost.argmin()))
        ranges = _laplace_ranges(at, noise) if sample is None else _sampled_ranges(sample)
        parameters = _parameters(bound, ranges)
        fitted = _outputs(bound, table, at, noise)
        spread = covariance.numpy()
        doubts = tuple(doubts_of(bound, table.encoded, parameters, fitted, spread, rival))
        chosen = _next_points(bound, space, at.z[0], covariance, fitted, seed)
    return PhysicsFit(
        bound.model.name, table.points, parameters, fitted, _correlation(spread), doubts, chosen
    )


def _table(
    bound: BoundPhysics,
    space: SearchSpace,
    outputs: Sequence[Output],
    rows: Sequence[tuple[Point, Mapping[str, ScalarValue]]],
) -> _Table:
    units = dict(zip(bound.outputs, bound.model.output_units, strict=True))
    measured = {o.name for o in outputs if isinstance(o, Scalar)}
    found: list[tuple[int, int, float, float]] = []
    for number, (_, values) in enumerate(rows):
        for name, value in values.items():
            if name in units:
                size = convert(value.value, value.unit, units[name])
                # A difference has no zero: only the factor of the unit counts.
                unit = convert(1.0, value.unit, units[name]) - convert(0.0, value.unit, units[name])
                sd = math.nan if not value.sd else value.sd * unit
                found.append((number, bound.outputs.index(name), size, sd))
    if not found:
        raise PhysicsError(
            f"physics {bound.model.name!r} predicts {', '.join(bound.outputs)}, and the table "
            f"measures {', '.join(sorted(measured)) or 'nothing'}; name its outputs alike"
        )
    row, column, value_of, sd_of = (
        torch.as_tensor(np.array(each)) for each in zip(*found, strict=True)
    )
    points = tuple(point for point, _ in rows)
    return _Table(
        points,
        torch.as_tensor(space.encode(points), dtype=torch.float64),
        row,
        column,
        value_of.to(torch.float64),
        sd_of.to(torch.float64),
    )


def _fitted(bound: BoundPhysics, table: _Table, seed: int) -> tuple[Tensor, Minimum, Minimum]:
    """Return the noise of every measurement, the best fit (one row), and those of all starts."""

    def model(z: Tensor) -> tuple[Tensor, Tensor]:
        return _value_and_jacobian(bound, table, z)

    noise = table.known.clone()
    for column in table.columns:
        rows = table.of(column)
        first = _FIRST_NOISE * table.size(column)
        noise[rows] = torch.where(table.known[rows].isnan(), first, table.known[rows])
    generator = torch.Generator().manual_seed(seed % (1 << 62))
    draws = torch.randn(_STARTS, bound.dimension, generator=generator, dtype=torch.float64)
    draws[0] = 0.0
    starts = (_START_SD * draws).clamp(-LIMIT, LIMIT)
    away = (table.value - _values(bound, table, starts)) / noise
    misfit = away.square().sum(-1) + starts.square().sum(-1)
    misfit = torch.where(torch.isfinite(misfit), misfit, torch.inf)
    begun = starts[best_distinct(starts, misfit, _BEGUN)]
    at = _least_squares(model, table, noise, begun, _BEGINNING)
    at = at.rows(best_distinct(at.z, at.cost, _KEPT))
    if not bool(torch.isfinite(at.cost).any()):
        raise PhysicsError(
            f"physics {bound.model.name!r} gives values that are not finite at the points of the "
            "table; try labloop physics check"
        )
    for _ in range(_REWEIGHTED):
        best = at.rows(at.cost.argmin().reshape(1))
        noise = _reweighted(table, best, noise)
        at = _least_squares(model, table, noise, at.z, _ITERATIONS)
    return noise, at.rows(at.cost.argmin().reshape(1)), at


def _least_squares(
    model: ValueAndJacobian, table: _Table, noise: Tensor, start: Tensor, iterations: int
) -> Minimum:
    whitener = (1.0 / noise)[None, :, None, None].expand(len(start), -1, 1, 1)
    # Each measurement is a channel of its own: they are independent, and some are missing.
    return least_squares(model, table.value[None, :], whitener, start, iterations)


def _values(bound: BoundPhysics, table: _Table, z: Tensor) -> Tensor:
    """Return ``B x N`` at parameters ``B x p``."""
    found: Tensor = bound.predict_all(table.encoded, z[:, None])[:, table.row, table.column]
    return found.to(torch.float64)


def _value_and_jacobian(bound: BoundPhysics, table: _Table, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``B x 1 x N`` and ``B x 1 x N x p`` by central differences, in one batch."""
    batch, count = z.shape
    steps = _DIFFERENCE_STEP * torch.eye(count, dtype=torch.float64)
    moves = torch.cat([torch.zeros(1, count, dtype=torch.float64), steps, -steps])
    every = _values(bound, table, (z[:, None] + moves).reshape(-1, count))
    every = every.reshape(batch, 2 * count + 1, -1)
    slope = (every[:, 1 : count + 1] - every[:, count + 1 :]) / (2.0 * _DIFFERENCE_STEP)
    return every[:, :1], slope.movedim(1, -1)[:, None]


def _covariance(at: Minimum, noise: Tensor) -> Tensor:
    slope = at.jacobian[0, 0] / noise[:, None]
    eye = torch.eye(slope.shape[1], dtype=torch.float64)
    covariance: Tensor = torch.linalg.inv(slope.T @ slope + eye)
    return covariance


def _leverage(at: Minimum, noise: Tensor) -> Tensor:
    slope = at.jacobian[0, 0] / noise[:, None]
    leverage: Tensor = ((slope @ _covariance(at, noise)) * slope).sum(-1)
    return leverage


def _sample(
    bound: BoundPhysics, table: _Table, at: Minimum, noise: Tensor, seed: int
) -> PosteriorSample | None:
    return sample_posterior(
        lambda z: _log_posterior(bound, table, z), at.z[0], _covariance(at, noise), seed
    )


def _log_posterior(bound: BoundPhysics, table: _Table, z: Tensor) -> Tensor:
    """Return ``B`` log posteriors of parameters ``B x p``, up to a constant.

    The noise of an output that is not known is integrated out: its inverse gamma prior is worth
    one measurement.
    """
    residual = table.value - _values(bound, table, z)
    total = -0.5 * z.square().sum(-1)
    known = ~table.known.isnan()
    total = total - 0.5 * (residual / table.known)[:, known].square().sum(-1)
    for column in table.columns:
        rows = table.of(column)
        rows = rows[table.known[rows].isnan()]
        if len(rows):
            expected = (_EXPECTED_NOISE * table.size(column)) ** 2
            squares = residual[:, rows].square().sum(-1) + expected
            total = total - 0.5 * (len(rows) + 1) * squares.log()
    return total


def _sampled_ranges(sample: PosteriorSample) -> list[_Range]:
    deviation = sample.covariance.diagonal().sqrt()
    return [
        _Range(
            sample.quantile(i, 0.5),
            sample.quantile(i, 0.05),
            sample.quantile(i, 0.95),
            float(sample.mean[i]),
            float(deviation[i]),
        )
        for i in range(len(deviation))
    ]


def _laplace_ranges(at: Minimum, noise: Tensor) -> list[_Range]:
    covariance = _covariance(at, noise)
    freedom = float((1.0 - _leverage(at, noise)).sum())
    wide = float(student.ppf(0.95, max(freedom, 1.0))) / _NORMAL
    made = []
    for z, variance in zip(at.z[0].tolist(), covariance.diagonal().tolist(), strict=True):
        # Nothing is known worse than the prior says.
        sd = min(wide * math.sqrt(variance), 1.0)
        made.append(_Range(z, z - _NORMAL * sd, z + _NORMAL * sd, z, sd))
    return made


def _reweighted(table: _Table, at: Minimum, noise: Tensor) -> Tensor:
    """Return the noise of every measurement by the residuals of its output."""
    left = 1.0 - _leverage(at, noise)
    residual = table.value - at.value[0, 0]
    made = table.known.clone()
    for column in table.columns:
        rows = table.of(column)
        unknown = rows[table.known[rows].isnan()]
        if not len(unknown):
            continue
        free, size = float(left[unknown].sum()), table.size(column)
        total = float(residual[unknown].square().sum()) + (_EXPECTED_NOISE * size) ** 2
        spread = math.sqrt(total / (free + 1.0))
        made[unknown] = max(spread, _LEAST_NOISE * size)
    return made


def _parameters(bound: BoundPhysics, ranges: Sequence[_Range]) -> tuple[FittedParameter, ...]:
    made = []
    for parameter, found in zip(bound.model.parameters, ranges, strict=True):
        prior = parameter.prior
        low, high = prior.natural(found.low), prior.natural(found.high)
        made.append(
            FittedParameter(
                parameter.name,
                prior.unit,
                prior.natural(found.middle),
                low,
                high,
                min(found.sd, 1.0),
                found.middle,
                prior,
                _after(prior, found.mean, found.sd),
            )
        )
    return tuple(made)


def _after(prior: Prior, z: float, sd: float) -> Prior:
    """Return the prior that says what is known now: rounded, as a person would write it."""
    log, _, slope = prior.si_coefficients()
    median = float(f"{prior.natural(z):.6g}")
    if log:
        return Prior(median, prior.unit, rel=max(float(f"{slope * sd:.3g}"), 1e-4))
    return Prior(median, prior.unit, sd=float(f"{(prior.sd or 0.0) * sd:.3g}"))


def _outputs(
    bound: BoundPhysics, table: _Table, at: Minimum, noise: Tensor
) -> tuple[FittedOutput, ...]:
    made = []
    left = 1.0 - _leverage(at, noise)
    for column in table.columns:
        rows = table.of(column)
        predicted, measured = at.value[0, 0, rows], table.value[rows]
        free = max(float(left[rows].sum()), 1e-9)
        spread = math.sqrt(float((measured - predicted).square().sum()) / max(free, 1.0))
        known = table.known[rows]
        made.append(
            FittedOutput(
                bound.outputs[column],
                bound.model.output_units[column],
                tuple(table.row[rows].tolist()),
                tuple(measured.tolist()),
                tuple(predicted.tolist()),
                spread,
                None if bool(known.isnan().any()) else float(known.square().mean().sqrt()),
            )
        )
    return tuple(made)


def _correlation(covariance: FloatArray) -> tuple[tuple[float, ...], ...]:
    deviation = np.sqrt(np.diag(covariance))
    return tuple(tuple(row) for row in (covariance / np.outer(deviation, deviation)).tolist())


def _next_points(
    bound: BoundPhysics,
    space: SearchSpace,
    z: Tensor,
    covariance: Tensor,
    outputs: Sequence[FittedOutput],
    seed: int,
) -> tuple[Point, ...]:
    points = sum(len(axis.values) for axis in bound.curves.values())
    noise = torch.full((len(bound.outputs) + points,), torch.inf, dtype=torch.float64)
    for output in outputs:
        least = _LEAST_NOISE * max(abs(m) for m in output.measured) or 1e-300
        noise[bound.outputs.index(output.name)] = max(output.noise, least)
    return tuple(most_informative(bound, space, z, covariance, noise, _NEXT, seed))
