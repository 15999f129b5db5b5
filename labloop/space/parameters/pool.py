"""A pool: a table whose rows are the only legal combinations of its columns."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from labloop.errors import DefinitionError, SpaceError
from labloop.records import FloatArray, Json, PointValue, finite, numeral
from labloop.space.parameters.base import (
    Parameter,
    check_name,
    check_space_unit,
    is_list,
    keys_of_rows,
)
from labloop.space.parameters.categorical import Categorical, Descriptors
from labloop.space.parameters.numeric import Ordered
from labloop.space.parameters.pool_file import read_pool_file

Table: TypeAlias = str | PathLike[str] | Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Pool:
    """A table of candidates, such as the samples on a shelf: only its rows are legal.

    Args:
        table: path of a CSV file with a header (which may name units), list of rows, mapping
            column -> values, or data frame.
        columns: the columns that are inputs, each with its unit (numbers) or ``Categorical``
            (names). Other columns, such as measured results, are not read.
        descriptors: column -> value -> descriptors, for columns of names.
        reusable: whether a row may be chosen again once it was used.

    Raises:
        SpaceError: no rows, a column that is missing, a cell that is no number, a row twice.
    """

    table: Table
    columns: Mapping[str, str | type]
    descriptors: Mapping[str, Descriptors] | None = None
    reusable: bool = False
    parameters: tuple[Parameter, ...] = field(init=False, repr=False, compare=False)
    """One parameter a column: Ordered or Categorical."""
    codes: FloatArray = field(init=False, repr=False, compare=False)
    """``rows x columns``."""

    def __post_init__(self) -> None:
        if not isinstance(self.columns, Mapping) or not self.columns:
            raise SpaceError(
                "a pool needs columns={name: unit, ...} that name its input columns; "
                "use Categorical in the place of the unit for a column of names"
            )
        for name in self.columns:
            check_name(name)
        described = set(self.descriptors or ())
        names = {n for n, kind in self.columns.items() if not isinstance(kind, str)}
        if described - names:
            raise SpaceError(
                f"only a pool's columns of names can have descriptors, got some for "
                f"{', '.join(sorted(described - names))}"
            )
        units = {n: k if isinstance(k, str) else None for n, k in self.columns.items()}
        read = _read(self.table, units)
        object.__setattr__(self, "parameters", tuple(self._parameter(n, read[n]) for n in read))
        table = {p.name: _cells(p, read[p.name]) for p in self.parameters}
        columns = [p.codes_of(table[p.name]) for p in self.parameters]
        codes = np.array(columns, dtype=np.float64).T.copy()
        codes.flags.writeable = False
        object.__setattr__(self, "codes", codes)
        self._refuse_duplicate_rows()
        object.__setattr__(self, "table", {n: tuple(values) for n, values in table.items()})

    def _parameter(self, name: str, values: Sequence[Any]) -> Parameter:
        kind = self.columns[name]
        if not isinstance(kind, str):
            if kind is not Categorical and kind is not str:
                raise SpaceError(
                    f"pool column {name!r} needs a unit such as 'degC', or Categorical, "
                    f"got {kind!r}"
                )
            texts = list(dict.fromkeys(_texts(name, values)))
            given = (self.descriptors or {}).get(name)
            if given is not None and isinstance(given, Mapping):
                # A table of descriptors may hold more substances than the pool does.
                given = {text: given[text] for text in texts if text in given}
            return Categorical(name, texts, given)
        check_space_unit(kind, f"pool column {name!r}")
        return Ordered(name, np.unique(_numbers(name, values)).tolist(), kind)

    def _refuse_duplicate_rows(self) -> None:
        keys = keys_of_rows(self.codes)
        if len(set(keys)) == len(keys):
            return
        seen: dict[bytes, int] = {}
        for index, key in enumerate(keys):
            first = seen.setdefault(key, index)
            if first != index:
                raise SpaceError(
                    f"rows {first + 1} and {index + 1} of the pool are the same in "
                    f"{', '.join(self.columns)}; keep one, or name the column that tells them apart"
                )

    def spec(self) -> dict[str, Json]:
        """Return the declaration with all of its rows."""
        table: Any = self.table
        return {
            "type": "pool",
            "table": {name: list(values) for name, values in table.items()},
            "columns": {n: k if isinstance(k, str) else None for n, k in self.columns.items()},
            "descriptors": {
                p.name: p.descriptors
                for p in self.parameters
                if isinstance(p, Categorical) and p.descriptors is not None
            },
            "reusable": self.reusable,
        }


def _read(table: Table, units: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """Return the named columns as lists of the same length, with at least one row."""
    names = list(units)
    if hasattr(table, "to_dict"):  # a data frame, whose library is none of ours
        table = table.to_dict("list")
    if isinstance(table, str | PathLike):
        columns = read_pool_file(Path(table), units)
    elif isinstance(table, Mapping):
        _require(names, list(table))
        for name in names:
            if not is_list(table[name]):
                raise SpaceError(
                    f"column {name!r} of a pool must be a list of values, got {table[name]!r:.60}"
                )
        columns = {name: list(table[name]) for name in names}
    elif isinstance(table, Sequence):
        rows: Sequence[Any] = table
        columns = _of_rows(rows, names)
    else:
        raise SpaceError(
            f"a pool's table must be the path of a CSV file, a list of rows, a mapping of "
            f"columns or a data frame, got {type(table).__name__}"
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise SpaceError(f"the columns of a pool must be equally long, got {lengths}")
    if not lengths[names[0]]:
        raise SpaceError("the pool has no rows; give it at least one")
    return columns


def _of_rows(rows: Sequence[Mapping[str, Any]], names: list[str]) -> dict[str, list[Any]]:
    if not rows:
        raise SpaceError("the pool has no rows; give it at least one")
    for row in rows:
        if not isinstance(row, Mapping):
            raise SpaceError(f"a row of a pool must be a mapping column -> value, got {row!r}")
        _require(names, list(row))
    return {name: [row[name] for row in rows] for name in names}


def _require(names: list[str], have: list[Any]) -> None:
    missing = [name for name in names if name not in have]
    if missing:
        raise SpaceError(
            f"the pool has no column {', '.join(map(repr, missing))}; "
            f"it has {', '.join(map(repr, have))}"
        )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SpaceError(f"pool column {name!r} must hold names, got {value!r}")
    return value.strip()


def _number(name: str, value: object) -> float:
    try:
        # In a CSV file 1_000 is no number, nor is a digit of another script.
        return numeral(value) if isinstance(value, str) else finite(value, name)
    except DefinitionError:
        raise SpaceError(
            f"pool column {name!r} must hold finite numbers, got {value!r}; "
            f"declare it as Categorical if it holds names"
        ) from None


def _texts(name: str, values: Sequence[Any]) -> list[str]:
    """Return many names; each different cell is checked once."""
    try:
        known = {value: _text(name, value) for value in dict.fromkeys(values)}
    except TypeError:  # a cell that cannot be hashed is no name: let _text refuse it
        return [_text(name, value) for value in values]
    return [known[value] for value in values]


def _numbers(name: str, values: Sequence[Any]) -> FloatArray:
    """Return many numbers; vectorised where all are plain numbers."""
    if {type(value) for value in values} <= {int, float, np.float64}:
        with suppress(OverflowError):
            numbers = np.array(values, dtype=np.float64)
            if np.isfinite(numbers).all():
                return numbers
    return np.array([_number(name, value) for value in values], dtype=np.float64)


def _cells(parameter: Parameter, values: Sequence[Any]) -> list[PointValue]:
    if isinstance(parameter, Categorical):
        return list(_texts(parameter.name, values))
    cells: list[PointValue] = _numbers(parameter.name, values).tolist()
    return cells
