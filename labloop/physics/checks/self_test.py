"""Self-tests of a physics model on a space, told in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.checks.finding import Finding
from labloop.physics.checks.sample_points import repeated_points, spread_points
from labloop.physics.checks.steps_and_speed import stepped_part, stiffness
from labloop.physics.language import BoundPhysics, as_physics, mixed_units
from labloop.space import SearchSpace
from labloop.units import same_dimension

_POINTS = 64
_BALANCE = 1e-9
_SLOPE_STEP = 1e-5
_SLOPE_ERROR = 1e-3
_FLAT = 1e-9
_AMOUNTS = ("mol/m^3", "kg/m^3", "mol", "kg")


@runtime_checkable
class Conservative(Protocol):
    """A physics model with balances that it must conserve."""

    def balances(self, x: Mapping[str, Tensor], theta: Tensor) -> Mapping[str, Tensor]:
        """Return conserved quantity -> its relative change, which should be 0."""
        ...


@runtime_checkable
class HasGradients(Protocol):
    """A physics model of a user's function."""

    @property
    def gradients(self) -> str:
        """``automatic`` or ``central differences``."""
        ...

    @property
    def arguments(self) -> Mapping[str, str]:
        """Input or parameter -> the unit in which the function is given it."""
        ...


@runtime_checkable
class HasFeed(Protocol):
    """A physics model of species with a feed."""

    species: tuple[str, ...]
    feed_units: tuple[str, ...]

    def fed(self, x: Mapping[str, Tensor], theta: Tensor) -> Tensor:
        """Return what is fed of each species, ``[..., S]``."""
        ...


@dataclass(frozen=True, slots=True)
class PhysicsCheck:
    """What :func:`check_physics` found."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return all(finding.holds for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join(
            f"{'ok  ' if f.holds else 'BAD '} {f.name}: {f.sentence}" for f in self.findings
        )


def check_physics(model: object, space: SearchSpace, seed: int = 0) -> PhysicsCheck:
    """Return what is wrong with ``model`` on ``space``, if anything.

    Tested over the whole box and over four prior standard deviations of the parameters:
    units, finite values without negative amounts, batching, gradients against finite
    differences, what the model must conserve, and whether its steps in time are fine enough.
    """
    try:
        bound = BoundPhysics(as_physics(model), space)
    except PhysicsError as error:
        return PhysicsCheck((Finding("units", holds=False, sentence=str(error)),))
    findings = [Finding("units", holds=True, sentence=_units_told(bound))]
    encoded, z = _sample(bound, space, seed)
    try:
        value = bound.predict_all(encoded, z)
    except Exception as error:  # noqa: BLE001 - the user's function is the edge; told in words
        sentence = _raised(error)
        return PhysicsCheck((*findings, Finding("values", holds=False, sentence=sentence)))
    findings.append(_values(bound, encoded, value))
    if findings[-1].holds and isinstance(bound.model, HasFeed):
        findings[-1] = _negative_feed(bound, bound.model, encoded, z) or findings[-1]
    if not findings[-1].holds:
        return PhysicsCheck(tuple(findings))
    findings.append(_told_in_words("batches", lambda: _batches(bound, encoded, z, value)))
    findings.append(_told_in_words("gradients", lambda: _gradients(bound, encoded, z)))
    if isinstance(bound.model, Conservative):
        findings.extend(_balances(bound, bound.model, encoded, z))
    part = stepped_part(bound.model)
    if part is not None:
        findings.append(stiffness(bound, part, encoded, z))
    return PhysicsCheck(tuple(findings))


def _units_told(bound: BoundPhysics) -> str:
    """Return that units fit, and in which a user's function is given its arguments."""
    sentence = "inputs and outputs fit the space"
    if not isinstance(bound.model, HasGradients):
        return sentence
    arguments = bound.model.arguments
    sentence += "; the function is given " + ", ".join(
        f"{name} in {unit}" if unit != "1" else f"{name} without a unit"
        for name, unit in arguments.items()
    )
    mixed = mixed_units(arguments.values())
    if mixed is not None:
        sentence += f"; mind that {mixed[0]} and {mixed[1]} are mixed, a product needs a factor"
    return sentence


def _raised(error: Exception) -> str:
    """Return what was raised; a sentence of ours as it is."""
    known = isinstance(error, PhysicsError)
    return str(error) if known else f"it raised {type(error).__name__}: {error}"


def _told_in_words(name: str, test: Callable[[], Finding]) -> Finding:
    """Return what a test finds; a user's function may raise at other shapes than the first."""
    try:
        return test()
    except Exception as error:  # noqa: BLE001 - the user's function is the edge; told in words
        sentence = f"{_raised(error)}; every operation must work on each experiment by itself"
        return Finding(name, holds=False, sentence=sentence)


