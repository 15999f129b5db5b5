"""The steady state of a continuous stirred tank reactor (CSTR).

From a tank filled with its feed, linearly implicit Euler steps in pseudo-time grow until they are
Newton steps (pseudo-transient continuation; Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998) 508),
so that of several steady states that one is found which start-up reaches. The unknowns are
extents, so that every conserved total is kept to rounding.
Gradients come from the implicit function theorem, by one more Newton step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.language import broadcast_shape
from labloop.physics.reactions.integration.integrator import flatten, rows
from labloop.physics.reactions.integration.network import (
    Network,
    RateConstants,
    inverse_and_least_pivot,
    limit_extents,
)

_MOST_STEPS = 300
_LENGTHENED, _SHORTENED = 0.35, 6.0
_PIVOT = 1e-3
_NEWTON = 1e-6
_CLOSE = 1e-10


def steady_state(network: Network, constants: RateConstants, c0: Tensor, time: Tensor) -> Tensor:
    """Return the concentrations that leave a stirred tank.

    Args:
        network: S species, R reactions.
        constants: constants in SI, batch x R.
        c0: concentrations of the feed in mol/m^3, batch x S.
        time: mean residence time in seconds, batch.

    Returns:
        batch x S in mol/m^3; gradients flow to everything.
    """
    tanks = _StirredTanks.of(network, constants, c0, time)
    state = tanks.feed + tanks.network.net @ tanks.extents()
    return state[:-1].T.reshape(*tanks.batch, c0.shape[-1])


def steady_state_residual(
    network: Network, constants: RateConstants, c0: Tensor, time: Tensor
) -> Tensor:
    """Return the change of each concentration by one more Newton step, batch x S in mol/m^3.

    The net rates themselves are no measure of convergence: for the traces that fast reactions
    leave they are dominated by rounding.
    """
    tanks = _StirredTanks.of(network, constants, c0, time)
    short = tanks.network.net @ tanks.newton_step(tanks.extents())
    return short[:-1].T.reshape(*tanks.batch, c0.shape[-1])


@dataclass(frozen=True, slots=True)
class _StirredTanks:
    """N stirred tanks: rate constants R x N, feed (S + 1) x N, outflow in 1/s, N."""

    network: Network
    constants: RateConstants
    feed: Tensor
    outflow: Tensor
    batch: torch.Size

    @classmethod
    def of(
        cls, network: Network, constants: RateConstants, c0: Tensor, time: Tensor
    ) -> "_StirredTanks":
        batch = broadcast_shape(constants.k[..., 0], c0[..., 0], time)
        outflow = 1.0 / time.expand(batch).reshape(-1).clamp_min(1e-12)
        return cls(
            network.to(outflow.device), flatten(constants, batch), rows(c0, batch), outflow, batch
        )

    def extents(self) -> Tensor:
        """Return the extents at the steady state; a last Newton step carries the gradients."""
        with torch.no_grad():
            found = self._pseudo_transient()
        return found + self.newton_step(found)

    def newton_step(self, extents: Tensor) -> Tensor:
        """Return the Newton step, its matrix without gradients."""
        rate, solve, _ = self._linearised(extents, torch.zeros_like(self.outflow))
        return (solve.detach() * (rate - self.outflow * extents)).sum(1)

    def _linearised(self, extents: Tensor, per: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rates, inverse matrix and least pivot of a step of width ``1 / per``."""
        state = (self.feed + self.network.net @ extents).clamp_min(0.0)
        rate, slope = self.network.rates_and_slope(self.constants, state)
        eye = torch.eye(len(self.constants.k), dtype=torch.float64)[:, :, None]
        return rate, *inverse_and_least_pivot((per + self.outflow) * eye - slope)

    def _pseudo_transient(self) -> Tensor:
        """Return the extents after a long pseudo-time.

        Where a rate grows faster than a step can follow, the matrix has a pivot that is not
        positive: the step is shortened until all are.
        """
        net = self.network.net
        extents = torch.zeros_like(self.constants.k)
        total = self.feed[:-1].sum(0)
        per = self.network.fastest_rate(self.constants, total) + self.outflow
        for _ in range(_MOST_STEPS):
            rate, solve, least = self._linearised(extents, per)
            move = (solve * (rate - self.outflow * extents)).sum(1)
            safe = least > _PIVOT * (per + self.outflow)
            move = torch.where(safe, torch.nan_to_num(move), 0.0)
            state = (self.feed + net @ extents).clamp_min(0.0)
            extents = extents + limit_extents(net, state, move)
            slow = per < _NEWTON * self.outflow
            size = (net @ move).abs().amax(0)
            if bool((safe & slow & (size <= _CLOSE * total)).all()):
                break
            per = torch.where(safe, _LENGTHENED * per, _SHORTENED * per)
        return extents
