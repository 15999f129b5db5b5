"""Whether a row of a table fits the experiment it names, and when two points are the same."""

import math

from labloop.campaign.by_hand.cell_numbers import describe_ambiguous
from labloop.campaign.by_hand.row_reader import ResultRow
from labloop.records import (
    ExperimentRecord,
    Point,
)


def mismatch(line: ResultRow, row: ExperimentRecord | None, seen: set[str]) -> str:
    """Return why a row does not fit the experiment that it names; empty where it fits."""
    if row is None:
        return "is not known; leave its cell empty to import what was done elsewhere"
    if row.id in seen:
        return "is told twice in this file; leave one row out"
    other = [n for n, v in line.point.items() if n in row.point and not _near(v, row.point[n])]
    grouped = [f"{n} {describe_ambiguous(line.ambiguous[n])}" for n in other if n in line.ambiguous]
    if grouped:
        return f"cannot be read: {', '.join(grouped)}"
    if other:
        differences = ", ".join(f"{n}={line.point[n]} instead of {row.point[n]}" for n in other)
        return (
            f"was asked for at another point ({differences}); correct it, write what was reached "
            f"into a column 'actual {other[0]}', or empty the cell of the experiment to import the "
            "row as one of your own"
        )
    return ""


def _near(value: float | str, asked: float | str) -> bool:
    if isinstance(value, str) or isinstance(asked, str):
        return value == asked
    # A spreadsheet keeps fewer digits than it was given.
    return math.isclose(value, asked, rel_tol=1e-4, abs_tol=1e-9)


def same_point(point: Point, stored: Point) -> bool:
    """Return whether two points are equal to nine digits."""

    def equal(first: float | str, second: float | str) -> bool:
        if isinstance(first, str) or isinstance(second, str):
            return first == second
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=0.0)

    return point.keys() == stored.keys() and all(equal(point[n], stored[n]) for n in point)
