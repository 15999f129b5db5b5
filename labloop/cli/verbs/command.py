"""Verbs by which a person speaks to a campaign: they write rows.

Where no process is at the campaign, what is said of its experiments is answered at once.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from labloop.cli.terminal import (
    AnyMode,
    Database,
    Name,
    console,
    find_campaign,
    open_repositories,
    parse_pairs,
)
from labloop.errors import CampaignError, LeaseError
from labloop.records import (
    CampaignRecord,
    CampaignState,
    Command,
    CommandKind,
    ExperimentState,
    Json,
    Repositories,
)

_NEEDS_EXPERIMENT = {
    CommandKind.APPROVE,
    CommandKind.REJECT,
    CommandKind.EDIT,
    CommandKind.RESOLVE,
}
_NEEDS_POINT = {CommandKind.EDIT, CommandKind.ADD}


def command(
    name: Name,
    kind: Annotated[CommandKind, typer.Argument(help="what is asked")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="experiment=3 (or 3,5, or all), outcome=done, or a point: temperature=80 ..."
        ),
    ] = None,
    *,
    db: Database = None,
    real: AnyMode = None,
    reason: Annotated[str, typer.Option("--reason", help="why, for the record")] = "",
    wait: Annotated[float, typer.Option(help="seconds to wait for the answer", min=0)] = 5.0,
) -> None:
    """Ask something of a campaign: approve, resolve, add, ...; of a running one pause, stop, ..."""
    from labloop.campaign import RUN_COMMANDS, current_user, resume_command  # noqa: PLC0415 - keeps --help quick
    from labloop.campaign import is_unattended as nobody_at  # noqa: PLC0415 - same

    given = parse_pairs(["experiment=all" if word == "all" else word for word in words or ()])
    arguments = _arguments(kind, given, reason)
    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        alone = nobody_at(repositories, record)
        if kind in RUN_COMMANDS and (alone or record.state is not CampaignState.RUNNING):
            raise CampaignError(
                f"no process is at campaign {name!r} ({record.state.value}), so nobody would "
                f"answer; run it again with: {resume_command(record, repositories)}"
            )
        if kind in _NEEDS_POINT:
            arguments["point"] = _point(record, given)
        asked = [
            Command(
                campaign_id=record.id,
                kind=kind,
                actor=current_user(),
                arguments=each,
                expected_version=record.version,
            )
            for each in _each(kind, _named(repositories, record, kind, arguments))
        ]
        written = {repositories.commands.add(one).result() for one in asked}
        if alone:
            _answer(repositories, record)
        until = time.monotonic() + wait
        while time.monotonic() < until:
            rows = [c for c in repositories.commands.all(record.id) if c.sequence in written]
            if all(row.accepted is not None for row in rows):
                _print_answers(rows)
                if alone and any(row.accepted for row in rows):
                    way = resume_command(record, repositories)
                    console().print(f"it counts from now on; the campaign goes on with: {way}")
                raise typer.Exit(0 if all(row.accepted for row in rows) else 1)
            time.sleep(0.1)
        console().print(
            f"{kind.value}: written, and not answered within {wait:g} s; where the campaign's "
            "process has ended, it is answered before anything else when it goes on with: "
            f"{resume_command(record, repositories)}"
        )
        raise typer.Exit(3)


def acknowledge(
    name: Name,
    *,
    db: Database = None,
    real: AnyMode = None,
    note: Annotated[str, typer.Option("--note", help="what you found, for the record")] = "",
) -> None:
    """Say that you have looked at what was not known to be safe; name and time are kept."""
    from labloop.campaign import current_user  # noqa: PLC0415 - keeps labloop --help quick

    out, actor = console(), current_user()
    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        waiting = [a for a in repositories.alarms.all(record.id) if a.is_open]
        for raised in waiting:
            repositories.alarms.acknowledge(raised.sequence, actor, note).result()
            out.print(f"seen      by {actor}: {raised.alarm.message}")
        if not waiting:
            out.print(f"nothing of {record.name} waits to be acknowledged")


def _answer(repositories: Repositories, record: CampaignRecord) -> None:
    from labloop.campaign import answer_pending_commands, current_user  # noqa: PLC0415 - heavy

    # Where a process has begun meanwhile, that one answers.
    with suppress(LeaseError):
        answer_pending_commands(repositories, record, current_user())


def _named(
    repositories: Repositories,
    record: CampaignRecord,
    kind: CommandKind,
    arguments: dict[str, Json],
) -> dict[str, Json]:
    """Return the arguments with the numbers of all that wait, where all are meant."""
    if arguments.get("experiment") != "all":
        return arguments
    resolve = kind is CommandKind.RESOLVE
    state = ExperimentState.UNCERTAIN if resolve else ExperimentState.AWAITING
    waiting = [str(row.number) for row in repositories.experiments.all(record.id, {state})]
    if not waiting:
        what = "an answer" if resolve else "approval"
        raise CampaignError(f"no experiment of campaign {record.name!r} waits for {what}")
    return {**arguments, "experiment": ",".join(waiting)}


def _each(kind: CommandKind, arguments: dict[str, Json]) -> list[dict[str, Json]]:
    """Return what is asked of each experiment that is named: ``experiment=2,4``."""
    named = [n.strip() for n in str(arguments.get("experiment", "")).split(",") if n.strip()]
    if len(named) < 2:
        return [arguments]
    if kind is CommandKind.EDIT:
        raise CampaignError(f"a point is given to one experiment at a time, got {named}")
    return [{**arguments, "experiment": one} for one in named]


def _print_answers(rows: Sequence[Command]) -> None:
    for row in rows:
        about = f" {row.arguments['experiment']}" if len(rows) > 1 else ""
        console().print(f"{row.kind.value}{about}: {row.answer}")


def _arguments(kind: CommandKind, given: dict[str, str], reason: str) -> dict[str, Json]:
    """Return what a command says, taken out of ``given``; a point is left in it."""
    arguments: dict[str, Json] = {"reason": reason} if reason else {}
    if kind in _NEEDS_EXPERIMENT:
        if "experiment" not in given:
            raise CampaignError(f"{kind.value} needs experiment=NUMBER, got {given or 'nothing'}")
        arguments["experiment"] = given.pop("experiment")
    if kind is CommandKind.RESOLVE:
        arguments["outcome"] = given.pop("outcome", "")
    if given and kind not in _NEEDS_POINT:
        raise CampaignError(f"{kind.value} takes no {', '.join(given)}")
    return arguments


def _point(record: CampaignRecord, given: Mapping[str, str]) -> dict[str, Json]:
    """Return a point as the campaign's space types it; its process checks it."""
    from labloop.campaign import point_from_text  # noqa: PLC0415 - same
    from labloop.space import SearchSpace  # noqa: PLC0415 - same

    space = record.spec["space"]
    assert isinstance(space, Mapping)  # noqa: S101 - every stored spec has one
    return {**point_from_text(given, SearchSpace.from_spec(space))}
