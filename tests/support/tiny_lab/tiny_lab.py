"""A box with one knob and one dial, and a world in which it can be made to fail."""

from collections.abc import Mapping
from typing import Annotated, Any

from labloop.errors import ProtocolError
from labloop.lab import Arg, Device, action, until
from labloop.records import DeviceIdentity
from labloop_simulators.kit import Emulator, Fault, TruthLog

_LINE = until(b"\n")


class Box(Device):
    """Keeps a level that is set, and shows a value that follows from it."""

    model = "BOX 1"
    safe_seconds = 1.0

    async def identify(self) -> DeviceIdentity:
        """Ask who answers."""
        words = (await self._ask(b"WHO\n")).split()
        if len(words) != 2 or words[0] != "BOX":
            raise ProtocolError(f"{self.name}: asked WHO, got {words!r}; is this a box?")
        return DeviceIdentity(device=self.name, model=self.model, serial_number=words[1])

    @action
    async def set_level(self, level: Annotated[float, Arg("mL", ge=0, le=10)]) -> None:
        """Turn the knob."""
        answer = await self._ask(f"SET {level:g}\n".encode())
        if answer != "OK":
            raise ProtocolError(f"{self.name}: asked SET, got {answer!r} instead of OK")

    @action
    async def show(self) -> float:
        """Take the value that the dial shows."""
        answer = await self._ask(b"GET\n")
        try:
            return float(answer)
        except ValueError:
            raise ProtocolError(f"{self.name}: asked GET, got {answer!r}, no number") from None

    async def safe_state(self) -> None:
        """Turn the knob to zero."""
        await self._ask(b"SET 0\n")

    async def _ask(self, frame: bytes) -> str:
        answer = await self.transport.exchange(frame, complete=_LINE, timeout=0.5)
        return answer.decode("ascii", "replace").strip()


class BoxEmulator(Emulator):
    """The box's own side of the line."""

    level = 0.0

    def split(self, buffer: bytearray) -> bytes | None:
        """Take a line."""
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | None:
        """Answer."""
        words = frame.decode("ascii").split()
        if words[0] == "WHO":
            return b"BOX B-1\n"
        if words[0] == "GET":
            return f"{9 - (self.level - 3) ** 2:g}\n".encode()
        self.level = float(words[1])
        return b"OK\n"


class TinyWorld:
    """One box; the option ``faults`` lists [kind, number of the frame]."""

    def __init__(self, faults: list[Any]) -> None:
        self.truth = TruthLog()
        box = BoxEmulator("box", self.truth)
        for kind, at in faults:
            box.faults.add(Fault(kind, at=at))
        self.emulators = {"box": box}


def create(seed: int, options: Mapping[str, Any]) -> TinyWorld:
    """Return the world; it has nothing random."""
    del seed
    return TinyWorld(list(options.get("faults", ())))
