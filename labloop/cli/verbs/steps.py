"""Verbs about the steps of an experiment: answer tells a late result, step looks at and settles."""

from collections.abc import Sequence
from typing import Annotated

import typer

from labloop.cli.terminal import AnyMode, Database, Name, console, find_campaign, open_repositories
from labloop.cli.verbs.command import say
from labloop.errors import CampaignError
from labloop.records import ActionState, CommandKind, JournalEntry, Json

Experiment = Annotated[str, typer.Argument(help="its number or id")]
Wait = Annotated[float, typer.Option(help="seconds to wait for the answer", min=0)]


def answer(
    name: Name,
    experiment: Experiment,
    step: Annotated[str, typer.Argument(help="what it waits for, such as xrd")],
    value: Annotated[list[str], typer.Argument(help="the result, such as 83.5 or 83.5 %")],
    *,
    db: Database = None,
    real: AnyMode = None,
    reason: Annotated[str, typer.Option("--reason", help="a note, for the record")] = "",
    wait: Wait = 5.0,
) -> None:
    """Tell a late result that an experiment waits for; also while nothing runs."""
    given: dict[str, Json] = {"experiment": experiment, "step": step, "value": " ".join(value)}
    if reason:
        given["reason"] = reason
    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        say(repositories, record, CommandKind.RESOLVE, [given], wait)


def step(
    name: Name,
    experiment: Experiment,
    step: Annotated[str, typer.Argument(help="its name; all are listed if left out")] = "",
    *,
    db: Database = None,
    real: AnyMode = None,
    value: Annotated[str, typer.Option("--value", help="what it gave")] = "",
    skip: Annotated[bool, typer.Option("--skip", help="leave it out: it gives nothing")] = False,
    repeat: Annotated[bool, typer.Option("--repeat", help="it is to be done again")] = False,
    reason: Annotated[str, typer.Option("--why", "--reason", help="why, for the record")] = "",
    wait: Wait = 5.0,
) -> None:
    """Look at the steps of an experiment; say what one gave, leave it out or let it be repeated.

    What is said counts when the procedure is entered again. What was there before is kept.
    """
    given: dict[str, Json] = {"step": step, "skip": skip, "repeat": repeat, "reason": reason}
    if value:
        given["value"] = value
    with open_repositories(db, read_only=not step) as repositories:
        record = find_campaign(repositories, name, real)
        if step:
            given["experiment"] = experiment
            say(repositories, record, CommandKind.RESOLVE, [given], wait)
        from labloop.campaign import find_experiment  # noqa: PLC0415 - heavy

        row = find_experiment(repositories, record, experiment)
        steps = [
            e for e in repositories.journal.entries(record.id, row.id) if e.intent.kind == "step"
        ]
        if not steps:
            raise CampaignError(
                f"experiment {row.number} of {name!r} has no steps; what it did is told by: "
                f"labloop show {name} {row.number}"
            )
        for line in _lines(steps):
            console().print(line)


def _lines(steps: Sequence[JournalEntry]) -> list[str]:
    """Return a line for each step, the newest word of each last."""
    return [f"{_state(e):9} {e.intent.name}: {_told(e)} ({e.intent.actor})" for e in steps]


def _state(entry: JournalEntry) -> str:
    return "open" if entry.state is ActionState.INTENT else entry.state.value


def _told(entry: JournalEntry) -> str:
    from labloop.lab import LateResult  # noqa: PLC0415 - heavy

    late = LateResult.of(entry)
    if entry.outcome is None:
        return late.words if late is not None else "it is not known whether it was done"
    result = entry.outcome.result
    if isinstance(result, dict) and result.keys() == {"value", "unit"}:
        result = f"{result['value']} {result['unit']}"
    return "; ".join(filter(None, [str(result), entry.outcome.detail]))
