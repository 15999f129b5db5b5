"""Rates of a reaction network and their derivatives, for many experiments at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.reactions.integration.row_laws import (
    TENSOR_FUNCTIONS,
    Given,
    RowLaw,
    at_least,
)

_NEGLIGIBLE = 1e-100
_HIGHEST = 3


@dataclass(frozen=True, slots=True)
class RateConstants:
    """The constants in the rates of R reactions, for N experiments.

    The rate is ``k prod(c) / (1 + sum(K c))^power``: mass action, divided by an adsorption or
    inhibition term where there is one (Hougen & Watson, Ind. Eng. Chem. 35 (1943) 529).

    Attributes:
        k: rate constants, R x N.
        denominator: the constants K, R x (S + 1) x N, the last row zero; None for mass action.
        power: R x 1.
        given: what each law of the network reads beside concentrations, N values a name.
        volume: of the amounts that the state counts, N; None where it is concentrations.
    """

    k: Tensor
    denominator: Tensor | None = None
    power: Tensor | None = None
    given: tuple[Given, ...] = ()
    volume: Tensor | None = None

    def per_amount(self, order: Tensor, volume: Tensor) -> "RateConstants":
        """Return the constants for amounts instead of concentrations, in ``volume`` (N)."""
        k = self.k / _whole_power(volume, order - 1.0)
        k = torch.where(order < 1.0, self.k * volume, k)
        return RateConstants(
            k,
            None if self.denominator is None else self.denominator / volume,
            self.power,
            self.given,
            volume,
        )

    def columns(self, part: slice) -> "RateConstants":
        """Return those of some experiments, of constants that are concentrations'."""
        return RateConstants(
            self.k[:, part],
            None if self.denominator is None else self.denominator[:, :, part],
            self.power,
            tuple({name: value[part] for name, value in law.items()} for law in self.given),
        )


