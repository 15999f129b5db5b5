"""A verb of the command line: ``labloop size FILE`` tells how large a campaign's space is.

A package of yours names it under the entry point ``labloop.verbs``. To ship it with labloop, copy
into ``labloop/cli/verbs/``, name it in ``_BUILT_IN`` of ``labloop/cli/_app.py``, and tell
CHANGELOG.md; the reference of the command line writes itself. What a verb decides belongs into the
room that it asks; a verb reads words and prints words.
"""

import typer

from labloop.cli import console
from labloop.cli.terminal import CampaignFile


def size(file: CampaignFile) -> None:
    """Tell how many points a campaign's space has."""
    from labloop.campaign import load_campaign  # noqa: PLC0415 - heavy, and --help is quick

    space = load_campaign(file).spec.space
    listed = space.candidates()
    told = "a continuum, or too many to list" if listed is None else f"{len(listed)} points"
    console().print(f"space     {told}")
    if listed is not None and not len(listed):
        raise typer.Exit(1)
