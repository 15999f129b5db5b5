"""Verbs that keep records safe: archive, and the group ``db`` with backup, verify and upgrade."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.stored.export import write_report
from labloop.cli.terminal import (
    AnyMode,
    Database,
    Name,
    Out,
    console,
    ensure_writable_folder,
    find_campaign,
    open_repositories,
    waiting,
)
from labloop.errors import StoreError

if TYPE_CHECKING:
    from labloop.store import Verification

group = typer.Typer(
    help="Look after a database: back it up, verify it, bring it up to date.",
    no_args_is_help=True,
    add_completion=False,
)


def archive(name: Name, *, db: Database = None, real: AnyMode = None, out: Out = None) -> None:
    """Write all of a campaign into one zip file that verifies itself with Python alone."""
    from labloop.store import write_archive  # noqa: PLC0415 - keeps labloop --help quick

    with open_repositories(db, read_only=True) as repositories, waiting(console(), "archiving"):
        record = find_campaign(repositories, name, real)
        path = out or Path(f"archive-{record.name}.zip")
        if path.is_dir():
            raise StoreError(f"{path} is a folder; name a file in it")
        ensure_writable_folder(path)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "report.html"
            write_report(repositories, record.id, page)
            made = write_archive(repositories, record.id, path, beside={"report.html": page})
    say = console().print
    say(f"archive   {made.path.resolve()}: {made.files} files")
    say(f"history   ends with {made.history_sha256}")
    say("          keep this line elsewhere: it proves later that nothing was changed")
    say(f"verify    python verify.py {made.path.name}   (verify.py lies in the archive)")


@group.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="the new file; large arrays go beside it")],
    *,
    db: Database = None,
) -> None:
    """Copy a database that may be in use, and verify the copy."""
    from labloop.store import backup as copy  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.store import open_database, verify  # noqa: PLC0415 - same

    with open_repositories(db, read_only=True) as repositories, waiting(console(), "copying"):
        made = copy(repositories, path)
    with (
        open_database(str(made), read_only=True) as copied,
        waiting(console(), "verifying the copy"),
    ):
        found = verify(copied)
    console().print(f"backup    {made}")
    _print_found(found, f"the backup {made}")


@group.command("verify")
def verify_records(
    name: Annotated[
        str | None, typer.Argument(help="one campaign; all where none is named")
    ] = None,
    *,
    db: Database = None,
    real: AnyMode = None,
    kept: Annotated[
        str, typer.Option("--kept", help="a hash that was written down: is it still in a chain?")
    ] = "",
) -> None:
    """Hash everything that is stored again and compare; exit code 1 where something changed."""
    from labloop.store import verify  # noqa: PLC0415 - keeps labloop --help quick

    with open_repositories(db, read_only=True) as repositories, waiting(console(), "verifying"):
        key = None if name is None else find_campaign(repositories, name, real).id
        found = verify(repositories, key, kept=kept)
        where = repositories.url
        names = {row.id: f"{row.name}, {row.mode.value}" for row in repositories.campaigns.all()}
    _print_found(found, f"the database {where}")
    say = console().print
    for campaign_id, end in found.ends.items():
        say(f"chain     of {names[campaign_id]} ({campaign_id}) ends with {end}")
    if found.ends:
        say("          keep this elsewhere; later: labloop db verify --kept HASH")


@group.command("upgrade")
def upgrade(*, db: Database = None) -> None:
    """Bring a database to the newest schema; a copy of the older one is kept beside it."""
    from labloop.store import upgrade as bring_up  # noqa: PLC0415 - keeps labloop --help quick

    with waiting(console(), "upgrading"):
        done = bring_up(db)
    say = console().print
    if done.before == done.after:
        say(f"nothing to do: {done.where} has the newest schema, {done.after}")
        return
    say(f"upgraded  {done.where} from schema {done.before} to {done.after}")
    if done.copy is not None:
        say(f"copy      of the older one: {done.copy}")


def _print_found(found: "Verification", what: str) -> None:
    """Print what a verification found; raise StoreError where something is wrong."""
    if not found.whole:
        more = "" if len(found.problems) == 1 else f" ({len(found.problems)} problems)"
        for problem in found.problems[1:]:
            console().print(f"problem   {problem}")
        raise StoreError(
            f"{what} is not what was stored{more}: {found.problems[0]}; restore a backup, and "
            "keep this one to look at"
        )
    console().print(f"whole     {found.checked} things were checked, nothing was changed")
