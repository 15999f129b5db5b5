"""Chemical equilibrium of many solutions at once.

The dual of the Gibbs energy is minimised: concentrations ``ln c = mu + A' lambda`` fulfil
every law of mass action and are positive for any ``lambda``; it is found such that the conserved
totals ``A c`` equal the feed. The dual is convex; Newton steps are damped by ``ln(1 + r) / r``, r
their greatest change of a logarithm, and converge from any start (Sun & Tran-Dinh, Math. Program.
178 (2019) 145). Gradients come from the implicit function theorem, by one more Newton step.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.reactions.integration.network import inverse

_MOST_STEPS = 200
_CLOSE = 1e-10
_TRACE = 1e-14
_RIDGE = 1e-14


@dataclass(frozen=True, slots=True)
class EquilibriumSystem:
    """S species, R independent equilibria, T = S - R conserved totals.

    Attributes:
        net: net stoichiometry, S x R.
        totals: the conserved totals, T x S.
        particular: takes ln K (R) to one ``mu`` (S) of mass action, S x R.
        nearest: takes logarithms (S) to the multipliers that come nearest to them, T x S.
    """

    net: Tensor
    totals: Tensor
    particular: Tensor
    nearest: Tensor

    @classmethod
    def of(cls, net: Tensor, totals: Tensor) -> "EquilibriumSystem":
        """Return the mixture of a stoichiometry and its totals."""
        # Inverses are computed once: repeated least squares may round differently.
        nearest = torch.linalg.inv(totals @ totals.T) @ totals
        return cls(net, totals, net @ torch.linalg.inv(net.T @ net), nearest)

    def to(self, device: torch.device) -> "EquilibriumSystem":
        """Return the mixture on a device of torch; itself where it lies there."""
        if self.net.device == device:
            return self
        parts = (self.net, self.totals, self.particular, self.nearest)
        return EquilibriumSystem(*(part.to(device) for part in parts))


def speciate(system: EquilibriumSystem, log_k: Tensor, c0: Tensor) -> Tensor:
    """Return the concentrations at equilibrium.

    Args:
        system: S species, R equilibria.
        log_k: natural logarithm of the constants over mol/m^3, batch x R.
        c0: what was fed, mol/m^3, batch x S.

    Returns:
        batch x S in mol/m^3, positive; totals are kept to about 1e-13 of what was fed.
        Gradients flow to ``log_k`` and ``c0``.
    """
    system = system.to(c0.device)
    batch = c0.shape[:-1]
    fed = c0.reshape(-1, c0.shape[-1]).T
    scale = fed.detach().sum(0).clamp_min(1e-30)
    # Traces of every species, so that each total is feasible.
    fed = fed / scale + _TRACE
    powers = system.net.sum(0)[:, None]
    lifted = log_k.reshape(-1, log_k.shape[-1]).T - powers * torch.log(scale)
    mu, wanted = system.particular @ lifted, system.totals @ fed
    with torch.no_grad():
        multipliers = _solve_dual(system, mu, wanted)
        solve = inverse(_hessian(system.totals, torch.exp(mu + system.totals.T @ multipliers)))
    short = system.totals @ torch.exp(mu + system.totals.T @ multipliers) - wanted
    multipliers = multipliers - (solve * short).sum(1)
    found = torch.exp(mu + system.totals.T @ multipliers) * scale
    return found.T.reshape(*batch, c0.shape[-1])


def _hessian(totals: Tensor, c: Tensor) -> Tensor:
    """Return ``A diag(c) A'`` of N mixtures, T x T x N, a little above singular."""
    full = torch.einsum("is,sn,js->ijn", totals, c, totals)
    eye = torch.eye(len(totals), dtype=c.dtype)[:, :, None]
    return full + _RIDGE * eye * full.diagonal(dim1=0, dim2=1).T[None]


def _solve_dual(system: EquilibriumSystem, mu: Tensor, wanted: Tensor) -> Tensor:
    """Return the multipliers ``lambda``, T x N."""
    totals = system.totals
    multipliers = _initial_multipliers(system, mu)
    size = wanted.abs() + 1e-3
    for _ in range(_MOST_STEPS):
        c = torch.exp((mu + totals.T @ multipliers).clamp_max(300.0))
        short = totals @ c - wanted
        # The last Newton step, which carries the gradients, squares the remaining error.
        if float((short.abs() / size).max()) < _CLOSE:
            break
        move = -(inverse(_hessian(totals, c)) * short).sum(1)
        reach = (totals.T @ move).abs().amax(0).clamp_min(1e-12)
        multipliers = multipliers + move * torch.log1p(reach) / reach
    return multipliers


def _initial_multipliers(system: EquilibriumSystem, mu: Tensor) -> Tensor:
    """Return multipliers with concentrations of the right size, rather too low than too high."""
    totals = system.totals
    multipliers = system.nearest @ (-1.0 - mu)
    share = totals.sum(0)
    if bool((share > 0).all()):
        # From too low concentrations Newton converges faster than from too high ones.
        high = (mu + totals.T @ multipliers).clamp_min(0.0)
        multipliers = multipliers - (high / share[:, None]).amax(0)
    return multipliers
