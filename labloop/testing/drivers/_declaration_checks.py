"""What a driver declares: identity, actions, reads, arguments and their limits."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from labloop.errors import (
    DefinitionError,
    LimitError,
)
from labloop.lab import ActionSpec, Argument
from labloop.records import ActionState, Reading
from labloop.testing.drivers._case import Bench, DriverCase, require
from labloop.units import check_unit, quantity


def identifies(case: DriverCase) -> None:
    """It says who answers."""
    with Bench(case) as bench:
        identity = bench.host.identities[case.device]
    require(bool(identity.model), f"{case.driver}: identify() names no model")


def is_declared(case: DriverCase) -> None:
    """Every action and read has a docstring, every number a unit and a limit."""
    with Bench(case) as bench:
        kind = bench.kind
    for spec in kind.actions.values():
        require(bool(spec.doc), f"{case.driver}.{spec.name} has no docstring")
        for argument in spec.arguments.values():
            message = f"{case.driver}.{spec.name}.{argument.name} has no limit (ge, le, gt or lt)"
            require(argument.arg is None or argument.arg.bounds != "any value", message)
    for name in kind.reads:
        require(bool(getattr(kind, name).__doc__), f"{case.driver}.{name} has no docstring")


def reads(case: DriverCase) -> None:
    """Every read returns a reading with a known unit, named after device and read."""
    with Bench(case) as bench:
        for name in bench.reads:
            reading = bench.read(name)
            require(isinstance(reading, Reading), f"{case.driver}.{name} returned {reading!r}")
            check_unit(reading.unit)
            require(
                reading.source == f"{case.device}.{name}",
                f"{case.driver}.{name} calls its reading {reading.source!r}",
            )


def acts_through_the_journal(case: DriverCase) -> None:
    """An action is committed before and after its bytes."""
    with Bench(case) as bench:
        bench.do(case.act)
        entry = bench.journal.entries("bench")[-1]
    require(entry.state is ActionState.DONE, f"{case.driver}: the action ended as {entry.state}")
    sent = entry.outcome is not None and bool(entry.outcome.sent)
    require(sent, f"{case.driver}: the action sent nothing")


def keeps_limits(case: DriverCase) -> None:
    """No number outside of a limit, and no bare number of a dimension, reaches the wire."""
    with Bench(case) as bench:
        for spec in bench.kind.actions.values():
            for given in _wrong_arguments(spec):
                before = len(bench.received())
                try:
                    bench.do(partial(_call, spec.name, given))
                except (LimitError, DefinitionError):
                    require(len(bench.received()) == before, f"{spec.name}({given}) sent bytes")
                else:
                    raise AssertionError(f"{case.driver}.{spec.name}({given}) was let through")


def _call(name: str, given: dict[str, Any], device: Any) -> Any:
    return getattr(device, name)(**given)


def _wrong_arguments(spec: ActionSpec) -> Iterator[dict[str, Any]]:
    """Yield arguments of which exactly one is not allowed."""
    legal = allowed_arguments(spec)
    for name, argument in spec.arguments.items():
        arg = argument.arg
        if arg is None:
            continue
        if arg.unit != "1":
            yield {**legal, name: 1.0}
        low = arg.ge if arg.ge is not None else arg.gt
        high = arg.le if arg.le is not None else arg.lt
        for beyond in ([] if low is None else [low - 1]) + ([] if high is None else [high + 1]):
            yield {**legal, name: quantity(beyond, arg.unit)}


def allowed_arguments(spec: ActionSpec) -> dict[str, Any]:
    """Return arguments that an action takes: numbers from the middle of their limits."""
    return {name: _allowed(argument) for name, argument in spec.arguments.items()}


def _allowed(argument: Argument) -> Any:
    arg = argument.arg
    if arg is not None:
        bounds = [each for each in (arg.ge, arg.gt, arg.le, arg.lt) if each is not None]
        middle = sum(bounds) / len(bounds) if bounds else 1.0
        return quantity(round(middle) if argument.kind == "integer" else middle, arg.unit)
    return {"choice": (argument.choices or ("",))[0], "flag": False}.get(argument.kind, "x")
