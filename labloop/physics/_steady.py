"""The steady state of a stirred vessel with a feed and an outflow.

The vessel is started with its own feed and followed in pseudo-time by linearly implicit Euler
steps that grow until they are Newton steps (pseudo-transient continuation; Kelley & Keyes,
SIAM J. Numer. Anal. 35 (1998) 508), so that of several steady states the one is found that a
start-up reaches. The unknowns are extents: what the network conserves is kept to rounding.
Gradients come from the implicit function theorem, by one more Newton step.
"""

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
    batch = common_shape(laws.k[..., 0], c0[..., 0], time)
    flat, feed = flatten(laws, batch), rows(c0, batch)
    out = 1.0 / time.expand(batch).reshape(-1).clamp_min(1e-12)
    eye = torch.eye(len(flat.k), dtype=torch.float64)[:, :, None]
    with torch.no_grad():
        extents = _followed(network, flat, feed, out, eye)
    state = feed + network.net @ extents
    rate, slope = network.rates_and_slope(flat, state)
    solve = inverse(out * eye - slope).detach()
    extents = extents + (solve * (rate - out * extents)).sum(1)
    state = feed + network.net @ extents
    return state[:-1].T.reshape(*batch, c0.shape[-1])


def _followed(network: Network, laws: Laws, feed: Tensor, out: Tensor, eye: Tensor) -> Tensor:
    net = network.net
    extents = torch.zeros_like(laws.k)
    fastest = network.fastest(laws, feed[:-1].sum(0)) + out
    share = torch.linspace(0.0, 1.0, _GROWING, dtype=torch.float64)[:, None]
    ends = torch.exp((1.0 - share) * fastest.log() + share * (1e-3 * out).log())
    for per in [*ends.unbind(0), *[torch.zeros_like(out)] * _POLISH]:
        state = (feed + net @ extents).clamp_min(0.0)
        rate, slope = network.rates_and_slope(laws, state)
        move = (inverse((per + out) * eye - slope) * (rate - out * extents)).sum(1)
        extents = extents + react(net, state, move)
    return extents
