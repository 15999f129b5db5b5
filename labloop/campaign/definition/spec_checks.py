"""Checks of a spec when it is made, so that no mistake shows hours later in the loop."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labloop.campaign.decisions import Budget, FailurePolicy
from labloop.campaign.definition.user_code import is_work, name_of
from labloop.errors import CampaignFileError, DefinitionError, UnitError
from labloop.records import Curve, Output, Scalar, calibration_age
from labloop.space import Plate, SearchSpace

if TYPE_CHECKING:
    from labloop.lab import Work


_MOST = 100
"""The greatest priority."""


def check_outputs(outputs: Sequence[Output]) -> None:
    """Raise CampaignFileError unless outputs are declared, each with a name of its own."""
    if not isinstance(outputs, (list, tuple)) or not outputs:
        raise CampaignFileError(
            'outputs must name what is measured, for example [Scalar("product_yield")]'
        )
    seen: set[str] = set()
    for output in outputs:
        if not isinstance(output, (Scalar, Curve)):
            raise CampaignFileError(f"an output must be a Scalar or a Curve, got {output!r}")
        if output.name in seen:
            raise CampaignFileError(f"output {output.name!r} is declared twice; rename one")
        seen.add(output.name)


def check_plate(
    plate: object, space: SearchSpace, batch: int, strategy: object, *, asynchronous: bool
) -> None:
    """Raise CampaignFileError where a plate cannot be planned."""
    if plate is None:
        return
    if not isinstance(plate, Plate):
        raise CampaignFileError(
            f"plate must be a Plate such as Plate(rows=8, columns=12), got {plate!r}"
        )
    plate.check(space)
    if batch > plate.size:
        raise CampaignFileError(
            f"batch={batch} experiments do not fit on a plate of {plate.size} wells; leave batch "
            "out for full plates"
        )
    if 1 < batch < plate.replicates:
        raise CampaignFileError(
            f"batch={batch} has no room for one point in {plate.replicates} replicates; leave "
            "batch out for full plates"
        )
    if asynchronous:
        raise CampaignFileError(
            "asynchronous=True replaces single experiments, and a plate is planned as a whole; "
            "leave one out"
        )
    if not isinstance(strategy, str) and not hasattr(strategy, "propose_plate"):
        raise CampaignFileError(
            f"the strategy {getattr(strategy, 'name', strategy)!r} plans no plates; use 'auto', or "
            "give it a method propose_plate"
        )


def check_per(per: object, cost: object, lab: object, strategy: object) -> None:
    """Raise CampaignFileError where improvement per hour or cost cannot be asked for."""
    if per is None:
        return
    if not isinstance(per, str) or per not in {"hour", "cost"}:
        raise CampaignFileError(f"per must be 'hour', 'cost' or None, got {per!r}")
    if per == "cost" and cost is None:
        raise CampaignFileError(
            "per='cost' needs the function cost=lambda point: ... in the spec, which says what an "
            "experiment costs"
        )
    if per == "hour" and lab is None:
        raise CampaignFileError(
            "per='hour' learns from the lab time of experiments, and without lab=... there is "
            "none; give cost=lambda point: ... (hours, if you like) and per='cost'"
        )
    known = {"auto", "botorch", "hybrid"}
    fits = strategy in known if isinstance(strategy, str) else hasattr(strategy, "effort")
    if not fits:
        raise CampaignFileError(
            f"the strategy {getattr(strategy, 'name', strategy)!r} does not weigh what experiments "
            f"take; use 'auto' or 'botorch' with per={per!r}"
        )


def check_failures(failures: FailurePolicy, *, has_lab: bool) -> None:
    """Raise CampaignFileError where failures of devices are spoken of, and there are none."""
    if has_lab:
        return
    of_lab = [rule for rule in failures.rules if rule.device or rule.then == "other station"]
    if of_lab or failures.pause_device_after is not None:
        what = str(of_lab[0]) if of_lab else "pause_device_after"
        raise CampaignFileError(
            f"{what} speaks of devices, and the campaign has no lab; give lab='lab.toml', or match "
            "an exception class or a text"
        )


def check_kinds(
    *, budget: object, failures: object, stop: object, cost: object, strategy: object
) -> None:
    """Raise CampaignFileError where one of these is of the wrong kind."""
    rules = stop if isinstance(stop, (list, tuple)) else (None,)
    wanted = {
        "budget": (budget, isinstance(budget, Budget), "a Budget such as Budget(experiments=30)"),
        "failures": (
            failures,
            isinstance(failures, FailurePolicy),
            "a FailurePolicy such as FailurePolicy(stop_after=3)",
        ),
        "stop": (
            stop,
            all(callable(getattr(rule, "met", None)) for rule in rules),
            "a list of rules such as [NoImprovement(10)]",
        ),
        "cost": (
            cost,
            cost is None or callable(cost),
            "a function of a point such as lambda point: 2.5",
        ),
        "strategy": (
            strategy,
            isinstance(strategy, str) or _is_strategy(strategy),
            "a name such as 'auto', or an object with `name` and `propose`",
        ),
    }
    for name, (given, fits, what) in wanted.items():
        if not fits:
            raise CampaignFileError(f"{name} must be {what}, got {given!r}")


def _is_strategy(thing: object) -> bool:
    made = not isinstance(thing, type)
    named = isinstance(getattr(thing, "name", None), str)
    return made and named and callable(getattr(thing, "propose", None))


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with so many arguments by their place."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:  # one written in C tells nothing of itself
        return True
    return True


def check_analyse(analyse: Callable[..., Any] | None) -> None:
    """Raise CampaignFileError unless an analysis is a plain function of the raw data."""
    if analyse is None:
        return
    if not callable(analyse):
        raise CampaignFileError(f"analyse must be a function of the raw data, got {analyse!r}")
    if inspect.iscoroutinefunction(analyse):
        raise CampaignFileError(
            f"the analysis {name_of(analyse)!r} must be a plain 'def': it only computes, "
            "so there is nothing to await"
        )
    if not _takes(analyse, 1):
        raise CampaignFileError(
            f"the analysis {name_of(analyse)!r} must take one argument, the raw data: "
            "def analyse(raw)"
        )


def check_procedure(
    procedure: "Callable[..., Any] | Work | None", lab: str | None, names: Sequence[str] = ()
) -> None:
    """Raise CampaignFileError unless a procedure fits its lab, or needs none.

    ``names``: the parameters of the space.
    """
    if procedure is None:
        return
    if is_work(procedure):
        _check_work(procedure, lab, names)
        return
    if not callable(procedure):
        raise CampaignFileError(
            f"procedure must be a function of the conditions, got {procedure!r}"
        )
    if lab is None:
        _check_function(procedure)
        return
    if not _takes(procedure, 2):
        one = _takes(procedure, 1) and "; a plain function of x needs no lab: leave lab= out"
        raise CampaignFileError(
            f"the procedure {name_of(procedure)!r} must take two arguments, the lab and the "
            f"conditions: async def react(lab, x){one or ''}"
        )
    if not inspect.iscoroutinefunction(procedure):
        raise CampaignFileError(
            f"the procedure {name_of(procedure)!r} must be written 'async def', "
            "or its actions would never be awaited"
        )
    _check_lab(lab)


def _check_lab(lab: str) -> None:
    from labloop.lab import is_host, parse_host  # noqa: PLC0415 - work without a lab loads none

    if is_host(lab):
        parse_host(lab)
        return
    if Path(lab).is_absolute() or ".." in Path(lab).parts:
        raise CampaignFileError(
            f"lab must be a file beside or below the campaign file, got {lab!r}"
        )


def _check_work(work: "Work", lab: str | None, names: Sequence[str]) -> None:
    if lab is not None:
        raise CampaignFileError(
            f"the {work.kind} {work.name!r} carries experiments out without a lab: leave lab= "
            "out, or let a procedure do it beside the devices: await lab.run(...)"
        )
    try:
        work.check(names)
    except DefinitionError as error:
        raise CampaignFileError(str(error)) from error


def _check_function(procedure: Callable[..., Any]) -> None:
    if _takes(procedure, 1):
        return
    if _takes(procedure, 2):
        raise CampaignFileError(
            f'the procedure {name_of(procedure)!r} takes a lab: add lab="lab.toml" to the '
            "spec, or make it a plain function of the conditions: def measure(x)"
        )
    raise CampaignFileError(
        f"the procedure {name_of(procedure)!r} must take one argument, the conditions: "
        "def measure(x), or with a lab two: async def react(lab, x)"
    )


def check_calibrated(calibrated: object, lab: str | None) -> None:
    """Raise CampaignFileError unless each is ``"device.quantity": age`` of a lab."""
    if not isinstance(calibrated, Mapping):
        raise CampaignFileError(
            'calibrated must be a table such as {"balance.weight": "30 days"}, got '
            f"{calibrated!r}"
        )
    if calibrated and lab is None:
        raise CampaignFileError(
            "calibrated names devices of a lab, and this campaign has none; add lab=, or leave it "
            "out"
        )
    for name, age in calibrated.items():
        if not isinstance(name, str) or name.count(".") != 1 or not isinstance(age, str):
            raise CampaignFileError(
                f'calibrated has entries such as "balance.weight": "30 days", got {name!r}: {age!r}'
            )
        try:
            calibration_age(age)
        except UnitError as error:
            raise CampaignFileError(f"calibrated[{name!r}]: {error}") from error


def check_priority(priority: object) -> None:
    """Raise CampaignFileError unless a priority is a whole number."""
    if not isinstance(priority, int) or isinstance(priority, bool) or abs(priority) > _MOST:
        raise CampaignFileError(
            f"priority must be a whole number from -{_MOST} to {_MOST}, got {priority!r}"
        )


def check_schedule(schedule: object, lab: str | None) -> None:
    """Raise CampaignFileError unless a schedule is one of two words, and has a lab."""
    if not isinstance(schedule, str) or schedule not in {"first come", "optimised"}:
        raise CampaignFileError(f"schedule must be 'first come' or 'optimised', got {schedule!r}")
    if schedule == "optimised" and lab is None:
        raise CampaignFileError(
            "schedule='optimised' orders what experiments wait for in a lab, and this campaign "
            "has none; add lab=, or leave it out"
        )
