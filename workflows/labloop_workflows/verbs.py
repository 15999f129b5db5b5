"""The verbs ``labloop ui`` and ``labloop serve``."""

from pathlib import Path
from typing import Annotated

import typer

from labloop.campaign import load_campaign, trust_bundle
from labloop.cli import confirm_real, console
from labloop.errors import CampaignError
from labloop_workflows.runs.crashed_runs import mark_crashed_runs_quietly
from labloop_workflows.runs.serve import serve_campaigns
from labloop_workflows.server.lifecycle import find_or_start, stop
from labloop_workflows.server.server import Server, connected_to


def ui(
    *,
    end: Annotated[
        bool, typer.Option("--stop", help="end the server that labloop started")
    ] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """Find or start the Prefect server and print where its UI is."""
    if end:
        console().print(stop())
        return
    out = console()
    server = find_or_start(port, say=out.print)
    for line in server.lines(secret=True):
        out.print(line)
    _mark_crashed_runs(server)


def serve(
    files: Annotated[list[Path], typer.Argument(help="campaign files to keep ready")],
    *,
    db: Annotated[str | None, typer.Option("--db", help="SQLite file or URL")] = None,
    real: Annotated[bool, typer.Option("--real", help="allow runs on real instruments")] = False,
    pool: Annotated[
        str | None, typer.Option("--pool", help="a work pool that several machines serve")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="campaigns at once on this machine")
    ] = None,
) -> None:
    """Keep campaigns ready to be started from the Prefect UI with a form."""
    definitions = [load_campaign(path) for path in files]
    names = [definition.spec.name for definition in definitions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CampaignError(
            f"{twice[0]!r} is the name of two of these campaigns, and the form starts one by its "
            "name; rename one, or serve them apart"
        )
    for definition in definitions:
        # From this machine's own files; so a run that another worker began may go on here.
        trust_bundle(definition.bundle)
        if real:
            confirm_real(definition)
    out = console()
    server = find_or_start(say=out.print)
    for line in server.lines(secret=out.is_terminal):
        out.print(line)
    out.print(f"served    {', '.join(names)}; start one under Deployments, end with Ctrl-C")
    if pool is not None:
        out.print(f"pool      {pool}: whoever serves it carries out what waits there")
    _mark_crashed_runs(server)
    paths = {
        definition.spec.name: str(Path(path).resolve())
        for definition, path in zip(definitions, files, strict=True)
    }
    serve_campaigns(paths, db=db, real=real, server=server, pool=pool, limit=limit)


def _mark_crashed_runs(server: Server) -> None:
    """Mark flow runs of dead processes as crashed, and print how many there were."""
    with connected_to(server):
        count = mark_crashed_runs_quietly()
    if count:
        console().print(f"crashed   {count} runs whose process had ended; they stood as running")
