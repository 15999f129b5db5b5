"""What every parameter can do, and how a number out of bounds or between steps is refused.

Inside of this room a set of points is an array of *codes*, ``n x p`` float64, one column a
parameter: the code of a number is the number, the code of a category its index. Outside of it
a point is a mapping of names to values, or a row of *encoded* columns in the unit cube.
"""

import keyword
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from labloop.errors import SpaceError, UnitError
from labloop.records import FloatArray, Json, PointValue, finite
from labloop.units import check_unit, is_quantity, magnitude

TOLERANCE = 1e-9
"""A value that is off by less than this share of the range is taken for the legal one."""

FAR = 1.0
"""Results farther than this share of the range beyond the bounds are not learned from."""


@dataclass(frozen=True, slots=True)
class Feature:
    """What one encoded column means.

    ``linear``, ``descriptor``: ``u = (v - low) / (high - low)``; ``log``:
    ``u = (ln v - ln low) / (ln high - ln low)``; ``onehot``: 1 where the parameter is ``level``.
    """

    parameter: str
    column: int
    kind: Literal["linear", "log", "onehot", "descriptor"]
    low: float
    high: float
    unit: str
    level: str = ""
    """The category (``onehot``) or the descriptor's name (``descriptor``)."""


def check_name(name: str) -> str:
    """Return ``name`` where it can be an attribute of ``x``; raises SpaceError."""
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise SpaceError(
            f"a parameter's name becomes an attribute of x, so it must be a Python name such as "
            f"'residence_time', got {name!r}"
        )
    if name.startswith("_"):
        raise SpaceError(f"a parameter's name must not begin with an underscore, got {name!r}")
    return name


def check_space_unit(unit: str, what: str) -> str:
    """Return ``unit`` where it is known; the message names ``what``."""
    try:
        return check_unit(unit)
    except UnitError as error:
        raise SpaceError(f"{what}: {error}") from error


def is_list(values: object) -> bool:
    """Return whether something is a list of values, and no text or mapping."""
    return isinstance(values, (Sequence, np.ndarray)) and not isinstance(values, (str, bytes))


def keys_of_rows(codes: FloatArray) -> list[bytes]:
    """Return the bytes of each of ``n x p`` rows."""
    rows = np.ascontiguousarray(codes)
    size = rows.itemsize * rows.shape[1]
    if not size:
        return [b""] * len(rows)
    return list(map(bytes, rows.view(np.dtype((np.void, size))).ravel().tolist()))


def index_of_rows(codes: FloatArray) -> dict[bytes, int]:
    """Return the bytes of each of ``n x p`` rows with its number."""
    return dict(zip(keys_of_rows(codes), range(len(codes)), strict=True))


def without_rounding_error(numbers: FloatArray) -> FloatArray:
    """Return ``numbers`` rounded to 15 significant digits: 0.1 * 3 becomes 0.3."""
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.abs(numbers)))
    digits = np.where(np.isfinite(exponent), 14 - exponent, 0.0)
    big = 10.0 ** np.clip(digits, -200, 200)
    return np.asarray(np.where(digits >= 0, np.rint(numbers * big) / big, numbers))


