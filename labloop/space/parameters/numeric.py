"""Parameters whose values are numbers: continuous, integer, ordered."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, PointValue, finite
from labloop.space.parameters.base import (
    Numeric,
    check_name,
    check_space_unit,
    is_list,
    without_rounding_error,
)


def check_range(name: str, low: object, high: object) -> tuple[float, float]:
    """Return finite bounds, the lower one first; raises SpaceError."""
    first = finite(low, f"the low bound of parameter {name!r}", SpaceError)
    last = finite(high, f"the high bound of parameter {name!r}", SpaceError)
    if not first < last:
        raise SpaceError(
            f"parameter {name!r} needs low < high, got low {first:g} and high {last:g}; "
            f"swap them, or leave the parameter out if it is fixed"
        )
    if not math.isfinite(last - first):
        raise SpaceError(
            f"the range of parameter {name!r} from {first:g} to {last:g} is too wide for a "
            "computer's numbers; choose nearer bounds"
        )
    return first, last


def check_step(name: str, low: float, high: float, step: object) -> tuple[float, int]:
    """Return the step and how many of them fit into the range exactly; raises SpaceError."""
    size = finite(step, f"the step of parameter {name!r}", SpaceError)
    if size <= 0:
        raise SpaceError(f"the step of parameter {name!r} must be above 0, got {size:g}")
    steps = (high - low) / size
    whole = round(steps)
    if whole < 1 or abs(steps - whole) > 1e-6:
        fitting = low + max(1, math.floor(steps)) * size
        raise SpaceError(
            f"the step {size:g} of parameter {name!r} does not divide the range {low:g} to "
            f"{high:g}; choose a high bound such as {fitting:g}, or another step"
        )
    return size, whole


@dataclass(frozen=True, slots=True)
class Continuous(Numeric):
    """A number between ``low`` and ``high``, both allowed, in ``unit``.

    Args:
        name: becomes the attribute ``x.<name>`` of a procedure.
        low: least value.
        high: greatest value.
        unit: the unit in which the bounds are given and points are written.
        log: spread values evenly in the logarithm; ``low`` must be above 0.
        step: only ``low``, ``low + step``, ... are legal; must divide the range.

    Raises:
        SpaceError: anything above does not hold.
    """

    name: str
    low: float
    high: float
    unit: str = "1"
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        check_space_unit(self.unit, f"parameter {self.name!r}")
        low, high = check_range(self.name, self.low, self.high)
        if self.log and low <= 0:
            raise SpaceError(
                f"parameter {self.name!r} with log=True needs a low bound above 0, got {low:g}"
            )
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        if self.step is not None:
            step, _ = check_step(self.name, low, high, self.step)
            object.__setattr__(self, "step", step)

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high."""
        return self.low, self.high

    @property
    def count(self) -> int | None:
        """How many steps there are; None without a step."""
        return None if self.step is None else round((self.high - self.low) / self.step) + 1

    def level(self, index: FloatArray) -> FloatArray:
        """Return the grid's values; the last one is ``high`` itself."""
        last = (self.count or 1) - 1
        numbers = without_rounding_error(self.low + index * ((self.high - self.low) / max(last, 1)))
        return np.where(index >= last, self.high, np.where(index <= 0, self.low, numbers))

    def index_below(self, numbers: FloatArray) -> FloatArray:
        """Return the index of the greatest grid value not above each number."""
        last = (self.count or 1) - 1
        share = (numbers - self.low) / (self.high - self.low)
        return np.asarray(np.floor(share * last + 1e-9))

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "continuous",
            "name": self.name,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "log": self.log,
            "step": self.step,
        }


@dataclass(frozen=True, slots=True)
class Integer(Numeric):
    """A whole number between ``low`` and ``high``, both allowed, in ``unit``.

    Raises:
        SpaceError: bounds that are not whole, not in order, or beyond 2**53 in size.
    """

    name: str
    low: int
    high: int
    unit: str = "1"

    def __post_init__(self) -> None:
        check_name(self.name)
        check_space_unit(self.unit, f"parameter {self.name!r}")
        low, high = check_range(self.name, self.low, self.high)
        if low != round(low) or high != round(high):
            raise SpaceError(
                f"integer parameter {self.name!r} needs whole bounds, got {low:g} and {high:g}"
            )
        if max(abs(low), abs(high)) > 2**53:
            raise SpaceError(f"the bounds of parameter {self.name!r} are too large to be exact")
        object.__setattr__(self, "low", int(low))
        object.__setattr__(self, "high", int(high))

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high."""
        return float(self.low), float(self.high)

    @property
    def count(self) -> int:
        """How many whole numbers there are."""
        return self.high - self.low + 1

    def level(self, index: FloatArray) -> FloatArray:
        """Return the whole numbers of the given indices."""
        return np.asarray(self.low + index)

    def index_below(self, numbers: FloatArray) -> FloatArray:
        """Return the index of the greatest whole number not above each number."""
        return np.asarray(np.floor(numbers - self.low + 1e-9))

    def values_of(self, codes: FloatArray) -> list[PointValue]:
        """Return ints; a measured value between two whole numbers stays a float."""
        return [int(n) if n.is_integer() else n for n in codes.tolist()]

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "integer",
            "name": self.name,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Ordered(Numeric):
    """One of several numbers in ``unit``: path lengths of cuvettes, settings of a switch.

    Args:
        name: becomes the attribute ``x.<name>`` of a procedure.
        values: the numbers, in any order.
        unit: the unit of the numbers.

    Raises:
        SpaceError: no values, one twice, or one that is no finite number.
    """

    name: str
    values: Sequence[float]
    unit: str = "1"
    _grid: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        check_space_unit(self.unit, f"parameter {self.name!r}")
        if not is_list(self.values) or len(self.values) == 0:
            raise SpaceError(
                f"ordered parameter {self.name!r} needs a list of numbers, got {self.values!r}"
            )
        what = f"a value of parameter {self.name!r}"
        grid = np.sort(
            np.array([finite(v, what, SpaceError) for v in self.values], dtype=np.float64)
        )
        twice = grid[1:][grid[1:] == grid[:-1]]
        if len(twice):
            raise SpaceError(f"parameter {self.name!r} lists {twice[0]:g} twice; list it once")
        object.__setattr__(self, "values", tuple(grid.tolist()))
        object.__setattr__(self, "_grid", grid)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.values[0], self.values[-1]

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def level(self, index: FloatArray) -> FloatArray:
        """Return the values of the given indices."""
        return self._grid[index.astype(np.int64)]

    def index_below(self, numbers: FloatArray) -> FloatArray:
        """Return the index of the greatest value not above each number."""
        low, high = self.span
        grid = self._grid - 1e-12 * (high - low)
        return np.asarray(np.searchsorted(grid, numbers, side="right") - 1.0)

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "ordered",
            "name": self.name,
            "values": list(self.values),
            "unit": self.unit,
        }
