"""How many altered answers are taken for valid ones: one byte changed, lost or added.

Usage: python -m benchmarks.devices.altered [--frames N] [--only DRIVER ...] [--write]

The first answer to each read is altered and the next ones are good, so a driver that asks again
recovers. Taken for valid is an answer that gave another value than the good one, in silence:
where a protocol has no checksum, a changed digit is a number like any other. ``--write`` puts the
table, with what mends it, into ``docs/reference/field.md``. Prints one JSON line.
"""

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.devices.cases import CASES, Case
from benchmarks.devices.fuzz import FuzzBench
from labloop.errors import LabloopError
from labloop.lab import Device

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "field.md"
BEGIN, END = "<!-- altered -->\n", "<!-- end of altered -->"
MITIGATIONS = {
    "new_era safe mode": "CRC-16; it is the default",
    "new_era basic mode": "safe mode; in basic mode limits of the lab file, and form and address "
    "of each answer",
    "julabo": "each setpoint is read back; forms of value, status and version differ",
    "ika": "each setpoint is read back; the answer names its channel",
    "uv_detector": "CRC-16",
    "robot_arm": "CRC-16 and sequence numbers",
    "hplc inject": "CRC-16 and run numbers",
    "huber": "the answer names its address and has a fixed length; what is set is echoed",
    "mettler": "the answer repeats its command; unit and decimals are checked",
    "atlas_ezo pH": "what is set is read back; a campaign measures twice where it matters",
    "hamilton": "before it moves, the plunger's place is asked twice and must be the same",
    "scpi": "the queue of errors and a read-back follow each setting",
    "harvard": "rates and volumes are read back; each answer ends with its prompt",
    "vici": "the answer names its question; a move ends when the position is confirmed",
    "cavro": "exclusive or of the block; one byte changed is always seen",
}


def altered(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with one changed, lost or added; never the same ones."""
    raw, place, kind = bytearray(data), chance.randrange(len(data)), chance.randrange(3)
    if kind == 0:
        raw[place] ^= chance.randint(1, 255)
    elif kind == 1:
        del raw[place]
    else:
        raw.insert(place, chance.randint(0, 255))
    return altered(data, chance) if bytes(raw) == data else bytes(raw)


class Altering:
    """An emulator's answers: the next one is altered where that is due."""

    def __init__(self, handle: Callable[[bytes, float], Any], chance: random.Random) -> None:
        self.handle, self.chance = handle, chance
        self.due = False
        self.frames = 0

    def __call__(self, frame: bytes, now: float) -> Any:
        """Answer a frame."""
        answer = self.handle(frame, now)
        data = getattr(answer, "data", answer)
        if not self.due or not data:
            return answer
        self.due, self.frames = False, self.frames + 1
        return altered(data, self.chance)


def share(case: Case, frames: int, seed: int = 1) -> dict[str, int]:
    """Return how many of ``frames`` altered answers there were, and what came of them."""
    bench, chance = FuzzBench(case), random.Random(seed)
    found = {"altered": 0, "valid": 0, "refused": 0}

    async def look(lab: Any) -> None:
        device = await bench.device(lab)
        line = Altering(bench.emulator.handle, chance)
        bench.emulator.handle = line
        while line.frames < frames:
            name = chance.choice(device.reads)
            right = await _value(device, name)
            line.due = True
            got = await _value(device, name)
            found["valid"] += got not in {None, right}
            found["refused"] += got is None
            line.due = False
            # What is owed after it comes, or is given up.
            await device.context.clock.sleep(15.0)
            await _value(device, name)
        bench.emulator.handle = line.handle
        found["altered"] = line.frames

    with bench:
        bench.host.call(look)
    return found


async def _value(device: Device, name: str) -> object:
    """Return value and quality of a read, None where it was refused."""
    try:
        reading = await getattr(device, name)()
    except LabloopError:
        return None
    return reading.value, reading.quality


def write(rows: dict[str, dict[str, int]]) -> None:
    """Put the table into the page."""
    heads = ["driver", "altered", "taken for valid", "checksum", "what mends it"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    checked = {_name(case): case.shipped.checksum for case in CASES}
    for name, row in rows.items():
        part = f"{row['valid']:,} ({row['valid'] / row['altered']:.2%})"
        cells = (f"`{name}`", f"{row['altered']:,}", part)
        told = ("yes" if checked[name] else "no", MITIGATIONS[name])
        lines.append(f"| {' | '.join((*cells, *told))} |")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, encoding="utf-8")


def _name(case: Case) -> str:
    return f"{case.driver} {case.shipped.title}".strip()


def main() -> None:
    """Alter answers, and print one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=2_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    told = parser.parse_args()
    rows = {
        _name(case): share(case, told.frames)
        for case in CASES
        if not told.only or case.driver in told.only
    }
    if told.write:
        write(rows)
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
