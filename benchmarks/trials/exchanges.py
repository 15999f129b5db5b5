"""A thousand exchanges with answers that come late, twice, cut or never: whose are the values?

Usage: python -m benchmarks.trials.exchanges emulated|tcp|pty [--exchanges 1000] [--seed 1]
       python -m benchmarks.trials.exchanges drivers [--exchanges 1000] [--seed 1]

The generic transport asks eight channels whose answers bear no mark, so that an answer taken
for another question's is seen by its value; one exchange in twenty is cancelled. It does so
twice: counting what is owed, and with a question that resyncs. The shipped drivers read in
simulated time what stands still, so that every other value is another question's. Prints one
JSON line.
"""

import argparse
import asyncio
import heapq
import os
import random
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.loop._common import answer, say
from labloop.errors import LabloopError
from labloop.lab import Clock, Device, Lab, Resync, Transport, open_transport, until
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.simulated import SimulatedLoop
from labloop.testing.drivers import Bench, DriverCase
from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.kit import Emulator, Fault, FaultKind, FaultPlan, TruthLog, serve_tcp
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import ReactionRobot, create

LINE = until(b"\n")
CHANNELS = 8
NAME = Resync(b"ID?\n", until(b"EIGHT CHANNELS\n"))
TIMEOUT = 0.5
CANCELLED = 0.05
"""Share of exchanges that are cancelled under way."""
SHARES: dict[FaultKind, float] = {"delay": 0.05, "duplicate": 0.05, "drop": 0.03, "half": 0.03}


class Mischief(FaultPlan):
    """Spoils answers at random, each in one way.

    Args:
        chance: the random numbers.
        seconds: how late a late answer comes, at least and at most.
    """

    def __init__(self, chance: random.Random, seconds: tuple[float, float]) -> None:
        super().__init__()
        self._chance = chance
        self._seconds = seconds
        self.waiting = [Fault("drop", at=1.0)]
        self.struck = 0

    def take(self, count: int, now: float) -> list[Fault]:  # noqa: ARG002 - as the kit calls it
        """Return what strikes this frame."""
        if self._chance.random() >= sum(SHARES.values()):
            return []
        [kind] = self._chance.choices([*SHARES], [*SHARES.values()])
        self.struck += 1
        return [Fault(kind, at=count, seconds=self._chance.uniform(*self._seconds))]


