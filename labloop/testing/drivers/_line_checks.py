"""What may go wrong on a line: silence, spoiled answers, noise, a cable, another instrument."""

import asyncio
import random
from contextlib import suppress
from typing import Any

from labloop.errors import (
    LabloopError,
    NotSafeError,
    WrongDeviceError,
)
from labloop.records import Reading
from labloop.testing.drivers._case import Bench, DriverCase, require
from labloop_simulators.kit import Fault, FaultKind

PATIENCE_SECONDS = 120.0
"""Lab seconds within which a read must end, whatever the line does."""


def survives_silence(case: DriverCase) -> None:
    """A device that does not answer ends in a LabloopError in time, and the next read works."""
    with Bench(case) as bench:
        for name in bench.reads:
            for _ in range(40):
                bench.emulator.faults.add(Fault("drop", at=1))
            _try_to_read(bench, name)
            bench.emulator.faults.take(10**9, 1e18)
            bench.wait(30.0)
            bench.read(name)


def survives_spoiled_answers(case: DriverCase) -> None:
    """Each kind of broken answer gives a reading or a LabloopError, never another error."""
    kinds: tuple[FaultKind, ...] = ("drop", "garble", "half", "delay", "duplicate", "unsolicited")
    with Bench(case) as bench:
        for kind in kinds:
            for name in bench.reads:
                bench.emulator.faults.add(Fault(kind, at=1))
                _try_to_read(bench, name)
                bench.wait(30.0)
                bench.read(name)


def survives_noise(case: DriverCase) -> None:
    """Random bytes for answers give readings or LabloopErrors, never another error."""
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


def survives_an_unplugged_cable(case: DriverCase) -> None:
    """A cable unplugged at any frame gives a LabloopError, and the lab ends in time."""
    for frame in range(1, 6):
        # That it cannot be made safe either is what the lab must report.
        with suppress(NotSafeError), Bench(case) as bench:
            bench.emulator.faults.add(Fault("unplug", at=bench.emulator.count + frame))
            try:
                bench.do(case.act)
            except LabloopError:
                continue
            finally:
                bench.emulator.plugged = False
        require(bench.host.report.seconds <= 20, f"{case.driver}: the lab did not end in time")


def refuses_another_instrument(case: DriverCase) -> None:
    """A wrong serial number is refused; a driver that cannot ask for one declares so."""
    with Bench(case) as bench:
        kind = bench.kind
        serial_number = bench.host.identities[case.device].serial_number
    if not kind.serial_on_wire:
        with Bench(case, table={"serial_number": "SN-OF-ANOTHER"}) as bench:
            claimed = bench.host.identities[case.device].serial_number
        require(not claimed, f"{case.driver} claims {claimed!r} and cannot have asked for it")
        return
    require(bool(serial_number), f"{case.driver} tells no serial number: serial_on_wire = False")
    bench = Bench(case, table={"serial_number": "SN-OF-ANOTHER"})
    bench.emulator.faults.add(Fault("wrong_serial", at=1, data=serial_number.encode()))
    try:
        with bench:
            pass
    except WrongDeviceError:
        return
    raise AssertionError(f"{case.driver} connected to {serial_number!r} unasked")


def takes_turns(case: DriverCase) -> None:
    """Many reads at once all get their own answers."""

    async def many(device: Any) -> list[Any]:
        calls = [getattr(device, name)() for name in device.reads for _ in range(5)]
        return await asyncio.gather(*calls)

    with Bench(case) as bench:
        readings = bench.do(many)
        expected = [f"{case.device}.{name}" for name in bench.reads for _ in range(5)]
    require([each.source for each in readings] == expected, "answers went to the wrong reads")


def _try_to_read(bench: Bench, name: str) -> None:
    began = bench.host.now()
    try:
        reading = bench.read(name)
    except LabloopError:
        pass
    else:
        require(isinstance(reading, Reading), f"{name} returned {reading!r}")
    took = bench.host.now() - began
    require(took <= PATIENCE_SECONDS, f"{name} took {took:g} lab seconds to give up")
