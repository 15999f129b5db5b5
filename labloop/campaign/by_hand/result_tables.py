"""Tables of results: written with empty cells to be filled in, and read back."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labloop.campaign.by_hand.columns import columns_of, proposal_header
from labloop.campaign.by_hand.row_reader import ResultRow, RowReader
from labloop.campaign.by_hand.table_file import read_table
from labloop.campaign.definition import Definition
from labloop.errors import CampaignError
from labloop.records import ExperimentRecord, Scalar, cell

MOST_SHOWN = 20
"""So many wrong rows are printed one by one; the rest is counted."""


def write_proposals(
    path: Path,
    rows: Sequence[ExperimentRecord],
    definition: Definition,
    mode: str,
    wells: Mapping[str, str] | None = None,
) -> None:
    """Write proposals as a CSV with empty columns for the outputs, to be filled in and told.

    ``wells``: the well of each experiment by id, for a campaign with a plate.
    """
    spec = definition.spec
    names = [p.name for p in spec.space.parameters]
    empty = [""] * sum(isinstance(o, Scalar) for o in spec.outputs)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(proposal_header(spec))
        for row in rows:
            values = [row.point[name] for name in names]
            shown = [cell(v) if isinstance(v, str) else v for v in values]
            well = [] if spec.plate is None else [(wells or {}).get(row.id, "")]
            writer.writerow([row.id, mode, *well, *shown, *empty])


@dataclass(frozen=True, slots=True)
class Results:
    """What a table of results holds, and what of it has no meaning."""

    rows: tuple[ResultRow, ...]
    wrong: tuple[str, ...] = ()
    """Rows or cells that cannot be kept, with row, column and reason."""
    remarks: tuple[str, ...] = ()
    """What is kept and should be known."""


def read_results(path: Path, definition: Definition, mode: str) -> Results:
    """Read a results file: the good rows, and a sentence for each cell that has no meaning.

    Raises:
        CampaignError: the table as a whole does not fit, or no row of it can be kept.
        MissingExtraError: an Excel file without openpyxl.
    """
    table = read_table(path)
    columns = columns_of(table.header, definition.spec, path.name)
    reader = RowReader(definition, mode, columns, table)
    rows = [row for number, cells in table.rows if (row := reader.row(number, cells))]
    if not rows:
        raise CampaignError(_nothing(path.name, reader.wrong))
    remarks = list(reader.remarks)
    if reader.waiting:
        what = "rows have" if reader.waiting > 1 else "row has"
        remarks.append(f"{reader.waiting} {what} no result yet")
    return Results(tuple(rows), tuple(shortened(reader.wrong)), tuple(remarks))


def shortened(sentences: Sequence[str]) -> list[str]:
    """Return the first of many sentences, and how many more there are."""
    left = len(sentences) - MOST_SHOWN
    return [*sentences[:MOST_SHOWN], *([f"and {left} more"] if left > 0 else [])]


def _nothing(name: str, wrong: Sequence[str]) -> str:
    if wrong:
        return f"{name}: {'; '.join(shortened(wrong))}; nothing was stored"
    return (
        f"{name} has no row with results; fill in the columns of the outputs, "
        "or write 'failed' into one"
    )
