"""Writes the tables of a campaign as CSV, JSON or Parquet files."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from labloop.errors import MissingExtraError, StoreError
from labloop.records import Repositories, cell
from labloop.store.export.tables import COLUMNS, LONG, Row, tables

_GROUP = 5_000
"""Rows of a long table that are written to Parquet together."""


def export_campaign(
    repositories: Repositories,
    campaign_id: str,
    format: str,  # noqa: A002 - the word that a user types
    folder: str | Path,
) -> list[Path]:
    """Write ``experiments``, ``proposals``, ``journal`` and ``curves`` into ``folder``.

    Experiments and proposals are in wide format, with units in the headers; journal and curves
    in long format. A file of the same name is replaced. A table without rows has only a header.

    Args:
        repositories: any database.
        campaign_id: the campaign's id.
        format: ``csv``, ``json`` (a list of records) or ``parquet``.
        folder: is made where it is missing.

    Returns:
        The paths of the files.

    Raises:
        StoreError: an unknown format, or a folder that cannot be written.
        MissingExtraError: Parquet without pyarrow.
    """
    writers: dict[str, Callable[[Path, Iterable[Row], Mapping[str, type | None]], None]] = {
        "csv": _write_csv,
        "json": _write_json,
        "parquet": _write_parquet,
    }
    if format not in writers:
        raise StoreError(f"an export is one of {', '.join(writers)}, got {format!r}")
    if format == "parquet" and find_spec("pyarrow") is None:
        raise MissingExtraError("export to Parquet", "parquet")
    target = Path(folder)
    made: list[Path] = []
    contents = tables(repositories, campaign_id)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, rows in contents.items():
            path = target / f"{name}.{format}"
            part = path.with_name(path.name + ".part")
            try:
                writers[format](part, rows, _columns(name, rows))
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            made.append(path)
    except OSError as error:
        raise StoreError(
            f"the export to {target} failed: {error}; give another folder or free some space"
        ) from error
    return made


def _columns(name: str, rows: Iterable[Row]) -> Mapping[str, type | None]:
    """Return column -> type of its values, None where the rows decide."""
    if name in LONG:
        return COLUMNS[name]
    found: dict[str, type | None] = dict.fromkeys(key for row in rows for key in row)
    return found or COLUMNS[name]


def _write_csv(path: Path, rows: Iterable[Row], columns: Mapping[str, type | None]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([cell(name) for name in columns])
        for row in rows:
            values = (row.get(name) for name in columns)
            writer.writerow([cell(v) if isinstance(v, str) else v for v in values])


def _write_json(path: Path, rows: Iterable[Row], columns: Mapping[str, type | None]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(rows):
            whole = {name: row.get(name) for name in columns}
            text = json.dumps(whole, allow_nan=False, ensure_ascii=False)
            file.write(f"{',' if number else ''}\n{text}")
        file.write("\n]\n")


def _write_parquet(path: Path, rows: Iterable[Row], columns: Mapping[str, type | None]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - large, and only this format needs it
    from pyarrow import parquet  # noqa: PLC0415 - as above

    def table(group: Sequence[Row]) -> Any:
        return pa.table(
            {name: _array([row.get(name) for row in group], kind) for name, kind in columns.items()}
        )

    groups = _groups(rows)
    first = table(next(groups, []))
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for group in groups:
            writer.write_table(table(group))


def _groups(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Yield a list of rows whole, because all decide the types, and an iterator in parts."""
    if isinstance(rows, Sequence):
        yield rows
        return
    stream = iter(rows)
    while group := list(islice(stream, _GROUP)):
        yield group


def _array(values: Sequence[object], kind: type | None) -> object:
    """Return a column; one of mixed kinds (a parameter may be number or text) as text."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    known = {int: pa.int64(), float: pa.float64(), str: pa.string(), bool: pa.bool_()}
    if kind is not None:
        return pa.array(values, known[kind])
    if any(isinstance(value, float) for value in values):
        values = [float(v) if type(v) is int else v for v in values]
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
