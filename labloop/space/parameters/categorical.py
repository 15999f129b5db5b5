"""A parameter whose values are names: one-hot encoded, or by numerical descriptors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, PointValue, finite
from labloop.space.parameters.base import Feature, Parameter, check_name, is_list

Descriptors: TypeAlias = Mapping[str, Sequence[float] | Mapping[str, float]]
"""Value -> its descriptors, as a sequence or by name; the same ones for every value."""


@dataclass(frozen=True, slots=True)
class Categorical(Parameter):
    """One of several names, encoded one-hot or by descriptors.

    Args:
        name: becomes the attribute ``x.<name>`` of a procedure.
        values: the names; texts.
        descriptors: numbers that describe each value (polarity, size). They replace the
            one-hot columns, so that a model can generalise from one solvent to another. Those
            that are the same for all values are not encoded.

    Raises:
        SpaceError: no values, a value twice, descriptors missing or unable to tell two apart.
    """

    name: str
    values: Sequence[str]
    descriptors: Descriptors | None = None
    _index: dict[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        if not is_list(self.values) or len(self.values) == 0:
            raise SpaceError(
                f"categorical parameter {self.name!r} needs a list of names, got {self.values!r}"
            )
        for value in self.values:
            if not isinstance(value, str) or not value:
                raise SpaceError(
                    f"the values of categorical parameter {self.name!r} must be texts, got "
                    f"{value!r}; use Ordered for numbers"
                )
        values = tuple(self.values)
        index = {value: float(i) for i, value in enumerate(values)}
        if len(index) < len(values):
            twice = next(v for i, v in enumerate(values) if index[v] != i)
            raise SpaceError(f"parameter {self.name!r} lists {twice!r} twice; list it once")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_index", index)
        if self.descriptors is not None:
            object.__setattr__(self, "descriptors", self._checked())

    def _checked(self) -> dict[str, dict[str, float]]:
        given: Any = self.descriptors
        what = f"parameter {self.name!r}"
        if not isinstance(given, Mapping) or set(given) != set(self.values):
            raise SpaceError(
                f"the descriptors of {what} must be a mapping with one entry for each of "
                f"{', '.join(self.values)}, got "
                f"{list(given) if isinstance(given, Mapping) else given!r}"
            )
        rows = {value: _named(given[value], what) for value in self.values}
        names = list(rows[self.values[0]])
        seen: dict[tuple[float, ...], str] = {}
        for value, row in rows.items():
            if list(row) != names and set(row) != set(names):
                raise SpaceError(
                    f"every value of {what} needs the same descriptors, {', '.join(names)}; "
                    f"{value!r} has {', '.join(row)}"
                )
            key = tuple(row[name] for name in names)
            if key in seen:
                raise SpaceError(
                    f"the descriptors of {what} do not tell {seen[key]!r} from {value!r}; "
                    f"add a descriptor in which they differ"
                )
            seen[key] = value
        return {value: {name: row[name] for name in names} for value, row in rows.items()}

    @property
    def unit(self) -> str:  # type: ignore[override]
        """Names carry no unit."""
        return "1"

    @property
    def count(self) -> int:
        """How many names there are."""
        return len(self.values)

    @property
    def _described(self) -> list[tuple[str, float, float]]:
        """Name, least and greatest value of each descriptor that varies."""
        rows: Any = self.descriptors
        if rows is None:
            return []
        names = list(rows[self.values[0]])
        ranges = [
            (n, min(r[n] for r in rows.values()), max(r[n] for r in rows.values())) for n in names
        ]
        return [(name, low, high) for name, low, high in ranges if high > low]

    @property
    def width(self) -> int:
        """One column a varying descriptor, else one a value."""
        return len(self._described) or len(self.values)

    @property
    def table(self) -> FloatArray:
        """``count x width``: the columns of every value."""
        described = self._described
        if not described:
            return np.eye(len(self.values))
        rows: Any = self.descriptors
        return np.array(
            [
                [(rows[v][name] - low) / (high - low) for name, low, high in described]
                for v in self.values
            ]
        )

    def features(self, column: int) -> list[Feature]:
        """Return the meaning of the columns."""
        described = self._described
        if described:
            return [
                Feature(self.name, column + i, "descriptor", low, high, "1", name)
                for i, (name, low, high) in enumerate(described)
            ]
        return [
            Feature(self.name, column + i, "onehot", 0.0, 1.0, "1", value)
            for i, value in enumerate(self.values)
        ]

    def code(self, value: object) -> float:
        """Return the index of a name; raises SpaceError."""
        if not isinstance(value, str) or value not in self._index:
            raise SpaceError(
                f"parameter {self.name!r} must be one of {', '.join(self.values)}, got {value!r}"
            )
        return self._index[value]

    def values_of(self, codes: FloatArray) -> list[PointValue]:
        """Return the names."""
        return [self.values[index] for index in np.rint(codes).astype(np.int64)]

    def quantiles(self, unit: FloatArray) -> FloatArray:
        """Return the indices at quantiles ``unit``."""
        return np.minimum(np.floor(unit * self.count), self.count - 1)

    def encode(self, codes: FloatArray) -> FloatArray:
        """Return descriptor or one-hot columns."""
        return np.asarray(self.table[np.rint(codes).astype(np.int64)])

    def decode(self, columns: FloatArray) -> FloatArray:
        """Return the value whose columns are nearest to each row."""
        table = self.table
        # |row - entry|^2 without |row|^2, which does not change which entry is the nearest.
        distance = (table**2).sum(axis=1)[None, :] - 2.0 * columns @ table.T
        return np.asarray(np.argmin(distance, axis=1), dtype=np.float64)

    def all_codes(self) -> FloatArray:
        """Return every index."""
        return np.arange(self.count, dtype=np.float64)

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        rows: Any = self.descriptors
        return {
            "type": "categorical",
            "name": self.name,
            "values": list(self.values),
            "descriptors": rows,
        }


def _named(row: Sequence[float] | Mapping[str, float], what: str) -> dict[str, float]:
    if isinstance(row, Mapping):
        pairs = [(str(name), value) for name, value in row.items()]
    elif isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
        raise SpaceError(f"the descriptors of {what} must be lists or mappings, got {row!r}")
    else:
        pairs = [(str(index), value) for index, value in enumerate(row)]
    if not pairs:
        raise SpaceError(f"the descriptors of {what} are empty; leave descriptors out")
    return {
        name: finite(value, f"descriptor {name!r} of {what}", SpaceError) for name, value in pairs
    }
