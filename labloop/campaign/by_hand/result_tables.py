"""Results in a table: written out to be filled in, read back, and judged row by row."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from labloop.campaign.by_hand.columns import Column, columns_of, proposal_header
from labloop.campaign.by_hand.table_file import TableFile, padded, read_table
from labloop.campaign.definition import Definition
from labloop.campaign.execution import categorical_names
from labloop.errors import CampaignError, DefinitionError, SpaceError
from labloop.records import (
    ActualValue,
    ExperimentRecord,
    OutputValue,
    Point,
    PointValue,
    Scalar,
    ScalarValue,
    cell,
    may_be_grouped,
    numeral,
)
from labloop.space import Categorical, SearchSpace
from labloop.units import convert

MOST_TOLD = 20
"""So many wrong rows are told one by one; the rest is counted."""


def write_proposals(
    path: Path, rows: Sequence[ExperimentRecord], definition: Definition, mode: str
) -> None:
    """Write proposals as a CSV with empty columns for the outputs, to be filled in and told."""
    spec = definition.spec
    names = [p.name for p in spec.space.parameters]
    empty = [""] * sum(isinstance(o, Scalar) for o in spec.outputs)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(proposal_header(spec))
        for row in rows:
            values = [row.point[name] for name in names]
            shown = [cell(v) if isinstance(v, str) else v for v in values]
            writer.writerow([row.id, mode, *shown, *empty])


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of a results file, checked."""

    experiment_id: str
    """Its id or number; empty for an experiment that nobody asked for."""
    point: Point
    """Empty where the row has no column of a parameter."""
    outputs: Mapping[str, OutputValue]
    """Empty for an experiment that failed."""
    line: int = 0
    """The row, as a spreadsheet counts it."""
    actual: Mapping[str, ActualValue] = field(default_factory=dict)
    """Conditions that were reached, where they are told beside those asked for."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else stands in the row: column -> text."""
    grouped: Mapping[str, str] = field(default_factory=dict)
    """Conditions whose point may stand between thousands, as they are written."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a table tells, and what in it has no meaning."""

    told: tuple[ResultRow, ...]
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
    reader = _Reader(definition, mode, columns, table)
    told = [made for number, cells in table.rows if (made := reader.row(number, cells))]
    if not told:
        raise CampaignError(_nothing(path.name, reader.wrong))
    remarks = list(reader.remarks)
    if reader.waiting:
        rows = "rows have" if reader.waiting > 1 else "row has"
        remarks.append(f"{reader.waiting} {rows} no result yet")
    return Results(tuple(told), tuple(shortened(reader.wrong)), tuple(remarks))


def shortened(sentences: Sequence[str]) -> list[str]:
    """Return the first of many sentences, and how many more there are."""
    left = len(sentences) - MOST_TOLD
    return [*sentences[:MOST_TOLD], *([f"and {left} more"] if left > 0 else [])]


def _nothing(name: str, wrong: Sequence[str]) -> str:
    if wrong:
        return f"{name}: {'; '.join(shortened(wrong))}; nothing was stored"
    return (
        f"{name} has no row with results; fill in the columns of the outputs, "
        "or write 'failed' into one"
    )


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """What is wrong with a row, so that nothing of it can be kept."""


