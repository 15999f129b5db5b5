"""A vendor's library that blocks, and devices that speak through it."""

import threading
import time
from typing import Annotated

from labloop.lab import Arg, action, read
from labloop_adapters import BlockingDevice, Follows, Signal


class SpectrometerLibrary:
    """What a maker ships: every call blocks, some fail, one hangs until it is released."""

    released = threading.Event()
    opened: list["SpectrometerLibrary"] = []

    def __init__(self, serial: str) -> None:
        self.serial, self.lamp, self.milliseconds = serial, False, 100.0
        self.calls: list[tuple[str, object, str]] = []
        SpectrometerLibrary.opened.append(self)

    def set_lamp(self, on: bool) -> None:
        self._note("lamp", on)
        self.lamp = on

    def set_integration(self, milliseconds: float) -> None:
        if milliseconds == 13:
            raise ValueError("13 ms is not supported")
        self._note("integration", milliseconds)
        self.milliseconds = milliseconds

    def acquire(self) -> list[float]:
        time.sleep(0.01)
        return [self.milliseconds if self.lamp else 1.0] * 8

    def counts(self) -> float:
        return 1000.0 if self.lamp else 1.0

    def fail(self) -> None:
        self._note("fail", True)
        raise RuntimeError("USB error -7")

    def gone(self) -> None:
        raise ConnectionResetError("the cable was pulled")

    def hang(self) -> None:
        self._note("hang", True)
        SpectrometerLibrary.released.wait(60.0)

    def close(self) -> None:
        self._note("close", True)

    def _note(self, what: str, value: object) -> None:
        self.calls.append((what, value, threading.current_thread().name))


class Table(BlockingDevice):
    """A spectrometer as a table of signals: ten lines."""

    model = "S-100"
    signals = {
        "lamp": Signal(get="lamp", set="set_lamp", kind="flag"),
        "integration": Signal("ms", set="set_integration", ge=1, le=10_000),
        "counts": Signal(get="counts"),
    }
    safe = {"lamp": False}
    simulation = {"counts": Follows("lamp", gain=1000.0, lag=10.0, noise=0.5)}
    refused = (ValueError,)

    def open(self):
        return SpectrometerLibrary(self.address)


class Spectrometer(Table):
    """The same with actions of its own; its maker's library stands for itself in simulation."""

    def simulate(self):
        return SpectrometerLibrary("SIM")

    @action(timeout=5.0)
    async def acquire(self, integration: Annotated[float, Arg("ms", ge=1, le=10_000)]) -> list:
        """Take a spectrum."""
        await self.call("set_integration", integration)
        return await self.call("acquire")


class Faulty(Spectrometer):
    """The same where things go wrong in the library."""

    @action(timeout=5.0)
    async def fail(self) -> None:
        """Fail after something has moved."""
        await self.call("set_lamp", True)
        await self.call("fail")

    @action(timeout=0.5)
    async def hang(self) -> None:
        """Hang in the library."""
        await self.call("hang")

    @read
    async def gone(self):
        """Find the instrument gone."""
        return self.reading(await self.call("gone"), "1", "gone")


class OtherModel(Table):
    """Another model stands where the S-100 should."""

    def who(self):
        return self.identity("S-200", "F1")


class OnlyCalls(BlockingDevice):
    """Has calls and no signals."""

    safe = {}

    def open(self):
        return SpectrometerLibrary(self.address)


class Unsafe(Table):
    """Its lamp cannot be switched off."""

    async def safe_state(self):
        """Fail to."""
        await self.call("fail")
