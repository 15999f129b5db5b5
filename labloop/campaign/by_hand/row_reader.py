"""One row of a table of results: its experiment, point, outputs and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labloop.campaign.by_hand.cell_numbers import CellNumbers, RowError
from labloop.campaign.by_hand.columns import Column
from labloop.campaign.by_hand.row_points import Cells, RowPoints
from labloop.campaign.by_hand.table_file import TableFile, padded
from labloop.campaign.definition import Definition
from labloop.errors import DefinitionError
from labloop.records import ActualValue, OutputValue, Point, Scalar, ScalarValue


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a table of results, checked."""

    experiment_id: str
    """Its id or number; empty for an experiment that nobody asked for."""
    point: Point
    """Empty where the row has no column of a parameter."""
    outputs: Mapping[str, OutputValue]
    """Empty for an experiment that failed."""
    line: int = 0
    """The row, as a spreadsheet counts it."""
    actual: Mapping[str, ActualValue] = field(default_factory=dict)
    """Conditions that were reached, where they stand beside those asked for."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else stands in the row: column -> text."""
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    """Conditions whose point may separate thousands, as they are written."""


class RowReader:
    """Reads the rows of one table and collects what has no meaning."""

    def __init__(
        self, definition: Definition, mode: str, columns: Sequence[Column], table: TableFile
    ) -> None:
        self.wrong: list[str] = []
        """Rows or cells that cannot be stored, with row, column and reason."""
        self.remarks: list[str] = []
        """What is stored and should be known."""
        self.waiting = 0
        """How many rows have no result yet."""
        self._mode = mode
        self._columns = columns
        self._outputs = [o.name for o in definition.spec.outputs if isinstance(o, Scalar)]
        self._numbers = CellNumbers(columns, table)
        self._points = RowPoints(definition.spec.space, columns, self._numbers)

    def row(self, number: int, cells: Sequence[str]) -> ResultRow | None:
        """Return a row; None where it has no result yet, or cannot be stored."""
        try:
            return self._row(number, cells)
        except RowError as error:
            self.wrong.append(f"row {number}: {error}: not stored")
            return None

    def _row(self, number: int, texts: Sequence[str]) -> ResultRow | None:
        cells = self._cells(texts)
        outputs = self._row_outputs(number, cells)
        if outputs is None:
            return None
        self._check(cells)
        experiment = next((t for c, t in cells if c.kind == "experiment"), "")
        actual = self._points.actual(cells)
        point: Point = self._points.asked(cells)
        if not experiment:
            point, remark = self._points.imported(point, actual)
            self.remarks += [f"row {number}: {remark}"] if remark else []
        return ResultRow(
            experiment_id=experiment,
            point=point,
            outputs=outputs,
            line=number,
            actual=actual,
            notes={c.name: text for c, text in cells if c.kind == "note"},
            ambiguous={
                c.name: text
                for c, text in cells
                if c.kind == "condition" and self._numbers.is_ambiguous(text, c.unit)
            },
        )

    def _cells(self, texts: Sequence[str]) -> Cells:
        """Return the cells that are not empty."""
        whole = padded(texts, len(self._columns))
        if whole is None:
            raise RowError(f"it has {len(texts)} cells, and there are {len(self._columns)} columns")
        return [(c, text) for c, text in zip(self._columns, whole, strict=True) if text]

    def _check(self, cells: Cells) -> None:
        """Raise RowError for a cell without a column, or of the other mode."""
        unnamed = [text for column, text in cells if column.kind == "note" and not column.name]
        if unnamed:
            raise RowError(f"{unnamed[0]!r} stands in a column without a name")
        for column, text in cells:
            if column.kind == "mode" and text != self._mode:
                raise RowError(f"{text} data cannot enter a {self._mode} campaign")

    def _row_outputs(self, number: int, cells: Cells) -> dict[str, OutputValue] | None:
        """Return a row's outputs, none for a failure, None where there is no result yet."""
        given = [(c, text) for c, text in cells if c.kind == "output"]
        failed = [c for c, text in given if text.lower() == "failed"]
        values = [(c, text) for c, text in given if text.lower() != "failed"]
        if failed and values:
            raise RowError("it tells both a failure and a value, leave one out")
        state = next((text for column, text in cells if column.kind == "state"), "")
        if failed or state == "failed":
            return {}
        if state == "abandoned":
            return None
        if not values:
            self.waiting += 1
            return None
        deviations = {c.name: (c, text) for c, text in cells if c.kind == "sd"}
        found, wrong = self._values(values, deviations)
        if not found:
            raise RowError(", ".join(wrong))
        self.wrong += [f"row {number}: {each}: left out" for each in wrong]
        missing = [name for name in self._outputs if name not in found]
        if missing:
            self.remarks.append(
                f"row {number}: kept without {' and '.join(missing)}, which can be told later"
            )
        return found

    def _values(
        self, values: Cells, deviations: Mapping[str, tuple[Column, str]]
    ) -> tuple[dict[str, OutputValue], list[str]]:
        """Return the outputs that can be read, and a sentence for each that cannot."""
        found: dict[str, OutputValue] = {}
        wrong: list[str] = []
        for column, text in values:
            try:
                value, given = self._numbers.value(column, text), deviations.get(column.name)
                sd = self._numbers.deviation(*given) if given else None
                found[column.name] = ScalarValue(value, column.declared, sd)
            except (RowError, DefinitionError) as error:
                wrong.append(str(error))
        return found, wrong
