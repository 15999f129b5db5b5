"""A third party's package: a device that takes three seconds to become safe, and its world.

The world appends each event to the file that ``LABLOOP_SLOW_LAB_TRUTH`` names as it happens,
so that a test can read what physically happened in a process that has ended.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from labloop.lab import Arg, Device, action, read, until
from labloop.records import DeviceIdentity, Reading
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LINE = until(b"\n")


class SlowDevice(Device):
    """Works for as long as it is told, and is safe three seconds after it is told to."""

    model = "SLOW 1"
    safe_seconds = 4.0

    async def identify(self) -> DeviceIdentity:
        """Ask who answers."""
        await self._ask(b"WHO\n")
        return DeviceIdentity(device=self.name, model=self.model, serial_number="1")

    @action
    async def switch_on(self) -> None:
        """Start working."""
        await self._ask(b"ON\n")

    @action(timeout=3600.0)
    async def work(self, time: Annotated[float, Arg("s", ge=0, le=3600)]) -> None:
        """Work; the device answers when it is done."""
        await self._ask(f"WORK {time:g}\n".encode(), at_most=3600.0)

    @action
    async def switch_off(self) -> None:
        """Stop working."""
        await self._ask(b"OFF\n")

    @read
    async def load(self) -> Reading:
        """Return the load."""
        answer = await self._ask(b"LOAD\n")
        return self.reading(float(answer), "W", "load")

    async def safe_state(self) -> None:
        """Ramp down; takes three seconds."""
        await self._ask(b"RAMP\n")
        await self.context.clock.sleep(3.0)
        await self._ask(b"SAFE\n")

    async def _ask(self, frame: bytes, at_most: float = 2.0) -> bytes:
        answer = await self.transport.exchange(frame, complete=_LINE, timeout=at_most)
        return answer.strip()


class SlowEmulator(Emulator):
    """The device's own side of the line."""

    def split(self, buffer: bytearray) -> bytes | None:
        """Take a line."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Note what happened and answer."""
        words = frame.decode("ascii").split()
        if words[0] not in {"WHO", "LOAD"}:
            self.truth.record(now, self.name, words[0].lower())
            _append(f"{self.name} {words[0].lower()}")
        if words[0] == "WORK":
            return Reply(b"DONE\n", float(words[1]), meanwhile=True)
        return b"5.0\n" if words[0] == "LOAD" else b"OK\n"


def _append(line: str) -> None:
    path = os.environ.get("LABLOOP_SLOW_LAB_TRUTH")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class SlowWorld:
    """Four devices and nothing else."""

    def __init__(self) -> None:
        self.truth = TruthLog()
        self.emulators = {f"d{i}": SlowEmulator(f"d{i}", self.truth) for i in range(1, 5)}


def create(seed: int, options: Mapping[str, Any]) -> SlowWorld:
    """Return the world; it has nothing random."""
    del seed, options
    return SlowWorld()
