"""Verbs of a shaker."""

from collections.abc import Mapping
from typing import Annotated, Any

from templates.shaker import _protocol as protocol

from labloop.lab import Arg, Device, DeviceContext, Resync, Transport, action, read, recognised
from labloop.records import DeviceIdentity, Reading


class Shaker(Device):
    """Shakes a plate, 0 to 1500 rpm."""

    model = "SHAKER"

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        identity = recognised(protocol.line, protocol.parse_identity)
        transport.resync = Resync(protocol.IDENTIFY, identity)

    async def identify(self) -> DeviceIdentity:
        """Ask for model and serial number."""
        reply = await self.transport.exchange(protocol.IDENTIFY, complete=protocol.line)
        model, serial = protocol.parse_identity(reply)
        return DeviceIdentity(device=self.name, model=model, serial_number=serial)

    @action(idempotent=True, timeout=10.0)
    async def set_speed(self, speed: Annotated[float, Arg("rpm", ge=0, le=1500)]) -> None:
        """Shake at ``speed``."""
        frame = protocol.set_speed(speed)
        protocol.check(await self.transport.exchange(frame, complete=protocol.line))

    @read
    async def speed(self) -> Reading:
        """The speed that it has now, in rpm."""
        reply = await self.transport.exchange(protocol.ASK_SPEED, complete=protocol.line)
        return self.reading(protocol.parse_speed(reply), "rpm", "speed")

    async def safe_state(self) -> None:
        """Stop."""
        protocol.check(await self.transport.exchange(protocol.STOP, complete=protocol.line))
