"""Verbs by which a person speaks to a campaign: they write rows.

Where no process is at the campaign, what is said of its experiments is answered at once.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from labloop.space import SearchSpace

_NEEDS_EXPERIMENT = {
    CommandKind.APPROVE,
    CommandKind.REJECT,
    CommandKind.EDIT,
    CommandKind.RESOLVE,
}
_NEEDS_POINT = {CommandKind.EDIT, CommandKind.ADD}
_CONDITIONS = {CommandKind.FIX, CommandKind.AVOID}


def command(
    name: Name,
    kind: Annotated[CommandKind, typer.Argument(help="what is asked")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="experiment=3 (or 3,5, or all), outcome=done, a point: temperature=80 ..., what "
            "is fixed or avoided: solvent='DMF|NMP' temperature=..80, what is lifted: solvent (or "
            "all), or what is changed: temperature=20..120 solvent=+THF minimize=impurity"
        ),
    ] = None,
    *,
    db: Database = None,
    real: AnyMode = None,
    reason: Annotated[str, typer.Option("--reason", help="why, for the record")] = "",
    wait: Annotated[float, typer.Option(help="seconds to wait for the answer", min=0)] = 5.0,
) -> None:
    """Ask something of a campaign: approve, resolve, add, fix, ...; of a running one pause, ..."""
    from labloop.campaign import RUN_COMMANDS, resume_command  # noqa: PLC0415 - keeps --help quick
    from labloop.campaign import is_unattended as nobody_at  # noqa: PLC0415 - same

    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        arguments = _arguments(record, kind, words or (), reason)
        alone = nobody_at(repositories, record)
        if kind in RUN_COMMANDS and (alone or record.state is not CampaignState.RUNNING):
            raise CampaignError(
                f"no process is at campaign {name!r} ({record.state.value}), so nobody would "
                f"answer; run it again with: {resume_command(record, repositories)}"
            )
        each = _each(kind, _named(repositories, record, kind, arguments))
        say(repositories, record, kind, each, wait)


def say(
    repositories: Repositories,
    record: CampaignRecord,
    kind: CommandKind,
    each: Sequence[Mapping[str, Json]],
    wait: float,
) -> None:
    """Write commands of one kind, print their answers, and end with the exit code.

    Args:
        repositories: where to.
        record: the campaign.
        kind: of all of them.
        each: the arguments of one command each.
        wait: seconds to wait for the answers.

    Raises:
        typer.Exit: 0 where all were accepted, 1 where one was not, 3 where no answer came.
    """
    from labloop.campaign import current_user, is_unattended, resume_command  # noqa: PLC0415 - keeps --help quick

    alone = is_unattended(repositories, record)
    asked = [
        Command(
            campaign_id=record.id,
            kind=kind,
            actor=current_user(),
            arguments=arguments,
            expected_version=record.version,
        )
        for arguments in each
    ]
    written = {repositories.commands.add(one).result() for one in asked}
    if alone:
        _answer(repositories, record, kind)
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


def _answer(repositories: Repositories, record: CampaignRecord, kind: CommandKind) -> None:
    from labloop.campaign import (  # noqa: PLC0415 - heavy
        answer_pending_commands,
        answer_with_code,
        current_user,
    )

    needs_code = kind is CommandKind.CHANGE or (
        kind in {*_CONDITIONS, CommandKind.LIFT} and _space(record).code_missing
    )
    if needs_code and not repositories.campaigns.bundle(record.id).entry:
        return  # begun in a notebook, and answered where it goes on
    # Where a process has begun meanwhile, that one answers.
    with suppress(LeaseError):
        if needs_code:
            answer_with_code(repositories, record, current_user())
        else:
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
    rows = repositories.experiments.all(record.id, {state})
    waiting = [str(row.number) for row in rows if not row.waits_for_result]
    if not waiting:
        what = "an answer" if resolve else "approval"
        raise CampaignError(
            f"no experiment of campaign {record.name!r} waits for {what}; see what it does with: "
            f"labloop status {record.name}"
        )
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


def _arguments(
    record: CampaignRecord, kind: CommandKind, words: Sequence[str], reason: str
) -> dict[str, Json]:
    """Return what a command says."""
    arguments: dict[str, Json] = {"reason": reason} if reason else {}
    if kind is CommandKind.LIFT:
        if not words:
            raise CampaignError("lift needs the names of parameters, or all")
        return arguments | {"parameters": [] if list(words) == ["all"] else list(words)}
    if kind in _CONDITIONS:
        return arguments | {"condition": _condition(record, words)}
    given = parse_pairs(["experiment=all" if word == "all" else word for word in words])
    if kind is CommandKind.CHANGE:
        if not given:
            raise CampaignError("change needs name=value, such as temperature=20..120")
        return arguments | {"words": {**given}}
    return arguments | _about_experiment(record, kind, given)


def _about_experiment(
    record: CampaignRecord, kind: CommandKind, given: dict[str, str]
) -> dict[str, Json]:
    arguments: dict[str, Json] = {}
    if kind in _NEEDS_EXPERIMENT:
        if "experiment" not in given:
            raise CampaignError(f"{kind.value} needs experiment=NUMBER, got {given or 'nothing'}")
        arguments["experiment"] = given.pop("experiment")
    if kind is CommandKind.RESOLVE:
        arguments["outcome"] = given.pop("outcome", "")
    if kind in _NEEDS_POINT:
        return arguments | {"point": _point(record, given)}
    if given:
        raise CampaignError(f"{kind.value} takes no {', '.join(given)}")
    return arguments


def _condition(record: CampaignRecord, words: Sequence[str]) -> dict[str, Json]:
    """Return a condition as it is kept; its process checks it."""
    from labloop.campaign import condition_from_text, condition_json  # noqa: PLC0415 - heavy

    return condition_json(condition_from_text(",".join(words), _space(record)))


def _point(record: CampaignRecord, given: Mapping[str, str]) -> dict[str, Json]:
    """Return a point as the campaign's space types it; its process checks it."""
    from labloop.campaign import point_from_text  # noqa: PLC0415 - same

    return {**point_from_text(given, _space(record))}


def _space(record: CampaignRecord) -> "SearchSpace":
    """Return the space of a stored campaign, without functions."""
    from labloop.space import SearchSpace  # noqa: PLC0415 - same

    space = record.spec["space"]
    assert isinstance(space, Mapping)  # noqa: S101 - every stored spec has one
    return SearchSpace.from_spec(space)
