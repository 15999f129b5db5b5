"""The steady state of stirred tanks: one, several in series, or so many that they are a tube.

Tanks that mix backwards, where ``1 + f`` of the flow goes on and ``f`` comes back, are a tube with
axial dispersion that is closed at both ends: with ``f + 1/2 = tanks / Bo`` they are its balance by
central differences (Danckwerts, Chem. Eng. Sci. 2 (1953) 1; Levenspiel, Chemical Reaction
Engineering, ch. 13).

From tanks filled with the feed, linearly implicit Euler steps in pseudo-time grow until they are
Newton steps (pseudo-transient continuation; Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998) 508),
so that of several steady states that one is found which start-up reaches. The unknowns are
extents, so that every conserved total is kept to rounding; each step is a block-tridiagonal system.
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

CELLS = 24
_MOST_STEPS = 300
_LENGTHENED, _SHORTENED = 0.35, 6.0
_PIVOT = 1e-3
_NEWTON = 1e-6
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True)
class Cascade:
    """Stirred tanks, one after the other.

    Attributes:
        tanks: how many.
        time: mean residence time in all of them, in seconds, batch.
        bodenstein: of the tube that they stand for, batch; None where nothing flows back. A number
            above twice the tanks counts as that.
    """

    tanks: int
    time: Tensor
    bodenstein: Tensor | None = None


def steady_state(
    network: Network, constants: RateConstants, c0: Tensor, cascade: Cascade
) -> Tensor:
    """Return the concentrations that leave the last tank.

    Args:
        network: S species, R reactions.
        constants: constants in SI, batch x R.
        c0: concentrations of the feed in mol/m^3, batch x S.
        cascade: the tanks.

    Returns:
        batch x S in mol/m^3; gradients flow to everything.
    """
    tanks = _StirredTanks.of(network, constants, c0, cascade)
    return tanks.leaving(tanks.feed, tanks.extents())


def steady_state_residual(
    network: Network, constants: RateConstants, c0: Tensor, cascade: Cascade
) -> Tensor:
    """Return the change of what leaves by one more Newton step, batch x S in mol/m^3.

    The net rates themselves are no measure of convergence: for the traces that fast reactions
    leave they are dominated by rounding.
    """
    tanks = _StirredTanks.of(network, constants, c0, cascade)
    return tanks.leaving(torch.zeros_like(tanks.feed), tanks.newton_step(tanks.extents()))


@dataclass(frozen=True, slots=True)
class _StirredTanks:
    """N cascades of M tanks.

    Attributes:
        network: S species, R reactions.
        constants: rate constants R x (M N), the same in all tanks.
        feed: (S + 1) x N.
        flow: in 1/s, per tank, N.
        back: what comes back from the next tank in 1/s, N.
        tanks: M.
        batch: of the experiments.
    """

    network: Network
    constants: RateConstants
    feed: Tensor
    flow: Tensor
    back: Tensor
    tanks: int
    batch: torch.Size

    @classmethod
    def of(
        cls, network: Network, constants: RateConstants, c0: Tensor, cascade: Cascade
    ) -> "_StirredTanks":
        given = [constants.k[..., 0], c0[..., 0], cascade.time]
        given += [] if cascade.bodenstein is None else [cascade.bodenstein]
        batch = broadcast_shape(*given)
        flow = cascade.tanks / cascade.time.expand(batch).reshape(-1).clamp_min(1e-12)
        back = torch.zeros_like(flow)
        if cascade.bodenstein is not None:
            number = cascade.bodenstein.expand(batch).reshape(-1).clamp_min(1e-6)
            back = flow * (cascade.tanks / number - 0.5).clamp_min(0.0)
        every = flatten(constants, torch.Size([cascade.tanks, *batch]))
        moved = network.to(flow.device)
        return cls(moved, every, rows(c0, batch), flow, back, cascade.tanks, batch)

    def leaving(self, start: Tensor, extents: Tensor) -> Tensor:
        """Return ``start`` ((S + 1) x N) changed by the extents in the last tank, batch x S."""
        state = start + self.network.net @ extents[:, -1]
        return state[:-1].T.reshape(*self.batch, len(start) - 1)

    def extents(self) -> Tensor:
        """Return the extents at the steady state; a last Newton step carries the gradients."""
        with torch.no_grad():
            found = self._pseudo_transient()
        return found + self.newton_step(found)

    def newton_step(self, extents: Tensor) -> Tensor:
        """Return the Newton step R x M x N, its matrix without gradients."""
        excess, slopes = self._excess_and_slopes(extents)
        flow, back = self.flow.detach(), self.back.detach()
        return self._solve(slopes.detach(), excess, (flow, back), torch.zeros_like(flow))[0]

    def _mixing(self, flow: Tensor, back: Tensor) -> Tensor:
        """Return what leaves each tank in 1/s, M x N: nothing passes the ends of the cascade."""
        neighbours = torch.full((self.tanks, 1), 2.0, dtype=torch.float64)
        neighbours[0] -= 1.0
        neighbours[-1] -= 1.0
        return flow + neighbours.to(flow.device) * back

    def _states(self, extents: Tensor) -> Tensor:
        """Return what there is in each tank, (S + 1) x (M N), nothing below zero."""
        feed = self.feed.repeat(1, self.tanks)
        return (feed + self.network.net @ extents.flatten(1)).clamp_min(0.0)

    def _excess_and_slopes(self, extents: Tensor) -> tuple[Tensor, Tensor]:
        """Return made + in - out, R x M x N, and the slopes of the rates, R x R x M x N."""
        rates, slopes = self.network.rates_and_slope(self.constants, self._states(extents))
        none = torch.zeros_like(extents[:, :1])
        before = torch.cat([none, extents[:, :-1]], dim=1)
        after = torch.cat([extents[:, 1:], none], dim=1)
        gone = self._mixing(self.flow, self.back) * extents
        excess = rates.reshape_as(extents) - gone
        if self.tanks > 1:
            excess = excess + (self.flow + self.back) * before + self.back * after
        return excess, slopes.expand(len(rates), -1, -1).reshape(len(rates), *extents.shape)

    def _solve(
        self, slopes: Tensor, excess: Tensor, flows: tuple[Tensor, Tensor], per: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the step R x M x N of width ``1 / per``, and the least pivot, N.

        By elimination from the first tank to the last (Thomas' algorithm).
        """
        eye = torch.eye(len(excess), dtype=torch.float64)[:, :, None]
        flow, back = flows
        matrices = (per + self._mixing(flow, back)).unsqueeze(1).unsqueeze(1) * eye
        inverse, least = inverse_and_least_pivot(matrices[0] - slopes[:, :, 0])
        inverses, sides = [inverse], [excess[:, 0]]
        for tank in range(1, self.tanks):
            matrix = matrices[tank] - slopes[:, :, tank] - (flow + back) * back * inverses[-1]
            side = excess[:, tank] + (flow + back) * (inverses[-1] * sides[-1]).sum(1)
            inverse, pivot = inverse_and_least_pivot(matrix)
            least = torch.minimum(least, pivot)
            inverses.append(inverse)
            sides.append(side)
        steps = [(inverses[-1] * sides[-1]).sum(1)]
        for inverse, side in zip(inverses[-2::-1], sides[-2::-1], strict=True):
            steps.append((inverse * (side + back * steps[-1])).sum(1))
        return torch.stack(steps[::-1], dim=1), least

    def _pseudo_transient(self) -> Tensor:
        """Return the extents after a long pseudo-time.

        Where a rate grows faster than a step can follow, a matrix has a pivot that is not
        positive: the step is shortened until all are.
        """
        net, shape = self.network.net, (len(self.constants.k), self.tanks, len(self.flow))
        extents = torch.zeros(shape, dtype=torch.float64, device=self.flow.device)
        total = self.feed[:-1].sum(0)
        fastest = self.network.fastest_rate(self.constants, self.feed.repeat(1, self.tanks))
        per = fastest[: len(total)] + self.flow
        for _ in range(_MOST_STEPS):
            excess, slopes = self._excess_and_slopes(extents)
            move, least = self._solve(slopes, excess, (self.flow, self.back), per)
            safe = least > _PIVOT * (per + self.flow)
            move = torch.where(safe, torch.nan_to_num(move), 0.0)
            limited = limit_extents(net, self._states(extents), move.flatten(1))
            extents = extents + limited.reshape(shape)
            slow = per < _NEWTON * self.flow
            size = (net @ move.flatten(1)).abs().amax(0).reshape(shape[1:]).amax(0)
            if bool((safe & slow & (size <= _CLOSE * total)).all()):
                break
            per = torch.where(safe, _LENGTHENED * per, _SHORTENED * per)
        return extents
