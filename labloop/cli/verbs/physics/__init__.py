"""Verbs about the physics of a campaign: tested before, and fitted to a table of results."""

import typer

from labloop.cli.verbs.physics.check import check
from labloop.cli.verbs.physics.fit import fit

group = typer.Typer(
    help="Look at the physics of a campaign.", no_args_is_help=True, add_completion=False
)


@group.callback()
def _group() -> None:
    """Look at the physics of a campaign."""


group.command("check")(check)
group.command("fit")(fit)

__all__ = ["group"]
