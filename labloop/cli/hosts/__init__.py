"""The group ``lab``: a lab as a process of its own, which campaigns share.

Read ``up.py`` first.
"""

import typer

from labloop.cli.hosts.down import down
from labloop.cli.hosts.show import list_, status
from labloop.cli.hosts.up import up

group = typer.Typer(
    help='A lab as a process of its own, which campaigns use by lab="host://NAME".',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
group.command("up")(up)
group.command("status")(status)
group.command("list")(list_)
group.command("down")(down)

__all__ = ["group"]
