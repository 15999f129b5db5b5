"""The verb that lets an instrument do one thing: run."""

from typing import Annotated

import typer

from labloop.cli.contact.kept import Kept, journal_of
from labloop.cli.contact.session import (
    DeviceName,
    LabToml,
    RealLab,
    host_of,
    print_safe,
    read_lab_file,
    tell_mode,
)
from labloop.cli.contact.wanted import carry_out, wanted_of
from labloop.cli.terminal import mode_of

Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="key=value...", help='such as "speed=600 rpm"')
]
Hold = Annotated[str, typer.Option("--hold", help="how long to stay so before it is made safe")]


def run(
    lab: LabToml,
    name: DeviceName,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="what it shall do")],
    arguments: Arguments = None,
    *,
    hold: Hold = "0 s",
    db: Kept = None,
    real: RealLab = False,
) -> None:
    """Let a device do one thing, within its limits and interlocks; then it is made safe."""
    lab_file = read_lab_file(lab)
    part = lab_file.part(name, [action])
    wanted = wanted_of(part, name, action, arguments or (), hold)
    with journal_of(part, mode_of(real), db) as kept:
        host = host_of(part, f"run {name}.{action}", real, kept=kept)
        tell_mode(lab_file, real)
        with host:
            carry_out(host, wanted, kept.campaign_id)
        print_safe(host)
