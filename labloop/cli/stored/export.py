"""Verbs that write a stored campaign into files: report, export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from labloop.cli.terminal import (
    AnyMode,
    Database,
    Name,
    Out,
    atomic_write,
    console,
    ensure_writable_folder,
    find_campaign,
    open_repositories,
)
from labloop.errors import MissingExtraError
from labloop.records import Repositories


class Format(StrEnum):
    """What an export may be."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def report(name: Name, *, db: Database = None, real: AnyMode = None, out: Out = None) -> None:
    """Write the report of a campaign: one HTML file that opens without network."""
    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        page = out or Path(f"report-{record.name}.html")
        write_report(repositories, record.id, page)
        console().print(f"report    {page.resolve()}")


def write_report(repositories: Repositories, campaign_id: str, page: Path) -> None:
    """Write a campaign's report."""
    try:
        from labloop.report import write_report as write  # noqa: PLC0415 - same
    except ModuleNotFoundError as error:
        raise MissingExtraError("the report", "report") from error
    ensure_writable_folder(page)
    with atomic_write(page) as part:
        write(repositories, campaign_id, part)


def export(
    name: Name,
    *,
    db: Database = None,
    real: AnyMode = None,
    form: Annotated[Format, typer.Option("--format", help="what to write")] = Format.CSV,
    out: Out = None,
) -> None:
    """Write a campaign as tables that a spreadsheet or pandas reads."""
    from labloop.store import export_campaign  # noqa: PLC0415 - keeps labloop --help quick

    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        folder = out or Path(f"export-{record.name}")
        ensure_writable_folder(folder / "x")
        for path in export_campaign(repositories, record.id, form.value, folder):
            console().print(f"wrote     {path}")
