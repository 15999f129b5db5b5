"""Numbers in the cells of a table: decimal commas, units, and what cannot be read for sure."""

from collections.abc import Sequence

from labloop.campaign.by_hand.columns import Column
from labloop.campaign.by_hand.table_file import TableFile
from labloop.errors import DefinitionError
from labloop.records import may_be_grouped, numeral
from labloop.units import convert

_NOTHING = {"n/a", "na", "n.a.", "nan", "none", "null", "nd", "n.d.", "-", "--", "?"}
"""What people write where there is no number."""


class RowError(Exception):
    """What is wrong with a row, so that nothing of it can be stored; never leaves the room."""


class CellNumbers:
    """Reads the numbers of one table, each in the unit that its column declares."""

    def __init__(self, columns: Sequence[Column], table: TableFile) -> None:
        self._comma = table.comma
        self._decimal_commas = table.comma and any(
            "," in text and _is_number(_without_unit(text, column.unit), comma=True)
            for _, cells in table.rows
            for column, text in zip(columns, cells, strict=False)
            if column.kind not in {"note", "other"}
        )
        """Whether the table writes decimal commas, so that a point may separate thousands."""

    def is_ambiguous(self, text: str, unit: str = "1") -> bool:
        """Return whether the point in a number may be a decimal point or separate thousands."""
        return self._decimal_commas and may_be_grouped(_without_unit(text, unit))

    def value(self, column: Column, text: str) -> float:
        """Return a cell in the declared unit of its column; raises RowError."""
        return convert(self._number(column, text), column.unit, column.declared)

    def condition(self, column: Column, text: str) -> float:
        """Return a condition in its declared unit; raises RowError.

        An ambiguous one is read with a decimal point: the stored experiment may settle it later.
        """
        bare = _without_unit(text, column.unit)
        if column.kind == "condition" and self.is_ambiguous(bare):
            return convert(numeral(bare), column.unit, column.declared)
        return self.value(column, text)

    def deviation(self, column: Column, text: str) -> float:
        """Return a standard deviation in the declared unit of its column; raises RowError."""
        zero, one = (convert(v, column.unit, column.declared) for v in (0.0, 1.0))
        return self._number(column, text) * abs(one - zero)

    def _number(self, column: Column, text: str) -> float:
        bare = _without_unit(text, column.unit)
        if self.is_ambiguous(bare):
            raise RowError(f"{column.description} {describe_ambiguous(bare)}")
        try:
            return numeral(bare, comma=self._comma)
        except DefinitionError as error:
            hint = "" if self._comma or not _is_number(bare, comma=True) else ", write a point"
            if text.strip().lower() in _NOTHING:
                hint = "; leave the cell empty where it was not measured, or write failed"
            raise RowError(f"{column.description} {error}{hint}") from error


def describe_ambiguous(text: str) -> str:
    """Return why a number with a point cannot be read among decimal commas."""
    return (
        f"{text!r} may be {text.replace('.', '')} or {text.replace('.', ',', 1)}, write it "
        "without a point"
    )


def _without_unit(text: str, unit: str) -> str:
    """Return a cell without the unit of its column, where that is repeated behind the number."""
    written = text.strip()
    return written.removesuffix(unit).rstrip() if unit != "1" else written


def _is_number(text: str, *, comma: bool) -> bool:
    try:
        numeral(text, comma=comma)
    except DefinitionError:
        return False
    return True
