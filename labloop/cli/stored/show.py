"""The verb that shows one experiment: conditions, results, attempts at it and their logs."""

import json
from dataclasses import asdict
from typing import Annotated, Any

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
)
from labloop.records import (
    ExperimentRecord,
    ExperimentState,
    RawValue,
    Repositories,
    ScalarValue,
)

Experiment = Annotated[str, typer.Argument(help="its number or id")]


def show(
    name: Name,
    experiment: Experiment,
    *,
    db: Database = None,
    real: AnyMode = None,
    as_json: AsJson = False,
) -> None:
    """Show one experiment: conditions, results, and what carried it out, with its log."""
    from labloop.campaign import find_experiment  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.report import doubts_of, read_attempts  # noqa: PLC0415 - same

    with open_repositories(db, read_only=True) as repositories:
        record = find_campaign(repositories, name, real)
        row = find_experiment(repositories, record, experiment)
        found = _values(repositories, row)
        history = _history(repositories, row)
        doubts = doubts_of(repositories.alarms.all(record.id), row.number)
        attempts = read_attempts(repositories.journal.entries(record.id, row.id))
    if as_json:
        told = [{**asdict(each), "state": each.state.value} for each in attempts]
        said = {"values": found, "history": history, "doubts": doubts, "attempts": told}
        typer.echo(json.dumps({**_plain(row), **said}, indent=2))
        return
    out = console()
    out.print(f"experiment {row.number} of {record.name}: {row.state.value}")
    if row.reason:
        title = "now" if row.state is ExperimentState.RUNNING else "because"
        out.print(f"{title:9} {row.reason}")
    out.print(f"at        {format_point(row.point)}")
    for title, value in found.items():
        out.print(f"{'result':9} {title} {value}")
    for line in history:
        out.print(f"history   {line}")
    for doubt in doubts:
        out.print(f"doubted   {doubt}")
    for each in attempts:
        out.print(each.words)
        for seconds, fraction, text in each.progress:
            out.print(f"  {seconds:8.1f} s  {100 * fraction:3.0f} % {text}".rstrip())
        for line in each.log.splitlines():
            out.print(f"  | {line}")


def _history(repositories: Repositories, row: ExperimentRecord) -> list[str]:
    """Return what was said of an experiment, by whom and why, and what its results were before."""
    from labloop.campaign import correction_history  # noqa: PLC0415 - keeps labloop --help quick

    failed = row.reason if row.state is ExperimentState.FAILED else ""
    moves = [m for m in repositories.experiments.moves(row.id) if m.reason not in {"", failed}]
    told = [f"{move.to.value} by {move.actor}: {move.reason}" for move in moves]
    return told + correction_history(repositories, row.campaign_id).get(row.id, [])


def _plain(row: ExperimentRecord) -> dict[str, Any]:
    return {
        "number": row.number,
        "id": row.id,
        "state": row.state.value,
        "reason": row.reason,
        "point": dict(row.point),
        "lab started (s)": row.lab_started,
        "lab finished (s)": row.lab_finished,
    }


def _values(repositories: Repositories, row: ExperimentRecord) -> dict[str, str]:
    """Return outputs, and what else was measured, in words."""
    raw = repositories.experiments.raw(row.id)
    outputs = repositories.experiments.outputs(row.campaign_id, row.id).get(row.id, {})
    values: dict[str, RawValue] = {**(raw.raw if raw else {}), **outputs}
    return {name: _words(value) for name, value in values.items()}


def _words(value: RawValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, ScalarValue):
        unit = "" if value.unit == "1" else f" {value.unit}"
        spread = "" if value.sd is None else f" +- {value.sd:.2g}"
        return f"{value.value:.6g}{spread}{unit}"
    return f"curve of {len(value.x)} points"
