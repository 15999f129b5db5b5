"""Rates of a reaction network and their slopes, for many experiments at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_NOTHING = 1e-100
_HIGHEST = 3


@dataclass(frozen=True, slots=True)
class Laws:
    """The numbers in the rates of R reactions, for N experiments.

    The rate is ``k prod(c) / (1 + sum(hold c))^power``: mass action, divided by what holds the
    catalyst back where something does (Hougen & Watson, Ind. Eng. Chem. 35 (1943) 529).

    Attributes:
        k: rate constants, R x N.
        hold: adsorption constants, R x (S + 1) x N, the last row zero; None for mass action.
        power: R x 1.
    """

    k: Tensor
    hold: Tensor | None = None
    power: Tensor | None = None

    def swollen(self, order: Tensor, volume: Tensor) -> "Laws":
        """Return the laws over amounts instead of concentrations, in ``volume`` (N)."""
        k = self.k / _power(volume, order - 1.0)
        return Laws(k, None if self.hold is None else self.hold / volume, self.power)


@dataclass(frozen=True, slots=True)
class Network:
    """A reaction network as tensors, for S species and R reactions.

    Below the S concentrations the state has a row of ones, which stands for the factors that
    rates of lower order lack.

    Attributes:
        net: net stoichiometry, (S + 1) x R, the last row zero.
        factors: row of the state for each factor of each rate, F x R.
        slopes: derivative of each factor by the extents, F x R x R x 1.
        order: how many factors each rate has, R x 1.
    """

    net: Tensor
    factors: Tensor
    slopes: Tensor
    order: Tensor

    @classmethod
    def of(cls, net: Sequence[Sequence[int]], reacting: Sequence[Sequence[int]]) -> "Network":
        """Return the network; ``reacting[r]`` lists a species once per order in it."""
        most = max(len(row) for row in reacting)
        padded = [list(row) + [len(net)] * (most - len(row)) for row in reacting]
        rows = torch.tensor([*net, [0] * len(reacting)], dtype=torch.float64)
        factors = torch.tensor(padded, dtype=torch.int64).T.contiguous()
        order = torch.tensor([[float(len(row))] for row in reacting], dtype=torch.float64)
        return cls(rows, factors, rows[factors].unsqueeze(-1), order)

    def to(self, device: torch.device) -> "Network":
        """Return the network on a device of torch; itself where it lies there."""
        if self.net.device == device:
            return self
        parts = (self.net, self.factors, self.slopes, self.order)
        return Network(*(part.to(device) for part in parts))

    def rates(self, laws: Laws, state: Tensor) -> Tensor:
        """Return the rates R x N at a state (S + 1) x N."""
        positive = state.clamp_min(0.0)
        rate = laws.k
        for factor in self.factors:
            rate = rate * positive[factor]
        if laws.hold is None or laws.power is None:
            return rate
        return rate / (1.0 + (laws.hold * positive).sum(1)) ** laws.power

    def rates_and_slope(self, laws: Laws, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates R x N and their derivative by the extents, R x R x N."""
        positive = state.clamp_min(0.0)
        partials, rate = self._partials(laws, positive)
        slope = torch.zeros(())
        for partial, by_extent in zip(partials, self.slopes, strict=True):
            slope = slope + partial[:, None] * by_extent
        if laws.hold is None or laws.power is None:
            return rate, slope
        held = 1.0 + (laws.hold * positive).sum(1)
        share = held**-laws.power
        rate = rate * share
        by_extent = torch.einsum("rin,is->rsn", laws.hold, self.net)
        return rate, slope * share[:, None] - (laws.power * rate / held)[:, None] * by_extent

    def drift(
        self, laws: Laws, state: Tensor, gain: Tensor, swelling: Tensor, volume: Tensor
    ) -> Tensor:
        """Return how much the rates R x N change by a dose, to first order.

        Args:
            laws: the laws over amounts in ``volume``.
            state: amounts, (S + 1) x N.
            gain: amounts that are added, (S + 1) x N.
            swelling: volume that is added, N.
            volume: the volume, N.
        """
        positive = state.clamp_min(0.0)
        partials, rate = self._partials(laws, positive)
        change = torch.zeros(())
        for partial, factor in zip(partials, self.factors, strict=True):
            change = change + partial * gain[factor]
        grown = swelling / volume
        change = change + rate * (1.0 - self.order) * grown
        if laws.hold is None or laws.power is None:
            return change
        held = 1.0 + total((laws.hold * positive).unbind(1))
        more = total((laws.hold * (gain - positive * grown)).unbind(1))
        return (change - laws.power * rate * more / held) / _power(held, laws.power)

    def _partials(self, laws: Laws, positive: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the derivative of the mass-action rate by each factor, and that rate."""
        gathered = [positive[factor] for factor in self.factors]
        partials = []
        for i in range(len(gathered)):
            partial = laws.k
            for j, other in enumerate(gathered):
                if j != i:
                    partial = partial * other
            partials.append(partial)
        return partials, partials[-1] * gathered[-1]

    def fastest(self, laws: Laws, fed: Tensor) -> Tensor:
        """Return an upper bound of the rates' time constants in 1/s, N.

        Args:
            laws: the constants.
            fed: the sum of all that is fed, N.
        """
        most = (fed * self.net.abs().max()).clamp_min(1e-300)
        return (laws.k * _power(most, self.order - 1.0)).amax(0)


def total(rows: Iterable[Tensor]) -> Tensor:
    """Return the sum of tensors one after the other.

    torch's own sum takes another order, and has other last bits, for one experiment than for many.
    """
    first, *others = rows
    for row in others:
        first = first + row
    return first


def _power(base: Tensor, powers: Tensor) -> Tensor:
    """Return ``base`` to whole powers of 0 to 3, by products, which have the same bits anywhere."""
    found = torch.ones_like(base + powers)
    for power in range(1, _HIGHEST + 1):
        found = torch.where(powers >= power, found * base, found)
    return found


def inverse(matrix: Tensor) -> Tensor:
    """Return the inverses of N small matrices ``R x R x N``, eliminated without pivoting.

    Networks without autocatalysis give matrices whose leading minors are positive.
    """
    return eliminated(matrix)[0]


def eliminated(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the inverses as :func:`inverse` does, and the least pivot of each, N."""
    size = matrix.shape[0]
    eye = torch.eye(size, dtype=matrix.dtype)[:, :, None]
    work = torch.cat([matrix, eye.expand_as(matrix)], dim=1)
    least = work[0, 0]
    for i in range(size):
        least = torch.minimum(least, work[i, i])
        row = work[i] / work[i, i]
        work = work - (work[:, i : i + 1] - eye[:, i : i + 1]) * row
    return work[:, size:], least


def react(net: Tensor, state: Tensor, extents: Tensor, limits: int = 4) -> Tensor:
    """Return the extents, cut short where they would make a species negative.

    Args:
        net: (S + 1) x R.
        state: (S + 1) x N, not negative.
        extents: R x N.
        limits: how often the cut is repeated, since one reaction feeds another.
    """
    for _ in range(limits):
        after = state + net @ extents
        if float(after.detach().min()) >= 0.0:
            break
        change = net[:, :, None] * extents
        loss = -change.clamp_max(0.0).sum(1)
        gain = change.clamp_min(0.0).sum(1)
        # One where next to nothing is lost: the slope divides by its square, which would be 0.
        share = (state + gain) / torch.where(loss > _NOTHING, loss, 1.0)
        share = torch.where(after < 0, share, 1.0)
        share = share.clamp(0.0, 1.0)
        extents = extents * torch.where(change < 0, share[:, None], 1.0).amin(0)
    return extents
