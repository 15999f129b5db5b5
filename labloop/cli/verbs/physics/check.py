"""``labloop physics check``: a physics model looked at before a campaign trusts it."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import AsJson, console, waiting
from labloop.cli.verbs.physics.curves import show_curves
from labloop.cli.verbs.physics.loading import named_model
from labloop.cli.verbs.physics.teaching import show_teaching
from labloop.errors import CampaignError, MissingExtraError

if TYPE_CHECKING:
    from labloop.campaign import Definition
    from labloop.physics import Finding, Identified, ResponseCurve
    from labloop.records import Point
    from labloop.space import SearchSpace


@dataclass(frozen=True, slots=True)
class _Examined:
    """What was found of one model."""

    model: str
    findings: "Sequence[Finding]"
    parameters: "Sequence[Identified]"
    teaching: "Sequence[Point]" = ()
    """The experiments that would teach most about the parameters, before any result."""
    curves: "Sequence[ResponseCurve]" = ()
    """What it expects along each parameter."""

    @property
    def sound(self) -> bool:
        return all(finding.holds for finding in self.findings)


def check(
    *,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE[:OBJECT]",
            help="a campaign file, or with --campaign a file of physics; OBJECT names one model",
        ),
    ],
    campaign: Annotated[
        Path | None, typer.Option(help="the campaign whose space and outputs the physics is for")
    ] = None,
    noise: Annotated[
        float,
        typer.Option(help="noise of a measurement, as a share of the output's range", min=1e-9),
    ] = 0.02,
    picture: Annotated[
        Path | None,
        typer.Option(help="where to draw what it expects along each parameter, an .svg file"),
    ] = None,
    n: Annotated[int, typer.Option(help="how many experiments are planned", min=1, max=2000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Test a physics model: units, values, balances, steps, speed, curves, what it can learn.

    The exit code is 1 where something is BAD.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("physics check", "brain")
    screen = console()
    if picture is not None and picture.suffix != ".svg":
        raise CampaignError(
            f"--picture writes an SVG; name a file that ends in .svg, got {picture}"
        )
    model, definition = named_model(file, campaign)
    if as_json:
        found = _examine(model, definition, noise, n)
        typer.echo(json.dumps(_plain(found), indent=2))
    else:
        with waiting(screen, "examining the physics"):
            found = _examine(model, definition, noise, n)
        _show(screen, found, definition.spec.space, noise, n)
    if picture is not None and found.curves:
        from labloop.report import write_physics_curves  # noqa: PLC0415 - only where asked for

        write_physics_curves(found.model, found.curves, picture)
        if not as_json:
            screen.print(f"drawn in {picture}", markup=False)
    if not found.sound:
        bad = ", ".join(dict.fromkeys(f.name for f in found.findings if not f.holds))
        raise CampaignError(f"the physics {found.model!r} is unsound: {bad}; see the lines above")


def _examine(candidate: Any, definition: "Definition", noise: float, n: int) -> _Examined:
    from labloop.physics import (  # noqa: PLC0415 - loads torch
        Finding,
        bind,
        check_physics,
        identify,
        response_curves,
        speed,
        teaching_points,
    )

    space = definition.spec.space
    declared = [output.name for output in definition.spec.outputs]
    name = str(getattr(candidate, "name", type(candidate).__name__))
    findings = list(check_physics(candidate, space).findings)
    if not all(f.holds for f in findings if f.name in {"units", "values", "batches"}):
        return _Examined(name, findings, ())
    predicted = [*candidate.outputs, *getattr(candidate, "curves", {})]
    measured = [p for p in predicted if p in declared]
    if not measured:
        sentence = (
            f"it predicts {', '.join(predicted)}, none of which the campaign declares "
            f"({', '.join(declared)}); name its outputs alike"
        )
        return _Examined(name, [*findings, Finding("outputs", holds=False, sentence=sentence)], ())
    wanted = definition.spec.objectives.outputs
    learns = f"learns from {', '.join(measured)}"
    if not set(wanted) & set(candidate.outputs):
        learns += f", but predicts nothing that the objective reads ({', '.join(wanted)}); add that"
        return _Examined(name, [*findings, Finding("outputs", holds=False, sentence=learns)], ())
    findings.append(Finding("outputs", holds=True, sentence=learns))
    findings.append(speed(bind(candidate, space), space))
    parameters = identify(candidate, space, measured=measured, noise=noise, n=n)
    teaching = teaching_points(candidate, space, measured=measured, noise=noise)
    return _Examined(name, findings, parameters, teaching, response_curves(candidate, space))


def _plain(found: _Examined) -> dict[str, Any]:
    return {
        "model": found.model,
        "sound": found.sound,
        "findings": [asdict(finding) for finding in found.findings],
        "parameters": [asdict(parameter) for parameter in found.parameters],
        "curves": [asdict(curve) for curve in found.curves],
        "teaching": [dict(point) for point in found.teaching],
    }


def _show(screen: Any, found: _Examined, space: "SearchSpace", noise: float, n: int) -> None:
    from rich.table import Table  # noqa: PLC0415 - keeps labloop --help quick

    table = Table(title=f"physics {found.model}", title_justify="left")
    for column in ("", "what", "found"):
        table.add_column(column)
    for finding in found.findings:
        table.add_row("ok" if finding.holds else "BAD", finding.name, finding.sentence)
    screen.print(table)
    if not found.parameters:
        return
    title = f"what {n} experiments with {100 * noise:g} % noise would tell"
    learned = Table(title=title, title_justify="left")
    for column in ("parameter", "found"):
        learned.add_column(column)
    for parameter in found.parameters:
        learned.add_row(parameter.parameter, parameter.sentence)
    screen.print(learned)
    show_curves(screen, found.curves)
    show_teaching(screen, found.teaching, space)
