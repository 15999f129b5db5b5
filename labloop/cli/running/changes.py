"""What differs between the files of a campaign and those that it was begun with."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labloop.cli.terminal import (
    console,
)
from labloop.records import Repositories

if TYPE_CHECKING:
    from labloop.campaign import Campaign


def print_file_changes(repositories: Repositories, campaign: "Campaign", *, told: bool) -> None:
    """Show how the files differ from those that the campaign was begun with."""
    from labloop.campaign import bundle_differences, changed_files, resume_command  # noqa: PLC0415 - heavy

    out = console()
    stored = repositories.campaigns.bundle(campaign.record.id)
    if told:
        print_changes(
            repositories, campaign, bundle_differences(stored, campaign.definition.bundle)
        )
        return
    place, lines = changed_files(stored)
    for line in lines:
        out.print(f"changed   {line} since the campaign was begun")
    if lines:
        out.print("          it goes on with the files that it was begun with; to take the new")
        way = resume_command(campaign.record, repositories)
        out.print(f"          ones: {way} --changed {shlex.quote(place)}")


def print_changes(repositories: Repositories, campaign: "Campaign", changes: Sequence[str]) -> None:
    """Say what a changed definition changes, and what becomes of the results before it."""
    from labloop.campaign import describe_set_aside  # noqa: PLC0415 - heavy

    for line in changes:
        console().print(f"changed   {line}; from now on")
    if changes:
        spec = campaign.definition.spec
        for line in describe_set_aside(repositories, campaign.record.id, spec):
            console().print(f"results   {line}")
