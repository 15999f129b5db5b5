"""A camera behind a vendor's blocking library: no transport of labloop's carries what it does."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from lab_toys import Toy

from labloop.lab import Arg, Device, action
from labloop.records import DeviceIdentity

DONE: list[str] = []
"""What the library did, for the tests to look at."""


class Camera(Device):
    """Drives a camera by calls of a library, which know nothing of lab time or cancellation."""

    model = "camera"
    serial_on_wire = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._library = ThreadPoolExecutor(1)

    async def identify(self) -> DeviceIdentity:
        return DeviceIdentity(device=self.name, model="camera")

    async def safe_state(self) -> None:
        return

    async def close(self) -> None:
        self._library.shutdown(wait=False)
        await super().close()

    async def _call(self, *steps: Any) -> None:
        def work() -> None:
            for step in steps:
                step()

        await self.context.clock.external(self._library.submit(work))

    @action
    async def expose_and_fail(self) -> None:
        await self._call(lambda: DONE.append("shutter"), _fail)

    @action(timeout=0.05)
    async def expose_and_hang(self) -> None:
        await self._call(lambda: DONE.append("shutter"), lambda: time.sleep(0.3))

    @action(idempotent=True, timeout=5.0)
    async def set_gain(self, gain: Annotated[float, Arg("1", ge=0, le=9)]) -> None:
        await self._call(lambda: DONE.append(f"gain {gain:g}"), _fail)


class TriggeredCamera(Toy):
    """Is triggered by the wire, and opens its shutter by the library."""

    transport_only = False

    @action
    async def open_shutter(self) -> None:
        DONE.append("shutter")
        _fail()


def _fail() -> None:
    raise RuntimeError("error -1074")