class Parameter(ABC):
    """Something that may be varied."""

    name: str
    unit: str

    @property
    @abstractmethod
    def count(self) -> int | None:
        """How many values there are; None where it is a continuum."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many encoded columns there are."""

    @abstractmethod
    def features(self, column: int) -> list[Feature]:
        """Return what the columns mean, the first being ``column``."""

    @abstractmethod
    def code(self, value: object) -> float:
        """Return the code of one legal value; raises SpaceError for any other."""

    @abstractmethod
    def values_of(self, codes: FloatArray) -> list[PointValue]:
        """Return the values that codes stand for, in the type that points carry."""

    def codes_of(self, values: list[PointValue]) -> FloatArray:
        """Return the codes of many values; raises SpaceError at the first that is none."""
        return np.array([self.code(value) for value in values], dtype=np.float64)

    def measured_code(self, value: object) -> float:
        """Return the code of a value at which an experiment was carried out.

        As ``code``, but a number beyond the bounds or between steps is kept as it is; raises
        SpaceError where nothing can be learned from it.
        """
        return self.code(value)

    def refuse_far(self, code: float, asked: float | None) -> None:  # noqa: B027 - names are never far
        """Raise SpaceError where a code was reached that is out of all proportion.

        That is told from the bounds, and from the code that was asked for: the bounds may have
        been others then.
        """

    def measured_codes(self, values: list[PointValue]) -> FloatArray:
        """Return the codes of many values as ``measured_code`` does."""
        return np.array([self.measured_code(value) for value in values], dtype=np.float64)

    @abstractmethod
    def quantiles(self, unit: FloatArray) -> FloatArray:
        """Return the codes at quantiles ``unit`` (n, in [0, 1)) of a uniform distribution."""

    @abstractmethod
    def encode(self, codes: FloatArray) -> FloatArray:
        """Return ``n x width`` columns, in [0, 1] for every legal code."""

    @abstractmethod
    def decode(self, columns: FloatArray) -> FloatArray:
        """Return the codes (n) nearest to ``n x width`` columns."""

    @abstractmethod
    def all_codes(self) -> FloatArray:
        """Return every code; only where ``count`` is known."""

    @abstractmethod
    def spec(self) -> dict[str, Json]:
        """Return the declaration as plain JSON."""


