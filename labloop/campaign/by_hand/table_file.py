"""A table file as cells of text: CSV in its dialects, or the first sheet of a workbook."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labloop.errors import CampaignError, MissingExtraError
from labloop.records import decoded, uncell

_DELIMITERS = (";", "\t", ",")
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableFile:
    """The cells of a table, each as its text without blanks around it."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """Number of each row, as a spreadsheet counts it, and its cells; empty rows are left out."""
    comma: bool
    """Whether a comma may be the decimal sign: it separates no cells."""


def read_table(path: Path) -> TableFile:
    """Read a CSV file (commas, semicolons or tabs) or the first sheet of an ``.xlsx`` file.

    Raises:
        CampaignError: it cannot be read, or is no table.
        MissingExtraError: an Excel file without openpyxl.
    """
    try:
        if path.suffix.lower() in {".xlsx", ".xlsm"}:
            rows, comma = list(_sheet(path)), False
        else:
            rows, comma = _separated(path)
    except (OSError, UnicodeError, csv.Error) as error:
        raise CampaignError(f"the results file {path} cannot be read: {error}") from error
    filled = [(i, cells) for i, cells in enumerate(rows, start=1) if any(cells)]
    if not filled:
        raise CampaignError(
            f"the results file {path} cannot be read: it is empty; its first line names the columns"
        )
    return TableFile(filled[0][1], tuple(filled[1:]), comma)


def _separated(path: Path) -> tuple[list[tuple[str, ...]], bool]:
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        raise CampaignError(
            f"the results file {path} is larger than {_MOST_BYTES // 2**20} MiB; tell it in parts"
        )
    text = decoded(content)
    if "\0" in text:
        raise CampaignError(
            f"the results file {path} cannot be read: it is no text; save it as CSV or .xlsx"
        )
    # A spreadsheet may say itself what separates its cells.
    says = text[:5].lower().startswith("sep=") and text[5:6] in {"\r", "\n"}
    delimiter = text[4] if says else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = [tuple(uncell(cell.strip()) for cell in row) for row in reader]
    # Kept empty, so that rows are counted as the spreadsheet counts them.
    return ([(), *rows[1:]] if says else rows), delimiter != ","


def _delimiter(text: str) -> str:
    """Return what separates the cells: semicolons where a comma is the decimal sign."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    found = {each: len(next(csv.reader([first], delimiter=each), ())) for each in _DELIMITERS}
    return max(_DELIMITERS, key=lambda each: found[each])


def _sheet(path: Path) -> Iterator[tuple[str, ...]]:
    try:
        import openpyxl  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise MissingExtraError("an Excel table", "excel") from error
    try:
        book: Any = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # what a damaged file makes it raise is told nowhere
        raise CampaignError(
            f"the results file {path} is no Excel workbook that can be read: {error}"
        ) from error
    try:
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield tuple(_cell(value) for value in row)
    finally:
        book.close()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).strip()


def padded(cells: Sequence[str], width: int) -> tuple[str, ...] | None:
    """Return a row with ``width`` cells: the empty ones at its end count for nothing.

    None where it has more cells than that.
    """
    return None if any(cells[width:]) else (*cells[:width], *[""] * (width - len(cells)))
