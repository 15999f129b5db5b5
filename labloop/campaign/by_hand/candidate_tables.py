"""Tables of candidates that a person gives, and the ranking that is written of them."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labloop.campaign.by_hand.cell_numbers import CellNumbers, RowError
from labloop.campaign.by_hand.columns import column_head, columns_of
from labloop.campaign.by_hand.table_file import padded, read_table
from labloop.campaign.definition import Definition
from labloop.campaign.execution import categorical_names
from labloop.errors import CampaignError
from labloop.records import PointValue, Scalar, cell

if TYPE_CHECKING:
    from labloop.brain import RankedCandidate


def read_candidates(path: Path, definition: Definition) -> dict[int, Mapping[str, PointValue]]:
    """Return the conditions of every row of a table, by the row as a spreadsheet counts it.

    Raises:
        CampaignError: a parameter has no column, or a cell holds no number; all of them told.
        MissingExtraError: an Excel file without openpyxl.
    """
    table = read_table(path)
    spec = definition.spec
    columns = columns_of(table.header, spec, path.name, outputs=False)
    numbers, names = CellNumbers(columns, table), categorical_names(spec.space)
    found: dict[int, Mapping[str, PointValue]] = {}
    wrong: list[str] = []
    for row, texts in table.rows:
        cells = zip(columns, padded(texts, len(columns)) or (), strict=False)
        try:
            found[row] = {
                c.name: text if c.name in names else numbers.value(c, text)
                for c, text in cells
                if c.kind == "condition" and text
            }
        except RowError as error:
            wrong.append(f"row {row}: {error}")
    if wrong:
        raise CampaignError(f"{path.name}: {'; '.join(wrong)}; nothing was ranked")
    return found


def write_ranking(
    path: Path,
    ranked: Sequence["RankedCandidate"],
    rows: Sequence[int],
    definition: Definition,
) -> None:
    """Write a ranking as CSV: place, row of the table, conditions, what is expected, why.

    ``rows`` are the numbers that a spreadsheet gives to the candidates.
    """
    spec = definition.spec
    scalars = {o.name: o.unit for o in spec.outputs if isinstance(o, Scalar)}
    expected = [name for name in scalars if any(name in one.predicted for one in ranked)]
    heads = [column_head(f"expected {name}", scalars[name]) for name in expected]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        conditions = [column_head(name, unit) for name, unit in spec.units.items()]
        writer.writerow(["place", "row", *conditions, *heads, "reason"])
        for one in ranked:
            point = [one.point.get(name, "") for name in spec.units]
            means = [
                f"{one.predicted[name].mean:.6g}" if name in one.predicted else ""
                for name in expected
            ]
            shown = [cell(v) if isinstance(v, str) else v for v in point]
            place = "" if one.place is None else one.place
            writer.writerow([place, rows[one.row - 1], *shown, *means, cell(one.reason)])
