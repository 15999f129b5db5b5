"""Mutated answers on every driver: no crash, no hang, the next good answer is understood.

Usage: python -m benchmarks.devices.fuzz [--long] [--only DRIVER ...] [--frames N]

Two ways. ``decoders``: each answer that a driver gets is a mutated one of those that its
emulator gave, without line and waiting. ``line``: the emulator's answers are mutated on an
emulated line, while actions are asked for within and beyond the lab's limits; the truth log is
the judge of what was set. Only answers are mutated: what the driver sends is looked at as it
is. ``--long`` asks for a million mutated answers of each driver and is resumable.
"""

import argparse
import json
import random
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.devices.cases import CASES, Case
from labloop.errors import DefinitionError, DeviceTimeoutError, LabloopError
from labloop.lab import Complete, Device
from labloop.testing.drivers import Bench
from labloop.units import quantity

KEPT = Path(__file__).resolve().parents[2] / ".figures" / "devices.jsonl"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "field.md"
BEGIN, END = "<!-- mutated -->\n", "<!-- end of mutated -->"
PATIENCE = 120.0
"""Lab seconds within which a read must end, whatever the line does."""
_ROUND = 25
"""Calls between two looks at whether the driver has recovered."""


@dataclass(slots=True)
class Found:
    """What came of one driver's fuzzing."""

    driver: str
    way: str
    frames: int = 0
    """Answers that were mutated."""
    values: int = 0
    """Calls that returned a value all the same."""
    refused: int = 0
    """Calls that ended in an error of labloop's."""
    crashes: int = 0
    hangs: int = 0
    lost: int = 0
    """Times that a good answer was not understood afterwards."""
    beyond: int = 0
    """Values in the truth log outside of the lab's limits."""
    seconds: float = 0.0
    told: str = ""


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with one to three things wrong: flipped, lost, added, cut, doubled, mixed."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place = chance.randint(0, len(raw)) if raw else 0
        kind = chance.randint(0, 6)
        if kind == 0 and raw:
            raw[place - 1] ^= 1 << chance.randint(0, 7)
        elif kind == 1:
            raw[place:place] = bytes(chance.randint(0, 255) for _ in range(chance.randint(1, 4)))
        elif kind == 2:
            del raw[place : place + chance.randint(1, 4)]
        elif kind == 3:
            del raw[place:]
        elif kind == 4:
            raw = raw * 2
        elif kind == 5:
            raw[place:place] = chance.choice((b"\r\n", b"\x02", b"\x03", b"-", b"9" * 12, b" "))
        else:
            raw = bytearray(chance.randbytes(chance.randint(0, 40)))
    return bytes(raw)


class Mutating:
    """A transport without a line: answers are mutated ones of those that were given before."""

    def __init__(self, answers: dict[bytes, bytes], chance: random.Random, url: str) -> None:
        self.answers, self.chance, self.url = answers, chance, url
        self.pool = list(answers.values())
        self.frames = 0
        self.resync = self.on_reopen = None

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - as a transport has it
        """Return a mutated answer, as a line would cut it off."""
        self.frames += 1
        given = self.answers.get(frame) if self.chance.random() < 0.8 else None
        data = mutated(given or self.chance.choice(self.pool), self.chance)
        length = complete(data)
        if length <= 0:
            raise DeviceTimeoutError(f"{self.url} gave no complete answer within {timeout:g} s")
        return data[:length]

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - as a transport has it
        """Return another mutated answer, or none in time."""
        return await self.exchange(b"", complete=complete, timeout=timeout)

    async def send(self, frame: bytes) -> None:
        """Take a frame."""

    async def drain(self) -> None:
        """Forget nothing: there is no line."""

    async def forget(self) -> None:
        """Owe nothing."""

    async def close(self) -> None:
        """Give nothing back."""


class FuzzBench(Bench):
    """An open lab with one driver."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.shipped, table={"limits": case.limits})

    async def device(self, lab: Any) -> Any:
        """Return the driver, after one answer to each of its reads."""
        device = getattr(lab, self.case.device)
        for name in device.reads:
            await getattr(device, name)()
        return device

    def answers(self) -> dict[bytes, bytes]:
        """Return the answers that the emulator gave so far, by question."""
        given: dict[bytes, bytes] = {}
        asked = b""
        for frame in self.world.truth.frames:
            if frame.device == self.emulator.name:
                if frame.direction == ">":
                    asked = frame.data
                else:
                    given[asked] = frame.data
        return given


def decoders(case: Case, frames: int, seed: int = 1) -> Found:
    """Feed ``frames`` mutated answers to a driver's questions."""
    found, began = Found(case.driver, "decoders"), time.monotonic()
    bench, chance = FuzzBench(case), random.Random(seed)

    async def fuzz(lab: Any) -> None:
        device = await bench.device(lab)
        line = Mutating(bench.answers(), chance, device.transport.url)
        own, device.transport = device.transport, line
        names = [*device.reads, "identify", "health"]
        try:
            while line.frames < frames:
                for _ in range(_ROUND):
                    await _call(found, device, chance.choice(names), lab)
                # The lab's loop gets its turn, or it would be taken for blocked.
                await device.context.clock.sleep(0.001)
        finally:
            device.transport = own
        found.frames = line.frames
        await _recovered(found, device, lab)

    with bench:
        bench.host.call(fuzz)
    found.seconds = time.monotonic() - began
    return found


