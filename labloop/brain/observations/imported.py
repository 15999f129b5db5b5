"""Results that nobody asked for: rows of a table, as observations."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from labloop.errors import BrainError, LabloopError
from labloop.objectives import Objectives
from labloop.records import Point, list_of
from labloop.space import SearchSpace

Rows: TypeAlias = Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]] | Any
"""Rows that map a column to its value, columns that map to their values, or a data frame."""


def read_results(
    space: SearchSpace, objective: Objectives, rows: Rows
) -> list[tuple[Point, dict[str, float] | None]]:
    """Return point and outputs of every row; None in place of the outputs of one that failed.

    Raises:
        BrainError: with the number of the first row that means nothing, and why.
    """
    read = []
    for number, row in enumerate(_rows(rows), start=1):
        if not isinstance(row, Mapping):
            raise BrainError(f"row {number} must map columns to values, got {row!r}")
        try:
            told = {n: _plain(row[n]) for n in space.names if n in row}
            # An empty cell of a data frame is NaN: what is not used may be left out.
            point = space.placed({n: v for n, v in told.items() if not _is_empty(v)})
            outputs = _outputs(row, space, objective)
        except LabloopError as error:
            raise BrainError(f"row {number}: {error}; no row was taken in") from error
        read.append((point, outputs))
    return read


def read_points(space: SearchSpace, rows: Rows) -> list[dict[str, Any]]:
    """Return the conditions of every row, legal or not; columns that are none are left out.

    Raises:
        BrainError: no rows, or one that maps no columns to values.
    """
    read = []
    for number, row in enumerate(_rows(rows), start=1):
        if not isinstance(row, Mapping):
            raise BrainError(f"row {number} must map columns to values, got {row!r}")
        read.append({name: _plain(row[name]) for name in space.names if name in row})
    return read


def _rows(rows: Rows) -> Sequence[Any]:
    if hasattr(rows, "to_dict"):
        return list(rows.to_dict("records"))
    if isinstance(rows, Mapping):
        columns = {
            str(name): list_of(values, f"column {name!r} of past results", "[1.0, 2.0]", BrainError)
            for name, values in rows.items()
        }
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise BrainError(f"the columns of past results must be equally long, got {lengths}")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(rows, str) or not isinstance(rows, Sequence):
        raise BrainError(
            "past results are rows [{'x': 1, 'y': 2}, ...], columns {'x': [1], 'y': [2]} or a "
            f"data frame, got {rows!r}"
        )
    return rows


def _plain(value: Any) -> Any:
    """Return numpy's scalars as Python's."""
    return value.item() if hasattr(value, "item") and not hasattr(value, "units") else value


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _outputs(
    row: Mapping[str, Any], space: SearchSpace, objective: Objectives
) -> dict[str, float] | None:
    """Return every number of a row that is no condition; words beside them are left out."""
    lacking = [name for name in objective.outputs if name not in row]
    if lacking:
        raise BrainError(
            f"there is no column {', '.join(map(repr, lacking))}, which the objective reads; it "
            f"has {', '.join(map(str, row)) or 'none'}"
        )
    found: dict[str, float] = {}
    for name, value in ((n, _plain(v)) for n, v in row.items() if n not in space.names):
        empty = _is_empty(value)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and not empty:
            if not math.isfinite(value):
                raise BrainError(f"output {name!r} must be finite, got {value}")
            found[str(name)] = float(value)
        elif name in objective.outputs and not empty:
            raise BrainError(f"output {name!r} must be a number, got {value!r}")
    return found if any(name in found for name in objective.outputs) else None
