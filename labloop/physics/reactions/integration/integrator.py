"""Kinetics in time: batched, stiff-safe, conservative, positive, differentiable.

The unknowns are the extents of the reactions, so that every conserved total is kept to rounding.
Steps are those of the Rosenbrock method RODAS3 (order 3, stiffly accurate, L-stable; Sandu et al.,
Atmos. Environ. 31 (1997) 3459), on a grid that is geometric for fast reactions and even for slow
ones. Where a step would make a species negative, the extents that consume it are reduced.
"""

import torch
from torch import Tensor

from labloop.physics.language import broadcast_shape
from labloop.physics.reactions.integration.array_conversion import converts_to_array, to_array
from labloop.physics.reactions.integration.array_integrator import ConstantArrays, integrate_arrays
from labloop.physics.reactions.integration.network import (
    Network,
    RateConstants,
    inverse,
    limit_extents,
)

STEPS = 20


def time_grid(fastest_rate: Tensor, time: Tensor, steps: int) -> Tensor:
    """Return step ends (steps + 1) x N from 0 to 1: geometric where stiff, even where slow."""
    bend = torch.log1p(fastest_rate * time).clamp_min(1e-3)
    share = torch.arange(steps + 1, dtype=time.dtype) / steps
    return torch.expm1(bend * share[:, None]) / torch.expm1(bend)


def step_widths(ends: Tensor, time: Tensor) -> Tensor:
    """Return the widths of steps x N in seconds."""
    # At least so wide that the inverse square is finite.
    return ((ends[1:] - ends[:-1]) * time).clamp_min(1e-60)


def integrate(
    network: Network,
    constants: RateConstants,
    c0: Tensor,
    time: Tensor,
    steps: int = STEPS,
) -> Tensor:
    """Return the concentrations after ``time`` in a closed vessel.

    Args:
        network: S species, R reactions.
        constants: constants in SI, batch x R (``denominator``: batch x R x S).
        c0: concentrations at the start in mol/m^3, batch x S.
        time: seconds, batch.
        steps: steps of the grid; 20 give errors below 5e-3 of the feed up to k c t = 1e6
            and about 2e-5 where reactions are not stiff.

    Returns:
        batch x S in mol/m^3; gradients flow to everything.
    """
    network = network.to(constants.k.device)
    batch = broadcast_shape(constants.k[..., 0], c0[..., 0], time)
    flat = flatten(constants, batch)
    state = rows(c0, batch)
    end = time.expand(batch).reshape(-1)
    state = integrate_closed(network, flat, state, end, steps)
    return state[:-1].T.reshape(*batch, c0.shape[-1])


def rows(values: Tensor, batch: torch.Size, last: float = 1.0) -> Tensor:
    """Return batch x S values as (S + 1) x N, with a last row that is everywhere the same."""
    flat = values.expand(*batch, values.shape[-1]).reshape(-1, values.shape[-1]).T
    return torch.cat([flat, torch.full_like(flat[:1], last)])


def flatten(constants: RateConstants, batch: torch.Size) -> RateConstants:
    """Return laws of batch x R as R x N."""
    k = constants.k.expand(*batch, constants.k.shape[-1]).reshape(-1, constants.k.shape[-1]).T
    given = tuple(
        {name: value.expand(batch).reshape(-1) for name, value in law.items()}
        for law in constants.given
    )
    if constants.denominator is None:
        return RateConstants(k, given=given)
    shape = constants.denominator.shape[-2:]
    denominator = constants.denominator.expand(*batch, *shape).reshape(-1, *shape).permute(1, 2, 0)
    return RateConstants(
        k,
        torch.cat([denominator, torch.zeros_like(denominator[:, :1])], dim=1),
        constants.power,
        given,
    )


def integrate_closed(
    network: Network, constants: RateConstants, state: Tensor, end: Tensor, steps: int
) -> Tensor:
    """Return the state (S + 1) x N after ``end`` (seconds, N), nothing else changing."""
    ends = time_grid(network.fastest_rate(constants, state), end, steps)
    return take_steps(network, (constants, constants), state, 1.0 / step_widths(ends, end))


def take_steps(
    network: Network,
    constants: tuple[RateConstants, RateConstants],
    state: Tensor,
    per: Tensor,
    dose: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return the state after steps of widths ``1 / per`` (steps x N), see :func:`_rosenbrock_step`.

    In arrays where no gradient is asked for, else in tensors; equal to rounding.
    """
    asked = [
        constants[0].k,
        constants[1].k,
        constants[0].denominator,
        constants[1].denominator,
        state,
        per,
        *(dose or ()),
        *(value for law in constants[0].given for value in law.values()),
        constants[1].volume,
    ]
    if all(converts_to_array(tensor) for tensor in asked if tensor is not None):
        return _take_steps_in_arrays(network, constants, state, per, dose)
    twice = _twice_identity(constants[0])
    for step in per.unbind(0):
        extents = _rosenbrock_step(network, constants, state, step, twice, dose)
        if dose is not None:
            state = state + dose[0]
        state = state + network.net @ limit_extents(network.net, state, extents)
    return state


def _take_steps_in_arrays(
    network: Network,
    constants: tuple[RateConstants, RateConstants],
    state: Tensor,
    per: Tensor,
    dose: tuple[Tensor, Tensor] | None,
) -> Tensor:
    power = constants[0].power
    given = None if dose is None else (to_array(dose[0]), to_array(dose[1]))
    return torch.from_numpy(
        integrate_arrays(
            to_array(network.net),
            network.factors.numpy(),
            None if power is None else to_array(power),
            (_constant_arrays(constants[0]), _constant_arrays(constants[1])),
            to_array(state),
            to_array(per),
            given,
            network.laws,
        )
    )


def _constant_arrays(constants: RateConstants) -> ConstantArrays:
    none = torch.empty(0, 0, 0)
    return ConstantArrays(
        to_array(constants.k),
        to_array(constants.denominator if constants.denominator is not None else none),
        tuple({name: to_array(v) for name, v in law.items()} for law in constants.given),
        None if constants.volume is None else to_array(constants.volume),
    )


def _twice_identity(constants: RateConstants) -> Tensor:
    return 2.0 * torch.eye(len(constants.k), dtype=torch.float64)[:, :, None]


def _rosenbrock_step(
    network: Network,
    constants: tuple[RateConstants, RateConstants],
    state: Tensor,
    per: Tensor,
    twice: Tensor,
    dose: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return the extents of one RODAS3 step of width ``1 / per``, R x N (gamma = 1/2).

    Args:
        network: S species, R reactions.
        constants: of the rates, at the start and at the end of the step.
        state: (S + 1) x N.
        per: one over the width, N.
        twice: twice the unit matrix, R x R x 1.
        dose: what the step adds to the state, and the change of the rates that this causes.
    """
    rate, slope = network.rates_and_slope(constants[0], state)
    solve = inverse(per * twice - slope)
    net, later, first, second = network.net, state, rate, rate
    if dose is not None:
        later = state + dose[0]
        first, second = rate + 0.5 * dose[1], rate + 1.5 * dose[1]
    u1 = (solve * first).sum(1)
    u2 = (solve * (second + 4.0 * per * u1)).sum(1)
    shift, reached = per * (u1 - u2), 2.0 * u1
    u3 = (solve * (network.rates(constants[1], later + net @ reached) + shift)).sum(1)
    reached = reached + u3
    last = network.rates(constants[1], later + net @ reached)
    return reached + (solve * (last + shift - (8.0 / 3.0) * per * u3)).sum(1)
