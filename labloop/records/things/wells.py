"""Wells: their names, and which plates there are (ANSI/SLAS 4-2004 has the larger ones)."""

import re

from labloop.errors import DefinitionError

PLATE_SHAPES = {
    6: (2, 3),
    12: (3, 4),
    24: (4, 6),
    48: (6, 8),
    96: (8, 12),
    384: (16, 24),
    1536: (32, 48),
}
"""Number of wells -> rows and columns."""
_RANGE = re.compile(r"([A-Z]{1,2})(\d{1,2})(?:(?:\.\.|:)([A-Z]{1,2})(\d{1,2}))?")


def well_name(row: int, column: int) -> str:
    """Return the name of a well by row and column from 0: ``A1``, ``H12``, ``AF48``."""
    letters = chr(65 + row) if row < 26 else f"{chr(64 + row // 26)}{chr(65 + row % 26)}"
    return f"{letters}{column + 1}"


def well_names(wells: int) -> tuple[str, ...]:
    """Return the wells of a plate, row by row; raises DefinitionError for an unknown plate."""
    shape = PLATE_SHAPES.get(wells)
    if shape is None:
        known = ", ".join(str(each) for each in PLATE_SHAPES)
        raise DefinitionError(f"a plate has {known} wells; got {wells}")
    rows, columns = shape
    return tuple(well_name(row, column) for row in range(rows) for column in range(columns))


def wells_in(text: str, wells: tuple[str, ...]) -> tuple[str, ...]:
    """Return the wells that a text such as ``A1..D6`` or ``B3`` names, row by row.

    Args:
        text: one well, or two opposite corners of a rectangle.
        wells: those that the plate has.

    Raises:
        DefinitionError: it names none, or one that the plate does not have.
    """
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise DefinitionError(f"wells are written as A1..D6 or B3, got {text!r}")
    first, last = (found[1], int(found[2])), (found[3] or found[1], int(found[4] or found[2]))
    for letters, number in (first, last):
        if f"{letters}{number}" not in wells:
            raise DefinitionError(
                f"there is no well {letters}{number}: they go from {wells[0]} to {wells[-1]}"
            )
    rows = sorted((_row(first[0]), _row(last[0])))
    columns = sorted((first[1], last[1]))
    return tuple(
        well_name(row, column - 1)
        for row in range(rows[0], rows[1] + 1)
        for column in range(columns[0], columns[1] + 1)
    )


def _row(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1
