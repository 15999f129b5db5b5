"""The verb that lets a campaign go on when its computer starts again: service."""

import os
from pathlib import Path
from typing import Annotated

import typer

from labloop.cli.running import start_command, unit_name, unit_path, unit_text
from labloop.cli.terminal import CampaignFile, Database, Engine, SpeedText, atomic_write, console
from labloop.cli.verbs.run import Left
from labloop.errors import CampaignError


def service(
    file: CampaignFile,
    *,
    db: Database = None,
    engine: Engine = "plain",
    speed: SpeedText = "max",
    unattended: Annotated[
        Left, typer.Option("--unattended", help="what becomes of questions: hold, skip or stop")
    ] = "hold",
    real: Annotated[bool, typer.Option("--real", help="refused, and says why")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="put it where systemd looks, instead of printing it")
    ] = False,
) -> None:
    """Print a systemd unit by which a campaign goes on when this computer starts again."""
    from labloop.campaign import check_lab, load_campaign, require_procedure  # noqa: PLC0415 - heavy
    from labloop.records import Mode  # noqa: PLC0415 - same

    if real:
        raise CampaignError(
            "a service cannot say yes to real instruments: each start of a real lab needs a "
            "person's yes, typed at its terminal; make the service without --real, and after a "
            "restart type: labloop resume NAME --real"
        )
    definition = load_campaign(file)
    require_procedure(definition)
    check_lab(definition, Mode.SIMULATED)
    name = definition.spec.name
    database = db or os.environ.get("LABLOOP_DB") or "labloop.db"
    command = start_command(file, database, engine=engine, unattended=unattended, speed=speed)
    text = unit_text(name, command, Path.cwd())
    if not write:
        typer.echo(text, nl=False)
        return
    path, out = unit_path(name), console()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
    out.print(f"written   {path}")
    unit = unit_name(name)
    out.print(f"start it  systemctl --user daemon-reload && systemctl --user enable --now {unit}")
    out.print("at boot   loginctl enable-linger: it starts without anybody logging in")
    out.print(f"look      labloop status {name}; journalctl --user -u {unit}")
