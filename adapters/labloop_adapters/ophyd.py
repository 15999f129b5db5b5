"""ophyd-async: the signals and movables of its devices."""

from functools import reduce
from typing import Any

from labloop_adapters.base import BlockingDevice, Signal, library

__all__ = ["OphydDevice"]

EXTRA = "ophyd"


class OphydDevice(BlockingDevice):
    """A device of ophyd-async; ``open`` returns it, unconnected.

    In ``Signal("mm", get="user_readback", set=".")`` the names are its signals, ``motor.velocity``
    those of a part of it, and ``.`` is the device itself, which is moved. In simulation the
    same device is connected in ophyd-async's own mock mode, unless ``simulate`` returns another.
    """

    action_seconds = 300.0

    def simulate(self) -> Any:
        """Return the same device; it is connected as a mock."""
        library("ophyd_async.core", EXTRA)
        return self.open()

    async def _open(self) -> str:
        kind = await super()._open()
        if self.library.name == "":
            self.library.set_name(self.name)
        mock = self.context.simulated is not None and type(self).simulate is OphydDevice.simulate
        await self.library.connect(mock=mock)
        return kind

    def shut(self) -> None:
        """Nothing is held open."""

    async def get_signal(self, signal: Signal) -> Any:
        """Return the value of the signal."""
        return await _part(self.library, signal.get).get_value()

    async def set_signal(self, signal: Signal, value: Any) -> None:
        """Set the signal, or move the device, and wait until it is there."""
        await _part(self.library, signal.set).set(value)


def _part(device: Any, path: str) -> Any:
    return reduce(getattr, filter(None, path.split(".")), device)
