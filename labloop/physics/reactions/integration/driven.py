"""Vessels whose temperature or volume follows a profile while they react.

Time is cut where a profile bends, and each part is solved on a grid of its own, whose steps are
those of ``integrator``. What a dose adds is a known function of time: amounts and volume are exact.
Temperature enters by the constants at the start and the end of each step and, for the third
order, by the derivative of the rates by time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.physics.language import PiecewiseLinear, broadcast_shape
from labloop.physics.reactions.integration.integrator import (
    flatten,
    integrate_closed,
    rows,
    step_widths,
    take_steps,
    time_grid,
)
from labloop.physics.reactions.integration.network import Network, RateConstants


@dataclass(frozen=True, slots=True)
class Dosing:
    """A feed that runs in, relative to the volume at the start.

    Attributes:
        feed: concentrations of what is dosed in mol/m^3, batch x S.
        relative_volume: dosed volume over starting volume; it never falls.
    """

    feed: Tensor
    relative_volume: PiecewiseLinear


@dataclass(frozen=True, slots=True)
class Driven:
    """What changes in a vessel while it reacts.

    Attributes:
        constants: from a temperature in K, batch (or more before it), to constants.
        temperature: None where nothing depends on it.
        dosing: None where nothing is dosed.
    """

    constants: Callable[[Tensor | None], RateConstants]
    temperature: PiecewiseLinear | None = None
    dosing: Dosing | None = None

    def knots(self) -> list[Tensor]:
        """Return when a profile bends."""
        found = [] if self.temperature is None else list(self.temperature.knots())
        return found + ([] if self.dosing is None else list(self.dosing.relative_volume.knots()))


def integrate_driven(
    network: Network, driven: Driven, c0: Tensor, time: Tensor, steps: int
) -> Tensor:
    """Return the amounts after ``time``.

    Args:
        network: S species, R reactions.
        driven: what changes meanwhile.
        c0: concentrations at the start in mol/m^3, batch x S.
        time: seconds, batch.
        steps: of the grid between two bends, and of that after the last one.

    Returns:
        batch x S in mol per m^3 of starting volume; gradients flow to everything.
    """
    parts = _Parts.of(network, driven, c0, time, steps)
    state, first, volume = rows(c0, parts.batch), torch.zeros_like(parts.end), parts.none
    for last in parts.bends():
        state, volume = parts.jump(state, volume, first)
        state, volume = parts.line(state, volume, (first, last))
        first = last
    state, volume = parts.jump(state, volume, first)
    constants = parts.at(None if driven.temperature is None else parts.kelvin(first))
    if driven.dosing is not None:
        constants = constants.per_amount(parts.network.order, 1.0 + volume)
    state = integrate_closed(parts.network, constants, state, parts.end - first, steps)
    return state[:-1].T.reshape(*parts.batch, c0.shape[-1])


@dataclass(frozen=True, slots=True)
class _Parts:
    """N vessels, between bends: everything flat, N values each."""

    network: Network
    driven: Driven
    batch: torch.Size
    end: Tensor
    steps: int
    none: Tensor
    feed: Tensor

    @classmethod
    def of(cls, network: Network, driven: Driven, c0: Tensor, time: Tensor, steps: int) -> "_Parts":
        kelvin, dosing = driven.temperature, driven.dosing
        constants = driven.constants(None if kelvin is None else kelvin.start)
        values = [constants.k[..., 0], c0[..., 0], time, *driven.knots()]
        values += [] if kelvin is None else list(kelvin.values)
        values += [] if dosing is None else [dosing.feed[..., 0], *dosing.relative_volume.values]
        batch = broadcast_shape(*values)
        end = time.expand(batch).reshape(-1)
        feed = torch.zeros_like(c0) if dosing is None else dosing.feed
        moved = network.to(constants.k.device)
        none = torch.zeros_like(end)
        return cls(moved, driven, batch, end, steps, none, rows(feed, batch, last=0.0))

    def _flat(self, value: Tensor) -> Tensor:
        return value.expand(self.batch).reshape(-1)

    def bends(self) -> list[Tensor]:
        """Return the bends in order, none after the end."""
        knots = torch.stack([self._flat(knot) for knot in self.driven.knots()])
        return [torch.minimum(knot, self.end) for knot in knots.sort(0).values.unbind(0)]

    def kelvin(self, time: Tensor, *, after: bool = True) -> Tensor:
        """Return the temperature at a time."""
        assert self.driven.temperature is not None  # noqa: S101 - asked where there is one
        return self._flat(self.driven.temperature.at(time.reshape(self.batch), after=after))

    def _volume(self, time: Tensor, *, after: bool = True) -> Tensor:
        if self.driven.dosing is None:
            return self.none
        course = self.driven.dosing.relative_volume
        return self._flat(course.at(time.reshape(self.batch), after=after))

    def at(self, kelvin: Tensor | None) -> RateConstants:
        """Return the constants at temperatures of ``... x N``, as R x (... N)."""
        if kelvin is None:
            return flatten(self.driven.constants(None), self.batch)
        shape = torch.Size([*kelvin.shape[:-1], *self.batch])
        return flatten(self.driven.constants(kelvin.reshape(shape)), shape)

    def jump(self, state: Tensor, volume: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Return state and dosed volume after what is poured in at once."""
        if self.driven.dosing is None:
            return state, volume
        more = (self._volume(time) - volume).clamp_min(0.0)
        return state + self.feed * more, volume + more

    def line(
        self, state: Tensor, volume: Tensor, between: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return state and dosed volume at the end of a straight line."""
        first, last = between
        width = last - first
        more = (self._volume(last, after=False) - volume).clamp_min(0.0)
        start = self.at(None if self.driven.temperature is None else self.kelvin(first))
        present = state + self.feed * more
        ends = time_grid(self.network.fastest_rate(start, present), width, self.steps)
        course = self._constants_of_steps(start, between, ends)
        for i, step in enumerate(step_widths(ends, width).unbind(0)):
            halves = tuple(course(2 * i + j) for j in range(3))
            change, added, after = torch.zeros_like(halves[0].k), torch.zeros_like(state), halves[2]
            if self.driven.dosing is not None:
                before, share = 1.0 + volume + more * ends[i], more * (ends[i + 1] - ends[i])
                added, order = self.feed * share, self.network.order
                after = after.per_amount(order, 1.0 + volume + more * ends[i + 1])
                halves = tuple(half.per_amount(order, before) for half in halves)
                change = self.network.rate_change_by_dose(halves[0], state, added, share, before)
            if self.driven.temperature is not None:
                change = change + self.network.rate_change_by_constants(halves, state)
            given = (1.0 / step).unsqueeze(0), (added, change)
            state = take_steps(self.network, (halves[0], after), state, *given)
        return state, volume + more

    def _constants_of_steps(
        self, start: RateConstants, between: tuple[Tensor, Tensor], ends: Tensor
    ) -> Callable[[int], RateConstants]:
        """Return a function from a half step to the constants there."""
        if self.driven.temperature is None:
            return lambda _half: start
        low, high = self.kelvin(between[0]), self.kelvin(between[1], after=False)
        middles = 0.5 * (ends[1:] + ends[:-1])
        halves = torch.stack([ends[:-1], middles], dim=1).flatten(0, 1)
        halves = torch.cat([halves, ends[-1:]])
        every, count = self.at(low + (high - low) * halves), len(self.end)
        return lambda half: every.columns(slice(half * count, (half + 1) * count))