def line(case: Case, frames: int, seed: int = 1) -> Found:
    """Mutate ``frames`` answers on an emulated line while actions are asked for."""
    found, began = Found(case.driver, "line"), time.monotonic()
    bench, chance = FuzzBench(case), random.Random(seed)
    handle = bench.emulator.handle

    def spoilt(frame: bytes, now: float) -> Any:
        answer = handle(frame, now)
        if answer is None or chance.random() < 0.3:
            return answer
        found.frames += 1
        data = mutated(getattr(answer, "data", answer), chance)
        return data or None

    async def fuzz(lab: Any) -> None:
        device = await bench.device(lab)
        while found.frames < frames:
            bench.emulator.handle = spoilt
            for _ in range(_ROUND):
                await _call(found, device, chance.choice(device.reads), lab)
                if case.action:
                    await _act(found, device, case, chance)
            bench.emulator.handle = handle
            await device.context.clock.sleep(60.0)
            await _recovered(found, device, lab)

    with suppress(LabloopError), bench:
        bench.host.call(fuzz)
    if found.frames < frames:
        found.lost += 1
        found.told = found.told or f"it ended after {found.frames} of {frames} answers"
    found.beyond = beyond(case, bench)
    found.seconds = time.monotonic() - began
    return found


async def _call(found: Found, device: Device, name: str, _lab: Any) -> None:
    clock = device.context.clock
    began = clock.now()
    try:
        await getattr(device, name)()
    except LabloopError:
        found.refused += 1
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        found.crashes += 1
        found.told = found.told or f"{name}: {type(error).__name__}: {error}"
    else:
        found.values += 1
    found.hangs += clock.now() - began > PATIENCE


async def _act(found: Found, device: Any, case: Case, chance: random.Random) -> None:
    value = round(chance.uniform(*case.draw), 0 if case.action == "go_to" else 3)
    given = {case.argument: quantity(value, case.unit)}
    given |= {name: quantity(*each) for name, each in case.more.items()}
    try:
        await getattr(device, case.action)(**given)
    except (LabloopError, DefinitionError):
        found.refused += 1
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        found.crashes += 1
        found.told = found.told or f"{case.action}: {type(error).__name__}: {error}"
    else:
        found.values += 1


async def _recovered(found: Found, device: Device, _lab: Any) -> None:
    """Look whether good answers are understood again; an alarm that is kept is told once."""
    name = device.reads[0]
    for left in (1, 0):
        try:
            await getattr(device, name)()
        except LabloopError as error:
            if not left:
                found.lost += 1
                found.told = found.told or f"{name} afterwards: {error}"
        else:
            return


def beyond(case: Case, bench: FuzzBench) -> int:
    """Return how many values outside of the lab's limits were set."""
    if not case.event:
        return 0
    low, high = case.limit
    values = [
        dict(event.values)[case.key]
        for event in bench.world.truth.events
        if event.event == case.event and event.device == bench.emulator.name
    ]
    if case.driver == "cavro":
        # The plunger's place is noted; a draw goes up by at most the limit.
        steps = [0.0, *map(float, values)]
        moved = [after - before for before, after in pairwise(steps)]
        return sum(step > high / 2.5 * 3000 + 1 for step in moved)
    return sum(not low - 1e-6 <= value <= high + 1e-6 for value in values)


def write() -> None:
    """Put what was kept into the page."""
    rows = [json.loads(row) for row in KEPT.read_text(encoding="utf-8").splitlines()]
    heads = ["driver", "way", "answers mutated", "calls with a value", "refused", "crashes"]
    heads += ["hangs", "next good answer not understood", "beyond a limit"]
    table = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        counts = ("frames", "values", "refused", "crashes", "hangs", "lost", "beyond")
        cells = " | ".join(f"{row[name]:,}" for name in counts)
        table.append(f"| `{row['driver']}` | {row['way']} | {cells} |")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n".join(table) + "\n" + END + after, encoding="utf-8")


def main() -> None:
    """Fuzz, and print a line for each driver and way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--frames", type=int, default=0)
    told = parser.parse_args()
    frames = told.frames or (1_000_000 if told.long else 20_000)
    kept = KEPT.read_text(encoding="utf-8").splitlines() if told.long and KEPT.exists() else []
    done = {(row["name"], row["way"], row["asked"]) for row in map(json.loads, kept)}
    bad = 0
    for number, case in enumerate(CASES):
        name = f"{case.driver}-{number}"
        for way, asked in ((decoders, frames), (line, frames // 20)):
            if (told.only and case.driver not in told.only) or (name, way.__name__, asked) in done:
                continue
            found = way(case, asked)
            bad += found.crashes + found.hangs + found.lost + found.beyond
            print(json.dumps(asdict(found)), flush=True)
            if told.long:
                KEPT.parent.mkdir(exist_ok=True)
                with KEPT.open("a", encoding="utf-8") as file:
                    row = {"name": name, "asked": asked, **asdict(found)}
                    file.write(json.dumps(row) + "\n")
    if told.long:
        write()
    print("0 crashes, 0 hangs, 0 lost, 0 beyond a limit" if not bad else f"{bad} things are wrong")
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
