"""``labloop physics fit``: the parameters of a model from a table of old measurements."""

import importlib.util
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import AsJson, console, waiting
from labloop.cli.verbs.physics.loading import named_model, split_name
from labloop.cli.verbs.physics.teaching import show_teaching
from labloop.errors import CampaignError, MissingExtraError

if TYPE_CHECKING:
    from labloop.campaign import Definition
    from labloop.records import Point
    from labloop.space import SearchSpace
    from labloop.surrogates import PhysicsFit


def fit(
    *,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE[:OBJECT]",
            help="a campaign file, or with --campaign a file of physics; OBJECT names one model",
        ),
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE", help="CSV or .xlsx: a column for each parameter and output"
        ),
    ],
    campaign: Annotated[
        Path | None, typer.Option(help="the campaign whose space and outputs the physics is for")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="write the fit with its residuals as an HTML page")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(help="write the model with what was learned as its priors: a Python file"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit the parameters of a physics model to a table of results, outside of any campaign.

    Told are 90 % intervals, what cannot be told apart, what the residuals say that the physics
    misses, and which experiments would teach most. Nothing is stored.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("physics fit", "brain")
    screen = console()
    model, definition = named_model(file, campaign)
    if save is not None:
        _check_target(save, file)
    with waiting(screen, "fitting the physics"):
        remarks, found = _fitted(model, definition, data)
    if as_json:
        typer.echo(json.dumps(_plain(found), indent=2))
    else:
        for remark in remarks:
            screen.print(remark, style="dim", markup=False)
        _show(screen, found, definition.spec.space)
    if report is not None:
        from labloop.report import write_physics_fit  # noqa: PLC0415 - only where asked for

        write_physics_fit(found, definition.spec.space, report)
        screen.print(f"written to {report}", markup=False)
    if save is not None:
        save.write_text(_module(found, file, data), encoding="utf-8", newline="\n")
        screen.print(f"written to {save}; use it: physics={save.stem + ':fitted'!r}", markup=False)


def _fitted(model: Any, definition: "Definition", data: Path) -> "tuple[list[str], PhysicsFit]":
    """Return what to know of the table, and the fit; raises CampaignError for a table without."""
    from labloop.campaign import read_results  # noqa: PLC0415 - heavy
    from labloop.records import ScalarValue  # noqa: PLC0415 - as above
    from labloop.surrogates import fit_physics  # noqa: PLC0415 - loads torch

    space = definition.spec.space
    table = read_results(data, definition, "simulated")
    rows: list[tuple[Point, dict[str, ScalarValue]]] = []
    remarks = [*table.wrong, *table.remarks]
    for line in table.rows:
        reached = {n: v if isinstance(v, str) else v.value for n, v in line.actual.items()}
        point = {**line.point, **reached}
        missing = [name for name in space.names if name not in point]
        if missing:
            raise CampaignError(
                f"{data.name}, row {line.line}: no value for {', '.join(missing)}; a fit needs a "
                "column for every parameter of the space"
            )
        values = {n: v for n, v in line.outputs.items() if isinstance(v, ScalarValue)}
        if values:
            rows.append((point, values))
    if not rows:
        raise CampaignError(
            f"{data.name} has no row with a result, so nothing can be fitted; it needs a column of "
            "an output, by its name"
        )
    return remarks, fit_physics(model, space, definition.spec.outputs, rows)


def _check_target(save: Path, file: str) -> None:
    if save.suffix != ".py" or not save.stem.isidentifier():
        raise CampaignError(f"--save writes a Python file, such as fitted.py, got {save}")
    if save.exists():
        raise CampaignError(f"{save} exists and is not overwritten; name another file")
    if not split_name(file)[1]:
        raise CampaignError(
            f"--save needs to know where the model is defined, got {file}; write "
            "labloop physics fit FILE.py:Name TABLE --campaign CAMPAIGN.py --save fitted.py"
        )


def _module(found: "PhysicsFit", file: str, data: Path) -> str:
    """Return a Python file that defines the model with its new priors."""
    place, name = split_name(file)
    lines = [
        f'    "{p.name}": Prior({p.after.median!r}, "{p.unit}", {_width(p.after)}),'
        for p in found.parameters
    ]
    today = datetime.now(UTC).date()
    return "\n".join(
        [
            f'"""{found.model}, as {len(found.points)} rows of {data.name} know it.',
            "",
            f"Written by labloop physics fit on {today}. Each width is one standard deviation;",
            "that some parameters are known better together than alone is not kept.",
            '"""',
            "",
            f"from {Path(place).stem} import {name}",
            "",
            "from labloop.physics import Prior, with_priors",
            "",
            f"fitted = with_priors({name}, {{",
            *lines,
            "})",
            "",
        ]
    )


def _width(prior: Any) -> str:
    return f"rel={prior.rel!r}" if prior.log else f"sd={prior.sd!r}"


def _plain(found: "PhysicsFit") -> dict[str, Any]:
    plain = asdict(found)
    for parameter in plain["parameters"]:
        del parameter["before"], parameter["after"]
    return plain


def _show(screen: Any, found: "PhysicsFit", space: "SearchSpace") -> None:
    from rich.table import Table  # noqa: PLC0415 - keeps labloop --help quick

    from labloop.surrogates import describe_output  # noqa: PLC0415 - loads torch

    title = f"physics {found.model}, fitted to {len(found.points)} rows"
    table = Table(title=title, title_justify="left")
    for column in ("parameter", "value", "90 % interval", "unit", "prior", "width left"):
        numeric = column in {"value", "prior", "width left"}
        table.add_column(column, justify="right" if numeric else "left")
    for p in found.parameters:
        table.add_row(
            p.name,
            f"{p.value:.4g}",
            f"{p.low:.4g} to {p.high:.4g}",
            "" if p.unit == "1" else p.unit,
            f"{p.before.median:.4g}",
            f"{100 * p.width:.2g} %",
        )
    screen.print(table)
    for output in found.outputs:
        screen.print(describe_output(output), markup=False)
    for doubt in found.doubts:
        screen.print(f"! {doubt}", style="yellow", markup=False)
    show_teaching(screen, found.next_points, space)