class Channels(Emulator):
    """Eight channels and a name, a line each."""

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line."""
        end = buffer.find(b"\n")
        line = bytes(buffer[: end + 1]) or None
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes:  # noqa: ARG002 - as the kit calls it
        """Answer a channel by its value, the other question by the name."""
        return b"EIGHT CHANNELS\n" if frame == NAME.question else value_of(frame)


class StillPlate(IkaEmulator):
    """A hotplate on which nothing changes, and no two values are alike."""

    def _value(self, question: str) -> str | None:
        still = {"IN_PV_1": "25.0 1", "IN_PV_2": "200.0 2", "IN_PV_4": "600.0 4"}
        return still.get(question) or super()._value(question)


class OnePlate:
    """A world of one hotplate."""

    def __init__(self) -> None:
        self.truth = TruthLog()
        self.emulators = {"plate": StillPlate("plate", self.truth)}


def question(channel: int) -> bytes:
    """Return what asks a channel."""
    return b"T%d?\n" % channel


def value_of(frame: bytes) -> bytes:
    """Return the answer of the channel that ``frame`` asks."""
    return b"%d.25\n" % (10 * int(frame[1:-2]))


@contextmanager
def emulated(emulator: Emulator) -> Iterator[tuple[LabLoop, Transport]]:
    """A line in simulated time."""
    loop = SimulatedLoop()
    transport = open_transport("emulator://c", Clock(loop), emulators={"c": emulator})
    try:
        yield loop, transport
    finally:
        loop.close()


@contextmanager
def real(url: str) -> Iterator[tuple[LabLoop, Transport]]:
    """A line in real time."""
    loop = LabLoop()
    transport = open_transport(url, Clock(loop))
    try:
        yield loop, transport
    finally:
        loop.run_until_complete(transport.close())
        loop.close()


@contextmanager
def on_tcp(emulator: Emulator) -> Iterator[tuple[LabLoop, Transport]]:
    """A line over a socket of the loopback."""
    with serve_tcp(emulator) as url, real(url) as line:
        yield line


@contextmanager
def on_pty(emulator: Emulator) -> Iterator[tuple[LabLoop, Transport]]:
    """A line over a pseudo terminal, as a serial port."""
    master, slave = os.openpty()
    end = threading.Event()
    thread = threading.Thread(target=_serve, args=(master, emulator, end), daemon=True)
    thread.start()
    try:
        with real(f"serial://{os.ttyname(slave)}?baud=9600") as line:
            yield line
    finally:
        end.set()
        thread.join(5.0)
        os.close(master)
        os.close(slave)


def _serve(master: int, emulator: Emulator, end: threading.Event) -> None:
    began, due, count = time.monotonic(), list[tuple[float, int, bytes]](), 0
    while not end.is_set():
        now = time.monotonic() - began
        while due and due[0][0] <= now:
            os.write(master, heapq.heappop(due)[2])
        wait = min(max(due[0][0] - now, 0.0), 0.02) if due else 0.02
        if not select.select([master], [], [], wait)[0]:
            continue
        for moment, data in emulator.receive(os.read(master, 4096), time.monotonic() - began):
            count += 1
            heapq.heappush(due, (moment, count, data))


LINES = {"emulated": emulated, "tcp": on_tcp, "pty": on_pty}


def generic(line: str, exchanges: int, seed: int, resync: Resync | None) -> dict[str, int]:
    """Ask channels at random; return how many were answered, refused, cancelled, wrong."""
    chance = random.Random(seed)
    emulator = Channels("c", TruthLog(), baud=9600)
    emulator.faults = plan = Mischief(random.Random(seed + 1), (0.02, 4 * TIMEOUT))
    found = dict.fromkeys(("answered", "failed", "cancelled", "wrong"), 0)

    async def work(transport: Transport) -> None:
        transport.resync = resync
        for _ in range(exchanges):
            frame = question(chance.randrange(CHANNELS))
            after = chance.uniform(0.0, TIMEOUT / 5) if chance.random() < CANCELLED else None
            found[await _once(transport, frame, after)] += 1

    with LINES[line](emulator) as (loop, transport):
        loop.run_until_complete(work(transport))
    return found | {"spoilt": plan.struck}


async def _once(transport: Transport, frame: bytes, cancelled_after: float | None) -> str:
    exchange = transport.exchange(frame, complete=LINE, timeout=TIMEOUT)
    task = asyncio.ensure_future(exchange)
    if cancelled_after is not None:
        # Before, while or after the frame leaves, or when the answer is there.
        await asyncio.wait([task], timeout=cancelled_after)
        task.cancel()
    try:
        told = await task
    except asyncio.CancelledError:
        return "cancelled"
    except LabloopError:
        return "failed"
    return "answered" if told == value_of(frame) else "wrong"


async def _nothing(_device: Device) -> None:
    """Reads alone are asked here."""


def robot() -> ReactionRobot:
    """Return the world of the robot."""
    return create(0, {})


CASES = {
    "new_era": DriverCase("new_era", FlowReactor, "pump_a", _nothing, {"diameter": "14.6 mm"}),
    "julabo": DriverCase("julabo", FlowReactor, "thermostat", _nothing),
    "uv_detector": DriverCase("uv_detector", FlowReactor, "detector", _nothing),
    "ika": DriverCase("ika", OnePlate, "plate", _nothing),
    "robot_arm": DriverCase("robot_arm", robot, "arm", _nothing),
    "hplc": DriverCase("hplc", robot, "hplc", _nothing),
}


def driver(name: str, exchanges: int, seed: int) -> dict[str, int]:
    """Read a shipped driver's values at random; a value that is not its own is wrong."""
    case = CASES[name]
    chance = random.Random(seed)
    found = dict.fromkeys(("answered", "failed", "wrong"), 0)
    with Bench(case) as bench:
        expected = {each: bench.read(each).value for each in bench.reads}
        plan = bench.emulator.faults = Mischief(random.Random(seed + 1), (0.1, 5.0))

        async def work(lab: Lab) -> None:
            asked: Device = getattr(lab, case.device)
            for _ in range(exchanges):
                read = chance.choice(bench.reads)
                try:
                    told = (await getattr(asked, read)()).value
                except LabloopError:
                    found["failed"] += 1
                    continue
                found["answered" if abs(told - expected[read]) < 0.1 else "wrong"] += 1

        bench.host.call(work)
        bench.emulator.faults = FaultPlan()
    return found | {"spoilt": plan.struck}


def main() -> None:
    """Measure one kind of line, or every driver."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=[*LINES, "drivers"])
    parser.add_argument("--exchanges", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows: dict[str, dict[str, int]] = {}
    if given.what == "drivers":
        for name in CASES:
            rows[name] = driver(name, given.exchanges, given.seed)
            say(f"{name}: {rows[name]}")
    else:
        for way, resync in (("counted", None), ("resync", NAME)):
            rows[way] = generic(given.what, given.exchanges, given.seed, resync)
            say(f"{given.what}, {way}: {rows[way]}")
    wrong = sum(row["wrong"] for row in rows.values())
    answer({"n": given.exchanges * len(rows), "wrong": wrong, "rows": rows})


if __name__ == "__main__":
    main()
