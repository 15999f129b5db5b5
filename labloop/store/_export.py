"""Export: a campaign's tables as CSV, JSON or Parquet."""

import csv
import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from labloop.errors import MissingExtraError, StoreError
from labloop.records import Repositories
from labloop.store._export_tables import COLUMNS, Row, tables


def export_campaign(
    repositories: Repositories,
    campaign_id: str,
    format: str,  # noqa: A002 - the word that a user types
    folder: str | Path,
) -> list[Path]:
    """Write ``experiments``, ``proposals``, ``journal`` and ``curves`` into ``folder``.

    Experiments and proposals are wide, with units in the headers; curves are long. A file
    of the same name is replaced. A table without rows has its header alone.

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
    writers: dict[str, Callable[[Path, Sequence[Row], Sequence[str]], None]] = {
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
            columns = list(dict.fromkeys(key for row in rows for key in row)) or COLUMNS[name]
            try:
                writers[format](part, rows, columns)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            made.append(path)
    except OSError as error:
        raise StoreError(
            f"the export to {target} failed: {error}; give another folder or free some space"
        ) from error
    return made


def _write_csv(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    whole = [{name: row.get(name) for name in columns} for row in rows]
    text = json.dumps(whole, allow_nan=False, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _write_parquet(path: Path, rows: Sequence[Row], columns: Sequence[str]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - large, and only this format needs it
    from pyarrow import parquet  # noqa: PLC0415 - as above

    data = {name: [row.get(name) for row in rows] for name in columns}
    parquet.write_table(pa.table({name: _array(values) for name, values in data.items()}), path)


def _array(values: Sequence[object]) -> object:
    """Return a column; one of mixed kinds (a parameter may be number or text) as text."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    if any(isinstance(value, float) for value in values):
        values = [float(v) if type(v) is int else v for v in values]
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])