@dataclass(frozen=True, slots=True)
class Network:
    """A reaction network as tensors, for S species and R reactions.

    The state has a row of ones below the S concentrations: the missing factors of rates of lower
    order.

    Attributes:
        net: net stoichiometry, (S + 1) x R, the last row zero.
        factors: row of the state for each factor of each rate, F x R.
        slopes: derivative of each factor by the extents, F x R x R x 1.
        order: how many factors each rate has, R x 1; none where it has a law of its own.
        laws: rates that are arithmetic of concentrations.
        several_kinds: whether what is solved for is not all concentrations.
    """

    net: Tensor
    factors: Tensor
    slopes: Tensor
    order: Tensor
    laws: tuple[RowLaw, ...] = ()
    several_kinds: bool = False

    @classmethod
    def of(
        cls,
        net: Sequence[Sequence[int]],
        reacting: Sequence[Sequence[int]],
        laws: Sequence[RowLaw] = (),
        *,
        several_kinds: bool = False,
    ) -> "Network":
        """Return the network; ``reacting[r]`` lists a species once per order in it."""
        most = max(1, *(len(row) for row in reacting))
        padded = [list(row) + [len(net)] * (most - len(row)) for row in reacting]
        rows = torch.tensor([*net, [0] * len(reacting)], dtype=torch.float64)
        factors = torch.tensor(padded, dtype=torch.int64).T.contiguous()
        order = torch.tensor([[float(len(row))] for row in reacting], dtype=torch.float64)
        return cls(rows, factors, rows[factors].unsqueeze(-1), order, tuple(laws), several_kinds)

    def to(self, device: torch.device) -> "Network":
        """Return the network on a device of torch; itself where it lies there."""
        if self.net.device == device:
            return self
        parts = (self.net, self.factors, self.slopes, self.order)
        net, factors, slopes, order = (part.to(device) for part in parts)
        return Network(net, factors, slopes, order, self.laws, self.several_kinds)

    def rates(self, constants: RateConstants, state: Tensor) -> Tensor:
        """Return the rates R x N at a state (S + 1) x N."""
        positive = state.clamp_min(0.0)
        rate = constants.k
        for factor in self.factors:
            rate = rate * positive[factor]
        rate = self._with_laws(constants, positive, rate)
        if constants.denominator is None or constants.power is None:
            return rate
        return rate / (1.0 + (constants.denominator * positive).sum(1)) ** constants.power

    def rates_and_slope(self, constants: RateConstants, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rates R x N and their derivative by the extents, R x R x N."""
        positive = state.clamp_min(0.0)
        partials, rate = self._partials(constants, positive)
        slope = torch.zeros(())
        for partial, by_extent in zip(partials, self.slopes, strict=True):
            slope = slope + partial[:, None] * by_extent
        slope = self._slope_with_laws(constants, positive, rate, slope)
        rate = self._with_laws(constants, positive, rate)
        if constants.denominator is None or constants.power is None:
            return rate, slope
        denominator = 1.0 + (constants.denominator * positive).sum(1)
        share = denominator**-constants.power
        rate = rate * share
        by_extent = torch.einsum("rin,is->rsn", constants.denominator, self.net)
        return rate, slope * share[:, None] - (constants.power * rate / denominator)[
            :, None
        ] * by_extent

    def rate_change_by_dose(
        self,
        constants: RateConstants,
        state: Tensor,
        amount: Tensor,
        relative_volume: Tensor,
        volume: Tensor,
    ) -> Tensor:
        """Return the change of the rates R x N by a dose, to first order.

        Args:
            constants: for amounts in ``volume``.
            state: amounts, (S + 1) x N.
            amount: amounts that are added, (S + 1) x N.
            relative_volume: volume that is added, N.
            volume: the volume, N.
        """
        positive = state.clamp_min(0.0)
        partials, rate = self._partials(constants, positive)
        change = torch.zeros(())
        for partial, factor in zip(partials, self.factors, strict=True):
            change = change + partial * amount[factor]
        grown = relative_volume / volume
        more = amount - positive * grown
        change = change + self._law_changes(constants, positive, rate, more)
        rate = self._with_laws(constants, positive, rate)
        change = change + rate * (1.0 - self.order) * grown
        if constants.denominator is None or constants.power is None:
            return change
        denominator = 1.0 + total((constants.denominator * positive).unbind(1))
        relative = total((constants.denominator * more).unbind(1))
        return (change - constants.power * rate * relative / denominator) / _whole_power(
            denominator, constants.power
        )

    def rate_change_by_constants(self, halves: tuple[RateConstants, ...], state: Tensor) -> Tensor:
        """Return the step times the derivative of the rates by time, R x N.

        To second order; all else stays as it is.

        Args:
            halves: constants at the start, the middle and the end of the step.
            state: at the start, (S + 1) x N.
        """
        positive = state.clamp_min(0.0)
        first, second, third = (self._rate(constants, positive) for constants in halves)
        return 4.0 * second - 3.0 * first - third

    def _rate(self, constants: RateConstants, positive: Tensor) -> Tensor:
        """Return the rates, rounded alike in every batch."""
        rate = self._with_laws(constants, positive, self._partials(constants, positive)[1])
        if constants.denominator is None or constants.power is None:
            return rate
        denominator = 1.0 + total((constants.denominator * positive).unbind(1))
        return rate / _whole_power(denominator, constants.power)

    def _with_laws(self, constants: RateConstants, positive: Tensor, rate: Tensor) -> Tensor:
        """Return the rates, those with a law of their own times it."""
        if not self.laws:
            return rate
        state, every = at_least(positive, constants.volume), list(rate.unbind(0))
        for law, given in zip(self.laws, constants.given, strict=True):
            every[law.row] = every[law.row] * law.rate(state, given, TENSOR_FUNCTIONS)
        return torch.stack(every)

    def _slope_with_laws(
        self, constants: RateConstants, positive: Tensor, rate: Tensor, slope: Tensor
    ) -> Tensor:
        """Return the derivatives by the extents, with those of the laws; ``rate`` is without."""
        if not self.laws:
            return slope
        every = list(slope.expand(len(rate), len(rate), rate.shape[-1]).unbind(0))
        for law, row, by_species in self._by_species(constants, positive, rate):
            every[law.row] = every[law.row] + by_species * self.net[row][:, None]
        return torch.stack(every)

    def _law_changes(
        self, constants: RateConstants, positive: Tensor, rate: Tensor, more: Tensor
    ) -> Tensor:
        """Return by how much amounts ``more`` change the rates that have laws, R x N."""
        every = list(torch.zeros_like(rate).unbind(0))
        for law, row, by_species in self._by_species(constants, positive, rate):
            every[law.row] = every[law.row] + by_species * more[row]
        return torch.stack(every)

    def _by_species(
        self, constants: RateConstants, positive: Tensor, rate: Tensor
    ) -> Iterator[tuple[RowLaw, int, Tensor]]:
        """Yield law, row of the state and derivative by the amount there, N."""
        state = at_least(positive, constants.volume)
        for law, given in zip(self.laws, constants.given, strict=True):
            for row, slope in law.by_species(state, given, TENSOR_FUNCTIONS):
                per = slope if constants.volume is None else slope / constants.volume
                yield law, row, rate[law.row] * per

    def law_pace(self, constants: RateConstants, most: Tensor) -> Tensor:
        """Return how fast the laws may be in 1/s, N: their steepest slope up to ``most``, N.

        Taken at three states, in all of which every species has the same concentration.
        """
        pace = torch.zeros_like(most)
        for share in (1.0, 0.03, 0.001):
            state = (share * most).expand(len(self.net), -1)
            for _, _, slope in self._by_species(constants, state, constants.k):
                pace = torch.maximum(pace, torch.nan_to_num(slope.abs(), nan=0.0, posinf=0.0))
        return pace

    def _pace_at(self, constants: RateConstants, state: Tensor) -> Tensor:
        """Return how fast each reaction changes what its own rate reads, the most of them, N."""
        positive = state.clamp_min(0.0)
        first_order = [k for k, order in zip(constants.k, self.order, strict=True) if order == 1]
        pace = torch.stack([torch.zeros_like(positive[0]), *first_order]).amax(0)
        for law, row, slope in self._by_species(constants, positive, constants.k):
            own = (slope * self.net[row, law.row]).abs()
            pace = torch.maximum(pace, torch.nan_to_num(own, nan=0.0, posinf=0.0))
        return pace

    def _partials(self, constants: RateConstants, positive: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the derivative of the mass-action rate by each factor, and that rate."""
        gathered = [positive[factor] for factor in self.factors]
        partials = []
        for i in range(len(gathered)):
            partial = constants.k
            for j, other in enumerate(gathered):
                if j != i:
                    partial = partial * other
            partials.append(partial)
        return partials, partials[-1] * gathered[-1]

    def fastest_rate(self, constants: RateConstants, present: Tensor) -> Tensor:
        """Return an upper bound of the rates' pace in 1/s, N; of several kinds that at the start.

        Args:
            constants: the constants.
            present: all that is there or will be fed, (S + 1) x N.
        """
        if self.several_kinds:
            return self._pace_at(constants, present)
        fed = total(present[:-1].unbind(0))
        most = (fed * self.net.abs().max()).clamp_min(1e-300)
        pace = constants.k * _whole_power(most, self.order - 1.0)
        if not self.laws:
            return pace.amax(0)
        rows = {law.row for law in self.laws}
        others = [row for r, row in enumerate(pace.unbind(0)) if r not in rows]
        return torch.stack([*others, self.law_pace(constants, most)]).amax(0)


def total(rows: Iterable[Tensor]) -> Tensor:
    """Return the sum of tensors one after the other.

    The order of torch's own sum, and so its rounding, depends on the number of experiments.
    """
    first, *others = rows
    for row in others:
        first = first + row
    return first


def _whole_power(base: Tensor, powers: Tensor) -> Tensor:
    """Return ``base`` to whole powers of 0 to 3 by products, which round alike everywhere."""
    found = torch.ones_like(base + powers)
    for power in range(1, _HIGHEST + 1):
        found = torch.where(powers >= power, found * base, found)
    return found


def inverse(matrix: Tensor) -> Tensor:
    """Return the inverses of N small matrices ``R x R x N``, eliminated without pivoting.

    Networks without autocatalysis give matrices whose leading minors are positive.
    """
    return inverse_and_least_pivot(matrix)[0]


def inverse_and_least_pivot(matrix: Tensor) -> tuple[Tensor, Tensor]:
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


def limit_extents(net: Tensor, state: Tensor, extents: Tensor, limits: int = 4) -> Tensor:
    """Return the extents, reduced where they would make a species negative.

    Args:
        net: (S + 1) x R.
        state: (S + 1) x N, not negative.
        extents: R x N.
        limits: how often this is repeated, since one reaction feeds another.
    """
    for _ in range(limits):
        after = state + net @ extents
        if float(after.detach().min()) >= 0.0:
            break
        change = net[:, :, None] * extents
        loss = -change.clamp_max(0.0).sum(1)
        amount = change.clamp_min(0.0).sum(1)
        # Avoids 0 / 0 in the gradient where nothing is consumed.
        share = (state + amount) / torch.where(loss > _NEGLIGIBLE, loss, 1.0)
        share = torch.where(after < 0, share, 1.0)
        share = share.clamp(0.0, 1.0)
        extents = extents * torch.where(change < 0, share[:, None], 1.0).amin(0)
    return extents
