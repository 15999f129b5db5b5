"""The RODAS3 steps of ``integrator`` in NumPy, for solves that need no gradient.

A round asks for tens of thousands of solves in batches of a few hundred, where overhead of torch
is most of the time. Here every operation takes all reactions of a batch at once and writes into a
buffer that stays in the cache. Operations are elementwise, in an order that the network alone
decides, so that an experiment has the same bits alone, in every batch and on every processor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from labloop.physics.reactions.integration.row_laws import ARRAY_FUNCTIONS, LEAST, RowLaw
from labloop.records import FloatArray

_BATCH = 2048
"""Experiments whose buffers stay in the cache."""
_LIMITINGS = 4
IntArray: TypeAlias = npt.NDArray[np.int64]
Dose: TypeAlias = tuple[FloatArray, FloatArray]
"""What a step adds to the state, and by how much that alone changes the rates."""


@dataclass(frozen=True, slots=True)
class ConstantArrays:
    """The constants of ``network.RateConstants`` as arrays."""

    k: FloatArray
    """R x N."""
    denominator: FloatArray
    """R x (S + 1) x N, or nothing."""
    given: tuple[Mapping[str, FloatArray], ...] = ()
    """What each law reads, N values a name."""
    volume: FloatArray | None = None
    """N."""

    def part(self, part: slice) -> "ConstantArrays":
        """Return those of some experiments."""
        return ConstantArrays(
            self.k[:, part],
            self.denominator[:, :, part] if self.denominator.size else self.denominator,
            tuple({name: value[part] for name, value in law.items()} for law in self.given),
            None if self.volume is None else self.volume[part],
        )


class _Mechanism:
    """What all experiments share: S species, R reactions, F factors a rate."""

    def __init__(
        self,
        net: FloatArray,
        factors: IntArray,
        power: FloatArray | None,
        denominator: FloatArray,
        laws: Sequence[RowLaw],
    ) -> None:
        self.laws = laws
        self.net = net[:, :, None]
        self.factors = factors
        self.slopes = -net[factors][..., None]
        self.power = power
        self.powers = [] if power is None else [int(p) for p in power[:, 0]]
        self.in_denominator = [i for i in range(denominator.shape[1]) if denominator[:, i].any()]


class _LinearSolver:
    """Views of a matrix R x R x B and of right-hand sides R x B, taken once for all steps."""

    def __init__(self, size: tuple[int, int], sides: tuple[FloatArray, ...]) -> None:
        count, width = size
        self.matrix = np.empty((count, count, width))
        self.diagonal = self.matrix.reshape(-1, width)[:: count + 1]
        matrix, product, spare = self.matrix, np.empty((count, count, width)), np.empty(size)
        self._rows = [
            (
                matrix[i, i],
                matrix[i + 1 :, i],
                matrix[i, i + 1 :],
                matrix[i + 1 :, i + 1 :],
                product[i + 1 :, i + 1 :],
            )
            for i in range(count - 1)
        ]
        self._sides = {
            id(x): (
                [(matrix[i + 1 :, i], x[i], x[i + 1 :], spare[i + 1 :]) for i in range(count - 1)],
                [(matrix[:i, i], x[i], x[:i], spare[:i]) for i in range(count - 1, 0, -1)],
            )
            for x in sides
        }

    def factorise(self) -> None:
        """Replace the matrix by its factors, pivots inverted, without pivoting."""
        for pivot, lower, upper, rest, product in self._rows:
            np.divide(1.0, pivot, pivot)
            np.multiply(lower, pivot, lower)
            np.multiply(lower[:, None], upper, product)
            np.subtract(rest, product, rest)
            np.multiply(upper, pivot, upper)
        last = self.matrix[-1, -1]
        np.divide(1.0, last, last)

    def solve(self, x: FloatArray) -> None:
        """Replace one of the right-hand sides by the solution."""
        forward, backward = self._sides[id(x)]
        for lower, known, rest, spare in forward:
            np.multiply(lower, known, spare)
            np.subtract(rest, spare, rest)
        np.multiply(x, self.diagonal, x)
        for upper, known, rest, spare in backward:
            np.multiply(upper, known, spare)
            np.subtract(rest, spare, rest)


class _Batch:
    """The steps of B experiments: their rate constants, and buffers that every step reuses."""

    def __init__(
        self, mechanism: _Mechanism, constants: tuple[ConstantArrays, ConstantArrays], species: int
    ) -> None:
        self._mechanism = mechanism
        self._constants = constants
        size = constants[0].k.shape
        self._positive = np.empty((species, size[1]))
        self._factors = np.empty((*mechanism.factors.shape, size[1]))
        self._reached_state = np.empty((species, size[1]))
        self._change = np.empty(size[1])
        self._changes = [
            (self._reached_state[i], r, float(mechanism.net[i, r, 0]))
            for i, r in np.argwhere(mechanism.net[:, :, 0])
        ]
        self._rate, self._spare, self._shift, self._reached = np.empty((4, *size))
        self._first, self._second = np.empty(size), np.empty(size)
        self._solver = _LinearSolver(size, (self._first, self._second))
        self._term = np.empty((size[0], *size))
        held: tuple[FloatArray | None, FloatArray | None] = (None, None)
        if mechanism.powers:
            held = (np.empty(size), np.empty(size))
        self._denominator, self._share = held
        self._by_denominator = self._denominator_derivative(constants[0].denominator)

    def _denominator_derivative(self, denominator: FloatArray) -> FloatArray | None:
        """Return the derivative of each denominator by the extents, times its power, R x R x B."""
        mechanism = self._mechanism
        if mechanism.power is None:
            return None
        slope = np.zeros_like(self._term)
        for i in mechanism.in_denominator:
            slope += denominator[:, i, None] * mechanism.net[i]
        return slope * mechanism.power[:, :, None]

    def _rates(self, constants: ConstantArrays, y: FloatArray) -> None:
        """Write the rates at concentrations ``y``, and their denominators."""
        k, denominator = constants.k, constants.denominator
        np.maximum(y, 0.0, out=self._positive)
        np.take(self._positive, self._mechanism.factors, 0, self._factors, "clip")
        np.multiply(k, self._factors[0], self._rate)
        for factor in self._factors[1:]:
            np.multiply(self._rate, factor, self._rate)
        if self._mechanism.laws:
            state = self._concentrations(constants)
            for law, given in zip(self._mechanism.laws, constants.given, strict=True):
                self._rate[law.row] *= law.rate(state, given, ARRAY_FUNCTIONS)
        if self._denominator is None or self._share is None:
            return
        self._denominator.fill(1.0)
        for i in self._mechanism.in_denominator:
            self._denominator += denominator[:, i] * self._positive[i]
        for r, power in enumerate(self._mechanism.powers):
            self._share[r] = self._denominator[r]
            for _ in range(power - 1):
                self._share[r] *= self._denominator[r]
        self._rate /= self._share

    def _concentrations(self, constants: ConstantArrays) -> FloatArray:
        """Return the concentrations at the state of the last rates, none of them zero."""
        volume = constants.volume
        found: FloatArray = self._positive if volume is None else self._positive / volume
        return np.maximum(found, LEAST)

    def _add_laws(self, matrix: FloatArray) -> None:
        """Subtract the derivatives of the laws by the extents."""
        if not self._mechanism.laws:
            return
        constants = self._constants[0]
        state = self._concentrations(constants)
        for law, given in zip(self._mechanism.laws, constants.given, strict=True):
            k = constants.k[law.row]
            for row, slope in law.by_species(state, given, ARRAY_FUNCTIONS):
                per = slope if constants.volume is None else slope / constants.volume
                for r, change in enumerate(self._mechanism.net[row, :, 0]):
                    if change:
                        matrix[law.row, r] -= k * per * change

    def _matrix(self, twice: FloatArray) -> None:
        """Write ``2 / width I - d rate / d extent`` at the state of the last rates."""
        matrix, slopes = self._solver.matrix, self._mechanism.slopes
        for f, slope in enumerate(slopes):
            partial = self._partial(f)
            if f:
                np.multiply(partial[:, None], slope, self._term)
                np.add(matrix, self._term, matrix)
            else:
                np.multiply(partial[:, None], slope, matrix)
        self._add_laws(matrix)
        if self._denominator is not None and self._by_denominator is not None:
            np.divide(self._rate, self._denominator, self._spare)
            np.multiply(self._spare[:, None], self._by_denominator, self._term)
            np.add(matrix, self._term, matrix)
        np.add(self._solver.diagonal, twice, self._solver.diagonal)

    def _partial(self, f: int) -> FloatArray:
        """Return the derivative of the rates by their f-th factor."""
        partial = self._constants[0].k
        for g, other in enumerate(self._factors):
            if g != f:
                partial = np.multiply(partial, other, self._spare)
        return partial if self._share is None else np.divide(partial, self._share, self._spare)

    def _move(self, y: FloatArray, extents: FloatArray) -> None:
        """Write ``y + net @ extents``."""
        self._reached_state[:] = y
        for there, r, change in self._changes:
            if change == 1.0:
                np.add(there, extents[r], there)
            elif change == -1.0:
                np.subtract(there, extents[r], there)
            else:
                np.multiply(extents[r], change, self._change)
                np.add(there, self._change, there)

    def step(self, y: FloatArray, per: FloatArray, dose: Dose | None) -> None:
        """Take one RODAS3 step in place, as ``integrator._step`` does.

        Args:
            y: the state, (S + 1) x B.
            per: one over the width of the step, B.
            dose: what it adds to the state, and by how much that alone changes the rates.
        """
        before, after = self._constants
        rate, shift, reached, solve = self._rate, self._shift, self._reached, self._solver.solve
        self._rates(before, y)
        self._matrix(2.0 * per)
        self._solver.factorise()
        u1, u2 = self._first, self._second
        np.add(rate, 0.0 if dose is None else 0.5 * dose[1], u1)
        solve(u1)
        np.multiply(4.0 * per, u1, u2)
        np.add(u2, rate if dose is None else rate + 1.5 * dose[1], u2)
        solve(u2)
        np.subtract(u1, u2, shift)
        np.multiply(shift, per, shift)
        np.multiply(u1, 2.0, reached)
        if dose is not None:
            y += dose[0]
        u3, u4 = u2, u1
        self._third_stage(y, after, u3)
        self._move(y, reached)
        self._rates(after, self._reached_state)
        np.multiply(-8.0 / 3.0 * per, u3, u4)
        np.add(u4, rate, u4)
        np.add(u4, shift, u4)
        solve(u4)
        np.add(reached, u4, reached)
        self._finish_step(y)

    def _third_stage(self, y: FloatArray, constants: ConstantArrays, u3: FloatArray) -> None:
        self._move(y, self._reached)
        self._rates(constants, self._reached_state)
        np.add(self._rate, self._shift, u3)
        self._solver.solve(u3)
        np.add(self._reached, u3, self._reached)

    def _finish_step(self, y: FloatArray) -> None:
        """Write the state at the end; a step that makes a species negative is shortened."""
        self._move(y, self._reached)
        if self._reached_state.min() < 0.0:
            cut = (self._reached_state < 0.0).any(0)
            self._reached[:, cut] = _limit_extents(
                self._mechanism.net, y[:, cut], self._reached[:, cut]
            )
            self._move(y, self._reached)
        y[:] = self._reached_state


def _limit_extents(net: FloatArray, y: FloatArray, extents: FloatArray) -> FloatArray:
    """Return the extents, reduced where they would make a species negative.

    Args:
        net: (S + 1) x R x 1.
        y: (S + 1) x B.
        extents: R x B.
    """
    for _ in range(_LIMITINGS):
        kept = np.ones_like(extents)
        for of_species, there in zip(net, y, strict=True):
            change = of_species * extents
            end, loss, gain = there, np.zeros_like(there), there
            for each in change:
                end, loss = end + each, loss - np.minimum(each, 0.0)
                gain = gain + np.maximum(each, 0.0)
            share = np.clip(gain / np.maximum(loss, 1e-300), 0.0, 1.0)
            taking = (end < 0.0) & (change < 0.0)
            kept = np.where(taking, np.minimum(kept, share), kept)
        if (kept == 1.0).all():
            break
        extents = extents * kept
    return extents


def integrate_arrays(
    net: FloatArray,
    factors: IntArray,
    power: FloatArray | None,
    constants: tuple[ConstantArrays, ConstantArrays],
    state: FloatArray,
    per: FloatArray,
    dose: Dose | None = None,
    laws: Sequence[RowLaw] = (),
) -> FloatArray:
    """Return the state (S + 1) x N after all steps.

    Args:
        net: net stoichiometry, (S + 1) x R.
        factors: row of the state for each factor of each rate, F x R.
        power: of the denominators, R x 1, whole numbers; None for mass action.
        constants: of the rates, at the start and at the end of every step.
        state: (S + 1) x N, left as it is.
        per: one over the widths of the steps, steps x N.
        dose: what every step adds to the state, (S + 1) x N, and by how much that alone
            changes the rates, R x N.
        laws: rates that are arithmetic of concentrations.
    """
    mechanism = _Mechanism(net, factors, power, constants[0].denominator, laws)
    reached = np.array(state, dtype=np.float64, order="C")
    species = len(net)
    # Results that are not finite are left as they are: the caller tells them.
    with np.errstate(all="ignore"):
        for first in range(0, state.shape[1], _BATCH):
            part = slice(first, first + _BATCH)
            both = (constants[0].part(part), constants[1].part(part))
            block = _Batch(mechanism, both, species)
            more = None if dose is None else (dose[0][:, part], dose[1][:, part])
            y = reached[:, part]
            for step in per[:, part]:
                block.step(y, step, more)
    return reached
