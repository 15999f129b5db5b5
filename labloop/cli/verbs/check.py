"""Verbs asked before a campaign runs: check, doctor, trust."""

import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from labloop.cli.terminal import (
    AnyMode,
    CampaignFile,
    Database,
    Name,
    console,
    find_campaign,
    open_repositories,
    repositories_if_any,
)
from labloop.errors import CampaignError, LabloopError, MissingExtraError

_EXTRAS = {
    "store": ("sqlmodel", "alembic"),
    "brain": ("torch", "botorch", "scikit-optimize"),
    "workflows": ("prefect", "fastapi"),
    "report": ("plotly",),
    "postgres": ("psycopg",),
    "parquet": ("pyarrow",),
    "excel": ("openpyxl",),
}
_ADAPTERS = {
    "visa": "pyvisa",
    "pymeasure": "pymeasure",
    "qcodes": "qcodes",
    "pylabrobot": "pylabrobot",
    "ophyd": "ophyd-async",
    "modbus": "pymodbus",
    "opcua": "asyncua",
    "sila": "sila2",
    "mqtt": "aiomqtt",
    "http": "httpx",
}
"""Extra -> the library whose instruments it makes devices; nobody needs all."""


def check(file: CampaignFile, *, db: Database = None) -> None:
    """Find mistakes of a campaign file without running an experiment."""
    from labloop.campaign import check_campaign  # noqa: PLC0415 - heavy

    out, problems = console(), 0
    with repositories_if_any(db) as known:
        for finding in check_campaign(file, stock=None if known is None else known.stock):
            out.print(f"{'ok      ' if finding.good else 'problem '}  {finding.text}")
            problems += not finding.good
    if problems:
        raise CampaignError(f"{problems} problem{'s' if problems > 1 else ''} in {file}")


def doctor(*, db: Database = None) -> None:
    """Look at this machine: versions, extras, drivers, database, Prefect's port."""
    out, bad = console(), 0
    for good, text in _findings(db):
        out.print(f"{'ok      ' if good else 'look    '}  {text}")
        bad += not good
    out.print("all is well" if not bad else f"{bad} things to look at; none stops --engine plain")


def _findings(db: str | None) -> Iterator[tuple[bool, str]]:
    yield sys.version_info >= (3, 11), f"Python {platform.python_version()}"
    for extra, names in _EXTRAS.items():
        yield _extra(extra, names)
    drivers = sorted(p.name for p in metadata.entry_points(group="labloop.drivers"))
    yield bool(drivers), f"drivers: {', '.join(drivers) or 'none are installed'}"
    yield True, _adapters()
    yield _attempt("database", lambda: _database(db))
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    yield free > 1, f"{free:.1f} GiB free on this disk"
    yield _port()


def _extra(extra: str, names: tuple[str, ...]) -> tuple[bool, str]:
    try:
        found = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    except metadata.PackageNotFoundError:
        return False, str(MissingExtraError(f"what [{extra}] is for", extra))
    return True, f"[{extra}] {found}"


def _adapters() -> str:
    """Return which libraries of instruments are here, and which extras would bring others."""
    here, missing = [], []
    for extra, package in _ADAPTERS.items():
        try:
            here.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            missing.append(f"[{extra}]")
    more = f"; more with {', '.join(missing)}" if missing else ""
    return f"adapters: {', '.join(here) or 'no library of instruments'}{more}"


def _attempt(what: str, call: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, f"{what}: {call()}"
    except LabloopError as error:
        return False, f"{what}: {error}"


def _database(db: str | None) -> str:
    named = db or os.environ.get("LABLOOP_DB") or "labloop.db"
    if "://" not in named and not Path(named).exists():
        return f"{named} does not exist yet; the first run makes it"
    with open_repositories(db, read_only=True) as repositories:
        return f"{repositories.url}, {len(repositories.campaigns.all())} campaigns"


def _port() -> tuple[bool, str]:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        taken = probe.connect_ex(("127.0.0.1", 4200)) == 0
    return True, "port 4200 is " + ("answered by something" if taken else "free") + " (Prefect)"


def trust(
    name: Name,
    *,
    db: Database = None,
    real: AnyMode = None,
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
            _confirm_trust(record.name)
        trust_bundle(bundle)
        out.print(f"trusted   go on with: {resume_command(record, repositories)}")


def _confirm_trust(name: str) -> None:
    if not sys.stdin.isatty():
        raise CampaignError(
            "whether code may run is for a person to say, and this is no terminal; "
            "read the code, then add --yes"
        )
    typed = input("This code will run with all your rights. Type the campaign's name to trust it: ")
    if typed.strip() != name:
        raise CampaignError("not confirmed; nothing of it was run")
