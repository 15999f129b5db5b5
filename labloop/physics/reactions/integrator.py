"""Kinetics in time: batched, stiff-safe, conservative, positive, differentiable.

The unknowns are the extents of the reactions, so every total that the network conserves is
kept to rounding whatever the step does. Steps are those of the Rosenbrock method RODAS3
(order 3, stiffly accurate and L-stable; Sandu et al., Atmos. Environ. 31 (1997) 3459), on a
grid that is fine at the start of fast reactions and even for slow ones. Where a step would
take more of a species than there is, the extents that take it are shortened. What is dosed is
a known function of time, so amounts and volume are exact; only the rates feel it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.language import common_shape
from labloop.physics.reactions.network import Laws, Network, inverse, react, total
from labloop.physics.reactions.plain_integrator import march
from labloop.physics.reactions.plain_numbers import numbers, plain
from labloop.records import FloatArray

STEPS = 20


@dataclass(frozen=True, slots=True)
class Dosing:
    """A feed that runs in evenly, in shares of the volume that stands there at the start.

    Attributes:
        gain: what is dosed in all, in mol per m^3 of starting volume, batch x S.
        swelling: dosed volume over starting volume, batch.
        over: seconds that dosing lasts, batch.
    """

    gain: Tensor
    swelling: Tensor
    over: Tensor


def _shares(fastest: Tensor, time: Tensor, steps: int) -> Tensor:
    """Return step ends (steps + 1) x N from 0 to 1: geometric where stiff, even where slow."""
    bend = torch.log1p(fastest * time).clamp_min(1e-3)
    share = torch.arange(steps + 1, dtype=time.dtype) / steps
    return torch.expm1(bend * share[:, None]) / torch.expm1(bend)


def _widths(ends: Tensor, time: Tensor) -> Tensor:
    # So small that nothing happens in it, and that its inverse squared is still a number.
    return ((ends[1:] - ends[:-1]) * time).clamp_min(1e-60)


def integrate(
    network: Network,
    laws: Laws,
    c0: Tensor,
    time: Tensor,
    steps: int = STEPS,
    dosing: Dosing | None = None,
) -> Tensor:
    """Return the amounts after ``time`` in a closed or dosed vessel.

    Args:
        network: S species, R reactions.
        laws: constants in SI, batch x R (``hold``: batch x R x S).
        c0: concentrations at the start in mol/m^3, batch x S.
        time: seconds, batch.
        steps: steps of the grid; 20 give errors below 5e-3 of the feed up to k c t = 1e6
            and about 2e-5 where reactions are not stiff. A dosed vessel takes as many while
            the feed runs and again after it.
        dosing: what runs in meanwhile.

    Returns:
        batch x S in mol per m^3 of starting volume; gradients flow to everything.
    """
    network = network.to(laws.k.device)
    batch = common_shape(laws.k[..., 0], c0[..., 0], time)
    flat = flatten(laws, batch)
    state = rows(c0, batch)
    end = time.expand(batch).reshape(-1)
    if dosing is None:
        state = _closed(network, flat, state, end, steps)
    else:
        over = dosing.over.expand(batch).reshape(-1)
        swelling = dosing.swelling.expand(batch).reshape(-1)
        gain = rows(dosing.gain, batch, last=0.0)
        state = _dosed(network, flat, state, (end, over), (gain, swelling), steps)
    return state[:-1].T.reshape(*batch, c0.shape[-1])


def rows(values: Tensor, batch: torch.Size, last: float = 1.0) -> Tensor:
    """Return batch x S values as (S + 1) x N, with a last row that is everywhere the same."""
    flat = values.expand(*batch, values.shape[-1]).reshape(-1, values.shape[-1]).T
    return torch.cat([flat, torch.full_like(flat[:1], last)])


def flatten(laws: Laws, batch: torch.Size) -> Laws:
    """Return laws of batch x R as R x N."""
    k = laws.k.expand(*batch, laws.k.shape[-1]).reshape(-1, laws.k.shape[-1]).T
    if laws.hold is None:
        return Laws(k)
    shape = laws.hold.shape[-2:]
    hold = laws.hold.expand(*batch, *shape).reshape(-1, *shape).permute(1, 2, 0)
    return Laws(k, torch.cat([hold, torch.zeros_like(hold[:, :1])], dim=1), laws.power)


def _closed(network: Network, laws: Laws, state: Tensor, end: Tensor, steps: int) -> Tensor:
    ends = _shares(network.fastest(laws, total(state[:-1].unbind(0))), end, steps)
    return _marched(network, (laws, laws), state, 1.0 / _widths(ends, end))


def _marched(
    network: Network,
    laws: tuple[Laws, Laws],
    state: Tensor,
    per: Tensor,
    dose: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return the state after steps of widths ``1 / per`` (steps x N), see :func:`_step`.

    In arrays where no gradient is asked for, else in tensors: the numbers are the same to
    rounding.
    """
    asked = [laws[0].k, laws[1].k, laws[0].hold, laws[1].hold, state, per, *(dose or ())]
    if all(plain(tensor) for tensor in asked if tensor is not None):
        return _in_arrays(network, laws, state, per, dose)
    twice = _twice(laws[0])
    for step in per.unbind(0):
        extents = _step(network, laws, state, step, twice, dose)
        if dose is not None:
            state = state + dose[0]
        state = state + network.net @ react(network.net, state, extents)
    return state


