"""The contract of a driver, each line of it a check."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from labloop.errors import (
    DefinitionError,
    LabloopError,
    LimitError,
    NotSafeError,
    WrongDeviceError,
)
from labloop.lab import ActionSpec, Argument, Device, LabJob
from labloop.records import ActionState, Reading
from labloop.testing.drivers._case import Bench, DriverCase
from labloop.units import check_unit, quantity
from labloop_simulators.kit import Fault, FaultKind

PATIENCE = 120.0
"""Lab seconds within which a read must end, whatever the line does."""


@dataclass(frozen=True, slots=True)
class DriverCheck:
    """One line of the contract."""

    name: str
    promise: str
    run: Callable[[DriverCase], None]
    needs_wire: bool = False
    """Whether it spoils what an emulator says; a driver that speaks through a library has none."""

    def __call__(self, case: DriverCase) -> None:
        """Raise AssertionError where the driver breaks the promise."""
        self.run(case)


def driver_checks(*, wire: bool = True) -> list[DriverCheck]:
    """Return every check, in the order in which a driver is best written.

    Args:
        wire: False for a driver that speaks through a library: those that need no wire.
    """
    checks = [
        DriverCheck(
            check.__name__.lstrip("_"), (check.__doc__ or "").strip(), check, check in _ON_THE_WIRE
        )
        for check in (
            _identifies,
            _is_declared,
            _reads,
            _acts_through_the_journal,
            _keeps_limits,
            _bears_silence,
            _bears_spoilt_answers,
            _bears_noise,
            _bears_a_pulled_cable,
            _refuses_another_instrument,
            _takes_turns,
            _is_safe_twice,
            _is_safe_after_a_cancelled_action,
            _feeds_its_watchdog,
            _is_deterministic,
        )
    ]
    return [check for check in checks if wire or not check.needs_wire]


def _require(holds: bool, told: str) -> None:
    if not holds:
        raise AssertionError(told)


def _identifies(case: DriverCase) -> None:
    """It says who answers."""
    with Bench(case) as bench:
        identity = bench.host.identities[case.device]
    _require(bool(identity.model), f"{case.driver}: identify() names no model")


def _is_declared(case: DriverCase) -> None:
    """Every action and read has a docstring, every number a unit and a limit."""
    with Bench(case) as bench:
        kind = bench.kind
    for spec in kind.actions.values():
        _require(bool(spec.doc), f"{case.driver}.{spec.name} has no docstring")
        for argument in spec.arguments.values():
            told = f"{case.driver}.{spec.name}.{argument.name} has no limit (ge, le, gt or lt)"
            _require(argument.arg is None or argument.arg.bounds != "any value", told)
    for name in kind.reads:
        _require(bool(getattr(kind, name).__doc__), f"{case.driver}.{name} has no docstring")


def _reads(case: DriverCase) -> None:
    """Every read returns a reading with a known unit, named after device and read."""
    with Bench(case) as bench:
        for name in bench.reads:
            reading = bench.read(name)
            _require(isinstance(reading, Reading), f"{case.driver}.{name} returned {reading!r}")
            check_unit(reading.unit)
            _require(
                reading.source == f"{case.device}.{name}",
                f"{case.driver}.{name} calls its reading {reading.source!r}",
            )


def _acts_through_the_journal(case: DriverCase) -> None:
    """An action is committed before and after its bytes."""
    with Bench(case) as bench:
        bench.do(case.act)
        entry = bench.journal.entries("bench")[-1]
    _require(entry.state is ActionState.DONE, f"{case.driver}: the action ended as {entry.state}")
    sent = entry.outcome is not None and bool(entry.outcome.sent)
    _require(sent, f"{case.driver}: the action sent nothing")


def _keeps_limits(case: DriverCase) -> None:
    """No number outside of a limit, and no bare number of a dimension, reaches the wire."""
    with Bench(case) as bench:
        for spec in bench.kind.actions.values():
            for given in _illegal(spec):
                before = bench.frames()
                try:
                    bench.do(partial(_call, spec.name, given))
                except (LimitError, DefinitionError):
                    _require(bench.frames() == before, f"{spec.name}({given}) sent bytes")
                else:
                    raise AssertionError(f"{case.driver}.{spec.name}({given}) was let through")


def _bears_silence(case: DriverCase) -> None:
    """A device that does not answer is an error of labloop's, in time, and then all is well."""
    with Bench(case) as bench:
        for name in bench.reads:
            for _ in range(40):
                bench.emulator.faults.add(Fault("drop", at=1))
            _try_to_read(bench, name)
            bench.emulator.faults.take(10**9, 1e18)
            bench.wait(30.0)
            bench.read(name)


def _bears_spoilt_answers(case: DriverCase) -> None:
    """Each kind of broken answer gives a reading or an error of labloop's, never another one."""
    kinds: tuple[FaultKind, ...] = ("drop", "garble", "half", "delay", "duplicate", "unsolicited")
    with Bench(case) as bench:
        for kind in kinds:
            for name in bench.reads:
                bench.emulator.faults.add(Fault(kind, at=1))
                _try_to_read(bench, name)
                bench.wait(30.0)
                bench.read(name)


def _bears_noise(case: DriverCase) -> None:
    """Random bytes for answers give readings or errors of labloop's, never another error."""
    noise = random.Random(1)  # noqa: S311 - noise, not secrets
    with Bench(case) as bench:
        handle = bench.emulator.handle

        def noisy(frame: bytes, now: float) -> Any:
            answer = handle(frame, now)
            data = bytearray(getattr(answer, "data", answer) or b"")
            for _ in range(noise.randint(0, 3)):
                data.insert(noise.randint(0, len(data)), noise.randint(0, 255))
            return bytes(data)

        bench.emulator.handle = noisy
        for _ in range(40):
            for name in bench.reads:
                _try_to_read(bench, name)
        bench.emulator.handle = handle


