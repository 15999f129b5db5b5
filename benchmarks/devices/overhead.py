"""What a read and an action cost above the transport, beside PyLabRobot and ophyd-async.

Usage: python -m benchmarks.devices.overhead [--batches N]

A driver of one value on a transport that answers at once, in an open lab: what is left is our
own cost. An action is journaled in memory, so no commit is in it. The peers carry out the same
on what they have without hardware: PyLabRobot its chatterbox, ophyd-async a soft signal. All
take turns, batch by batch, and the median of the batches' means counts: seconds of CPU of all
threads, so that other work on the machine is not in them. Prints one JSON line.
"""

import argparse
import asyncio
import io
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import redirect_stdout
from typing import Annotated, Any

from labloop.errors import MissingExtraError, ProtocolError
from labloop.lab import (
    Arg,
    Complete,
    Device,
    LabHost,
    MemoryJournal,
    action,
    lab_file_of,
    read,
    until,
)
from labloop.records import DeviceIdentity, Mode, Reading
from labloop.units import quantity
from labloop_adapters.base import library
from labloop_simulators.kit import Emulator, TruthLog

_LINE = until(b"\n")
_ASK, _SET = b"T?\n", b"T 40\n"
_PER_BATCH = 100

Call = Callable[[], Awaitable[Any]]


class Probe(Device):
    """One value that is asked, one that is set."""

    model = "probe"
    serial_on_wire = False

    async def identify(self) -> DeviceIdentity:
        """Name it."""
        await self.transport.exchange(b"ID?\n", complete=_LINE)
        return DeviceIdentity(device=self.name, model="probe")

    @action(idempotent=True)
    async def set_temperature(self, value: Annotated[float, Arg("degC", ge=0, le=100)]) -> None:
        """Set the temperature."""
        if await self.transport.exchange(b"T %d\n" % value, complete=_LINE) != b"OK\n":
            raise ProtocolError("OK was due")

    @read
    async def temperature(self) -> Reading:
        """The temperature."""
        reply = await self.transport.exchange(_ASK, complete=_LINE)
        return self.reading(float(reply), "degC", "temperature")

    async def safe_state(self) -> None:
        """Nothing moves."""


class ProbeEmulator(Emulator):
    """Answers while the lab opens and closes."""

    def split(self, buffer: bytearray) -> bytes | None:
        """Take a line."""
        frame = bytes(buffer)
        buffer.clear()
        return frame or None

    def handle(self, frame: bytes, now: float) -> bytes:  # noqa: ARG002 - it has no memory
        """Answer."""
        return b"20\n"


class World:
    """One probe."""

    def __init__(self) -> None:
        self.truth = TruthLog()
        self.emulators: Mapping[str, Emulator] = {"probe": ProbeEmulator("probe", self.truth)}


class AtOnce:
    """A transport in this process that answers at once."""

    url = "at-once://"
    resync = on_reopen = None

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ARG002, ASYNC109 - as a transport has it
        """Return the answer."""
        data = b"20.5\n" if frame == _ASK else b"OK\n"
        return data[: complete(data)]

    async def close(self) -> None:
        """Give nothing back."""


async def _pylabrobot() -> dict[str, Call]:
    shaking = library("pylabrobot.heating_shaking", "pylabrobot")
    resources = library("pylabrobot.resources", "pylabrobot")
    chatterbox = library("pylabrobot.heating_shaking.chatterbox", "pylabrobot")
    backend = chatterbox.HeaterShakerChatterboxBackend()
    place = resources.Coordinate(0, 0, 0)
    machine = shaking.HeaterShaker("it", 100, 100, 50, backend, child_location=place)
    await machine.setup()
    return {
        "pylabrobot read": machine.get_temperature,
        "pylabrobot action": lambda: machine.set_temperature(40.0),
    }


async def _ophyd() -> dict[str, Call]:
    signal = library("ophyd_async.core", "ophyd").soft_signal_rw(float, 20.0, name="it")
    await signal.connect()
    return {"ophyd read": signal.get_value, "ophyd action": lambda: _awaited(signal.set(40.0))}


async def _awaited(status: Any) -> None:
    await status


async def _peers() -> dict[str, Call]:
    """Return the calls of those peers that are installed."""
    found: dict[str, Call] = {}
    for peer in (_pylabrobot, _ophyd):
        try:
            found |= await peer()
        except MissingExtraError:
            continue
    return found


async def _mean(call: Call) -> float:
    """Return the microseconds of CPU, of all threads, that a call takes in the mean of a batch."""
    began = time.process_time()
    for _ in range(_PER_BATCH):
        await call()
    return (time.process_time() - began) / _PER_BATCH * 1e6


async def _ours(device: Any, batches: int) -> dict[str, list[float]]:
    transport = AtOnce()
    own, device.transport = device.transport, transport
    forty = quantity(40, "degC")
    calls: dict[str, Call] = {
        "transport read": lambda: transport.exchange(_ASK, complete=_LINE),
        "read": device.temperature,
        "transport action": lambda: transport.exchange(_SET, complete=_LINE),
        "action": lambda: device.set_temperature(forty),
    }
    took: dict[str, list[float]] = {name: [] for name in calls}
    try:
        for _ in range(batches):
            for name, call in calls.items():
                took[name].append(await _mean(call))
                # The lab's loop gets its turn, or it would be taken for blocked.
                await device.context.clock.sleep(0.001)
    finally:
        device.transport = own
    return took


async def _theirs(calls: dict[str, Call], batches: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in calls}
    with redirect_stdout(io.StringIO()):
        for _ in range(batches):
            for name, call in calls.items():
                took[name].append(await _mean(call))
    return took


def measure(batches: int) -> dict[str, Any]:
    """Return microseconds of each call, and what ours cost above the transport."""
    table = {"driver": "benchmarks.devices.overhead:Probe"}
    host = LabHost(
        lab_file_of({"lab": {"name": "cost"}, "devices": {"probe": table}}),
        mode=Mode.SIMULATED,
        journal=MemoryJournal(),
        campaign_id="cost",
        world=World(),
    )

    async def theirs(part: int) -> dict[str, list[float]]:
        return await _theirs(await _peers(), part)

    took: dict[str, list[float]] = {}
    with host:
        for _ in range(batches // 10):
            for part in (host.call(lambda lab: _ours(lab.probe, 10)), asyncio.run(theirs(10))):
                for name, values in part.items():
                    took.setdefault(name, []).extend(values)
    found = {name: round(statistics.median(values), 2) for name, values in took.items()}
    found["read above"] = round(found["read"] - found["transport read"], 2)
    found["action above"] = round(found["action"] - found["transport action"], 2)
    for peer in ("pylabrobot", "ophyd"):
        for what in ("read", "action"):
            if f"{peer} {what}" in found:
                found[f"{what} / {peer}"] = round(found[what] / found[f"{peer} {what}"], 2)
    return {"n": batches * _PER_BATCH, **found}


def main() -> None:
    """Measure and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=200)
    print(json.dumps(measure(parser.parse_args().batches)))


if __name__ == "__main__":
    main()