class _Reader:
    """Reads the rows of one table and gathers what has no meaning."""

    def __init__(
        self, definition: Definition, mode: str, columns: Sequence[Column], table: TableFile
    ) -> None:
        self.wrong: list[str] = []
        self.remarks: list[str] = []
        self.waiting = 0
        """How many rows have no result yet."""
        self._mode = mode
        self._columns = columns
        self._outputs = [o.name for o in definition.spec.outputs if isinstance(o, Scalar)]
        self._space = definition.spec.space
        self._names = categorical_names(self._space)
        self._comma = table.comma
        self._commas = table.comma and any(
            "," in text and _is_number(text, comma=True)
            for _, cells in table.rows
            for column, text in zip(columns, cells, strict=False)
            if column.kind not in {"note", "other"}
        )
        """Whether the table writes decimal commas, so that a point may stand between thousands."""

    def row(self, number: int, cells: Sequence[str]) -> ResultRow | None:
        """Return what a row tells; None where it tells nothing yet, or nothing that has meaning."""
        try:
            return self._row(number, cells)
        except _Wrong as error:
            self.wrong.append(f"row {number}: {error}: not stored")
            return None

    def _row(self, number: int, cells: Sequence[str]) -> ResultRow | None:
        whole = padded(cells, len(self._columns))
        if whole is None:
            raise _Wrong(f"it has {len(cells)} cells, and there are {len(self._columns)} columns")
        filled = [(c, text) for c, text in zip(self._columns, whole, strict=True) if text]
        outputs = self._told_outputs(number, filled)
        if outputs is None:
            return None
        unnamed = [text for column, text in filled if column.kind == "note" and not column.name]
        if unnamed:
            raise _Wrong(f"{unnamed[0]!r} stands in a column without a name")
        for column, text in filled:
            if column.kind == "mode" and text != self._mode:
                raise _Wrong(f"{text} data cannot enter a {self._mode} campaign")
        experiment = next((t for c, t in filled if c.kind == "experiment"), "")
        actual = self._reached(filled)
        asked = self._conditions(filled, "condition")
        return ResultRow(
            experiment_id=experiment,
            point=asked if experiment else self._settled(number, asked, actual),
            outputs=outputs,
            line=number,
            actual=actual,
            notes={c.name: text for c, text in filled if c.kind == "note"},
            grouped={
                c.name: text
                for c, text in filled
                if c.kind == "condition" and self._commas and may_be_grouped(text)
            },
        )

    def _settled(
        self, number: int, asked: Mapping[str, PointValue], actual: Mapping[str, ActualValue]
    ) -> Point:
        """Return the point of a row that nobody asked for, wherever it lies."""
        reached = {n: v if isinstance(v, str) else v.value for n, v in actual.items()}
        missing = [n for n in self._space.names if n not in asked and n not in reached]
        if missing:
            raise _Wrong(f"no value for {' and '.join(missing)}")
        point = {name: asked.get(name, reached.get(name, "")) for name in self._space.names}
        for parameter in self._space.parameters:
            if isinstance(parameter, Categorical):
                _refuse_slip(parameter, str(point[parameter.name]))
        self._place(number, {**point, **reached})
        try:
            return self._space.placed(point)
        except SpaceError:
            return point

    def _place(self, number: int, point: Point) -> None:
        """Remark where a row lies outside of the space."""
        if self._space.contains(point):
            return
        try:
            self._space.placed(point)
        except SpaceError as error:
            what = f"it has no place in the space ({error}): kept, the brain learns nothing from it"
        else:
            what = f"outside of today's space ({_why(self._space, point)}): kept and learned from"
        self.remarks.append(f"row {number}: {what}")

    def _told_outputs(
        self, number: int, filled: Sequence[tuple[Column, str]]
    ) -> dict[str, OutputValue] | None:
        """Return a row's outputs, none for a failure, None where there is no result yet."""
        told = [(c, text) for c, text in filled if c.kind == "output"]
        failed = [c for c, text in told if text.lower() == "failed"]
        values = [(c, text) for c, text in told if text.lower() != "failed"]
        if failed and values:
            raise _Wrong("it tells both a failure and a value, leave one out")
        state = next((text for column, text in filled if column.kind == "state"), "")
        if failed or state == "failed":
            return {}
        if state == "abandoned":
            return None
        if not values:
            self.waiting += 1
            return None
        sds = {c.name: (c, text) for c, text in filled if c.kind == "sd"}
        found, wrong = self._measured(values, sds)
        if not found:
            raise _Wrong(", ".join(wrong))
        self.wrong += [f"row {number}: {each}: left out" for each in wrong]
        missing = [name for name in self._outputs if name not in found]
        if missing:
            self.remarks.append(
                f"row {number}: kept without {' and '.join(missing)}, which can be told later"
            )
        return found

    def _measured(
        self, values: Iterable[tuple[Column, str]], sds: Mapping[str, tuple[Column, str]]
    ) -> tuple[dict[str, OutputValue], list[str]]:
        found: dict[str, OutputValue] = {}
        wrong: list[str] = []
        for column, text in values:
            try:
                value = self._converted(column, text)
                sd = self._deviation(*sds[column.name]) if column.name in sds else None
                found[column.name] = ScalarValue(value, column.declared, sd)
            except (_Wrong, DefinitionError) as error:
                wrong.append(str(error))
        return found, wrong

    def _conditions(self, filled: Iterable[tuple[Column, str]], kind: str) -> dict[str, PointValue]:
        return {
            column.name: text if column.name in self._names else self._condition(column, text)
            for column, text in filled
            if column.kind == kind
        }

    def _condition(self, column: Column, text: str) -> float:
        # With a decimal comma elsewhere a point is doubtful; what was asked for may settle it.
        if column.kind == "condition" and self._commas and may_be_grouped(text):
            return convert(numeral(text), column.unit, column.declared)
        return self._converted(column, text)

    def _reached(self, filled: Iterable[tuple[Column, str]]) -> dict[str, ActualValue]:
        units = {c.name: c.declared for c in self._columns}
        return {
            name: value if isinstance(value, str) else ScalarValue(value, units[name])
            for name, value in self._conditions(filled, "actual").items()
        }

    def _converted(self, column: Column, text: str) -> float:
        return convert(self._number(column, text), column.unit, column.declared)

    def _deviation(self, column: Column, text: str) -> float:
        scale = convert(1.0, column.unit, column.declared) - convert(
            0.0, column.unit, column.declared
        )
        return self._number(column, text) * abs(scale)

    def _number(self, column: Column, text: str) -> float:
        if self._commas and may_be_grouped(text):
            raise _Wrong(f"{column.words} {ambiguous_number(text)}")
        try:
            return numeral(text, comma=self._comma)
        except DefinitionError as error:
            hint = "" if self._comma or not _is_number(text, comma=True) else ", write a point"
            raise _Wrong(f"{column.words} {error}{hint}") from error


def _why(space: SearchSpace, point: Point) -> str:
    """Return why a point is not legal."""
    try:
        space.validate(point)
    except SpaceError as error:
        return str(error)
    return ""


def _refuse_slip(parameter: Categorical, text: str) -> None:
    """Raise where a name is none of the categories and looks like one of them."""
    if text not in parameter.values:
        folded = {value.casefold(): value for value in parameter.values}
        for alike in get_close_matches(text.casefold(), folded, n=1, cutoff=0.7):
            raise _Wrong(
                f"{parameter.name} {text!r} is none of {', '.join(parameter.values)}, "
                f"did you mean {folded[alike]!r}?"
            )


def ambiguous_number(text: str) -> str:
    """Return why a number among decimal commas cannot be read."""
    return (
        f"{text!r} may be {text.replace('.', '')} or {text.replace('.', ',', 1)}, write it "
        "without a point"
    )


def _is_number(text: str, *, comma: bool) -> bool:
    try:
        numeral(text, comma=comma)
    except DefinitionError:
        return False
    return True
