"""Which parameters the planned measurements can identify, before any experiment.

The Fisher information of n experiments with Gaussian noise, in whitened parameters, gives the
expected posterior covariance ``(J' J / noise^2 + 1)^-1`` (Chaloner & Verdinelli, Stat. Sci. 10
(1995) 273). It depends on the unknown parameters: the median over draws from the prior is taken.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.checks.informative_experiments import most_informative
from labloop.physics.checks.sample_points import spread_points
from labloop.physics.language import BoundPhysics, PhysicsParameter, as_physics
from labloop.records import Point
from labloop.space import SearchSpace

_STEP = 1e-4
_DRAWS = 9
_POINTS = 64
_SPREAD = 0.7
_WELL, _PARTLY = 0.3, 0.7
_MIXED = 0.5
Verdict: TypeAlias = Literal["well", "partly", "hardly", "not at all"]


@dataclass(frozen=True, slots=True)
class Identified:
    """How well the planned measurements identify one parameter.

    Attributes:
        parameter: its name.
        width: standard deviation to be expected, as a share of the prior's.
        relative: the same as a share of the value (0.05: to 5 %); None for a prior by ``sd=``.
        mixed_with: the parameter that it is correlated with, where there is one.
        verdict: ``well``, ``partly``, ``hardly`` or ``not at all`` determined.
        sentence: all of it in words.
    """

    parameter: str
    width: float
    relative: float | None
    mixed_with: str | None
    verdict: Verdict
    sentence: str


def identify(
    model: object,
    space: SearchSpace,
    *,
    measured: Sequence[str] | None = None,
    noise: float = 0.02,
    n: int = 20,
    seed: int = 0,
) -> tuple[Identified, ...]:
    """Return how well ``n`` experiments spread over the space identify every parameter.

    Args:
        model: a physics model.
        space: the search space.
        measured: outputs and curves that are measured; all that the model predicts where None.
        noise: standard deviation of the measurements, as a share of each output's range over
            the space (of a curve: of the range of all its points).
        n: experiments, at points spread evenly over the space; fewer where a pool has no more.
        seed: for the points and for the draws from the prior.

    Raises:
        PhysicsError: the model does not fit the space, predicts nothing of what is measured,
            or the noise is no share.
    """
    if not (math.isfinite(noise) and noise > 0) or n < 1:
        raise PhysicsError(f"noise must be above 0 and n at least 1, got {noise!r} and {n!r}")
    bound = BoundPhysics(as_physics(model), space)
    if not bound.model.parameters:
        return ()
    groups = _groups(bound, measured)
    encoded = spread_points(space, n, seed)
    with torch.no_grad():
        covariance = _covariance(bound, encoded, groups, noise, seed)
    return tuple(_verdict_on(p, i, covariance, bound) for i, p in enumerate(bound.model.parameters))


def teaching_points(
    model: object,
    space: SearchSpace,
    *,
    measured: Sequence[str] | None = None,
    noise: float = 0.02,
    count: int = 3,
    seed: int = 0,
) -> list[Point]:
    """Return the experiments that would teach most about the parameters before any result.

    Slopes are those at the priors' medians; see :func:`most_informative`.

    Args:
        model: a physics model.
        space: the search space.
        measured: as for :func:`identify`.
        noise: as for :func:`identify`.
        count: how many experiments.
        seed: of the candidates.

    Raises:
        PhysicsError: as :func:`identify`.
    """
    bound = BoundPhysics(as_physics(model), space)
    if not bound.model.parameters:
        return []
    groups = _groups(bound, measured)
    medians = torch.zeros(bound.dimension, dtype=torch.float64)
    with torch.no_grad():
        found = bound.predict_all(spread_points(space, _POINTS, seed), medians)
        sizes = torch.full(found.shape[-1:], torch.inf, dtype=torch.float64)
        for columns in groups:
            values = found[..., columns]
            # Where an output is the same everywhere its range says nothing: its size stands in.
            least = max(1e-3 * float(values.abs().max()), 1e-300)
            sizes[columns] = noise * max(float(values.max() - values.min()), least)
        prior = torch.eye(bound.dimension, dtype=torch.float64)
        return most_informative(bound, space, medians, prior, sizes, count, seed)


def _groups(bound: BoundPhysics, measured: Sequence[str] | None) -> list[list[int]]:
    """Return the columns that share one noise: an output, or the points of a curve."""
    groups = {name: [i] for i, name in enumerate(bound.outputs)}
    for name, columns in bound.curve_columns.items():
        groups[name] = list(range(columns.start, columns.stop))
    wanted = [name for name in groups if measured is None or name in measured]
    if not wanted:
        raise PhysicsError(
            f"physics {bound.model.name!r} predicts {', '.join(groups)}, of which nothing is "
            f"measured ({', '.join(measured or ())}); name its outputs alike"
        )
    return [groups[name] for name in wanted]


def _covariance(
    bound: BoundPhysics, encoded: Tensor, groups: list[list[int]], noise: float, seed: int
) -> Tensor:
    """Return the covariances to be expected at each draw of the parameters, draws x p x p."""
    count = bound.dimension
    generator = torch.Generator().manual_seed(seed)
    draws = _SPREAD * torch.randn(_DRAWS, count, generator=generator, dtype=torch.float64)
    draws[0] = 0.0
    eye = torch.eye(count, dtype=torch.float64)
    steps = torch.cat([_STEP * eye, -_STEP * eye])
    # draws x directions x points
    z = (draws[:, None] + steps)[:, :, None]
    found = bound.predict_all(encoded, z)
    slope = (found[:, :count] - found[:, count:]) / (2.0 * _STEP)
    middle = bound.predict_all(encoded, draws[:, None])
    information = eye.expand(_DRAWS, count, count).clone()
    for columns in groups:
        values, slopes = middle[..., columns], slope[..., columns]
        span = (values.amax((1, 2)) - values.amin((1, 2))).clamp_min(1e-300)
        # Where an output is the same everywhere its range says nothing: its size stands in.
        span = torch.maximum(span, 1e-3 * values.abs().amax((1, 2)))
        scaled = slopes.flatten(2) / (noise * span)[:, None, None]
        information = information + scaled @ scaled.mT
    covariance: Tensor = torch.linalg.inv(information)
    return covariance


def _verdict_on(
    parameter: PhysicsParameter, index: int, covariance: Tensor, bound: BoundPhysics
) -> Identified:
    deviation = covariance.diagonal(dim1=1, dim2=2).sqrt()
    width = min(float(deviation[:, index].median()), 1.0)
    correlation = covariance[:, index] / (deviation[:, index : index + 1] * deviation)
    correlation[:, index] = 0.0
    usual = correlation.median(0).values.abs()
    other = int(usual.argmax())
    mixed = None
    if width > _WELL and float(usual[other]) > _MIXED:
        mixed = bound.model.parameters[other].name
    log, _, spread_points = parameter.prior.si_coefficients()
    relative = math.expm1(width * spread_points) if log else None
    verdict = _verdict(width)
    near = (
        f"to {_percent(relative)}" if relative is not None else f"to {_natural(parameter, width)}"
    )
    share = f"{_percent(width)} of the prior's width"
    told = {
        "well": f"well determined ({near})",
        "partly": f"partly determined ({near}, {share})",
        "hardly": f"hardly determined ({share})",
        "not at all": "not determined: no measured output depends on it",
    }[verdict]
    if mixed is not None:
        told += f"; it is mixed up with {mixed}"
    return Identified(parameter.name, width, relative, mixed, verdict, told)


def _verdict(width: float) -> Verdict:
    if width > 0.999:
        return "not at all"
    if width > _PARTLY:
        return "hardly"
    return "partly" if width > _WELL else "well"


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g} %" if share < 0.995 else f"{100.0 * share:.0f} %"


def _natural(parameter: PhysicsParameter, width: float) -> str:
    return f"{width * (parameter.prior.sd or 0.0):.2g} {parameter.unit}".removesuffix(" 1")