def _in_arrays(
    network: Network,
    laws: tuple[Laws, Laws],
    state: Tensor,
    per: Tensor,
    dose: tuple[Tensor, Tensor] | None,
) -> Tensor:
    power = laws[0].power
    given = None if dose is None else (numbers(dose[0]), numbers(dose[1]))
    return torch.from_numpy(
        march(
            numbers(network.net),
            network.factors.numpy(),
            None if power is None else numbers(power),
            (_numbers_of(laws[0]), _numbers_of(laws[1])),
            numbers(state),
            numbers(per),
            given,
        )
    )


def _numbers_of(laws: Laws) -> tuple[FloatArray, FloatArray]:
    return numbers(laws.k), numbers(laws.hold if laws.hold is not None else torch.empty(0, 0, 0))


def _twice(laws: Laws) -> Tensor:
    return 2.0 * torch.eye(len(laws.k), dtype=torch.float64)[:, :, None]


def _dosed(
    network: Network,
    laws: Laws,
    state: Tensor,
    times: tuple[Tensor, Tensor],
    dose: tuple[Tensor, Tensor],
    steps: int,
) -> Tensor:
    """Return the state after dosing and what follows it; ``times`` are end and dosing time."""
    end, over = times
    gain, swelling = dose
    running = torch.minimum(end, over)
    # The share that has run in; all of it where dosing takes no time.
    dosed = torch.where(end >= over, 1.0, end / torch.where(end >= over, 1.0, over))
    gain, swelling = gain * dosed, swelling * dosed
    fastest = network.fastest(laws, total(state[:-1].unbind(0)) + total(gain.unbind(0)))
    ends = _shares(fastest, running, steps)
    now = laws
    for width, share, last in zip(
        _widths(ends, running), (ends[1:] - ends[:-1]).unbind(0), ends[1:].unbind(0), strict=True
    ):
        volume = 1.0 + swelling * last
        after = laws.swollen(network.order, volume)
        drift = network.drift(
            now, state, gain * share, swelling * share, 1.0 + swelling * (last - share)
        )
        dose_now = gain * share, drift
        state = _marched(network, (now, after), state, (1.0 / width).unsqueeze(0), dose_now)
        now = after
    return _closed(
        network, laws.swollen(network.order, 1.0 + swelling), state, end - running, steps
    )


def _step(
    network: Network,
    laws: tuple[Laws, Laws],
    state: Tensor,
    per: Tensor,
    twice: Tensor,
    dose: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return the extents of one RODAS3 step of width ``1 / per``, R x N (gamma = 1/2).

    Args:
        network: S species, R reactions.
        laws: at the start and at the end of the step.
        state: (S + 1) x N.
        per: one over the width, N.
        twice: twice the unit matrix, R x R x 1.
        dose: what the step adds to the state, and by how much that alone changes the rates.
    """
    rate, slope = network.rates_and_slope(laws[0], state)
    solve = inverse(per * twice - slope)
    net, later, first, second = network.net, state, rate, rate
    if dose is not None:
        later = state + dose[0]
        first, second = rate + 0.5 * dose[1], rate + 1.5 * dose[1]
    u1 = (solve * first).sum(1)
    u2 = (solve * (second + 4.0 * per * u1)).sum(1)
    shift, reached = per * (u1 - u2), 2.0 * u1
    u3 = (solve * (network.rates(laws[1], later + net @ reached) + shift)).sum(1)
    reached = reached + u3
    last = network.rates(laws[1], later + net @ reached)
    return reached + (solve * (last + shift - (8.0 / 3.0) * per * u3)).sum(1)
