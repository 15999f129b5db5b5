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

from labloop.physics._integrator import flatten, rows
from labloop.physics._network import Laws, Network, inverse, react
from labloop.physics._shapes import common_shape

_GROWING = 60
_POLISH = 6


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
    state = vessel.feed + network.net @ vessel.extents()
    return state[:-1].T.reshape(*vessel.batch, c0.shape[-1])


def unsteadiness(network: Network, laws: Laws, c0: Tensor, time: Tensor) -> Tensor:
    """Return how far each concentration still is from steady, batch x S in mol/m^3.

    This is what one more Newton step would change. The rates themselves are no measure where a
    fast reaction leaves a trace: there they are lost in rounding.
    """
    vessel = _Vessel.of(network, laws, c0, time)
    short = network.net @ vessel.newton(vessel.extents())
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
        return cls(network, flatten(laws, batch), rows(c0, batch), out, batch)

    def extents(self) -> Tensor:
        """Return the extents at the steady state; a last Newton step bears the gradients."""
        with torch.no_grad():
            found = self._followed()
        return found + self.newton(found)

    def newton(self, extents: Tensor) -> Tensor:
        """Return the Newton step, its matrix without gradients."""
        rate, solve = self._linear(extents, torch.zeros_like(self.out))
        return (solve.detach() * (rate - self.out * extents)).sum(1)

    def _linear(self, extents: Tensor, per: Tensor) -> tuple[Tensor, Tensor]:
        state = (self.feed + self.network.net @ extents).clamp_min(0.0)
        rate, slope = self.network.rates_and_slope(self.laws, state)
        eye = torch.eye(len(self.laws.k), dtype=torch.float64)[:, :, None]
        return rate, inverse((per + self.out) * eye - slope)

    def _followed(self) -> Tensor:
        """Return the extents after a long time: growing steps, then Newton steps."""
        net = self.network.net
        extents = torch.zeros_like(self.laws.k)
        fastest = self.network.fastest(self.laws, self.feed[:-1].sum(0)) + self.out
        share = torch.linspace(0.0, 1.0, _GROWING, dtype=torch.float64)[:, None]
        pers = torch.exp((1.0 - share) * fastest.log() + share * (1e-3 * self.out).log())
        for per in [*pers.unbind(0), *[torch.zeros_like(self.out)] * _POLISH]:
            state = (self.feed + net @ extents).clamp_min(0.0)
            rate, solve = self._linear(extents, per)
            move = (solve * (rate - self.out * extents)).sum(1)
            extents = extents + react(net, state, move)
        return extents
