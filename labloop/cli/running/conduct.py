"""Runs a campaign under the live view and says how it ended."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from labloop.cli.terminal import (
    acknowledge_command,
    console,
    print_not_safe,
)
from labloop.errors import CampaignError, LabloopError, NotSafeError
from labloop.records import CampaignRecord, CampaignState, Repositories

if TYPE_CHECKING:
    from labloop.campaign import Campaign, Hooks
    from labloop.cli.terminal.live import LiveView


def conduct(
    repositories: Repositories,
    campaign: "Campaign",
    engine: Callable[["Campaign", "Hooks"], CampaignRecord],
) -> CampaignRecord:
    """Run a campaign under the live view and say how it ended."""
    from labloop.campaign import (  # noqa: PLC0415 - heavy
        mode_label,
        require_procedure,
        resume_command,
    )
    from labloop.cli.terminal.live import LiveView  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.cli.terminal.streams import steady_streams  # noqa: PLC0415 - same

    # Before an engine is started, which may take its time.
    require_procedure(campaign.definition)
    steady_streams()
    out = console()
    record = campaign.record
    out.print(f"campaign  {record.name} ({mode_label(record)})")
    out.print(f"database  {repositories.url}")
    print_not_safe(repositories, record)
    unsafe: NotSafeError | None = None
    with LiveView(out, campaign, repositories) as view:
        try:
            record = engine(campaign, view)
        except NotSafeError as error:
            unsafe, record = error, campaign.record
    for note in campaign.notes:
        out.print(f"note      {note}")
    first = "" if unsafe is None else "NOT SAFE, see below; "
    out.print(f"ended     {first}{record.state.value}: {record.reason}")
    if unsafe is not None:
        raise _with_way_on(repositories, view, unsafe, record)
    view.print_end(out)
    if record.state is CampaignState.FAILED:
        raise CampaignError(f"the campaign failed: {record.reason}")
    if record.state is CampaignState.STOPPED:
        out.print(f"go on     {resume_command(record, repositories)}")
        raise typer.Exit(130)
    return record


def _with_way_on(
    repositories: Repositories, view: "LiveView", unsafe: NotSafeError, record: CampaignRecord
) -> NotSafeError:
    """Return the error with what to type, after all that is told beside it."""
    way = "it could not be stored, so nothing else will tell you"
    # Whatever the database says now, the error is what a person must hear.
    with suppress(LabloopError):
        view.print_end(console())
        if any(a.is_open for a in repositories.alarms.all(record.id)):
            way = f"when you have looked: {acknowledge_command(repositories, record)}"
    whole = NotSafeError(f"{unsafe}\n!! {way}")
    whole.__cause__ = unsafe
    return whole
