"""Verbs that look at what is stored; none of them imports a campaign file."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from labloop.cli.terminal import (
    AnyMode,
    AsJson,
    Database,
    Name,
    console,
    find_campaign,
    format_point,
    open_repositories,
    print_not_safe,
    table_lines,
)
from labloop.records import CampaignRecord, ExperimentState, Mode, Repositories, newest_calibrations

if TYPE_CHECKING:
    from rich.console import Console

    from labloop.report import Best, CampaignSummary


_MOST_WAITING = 20


def campaigns(*, db: Database = None, as_json: AsJson = False) -> None:
    """List the campaigns of a database."""
    from labloop.report import summary  # noqa: PLC0415 - keeps labloop --help quick

    with open_repositories(db, read_only=True) as repositories:
        rows = [
            _row(record, summary(repositories, record.id))
            for record in repositories.campaigns.all()
        ]
        if as_json:
            typer.echo(json.dumps(rows, indent=2))
            return
        out = console()
        out.print(f"database {repositories.url}")
        for name in dict.fromkeys(row["name"] for row in rows if row["not_safe"]):
            out.print(f"!! {name} needs a person who looks at it now: labloop status {name}")
        if not rows:
            out.print("no campaign yet; begin one with: labloop run FILE")
            return
        header = ("name", "mode", "state", "done", "failed", "best", "since", "id")
        for line in table_lines(header, [_cells(row) for row in rows]):
            out.print(line)


def _cells(row: Mapping[str, object]) -> tuple[object, ...]:
    best = "" if row["best"] is None else f"{row['best']:.4g}"
    names = ("name", "mode", "state", "done", "failed")
    return (*(row[name] for name in names), best, str(row["created"])[:16], row["id"])


def _row(record: CampaignRecord, found: "CampaignSummary") -> dict[str, object]:
    return {
        "id": record.id,
        "name": record.name,
        "mode": record.mode.value,
        "generation": record.generation,
        "state": record.state.value,
        "reason": record.reason,
        "created": record.created.isoformat() if record.created else "",
        **{state.value: found.experiments[state] for state in ExperimentState},
        "best": found.best_value,
        "not_safe": list(found.not_safe),
    }


def status(
    name: Name, *, db: Database = None, real: AnyMode = None, as_json: AsJson = False
) -> None:
    """Show where a campaign stands: state, budget, best so far, questions and alarms."""
    from labloop.campaign import is_function_campaign, is_interrupted, resume_command  # noqa: PLC0415 - keeps --help quick
    from labloop.report import summary  # noqa: PLC0415 - same

    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        found = summary(repositories, record.id)
        row = _row(record, found)
        row["best_point"] = dict(found.best_point or {})
        row["kept"] = found.kept
        row["plate"] = found.plate
        row["wishes"] = list(found.wishes)
        row["alarms"] = list(found.alarms)
        dead = is_interrupted(repositories, record)
        row["waits"] = {} if dead else dict(found.waits)
        if as_json:
            typer.echo(json.dumps(row, indent=2))
            return
        out = console()
        print_not_safe(repositories, record)
        out.print(f"database  {repositories.url}")
        always = ("name", "mode", "state", "reason", "done", "failed", "running", "uncertain")
        rare = [s.value for s in ExperimentState if s.value not in always and row[s.value]]
        for key in (*always, *rare):
            out.print(f"{key:9} {row[key]}")
        if dead:
            way = resume_command(record, repositories)
            if record.mode is Mode.REAL and not is_function_campaign(record):
                _print_left(out, repositories, record)
            out.print(f"go on     no process is at it, the last one ended in between: {way}")
        _print_told(out, failures=found.failure, plates=found.plate, forecast=found.forecast)
        for wish in found.wishes:
            out.print(f"wished    {wish}")
        if found.best is not None:
            point = format_point(found.best.point, digits=6)
            remark = f" ({found.best.remark})" if found.best.remark else ""
            out.print(f"best      {_values(found.best)} at {point}{remark}")
        if found.done and found.kept:
            out.print(f"kept      {found.kept}")
        _print_waiting(out, repositories, record, {} if dead else found.waits)
        _print_lab(out, repositories, record)
        _print_said(out, repositories, record, found.alarms)


def _print_left(out: "Console", repositories: Repositories, record: CampaignRecord) -> None:
    """Print how the last process of a real campaign has left the devices, when it died."""
    from labloop.lab import left_running  # noqa: PLC0415 - keeps --help quick

    left = left_running(repositories.journal.entries(record.id), (), Mode.REAL)
    if left:
        out.print(
            f"!! NOT SAFE: the last process ended in between and left {', '.join(left)} as it was. "
            "Go and look at it now."
        )
    else:
        out.print(
            "!! the last process ended in between; every device was brought into its safe state "
            "after the last command that it got"
        )


def _print_told(out: "Console", **told: str) -> None:
    """Print what there is to tell, each behind its name."""
    for key, sentence in told.items():
        if sentence:
            out.print(f"{key:9} {sentence}")


def _values(best: "Best") -> str:
    """Return a result in words: the value of one aim, or those of several with their names."""
    if len(best.values) == 1:
        return f"{next(iter(best.values.values())).value:.5g}"
    return ", ".join(
        f"{name} {value.value:.5g}" + ("" if value.unit == "1" else f" {value.unit}")
        for name, value in best.values.items()
    )


def _print_lab(out: "Console", repositories: Repositories, record: CampaignRecord) -> None:
    """Print calibrations, and the samples of which nobody knows where they are."""
    for sample in repositories.samples.of_campaign(record.id):
        if sample.where.is_open:
            way = f"labloop sample {sample.name} --at PLACE"
            out.print(f"question  {sample.name} is {sample.where}; look, then: {way}")
    for made in newest_calibrations(repositories, record):
        out.print(f"calibrated {made.sentence(datetime.now(UTC))}")


def _print_said(
    out: "Console", repositories: Repositories, record: CampaignRecord, alarms: Sequence[str]
) -> None:
    """Print alarms, and what persons asked."""
    for alarm in alarms:
        out.print(f"alarm     {alarm}")
    for asked in repositories.commands.all(record.id):
        answer = asked.answer or "not yet answered"
        out.print(f"command   {asked.kind.value} by {asked.actor}: {answer}")


def _print_waiting(
    out: "Console",
    repositories: Repositories,
    record: CampaignRecord,
    in_lab: Mapping[int, str],
) -> None:
    """Print what waits in the lab, for a late result or for an approval, and what to type."""
    from labloop.campaign import database_option  # noqa: PLC0415 - keeps --help quick

    for number, words in in_lab.items():
        out.print(f"waits     experiment {number}: {words}")
    rows = repositories.experiments.all(record.id, {ExperimentState.AWAITING})
    late = [row for row in rows if row.waits_for_result]
    for row in late[:_MOST_WAITING]:
        out.print(f"waits     experiment {row.number}: {row.reason}")
    if late:
        words = f"{record.name} {late[0].number} STEP VALUE{database_option(repositories)}"
        out.print(f"          tell it: labloop answer {words}")
    waiting = [row for row in rows if not row.waits_for_result]
    for row in waiting[:_MOST_WAITING]:
        out.print(f"waits     experiment {row.number}: {format_point(row.point)}")
    if len(waiting) > _MOST_WAITING:
        out.print(f"waits     and {len(waiting) - _MOST_WAITING} more")
    if waiting:
        some = ",".join(str(row.number) for row in waiting[:2])
        words = f"{record.name} approve experiment={some}{database_option(repositories)}"
        out.print(f"          approve: labloop command {words} (or all)")