def _bears_a_pulled_cable(case: DriverCase) -> None:
    """A cable pulled at any frame of an action is an error of labloop's, and the lab ends."""
    for place in range(1, 6):
        # That it cannot be made safe either is what the lab has to say.
        with suppress(NotSafeError), Bench(case) as bench:
            bench.emulator.faults.add(Fault("unplug", at=bench.emulator.count + place))
            try:
                bench.do(case.act)
            except LabloopError:
                continue
            finally:
                bench.emulator.plugged = False
        _require(bench.host.report.seconds <= 20, f"{case.driver}: the lab did not end in time")


def _refuses_another_instrument(case: DriverCase) -> None:
    """A wrong serial number is refused at the connect; a driver that cannot tell one says so."""
    with Bench(case) as bench:
        kind = bench.kind
        serial_number = bench.host.identities[case.device].serial_number
    if not kind.serial_on_wire:
        with Bench(case, table={"serial_number": "SN-OF-ANOTHER"}) as bench:
            told = bench.host.identities[case.device].serial_number
        _require(not told, f"{case.driver} claims {told!r}, which no wire told")
        return
    _require(bool(serial_number), f"{case.driver} tells no serial number: serial_on_wire = False")
    bench = Bench(case, table={"serial_number": "SN-OF-ANOTHER"})
    bench.emulator.faults.add(Fault("wrong_serial", at=1, data=serial_number.encode()))
    try:
        with bench:
            pass
    except WrongDeviceError:
        return
    raise AssertionError(f"{case.driver} connected to {serial_number!r} unasked")


def _takes_turns(case: DriverCase) -> None:
    """Many reads at once all get their own answers."""

    async def many(device: Any) -> list[Any]:
        calls = [getattr(device, name)() for name in device.reads for _ in range(5)]
        return await asyncio.gather(*calls)

    with Bench(case) as bench:
        readings = bench.do(many)
        expected = [f"{case.device}.{name}" for name in bench.reads for _ in range(5)]
    _require([each.source for each in readings] == expected, "answers went to the wrong reads")


def _is_safe_twice(case: DriverCase) -> None:
    """The safe state can be called in any state, twice, and within its time."""
    with Bench(case) as bench:
        bench.do(case.act)
        for _ in range(2):
            report = bench.host.make_safe()
            _require(not report.failures, f"{case.driver}: {report.summary}")


def _is_safe_after_a_cancelled_action(case: DriverCase) -> None:
    """An action cancelled at any moment leaves a complete journal and a safe device."""
    for place in range(4):
        with Bench(case) as bench:
            host = bench.host

            async def cut(lab: Any, place: int = place) -> int:
                device = getattr(lab, case.device)
                task = asyncio.ensure_future(case.act(device))
                await device.context.clock.sleep(0.0017 * place)
                task.cancel()
                await asyncio.wait([task])
                return 1

            host.run([LabJob("bench-0001", cut)])
        states = [each.state for each in bench.journal.entries("bench")]
        _require(ActionState.INTENT not in states, f"{case.driver}: an intent has no outcome")


def _feeds_its_watchdog(case: DriverCase) -> None:
    """An instrument with an armed watchdog hears from an open lab often enough, day and night."""
    with Bench(case) as bench:
        watchdog = bench.do(_watchdog_of)
        if watchdog is None:
            return
        bench.wait(2.5 * watchdog)
        bench.read(bench.reads[0])
    heard = [
        f.time for f in bench.world.truth.frames if (f.device, f.direction) == (case.device, ">")
    ]
    silent = max(after - before for before, after in pairwise(heard))
    _require(
        silent < watchdog,
        f"{case.driver}: its watchdog of {watchdog:g} s heard nothing for {silent:g} s",
    )


async def _watchdog_of(device: Device) -> float | None:
    return device.watchdog


def _is_deterministic(case: DriverCase) -> None:
    """The same calls give the same bytes at the same lab time."""
    digests = set()
    for _ in range(2):
        with Bench(case) as bench:
            bench.do(case.act)
            for name in bench.reads:
                bench.read(name)
        digests.add(bench.world.truth.digest())
    _require(len(digests) == 1, f"{case.driver}: two equal runs differ")


def _try_to_read(bench: Bench, name: str) -> None:
    began = bench.host.now()
    try:
        reading = bench.read(name)
    except LabloopError:
        pass
    else:
        _require(isinstance(reading, Reading), f"{name} returned {reading!r}")
    took = bench.host.now() - began
    _require(took <= PATIENCE, f"{name} took {took:g} lab seconds to give up")


def _call(name: str, given: dict[str, Any], device: Any) -> Any:
    return getattr(device, name)(**given)


def _illegal(spec: ActionSpec) -> Iterator[dict[str, Any]]:
    """Yield arguments of which exactly one is not allowed."""
    legal = {name: _legal(argument) for name, argument in spec.arguments.items()}
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


def _legal(argument: Argument) -> Any:
    arg = argument.arg
    if arg is not None:
        bounds = [each for each in (arg.ge, arg.gt, arg.le, arg.lt) if each is not None]
        middle = sum(bounds) / len(bounds) if bounds else 1.0
        return quantity(round(middle) if argument.kind == "integer" else middle, arg.unit)
    return {"choice": (argument.choices or ("",))[0], "flag": False}.get(argument.kind, "x")


_ON_THE_WIRE = (
    _bears_silence,
    _bears_spoilt_answers,
    _bears_noise,
    _bears_a_pulled_cable,
    _refuses_another_instrument,
)
