"""The verb by which a person vouches for the code of a database that came from elsewhere."""

import sys
from hashlib import sha256
from typing import Annotated

import typer

from labloop.cli.terminal import Database, Name, console, find_campaign, open_repositories
from labloop.errors import CampaignError


def trust(
    name: Name,
    *,
    db: Database = None,
    real: Annotated[bool | None, typer.Option("--real/--sim")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask: the code was read")] = False,
) -> None:
    """Say that the code which a database from elsewhere holds may run on this machine."""
    from labloop.campaign import resume_command, trust_bundle  # noqa: PLC0415 - heavy

    out = console()
    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        bundle = repositories.campaigns.bundle(record.id)
        for file, content in sorted(bundle.files.items()):
            digest = sha256(content).hexdigest()[:16]
            out.print(f"file      {file}: {len(content)} bytes, sha256 {digest}...")
        if not yes:
            _ask(record.name)
        trust_bundle(bundle)
        out.print(f"trusted   go on with: {resume_command(record, repositories)}")


def _ask(name: str) -> None:
    if not sys.stdin.isatty():
        raise CampaignError(
            "whether code may run is for a person to say, and this is no terminal; "
            "read the code, then add --yes"
        )
    typed = input("This code will run with all your rights. Type the campaign's name to trust it: ")
    if typed.strip() != name:
        raise CampaignError("not confirmed; nothing of it was run")
