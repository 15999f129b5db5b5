"""A pool's table in a file: CSV as spreadsheets save it, perhaps with units in its header."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labloop.errors import DefinitionError, SpaceError, UnitError
from labloop.records import decoded, may_be_grouped, numeral
from labloop.units import convert

_DELIMITERS = (";", "\t", ",")
_HEAD = re.compile(r"(?P<name>.*\S)\s*[(\[](?P<unit>[^()\[\]]*)[)\]]")


def read_pool_file(path: Path, units: Mapping[str, str | None]) -> dict[str, list[Any]]:
    """Return the columns of a CSV file, by commas, semicolons or tabs.

    Where a comma separates no cells it may be the decimal sign. A head may hold a unit in
    brackets, ``boiling point (degC)``: numbers are converted from it.

    Args:
        path: of the file, with a header.
        units: column -> the unit in which it is wanted; None for names.

    Returns:
        Column -> its cells: a float where a comma or another unit had to be read, else the text.

    Raises:
        SpaceError: no such file or column, a row with too many cells, a unit that does not fit,
            a number that can be read in two ways.
    """
    header, rows, comma = _cells(path)
    heads = _heads(header, units)
    missing = [name for name in units if name not in heads]
    if missing:
        raise SpaceError(
            f"the pool has no column {', '.join(map(repr, missing))}; "
            f"it has {', '.join(map(repr, header))}"
        )
    for number, row in rows:
        if any(row[len(header) :]):
            raise SpaceError(
                f"row {number} of the pool's file {str(path)!r} has {len(row)} cells under "
                f"{len(header)} columns; write a text that holds the separating sign in quotes"
            )
    columns: dict[str, list[Any]] = {}
    for name, wanted in units.items():
        place, unit = heads[name]
        texts = [row[place] if place < len(row) else "" for _, row in rows]
        if wanted is None:
            columns[name] = texts
            continue
        decimal_commas = comma and any("," in text for text in texts)
        columns[name] = [
            _number(name, text, decimal_commas, unit or wanted, wanted) for text in texts
        ]
    return columns


def _cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """Return header, numbered rows, and whether a comma may be the decimal sign."""
    try:
        text = decoded(path.read_bytes())
        first = next((line for line in text.splitlines() if line.strip()), "")
        found = {each: len(next(csv.reader([first], delimiter=each), ())) for each in _DELIMITERS}
        delimiter = max(_DELIMITERS, key=lambda each: found[each])
        read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (OSError, UnicodeError, csv.Error) as error:
        raise SpaceError(f"the pool's file {str(path)!r} cannot be read: {error}") from error
    rows = [(i, [cell.strip() for cell in row]) for i, row in enumerate(read, start=1)]
    filled = [(i, row) for i, row in rows if any(row)]
    if len(filled) < 2:
        raise SpaceError("the pool has no rows; give it at least one")
    return filled[0][1], filled[1:], delimiter != ","


def _heads(header: list[str], units: Mapping[str, str | None]) -> dict[str, tuple[int, str | None]]:
    """Return column -> its place, and the unit that its head holds."""
    heads: dict[str, tuple[int, str | None]] = {}
    for place, head in enumerate(header):
        match = None if head in units else _HEAD.fullmatch(head)
        name, unit = (match["name"], match["unit"].strip()) if match else (head, None)
        if name in units and name in heads:
            raise SpaceError(f"the pool has two columns {name!r}; rename one")
        heads[name] = (place, unit or None)
    return heads


def _number(name: str, text: str, decimal_commas: bool, unit: str, wanted: str) -> Any:
    """Return a cell as a number in ``wanted``; the text itself where nothing is to be done."""
    if not decimal_commas and unit == wanted:
        return text
    if decimal_commas and may_be_grouped(text):
        raise SpaceError(
            f"pool column {name!r}: {text!r} may be {text.replace('.', '')} or "
            f"{text.replace('.', ',', 1)}; write it without a point"
        )
    try:
        return convert(numeral(text, comma=decimal_commas), unit, wanted)
    except UnitError as error:
        raise SpaceError(f"pool column {name!r}: {error}") from error
    except DefinitionError:
        return text  # refused with its column where all numbers are checked
