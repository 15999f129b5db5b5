"""The verb that looks at a physics model before a campaign trusts it."""

import importlib.util
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import AsJson, console, waiting
from labloop.errors import CampaignError, LabloopError, MissingExtraError

if TYPE_CHECKING:
    from labloop.campaign import Definition
    from labloop.physics import Finding, Identified

group = typer.Typer(
    help="Look at the physics of a campaign.", no_args_is_help=True, add_completion=False
)


@group.callback()
def _group() -> None:
    """Look at the physics of a campaign."""


@dataclass(frozen=True, slots=True)
class _Examined:
    """What was found of one model."""

    model: str
    findings: "Sequence[Finding]"
    parameters: "Sequence[Identified]"

    @property
    def sound(self) -> bool:
        return all(finding.holds for finding in self.findings)


@group.command("check")
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
    n: Annotated[int, typer.Option(help="how many experiments are planned", min=1, max=2000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Test a physics model: units, values, balances, gradients, steps, speed, what it can learn.

    The exit code is 1 where something is BAD.
    """
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("physics check", "brain")
    screen = console()
    if as_json:
        found = _examine(*_model(file, campaign), noise, n)
        typer.echo(json.dumps(_plain(found), indent=2))
    else:
        with waiting(screen, "examining the physics"):
            found = _examine(*_model(file, campaign), noise, n)
        _show(screen, found, noise, n)
    if not found.sound:
        bad = ", ".join(dict.fromkeys(f.name for f in found.findings if not f.holds))
        raise CampaignError(f"the physics {found.model!r} is unsound: {bad}; see the lines above")


def _model(text: str, campaign: Path | None) -> "tuple[Any, Definition]":
    """Return the object that may be a physics model, and the campaign that it is for."""
    from labloop.campaign import load_campaign  # noqa: PLC0415 - heavy

    place, wanted = _split(text)
    if campaign is not None:
        definition = load_campaign(campaign)
        return _chosen(_loaded(Path(place)), place, wanted), definition
    definition = load_campaign(place)
    if wanted:
        return _chosen(_loaded(Path(place)), place, wanted), definition
    competing = definition.spec.competing
    if len(competing) > 1:
        raise CampaignError(
            f"{place} has {len(competing)} physics models that compete; name the file of one "
            f"and the model: labloop physics check FILE.py:Name --campaign {place}"
        )
    if not competing:
        raise CampaignError(
            f"{place} has no physics; add physics='physics:Name' to its CampaignSpec, or name a "
            f"model: labloop physics check FILE.py:Name --campaign {place}"
        )
    return competing[0], definition


def _split(text: str) -> tuple[str, str]:
    """Return file and object; a drive's colon is no separator."""
    place, colon, wanted = text.rpartition(":")
    if colon and wanted.isidentifier() and place.endswith(".py"):
        return place, wanted
    return text, ""


def _loaded(place: Path) -> ModuleType:
    from labloop.campaign import error_location  # noqa: PLC0415 - heavy

    path = place.expanduser().resolve()
    if not path.is_file() or path.suffix != ".py":
        raise CampaignError(f"the file {place} is no Python file that exists; write FILE.py:object")
    name = f"labloop_physics_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CampaignError(f"{path} is no Python file; write FILE.py:object")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a person's file may raise anything
        where = error_location(error, path) or path.name
        what = "" if isinstance(error, LabloopError) else f"{type(error).__name__}: "
        raise CampaignError(f"{where}: {what}{error}; mend it first") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _chosen(module: ModuleType, place: str, wanted: str) -> Any:
    """Return the named object, or the only physics model of a module."""
    from labloop.physics import PhysicsModel  # noqa: PLC0415 - loads torch

    models = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, PhysicsModel) and not isinstance(value, type)
    }
    if wanted:
        if not hasattr(module, wanted):
            raise CampaignError(
                f"{place} has no {wanted!r}; its models are {', '.join(models) or 'none'}"
            )
        return getattr(module, wanted)
    if len(models) != 1:
        raise CampaignError(
            f"{place} holds {len(models)} physics models ({', '.join(models) or 'none'}); "
            f"name one: {place}:Name"
        )
    return next(iter(models.values()))


def _examine(candidate: Any, definition: "Definition", noise: float, n: int) -> _Examined:
    from labloop.physics import Finding, bind, check_physics, identify, speed  # noqa: PLC0415

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
    return _Examined(name, findings, parameters)


def _plain(found: _Examined) -> dict[str, Any]:
    return {
        "model": found.model,
        "sound": found.sound,
        "findings": [asdict(finding) for finding in found.findings],
        "parameters": [asdict(parameter) for parameter in found.parameters],
    }


def _show(screen: Any, found: _Examined, noise: float, n: int) -> None:
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
