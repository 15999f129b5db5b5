"""The verb that ends a host: down."""

import time
from typing import Annotated

import typer

from labloop.cli.terminal import console
from labloop.errors import CampaignError

_SECONDS = 30.0
"""The longest end of a host: its safe states have 20 s."""


def down(
    name: Annotated[str, typer.Argument(help="the host's name, NAME or NAME@MACHINE:PORT")],
) -> None:
    """End a host; its devices are made safe first."""
    from labloop.lab import known_hosts  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.service import end_host  # noqa: PLC0415 - same

    end_host(name)
    console().print(f"{name}: asked to make its devices safe and to end")
    until = time.monotonic() + _SECONDS
    while name in known_hosts():
        if time.monotonic() > until:
            raise CampaignError(
                f"{name} has not ended within {_SECONDS:g} s; see what it says at its own terminal"
            )
        time.sleep(0.1)
    if "@" not in name:
        console().print(f"{name}: ended")