def _sample(bound: BoundPhysics, space: SearchSpace, seed: int) -> tuple[Tensor, Tensor]:
    points = repeated_points(spread_points(space, _POINTS, seed), _POINTS)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(len(points), bound.dimension, generator=generator, dtype=torch.float64)
    z[: len(z) // 4] *= 2.0
    return points, z.clamp(-4.0, 4.0)


def _values(bound: BoundPhysics, encoded: Tensor, value: Tensor) -> Finding:
    names = _names(bound)
    wanted = (*encoded.shape[:-1], len(names))
    if not isinstance(value, Tensor):
        sentence = f"predict returned {type(value).__name__}, expected a tensor"
        return Finding("values", holds=False, sentence=sentence)
    if tuple(value.shape) != wanted:
        sentence = f"predict returned shape {tuple(value.shape)}, expected {wanted}"
        return Finding("values", holds=False, sentence=sentence)
    bad = ~torch.isfinite(value)
    amounts = torch.tensor([_is_amount(unit) for unit in _units(bound)])
    # Negative by no more than rounding counts as zero.
    low = -_BALANCE * torch.nan_to_num(value).abs().amax(0)
    bad |= amounts & (value < low)
    if bool(bad.any()):
        row, column = bad.nonzero()[0].tolist()
        told = _place(bound, encoded[row])
        number = float(value[row, column])
        what = f"{names[column]} is {number:.6g}"
        if number < 0 and torch.isfinite(value[row, column]):
            what += f" {_units(bound)[column]}, a negative amount,"
        return Finding("values", holds=False, sentence=f"{what} at {told}")
    return Finding("values", holds=True, sentence="finite over the whole box")


def _negative_feed(
    bound: BoundPhysics, model: HasFeed, encoded: Tensor, z: Tensor
) -> Finding | None:
    """Return what is wrong where a feed is negative, which the solver treats as zero."""
    fed = model.fed(bound.inputs_si(encoded), bound.theta(z))
    fed = fed.expand(len(encoded), fed.shape[-1])
    low = fed < -_BALANCE * fed.abs().amax()
    if not bool(low.any()):
        return None
    row, column = low.nonzero()[0].tolist()
    sentence = (
        f"of {model.species[column]} {float(fed[row, column]):.4g} {model.feed_units[column]} are "
        f"fed, a negative amount, at {_place(bound, encoded[row])}; correct its feed, or keep such "
        "points out of the space by a constraint"
    )
    return Finding("values", holds=False, sentence=sentence)


def _place(bound: BoundPhysics, encoded: Tensor) -> str:
    """Return one point in words."""
    where = bound.inputs_si(encoded)
    return ", ".join(f"{k} = {float(v):.4g} (SI)" for k, v in where.items())


def _names(bound: BoundPhysics) -> list[str]:
    names = list(bound.outputs)
    for name, axis in bound.curves.items():
        names += [f"{name} at {at:.4g} {axis.unit}" for at in axis.values]
    return names


def _units(bound: BoundPhysics) -> list[str]:
    units = list(bound.model.output_units)
    for axis in bound.curves.values():
        units += [axis.y_unit] * len(axis.values)
    return units


def _is_amount(unit: str) -> bool:
    return any(same_dimension(unit, kind) for kind in _AMOUNTS)


def _batches(bound: BoundPhysics, encoded: Tensor, z: Tensor, value: Tensor) -> Finding:
    single = torch.stack([bound.predict_all(encoded[i], z[i]) for i in range(4)])
    cross = bound.predict_all(encoded[:4, None], z[None, :4])
    pairs = cross[torch.arange(4), torch.arange(4)] if cross.shape[:2] == (4, 4) else cross
    scale = value.abs().amax(0).clamp_min(1e-12)
    same = pairs.shape == single.shape and all(
        bool(((found - value[:4]).abs() <= 1e-9 * scale).all()) for found in (single, pairs)
    )
    sentence = (
        "one point gives the same as many at once"
        if same
        else "one point does not give the same as many at once; every operation must work on each "
        "experiment by itself"
    )
    return Finding("batches", holds=same, sentence=sentence)


def _gradients(bound: BoundPhysics, encoded: Tensor, z: Tensor) -> Finding:
    inside = (0.01 + 0.98 * encoded).requires_grad_()
    free = z.clone().requires_grad_()
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(len(bound.outputs), generator=generator, dtype=torch.float64)
    total = (bound.predict(inside, free) * weights).sum()
    if not total.requires_grad:
        return Finding("gradients", holds=False, sentence="none flow; use torch operations only")
    found = torch.autograd.grad(total, (inside, free), allow_unused=True)
    gradients = [
        torch.zeros_like(v) if g is None else g for v, g in zip((inside, free), found, strict=True)
    ]
    if not all(bool(torch.isfinite(g).all()) for g in gradients):
        return Finding("gradients", holds=False, sentence="not finite somewhere in the box")
    direction = [torch.randn(v.shape, generator=generator, dtype=torch.float64) for v in gradients]
    slope = sum((g * d).sum(-1) for g, d in zip(gradients, direction, strict=True))
    ends = [
        bound.predict(
            inside.detach() + s * _SLOPE_STEP * direction[0],
            free.detach() + s * _SLOPE_STEP * direction[1],
        )
        @ weights
        for s in (1.0, -1.0)
    ]
    numeric = (ends[0] - ends[1]) / (2.0 * _SLOPE_STEP)
    # The difference of a constant is rounding of its value.
    scale = torch.maximum(numeric.abs().max(), _FLAT * ends[0].abs().max())
    wrong = (slope - numeric).abs() > _SLOPE_ERROR * scale
    # A kink (a species that runs out) may lie within the step of a few points.
    if int(wrong.sum()) > len(encoded) // 16:
        return Finding("gradients", holds=False, sentence="they disagree with finite differences")
    if isinstance(bound.model, HasGradients) and bound.model.gradients != "automatic":
        sentence = (
            f"finite; by {bound.model.gradients}, since none flow through the function: in torch "
            "they would be exact, and quicker"
        )
        return Finding("gradients", holds=True, sentence=sentence)
    return Finding("gradients", holds=True, sentence="finite, and as finite differences say")


def _balances(
    bound: BoundPhysics, model: Conservative, encoded: Tensor, z: Tensor
) -> list[Finding]:
    findings = []
    for what, change in model.balances(bound.inputs_si(encoded), bound.theta(z)).items():
        worst = float(change.abs().max())
        holds = worst <= _BALANCE
        told = "is kept" if holds else f"is not kept: it changes by up to {worst:.1e} of the feed"
        findings.append(Finding("balance", holds=holds, sentence=f"{what} {told}"))
    return findings