class Numeric(Parameter):
    """A parameter whose values are numbers: a range, perhaps with a grid on it."""

    log: bool = False

    @property
    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value."""

    @abstractmethod
    def level(self, index: FloatArray) -> FloatArray:
        """Return the grid's values of the given indices."""

    @abstractmethod
    def index_below(self, numbers: FloatArray) -> FloatArray:
        """Return the index of the greatest grid value that is not above each number."""

    @property
    def width(self) -> int:
        """One column."""
        return 1

    @property
    def span(self) -> tuple[float, float]:
        """The bounds; where both are one value, an interval above it, to divide by its width."""
        low, high = self.bounds
        return (low, high) if high > low else (low, low + (abs(low) or 1.0))

    def snap(self, numbers: FloatArray) -> FloatArray:
        """Return the legal value nearest to each number."""
        low, high = self.bounds
        clipped = np.clip(numbers, low, high)
        if self.count is None:
            return clipped
        index = np.clip(self.index_below(clipped), 0, self.count - 1)
        below = self.level(index)
        above = self.level(np.minimum(index + 1, self.count - 1))
        return np.where(clipped - below <= above - clipped, below, above)

    def features(self, column: int) -> list[Feature]:
        """Return the one column's meaning."""
        low, high = self.span
        return [Feature(self.name, column, "log" if self.log else "linear", low, high, self.unit)]

    def code(self, value: object) -> float:
        """Return the legal number at ``value``; raises SpaceError where there is none."""
        number = self.number(value)
        nearest = float(self.snap(np.array([number]))[0])
        if abs(nearest - number) > self._allowed(nearest):
            raise SpaceError(self._refusal(number, nearest))
        return nearest

    def number(self, value: object) -> float:
        """Return a plain number in the declared unit, legal or not; raises SpaceError."""
        what = f"parameter {self.name!r}"
        if is_quantity(value):
            try:
                value = magnitude(value, self.unit, what)
            except UnitError as error:
                raise SpaceError(str(error)) from error
        return finite(value, what, SpaceError)

    def measured_code(self, value: object) -> float:
        """Return the number; raises SpaceError where it has no place on the scale."""
        number = self.number(value)
        nearest = float(self.snap(np.array([number]))[0])
        if abs(nearest - number) <= self._allowed(nearest):
            return nearest
        if self.log and number <= 0:
            raise SpaceError(
                f"parameter {self.name!r} is spread over its logarithm, so {number:g}"
                f"{self._shown_unit} has no place on it"
            )
        return number

    def refuse_far(self, code: float, asked: float | None) -> None:
        """Raise SpaceError where a number lies beyond all by more than the range."""
        share, *others = self._shares(np.array([code] if asked is None else [code, asked])).tolist()
        if not min([0.0, *others]) - FAR <= share <= max([1.0, *others]) + FAR:
            low, high = self.span
            raise SpaceError(
                f"{code:g} lies farther from the bounds {low:g} and {high:g}{self._shown_unit} "
                f"of parameter {self.name!r} than they lie apart"
            )

    def measured_codes(self, values: list[PointValue]) -> FloatArray:
        """Return the codes of many numbers; vectorised where all are legal."""
        try:
            return self.codes_of(values)
        except SpaceError:
            return np.array([self.measured_code(value) for value in values], dtype=np.float64)

    def _shares(self, numbers: FloatArray) -> FloatArray:
        """Return each number as a share of the range: 0 at the low bound, 1 at the high one."""
        low, high = self.span
        if self.log:
            return np.asarray(np.log(numbers / low) / math.log(high / low))
        return np.asarray((numbers - low) / (high - low))

    def codes_of(self, values: list[PointValue]) -> FloatArray:
        """Return the legal numbers at ``values``; vectorised where all are plain numbers."""
        if not all(type(value) in {int, float} for value in values):
            return np.array([self.code(value) for value in values], dtype=np.float64)
        numbers = np.array(values, dtype=np.float64)
        nearest = self.snap(numbers)
        allowed = TOLERANCE * np.abs(nearest) if self.log else self._allowed(0.0)
        wrong = np.flatnonzero(~(np.abs(nearest - numbers) <= allowed))
        if len(wrong):
            self.code(values[int(wrong[0])])
        return nearest

    def _allowed(self, nearest: float) -> float:
        low, high = self.bounds
        return TOLERANCE * (abs(nearest) if self.log else (high - low or abs(low) or 1.0))

    @property
    def _shown_unit(self) -> str:
        return "" if self.unit == "1" else f" {self.unit}"

    def _refusal(self, number: float, nearest: float) -> str:
        low, high = self.bounds
        if low <= number <= high:
            return (
                f"parameter {self.name!r} takes steps, and {number:g} is none of them; "
                f"the nearest is {nearest:.12g}{self._shown_unit}"
            )
        return (
            f"parameter {self.name!r} must lie between {low:g} and {high:g}{self._shown_unit}, "
            f"got {number:g}"
        )

    def values_of(self, codes: FloatArray) -> list[PointValue]:
        """Return floats."""
        numbers: list[PointValue] = codes.tolist()
        return numbers

    def quantiles(self, unit: FloatArray) -> FloatArray:
        """Return numbers spread over the range, or over the grid's indices."""
        if self.count is None:
            return self.decode(unit[:, None])
        return self.level(np.minimum(np.floor(unit * self.count), self.count - 1))

    def encode(self, codes: FloatArray) -> FloatArray:
        """Return ``n x 1``; below 0 or above 1 only for a number beyond the bounds."""
        unit = self._shares(codes)
        inside = np.clip(unit, 0.0, 1.0)
        return np.asarray(np.where(np.abs(unit - inside) <= TOLERANCE, inside, unit)[:, None])

    def decode(self, columns: FloatArray) -> FloatArray:
        """Return the legal number nearest to each row."""
        low, high = self.span
        unit = np.clip(columns[:, 0], 0.0, 1.0)
        if self.log:
            numbers = low * np.exp(unit * math.log(high / low))
        else:
            numbers = low + unit * (high - low)
        return self.snap(numbers)

    def all_codes(self) -> FloatArray:
        """Return every grid value."""
        return self.level(np.arange(self.count or 0, dtype=np.float64))
