"""The steady state of a stirred vessel with a feed and an outflow.

The vessel is started with its own feed and followed in pseudo-time by linearly implicit Euler
steps that grow until they are Newton steps (pseudo-transient continuation; Kelley & Keyes,
SIAM J. Numer. Anal. 35 (1998) 508), so that of several steady states the one is found that a
start-up reaches. The unknowns are extents: what the network conserves is kept to rounding.
Gradients come from the implicit function theorem, by one more Newton step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.language import common_shape
from labloop.physics.reactions.integrator import flatten, rows
from labloop.physics.reactions.network import Laws, Network, eliminated, react

_MOST_STEPS = 300
_LONGER, _SHORTER = 0.35, 6.0
_PIVOT = 1e-3
_NEWTON = 1e-6
_CLOSE = 1e-10


def steady_state(network: Network, laws: Laws, c0: Tensor, time: Tensor) -> Tensor:
    """Return the concentrations that leave a stirred vessel.

    Args:
        network: S species, R reactions.
        laws: constants in SI, batch x R.
        c0: concentrations of the feed in mol/m^3, batch x S.
        time: mean residence time in seconds, batch.

    Returns:
        batch x S in mol/m^3; gradients flow to everything.
    """
    vessel = _Vessel.of(network, laws, c0, time)
    state = vessel.feed + vessel.network.net @ vessel.extents()
    return state[:-1].T.reshape(*vessel.batch, c0.shape[-1])


def unsteadiness(network: Network, laws: Laws, c0: Tensor, time: Tensor) -> Tensor:
    """Return how far each concentration still is from steady, batch x S in mol/m^3.

    This is what one more Newton step would change. The rates themselves are no measure where a
    fast reaction leaves a trace: there they are lost in rounding.
    """
    vessel = _Vessel.of(network, laws, c0, time)
    short = vessel.network.net @ vessel.newton(vessel.extents())
    return short[:-1].T.reshape(*vessel.batch, c0.shape[-1])


@dataclass(frozen=True, slots=True)
class _Vessel:
    """N stirred vessels: laws R x N, feed (S + 1) x N, outflow in 1/s, N."""

    network: Network
    laws: Laws
    feed: Tensor
    out: Tensor
    batch: torch.Size

    @classmethod
    def of(cls, network: Network, laws: Laws, c0: Tensor, time: Tensor) -> "_Vessel":
        batch = common_shape(laws.k[..., 0], c0[..., 0], time)
        out = 1.0 / time.expand(batch).reshape(-1).clamp_min(1e-12)
        return cls(network.to(out.device), flatten(laws, batch), rows(c0, batch), out, batch)

    def extents(self) -> Tensor:
        """Return the extents at the steady state; a last Newton step bears the gradients."""
        with torch.no_grad():
            found = self._followed()
        return found + self.newton(found)

    def newton(self, extents: Tensor) -> Tensor:
        """Return the Newton step, its matrix without gradients."""
        rate, solve, _ = self._linear(extents, torch.zeros_like(self.out))
        return (solve.detach() * (rate - self.out * extents)).sum(1)

    def _linear(self, extents: Tensor, per: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rates, inverse matrix and least pivot of a step of width ``1 / per``."""
        state = (self.feed + self.network.net @ extents).clamp_min(0.0)
        rate, slope = self.network.rates_and_slope(self.laws, state)
        eye = torch.eye(len(self.laws.k), dtype=torch.float64)[:, :, None]
        return rate, *eliminated((per + self.out) * eye - slope)

    def _followed(self) -> Tensor:
        """Return the extents after a long time: growing steps, in the end Newton steps.

        Where a rate grows faster than a step can follow, the matrix loses a positive pivot: the
        step is made shorter until it has them all.
        """
        net = self.network.net
        extents = torch.zeros_like(self.laws.k)
        total = self.feed[:-1].sum(0)
        per = self.network.fastest(self.laws, total) + self.out
        for _ in range(_MOST_STEPS):
            rate, solve, least = self._linear(extents, per)
            move = (solve * (rate - self.out * extents)).sum(1)
            safe = least > _PIVOT * (per + self.out)
            move = torch.where(safe, torch.nan_to_num(move), 0.0)
            state = (self.feed + net @ extents).clamp_min(0.0)
            extents = extents + react(net, state, move)
            slow = per < _NEWTON * self.out
            size = (net @ move).abs().amax(0)
            if bool((safe & slow & (size <= _CLOSE * total)).all()):
                break
            per = torch.where(safe, _LONGER * per, _SHORTER * per)
        return extents
