"""What changes during an experiment as it is set: a temperature programme, a dosing plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.coefficients import Coefficient, CoefficientLike, Coefficients

_MOST_PIECES = 20


@dataclass(frozen=True, slots=True)
class Profile:
    """A course that is set: from a value on, in straight lines, each over a time to a value.

    ::

        temperature=Profile("25 degC", [("(hot - 298.15 K) / rate", "hot"), ("hold", "hot")])

    A line over no time is a jump; after the last one the value stays.

    Args:
        start: the value at the start.
        pieces: how long each line takes, and the value at its end.
    """

    start: CoefficientLike
    pieces: Sequence[tuple[CoefficientLike, CoefficientLike]]


@dataclass(frozen=True, slots=True)
class PiecewiseLinear:
    """A profile in numbers: the value at the start, and of each line its seconds and its end."""

    start: Tensor
    pieces: tuple[tuple[Tensor, Tensor], ...]

    @property
    def values(self) -> tuple[Tensor, ...]:
        """The value at the start and at the end of each line."""
        return (self.start, *(value for _, value in self.pieces))

    def knots(self) -> tuple[Tensor, ...]:
        """Return when each line ends, in seconds."""
        return tuple(accumulate(over for over, _ in self.pieces))

    def at(self, time: Tensor, *, after: bool = True) -> Tensor:
        """Return the value at a time, at a jump that ``after`` it or before it."""
        value, begun = self.start, torch.zeros((), dtype=torch.float64)
        for (over, _), (low, high) in zip(self.pieces, pairwise(self.values), strict=True):
            since = time - begun
            reached = (since >= over) if after else (since > over)
            # A line over no time is before its jump or after it, nothing between.
            share = (since / over.clamp_min(1e-300)).clamp(0.0, 1.0)
            value = value + (high - low) * torch.where(over > 0, share, reached.to(share.dtype))
            begun = begun + over
        return value

    def rising(self) -> "PiecewiseLinear":
        """Return the same, no value below one before it."""
        values = list(accumulate(self.values, torch.maximum))
        overs = (over for over, _ in self.pieces)
        return PiecewiseLinear(values[0], tuple(zip(overs, values[1:], strict=True)))

    def scaled(self, factor: Tensor) -> "PiecewiseLinear":
        """Return the same with all values times a factor."""
        pieces = tuple((over, value * factor) for over, value in self.pieces)
        return PiecewiseLinear(self.start * factor, pieces)


@dataclass(frozen=True, slots=True)
class ProfileCoefficients:
    """The numbers of a profile, where they come from."""

    start: Coefficient
    pieces: tuple[tuple[Coefficient, Coefficient], ...]

    def piecewise(self, x: Mapping[str, Tensor], theta: Tensor) -> PiecewiseLinear:
        """Return the profile at SI inputs and parameters."""
        return PiecewiseLinear(
            self.start.value(x, theta),
            tuple(
                (over.value(x, theta).clamp_min(0.0), value.value(x, theta))
                for over, value in self.pieces
            ),
        )


def profile_coefficients(
    label: str,
    given: Profile | CoefficientLike,
    unit: str,
    coefficients: Coefficients,
    what: str,
) -> ProfileCoefficients:
    """Return the numbers of a profile; a single number stays as it is.

    Args:
        label: what its learned numbers are called, ``label`` and ``label.over1``, ``label.to1``.
        given: what the author wrote.
        unit: a unit of the dimension of its values.
        coefficients: of the model.
        what: how messages name it.

    Raises:
        PhysicsError: no profile, or a number of another dimension.
    """
    if isinstance(given, (list, tuple)):
        raise PhysicsError(
            f"{what} is a list; what is set to change is written as Profile(start, [(over, to), "
            f"...]), got {given!r}"
        )
    if not isinstance(given, Profile):
        return ProfileCoefficients(coefficients.add(label, given, unit, what), ())
    pieces = given.pieces
    usable = isinstance(pieces, Sequence) and not isinstance(pieces, str)
    if not usable or not 1 <= len(pieces) <= _MOST_PIECES or any(len(p) != 2 for p in pieces):
        raise PhysicsError(
            f"{what} needs Profile(start, [(over, to), ...]) of 1 to {_MOST_PIECES} lines, such as "
            f"Profile('25 degC', [('10 min', 'hot'), ('hold', 'hot')]), got {given!r}"
        )
    start = coefficients.add(f"{label}.start", given.start, unit, f"the start of {what}")
    lines = []
    for number, (over, to) in enumerate(pieces, start=1):
        where = f"line {number} of {what}"
        lines.append(
            (
                coefficients.add(f"{label}.over{number}", over, "s", f"the time of {where}"),
                coefficients.add(f"{label}.to{number}", to, unit, f"the end of {where}"),
            )
        )
    return ProfileCoefficients(start, tuple(lines))
