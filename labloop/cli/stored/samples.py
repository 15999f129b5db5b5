"""Verbs of samples: which there are, and where one is; a person says where it was found."""

from typing import Annotated

import typer

from labloop.cli.terminal import (
    AnyMode,
    Database,
    Name,
    console,
    find_campaign,
    open_repositories,
    table_lines,
)
from labloop.errors import DefinitionError
from labloop.records import SampleChange, SampleEvent

_HEADER = ("sample", "what", "experiment", "where", "made by")
_WORDS = {
    SampleChange.MADE: "made at",
    SampleChange.MOVING: "on its way to",
    SampleChange.MOVED: "arrived at",
    SampleChange.STAYED: "stayed at",
    SampleChange.FOUND: "found at",
    SampleChange.DISCARDED: "discarded",
}


def samples(name: Name, *, db: Database = None, real: AnyMode = None) -> None:
    """List the samples of a campaign and where each is; what is on no place needs a person."""
    out = console()
    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        found = repositories.samples.of_campaign(record.id)
    if not found:
        out.print(f"none      campaign {record.name} has made no samples")
        return
    rows = [
        (
            each.name,
            each.kind,
            (each.experiment_id or "-").rpartition("-")[2].lstrip("0") or "-",
            f"{each.where}{' ?' if each.where.is_open else ''}",
            each.events[0].actor,
        )
        for each in found
    ]
    for line in table_lines(_HEADER, rows):
        out.print(line)
    open_ = [each.name for each in found if each.where.is_open]
    if open_:
        out.print(
            f"question  where is {', '.join(open_)}? Look, then: labloop sample S-N --at PLACE"
        )


def sample(
    name: Annotated[str, typer.Argument(metavar="S-N", help="the sample, such as S-12")],
    *,
    at: Annotated[str, typer.Option("--at", help="the place where you found it")] = "",
    discard: Annotated[bool, typer.Option("--discard", help="it is gone")] = False,
    note: Annotated[str, typer.Option("--note", help="why, in a few words")] = "",
    db: Database = None,
) -> None:
    """Show where a sample is and what happened to it, or say where it was found."""
    number = name.upper().removeprefix("S-")
    if not number.isdigit():
        raise DefinitionError(f"a sample is named as S-12, got {name!r}")
    if at and discard:
        raise DefinitionError("--at and --discard exclude each other: it is there, or gone")
    out = console()
    with open_repositories(db, read_only=not (at or discard)) as repositories:
        if at or discard:
            from labloop.campaign import current_user  # noqa: PLC0415 - heavy

            change = SampleChange.DISCARDED if discard else SampleChange.FOUND
            event = SampleEvent(change=change, place=at, reason=note, actor=current_user())
            repositories.samples.record(int(number), event).result()
        found = repositories.samples.get(int(number))
    out.print(f"sample    {found.name}, a {found.kind} of {found.experiment_id or 'no experiment'}")
    out.print(f"where     {found.where}")
    for event in found.events:
        when = "" if event.recorded is None else f"{event.recorded:%Y-%m-%d %H:%M:%S}"
        why = f" ({event.reason})" if event.reason else ""
        out.print(f"{when}  {_WORDS[event.change]} {event.place} by {event.actor}{why}".rstrip())
    if found.where.is_open:
        out.print(f"question  look where it is, then: labloop sample {found.name} --at PLACE")
