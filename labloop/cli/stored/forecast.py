"""The verb that tells how long a campaign will take: ``labloop forecast``."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import (
    AnyMode,
    AsJson,
    Database,
    Experiments,
    console,
    find_campaign,
    open_repositories,
    repositories_if_any,
    waiting,
)
from labloop.records import CampaignRecord, Repositories

if TYPE_CHECKING:
    from rich.console import Console

    from labloop.campaign import Definition, Forecast


def forecast(
    target: Annotated[str, typer.Argument(help="a campaign file, or a stored campaign's name")],
    *,
    db: Database = None,
    real: AnyMode = None,
    experiments: Experiments = None,
    runs: Annotated[int, typer.Option("--runs", help="how often it is run ahead")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="spread points instead of the planner's: sooner told")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell how long a campaign, or its rest, will take, and what it waits for."""
    file, out = Path(target), console(stderr=as_json)
    if target.endswith(".py") or file.is_dir():
        found = _of_file(out, file, db, experiments, runs, quick=quick)
    else:
        found = _of_stored(out, target, db, real, experiments, runs, quick=quick)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"bottleneck": found.bottleneck}, indent=2))
        return
    for line in lines_of(found):
        console().print(line)


def _of_file(
    out: "Console", file: Path, db: str | None, experiments: int | None, runs: int, *, quick: bool
) -> "Forecast":
    from labloop.campaign import load_campaign, with_overrides  # noqa: PLC0415 - heavy

    with waiting(out, f"reading {file}"):
        definition = with_overrides(load_campaign(file), experiments=experiments)
    with repositories_if_any(db) as known:
        return _ahead(out, definition, runs=runs, quick=quick, known=known)


def _of_stored(
    out: "Console",
    name: str,
    db: str | None,
    real: bool | None,
    experiments: int | None,
    runs: int,
    *,
    quick: bool,
) -> "Forecast":
    from labloop.campaign import stored_definition, with_overrides  # noqa: PLC0415 - heavy

    with open_repositories(db) as repositories:
        record = find_campaign(repositories, name, real)
        definition = with_overrides(
            stored_definition(repositories, record), experiments=experiments
        )
        return forecast_stored(out, repositories, record, definition, runs=runs, quick=quick)


def forecast_stored(
    out: "Console",
    repositories: Repositories,
    record: CampaignRecord,
    definition: "Definition",
    *,
    runs: int = 3,
    quick: bool = False,
) -> "Forecast":
    """Forecast a stored campaign, and keep that, so that what then happens stands beside it."""
    from labloop.campaign import current_user  # noqa: PLC0415 - heavy

    found = _ahead(out, definition, runs=runs, quick=quick, stored=(repositories, record))
    kept = found.record(record.id, current_user())
    repositories.schedules.add_forecast(kept).result()
    return found


def _ahead(out: "Console", definition: "Definition", **given: Any) -> "Forecast":
    """Run ahead and say meanwhile which of the runs goes on."""
    from labloop.campaign import forecast as ahead  # noqa: PLC0415 - heavy

    with waiting(out, "running ahead in simulated time") as said:

        def progress(done: int, of: int) -> None:
            said.say(f"running ahead, run {min(done + 1, of)} of {of}")

        return ahead(definition, progress=progress, **given)


def lines_of(found: "Forecast") -> Iterator[str]:
    """Yield a forecast as lines for a terminal."""
    yield (
        f"forecast  {found.experiments} experiments: {_time(found.hours)} of lab time, "
        f"90 % between {_time(found.low)} and {_time(found.high)}"
    )
    yield f"          by {found.basis}"
    width = max((len(name) for name in found.busy), default=0)
    for name in found.busy:
        waited = found.waits.get(name, 0.0)
        more = f", waited for {_time(waited)}" if waited > 0.01 else ""
        yield f"{name:{width}} |{_bar(found, name)}| {found.busy[name]:4.0%} in use{more}"
    kinds = {k: hours for k, hours in found.waits.items() if k not in found.busy and hours > 0.01}
    for kind, hours in kinds.items():
        yield f"stations  {kind}: experiments waited {_time(hours)} for a free one"
    yield from (f"supply    {sentence}" for sentence in found.supply)
    if found.bottleneck:
        yield f"bottleneck {found.bottleneck}: it is waited for longest"
    yield from _what_else_buys(found)
    if found.one_more is not None:
        yield _what_one_more_buys(found)


def _what_one_more_buys(found: "Forecast") -> str:
    saved = 0.0 if found.one_more is None else found.length - found.one_more
    wider = f"with parallel={found.parallel + 1}"
    if saved > 0.01 * found.length:
        return f"parallel  {wider} it would take {_time(saved)} less"
    return f"parallel  {wider} it would hardly be faster"


def _what_else_buys(found: "Forecast") -> Iterator[str]:
    """Yield what one more of each kind would save, most first, and what a better order would."""
    least = 0.01 * found.length
    for kind in sorted(found.buys, key=lambda kind: -found.buys[kind]):
        saved = found.buys[kind]
        words = f"{_time(saved)} less" if saved > least else "hardly faster"
        yield f"one more  {kind}: {words}"
    if found.order_buys is not None and found.order_buys > least:
        yield f"order     with schedule='optimised' it would take {_time(found.order_buys)} less"


def _bar(found: "Forecast", name: str) -> str:
    """Return when something is in use, from now to the end."""
    from labloop.report import letter_bar  # noqa: PLC0415 - keeps labloop --help quick

    spans = [(span.start, span.end) for span in found.spans if span.name == name]
    return letter_bar(spans, 3600 * found.length)


def _time(hours: float) -> str:
    """Return a duration as a person says it."""
    if hours < 1:
        return f"{60 * hours:.0f} min"
    if hours < 48:
        return f"{hours:.1f} h"
    return f"{hours / 24:.1f} days"
