"""Results in a table: written out to be filled in, read back, and doubted on the way."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labloop.campaign._bundle import Definition
from labloop.campaign._conditions import names_of
from labloop.errors import CampaignError, LabloopError
from labloop.records import ExperimentRecord, OutputValue, Point, Scalar, ScalarValue
from labloop.units import convert

_HEADER = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:[(\[]([^)\]]*)[)\]])?\s*")


def write_asked(
    path: Path, rows: Sequence[ExperimentRecord], definition: Definition, mode: str
) -> None:
    """Write proposals as a CSV with empty columns for the outputs, to be filled in and told."""
    spec = definition.spec
    names = [p.name for p in spec.space.parameters]
    scalars = [o for o in spec.outputs if isinstance(o, Scalar)]
    header = ["experiment", "mode"]
    header += [f"{name} ({spec.units[name]})" for name in names]
    header += [f"{o.name} ({o.unit})" for o in scalars]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            values = [row.point[name] for name in names]
            writer.writerow([row.id, mode, *values, *([""] * len(scalars))])


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a results file, checked."""

    experiment_id: str
    """Empty for an experiment that nobody asked for."""
    point: Point
    """Empty where the line has no column of a parameter."""
    outputs: Mapping[str, OutputValue]
    """Empty for an experiment that failed."""
    line: int = 0


def read_results(path: Path, definition: Definition, mode: str) -> list[Told]:
    """Read a results file; the whole file is checked before anything is stored.

    Raises:
        CampaignError: with the line and what to change.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            # A spreadsheet writes semicolons where a comma is the decimal sign.
            semicolons = ";" in file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=";" if semicolons else ",")
            header = next(reader, [])
            lines = [(reader.line_num, line) for line in reader if any(c.strip() for c in line)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CampaignError(f"the results file {path} cannot be read: {error}") from error
    columns = _columns(header, path)
    told = []
    for number, line in lines:
        try:
            if len(line) != len(columns):
                raise CampaignError(f"has {len(line)} cells, and there are {len(columns)} columns")
            cells = dict(zip(columns, (c.strip() for c in line), strict=True))
            made = _line(cells, definition, mode)
        except LabloopError as error:
            raise CampaignError(
                f"{path.name} line {number}: {error}; nothing was stored"
            ) from error
        if made is not None:
            told.append(replace(made, line=number))
    if not told:
        raise CampaignError(
            f"{path.name} has no line with results; fill in the columns of the outputs, "
            "or write 'failed' into one"
        )
    return told


def _columns(header: Sequence[str], path: Path) -> list[tuple[str, str]]:
    columns = [_column(text, path) for text in header]
    names = [name for name, _ in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CampaignError(
            f"{path.name} has the column {twice[0]!r} twice; leave one out, nothing was stored"
        )
    return columns


def _column(text: str, path: Path) -> tuple[str, str]:
    match = _HEADER.fullmatch(text)
    if match is None:
        raise CampaignError(
            f"{path.name}: the column {text!r} has no name; write for example 'temperature (degC)'"
        )
    return match[1], match[2] or ""


def _line(cells: Mapping[tuple[str, str], str], definition: Definition, mode: str) -> Told | None:
    """Return what a line tells; None where its outputs are still empty."""
    spec = definition.spec
    outputs = {o.name: o for o in spec.outputs if isinstance(o, Scalar)}
    names = names_of(spec.space)
    point: dict[str, float | str] = {}
    texts: dict[str, tuple[str, str]] = {}
    experiment_id = ""
    for (name, unit), cell in cells.items():
        if name == "experiment":
            experiment_id = cell
        elif name == "mode":
            if cell and cell != mode:
                raise CampaignError(f"{cell} data cannot enter a {mode} campaign")
        elif name in outputs:
            texts[name] = (cell, unit)
        elif name not in spec.units:
            raise CampaignError(
                f"column {name!r} is neither a parameter ({', '.join(spec.units)}) "
                f"nor an output ({', '.join(outputs)})"
            )
        elif cell:
            point[name] = cell if name in names else _value(cell, unit, spec.units[name])
    values = _outputs(texts, outputs)
    if values is None:
        return None
    whole = spec.space.validate(point) if point or not experiment_id else {}
    return Told(experiment_id, whole, values)


def _outputs(
    texts: Mapping[str, tuple[str, str]], declared: Mapping[str, Scalar]
) -> Mapping[str, OutputValue] | None:
    """Return a line's outputs, nothing for a failure, None where they are still empty."""
    failed = any(cell.lower() == "failed" for cell, _ in texts.values())
    filled = {n: t for n, t in texts.items() if t[0] and t[0].lower() != "failed"}
    if failed and filled:
        raise CampaignError("it tells both a failure and a value; leave one out")
    if not failed and not filled:
        return None
    missing = [name for name in declared if name not in filled]
    if filled and missing:
        raise CampaignError(
            f"the outputs {missing} are missing; fill them in, or write 'failed' instead of all"
        )
    return {name: _measured(*text, name, declared[name].unit) for name, text in filled.items()}


def _measured(cell: str, unit: str, name: str, declared: str) -> ScalarValue:
    try:
        number = float(cell)
    except ValueError as error:
        raise CampaignError(
            f"column {name!r} holds {cell!r}, which is no number; write it with a point, "
            "for example 0.5"
        ) from error
    return ScalarValue(convert(number, unit or declared, declared), declared)


def _value(cell: str, unit: str, declared: str) -> float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return convert(number, unit or declared, declared)
