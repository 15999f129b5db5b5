"""The verb that lets a campaign go on when its computer starts again: service."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.running import confirm_real, start_command, unit_name, unit_path, unit_text
from labloop.cli.terminal import (
    CampaignFile,
    Database,
    Engine,
    SpeedText,
    atomic_write,
    console,
    mode_of,
)
from labloop.cli.verbs.run import Left
from labloop.errors import CampaignError

if TYPE_CHECKING:
    from labloop.campaign import Definition


def service(
    file: CampaignFile,
    *,
    db: Database = None,
    engine: Engine = "plain",
    speed: SpeedText = "max",
    unattended: Annotated[
        Left, typer.Option("--unattended", help="what becomes of questions: hold, skip or stop")
    ] = "hold",
    real: Annotated[
        bool,
        typer.Option(
            "--real", help="on real instruments, unattended, by the yes that you type now"
        ),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="put it where systemd looks, instead of printing it")
    ] = False,
) -> None:
    """Print a systemd unit by which a campaign goes on when this computer starts again."""
    from labloop.campaign import check_lab, load_campaign, require_procedure  # noqa: PLC0415 - heavy

    if real and not write:
        raise CampaignError(
            "the yes to real instruments is kept when the unit is written; add --write"
        )
    definition = load_campaign(file)
    require_procedure(definition)
    check_lab(definition, mode_of(real))
    name = definition.spec.name
    database = db or os.environ.get("LABLOOP_DB") or "labloop.db"
    command = start_command(
        file, database, engine=engine, unattended=unattended, speed=speed, real=real
    )
    text = unit_text(name, command, Path.cwd())
    if not write:
        typer.echo(text, nl=False)
        return
    path, out = unit_path(name), console()
    if real:
        out.print(f"yes kept  {_standing_yes(definition)}; remove it to take the yes back")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
    out.print(f"written   {path}")
    unit = unit_name(name)
    out.print(f"start it  systemctl --user daemon-reload && systemctl --user enable --now {unit}")
    out.print("at boot   loginctl enable-linger: it starts without anybody logging in")
    out.print(f"look      labloop status {name}; journalctl --user -u {unit}")


def _standing_yes(definition: "Definition") -> Path:
    """Let a person type the yes, and keep it for every start of the service."""
    from labloop.campaign import current_user, keep_standing_yes  # noqa: PLC0415 - heavy

    console().print(
        "Each start of this service will move real instruments with nobody at the terminal: after "
        "a crash, and whenever this computer starts. Devices are made safe first."
    )
    confirm_real(definition)
    return keep_standing_yes(definition.bundle, current_user())
