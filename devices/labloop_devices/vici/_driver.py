"""Verbs of a VICI valve."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    LimitError,
    ProtocolError,
)
from labloop.lab import (
    Arg,
    Device,
    DeviceContext,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import DeviceIdentity, Reading
from labloop_devices.vici import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 1.0
_TRIES = 3
_POLL = 0.1
_TURNING = 10.0
"""Lab seconds within which the valve is where it was sent."""


class ViciValve(Device):
    """A rotary valve: goes to a position by the shortest way and looks whether it is there.

    Options of the lab file:
        address: the identifier of the actuator (0-9, A-Z), where it has one.

    Positions are numbers from 1; those of a two-position valve, A and B, are 1 and 2.
    """

    model: ClassVar[str] = "VICI universal actuator"
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        identifier = str(options.get("address", ""))
        if set(options) - {"address"} or identifier not in {"", *protocol.IDENTIFIERS}:
            raise LabFileError(
                f"{name}: vici takes the option address, one of 0-9 and A-Z; got {dict(options)!r}"
            )
        self._identifier = identifier
        self._positions = 0
        self._letters = False
        told = recognised(
            protocol.line_length, lambda reply: protocol.parse_version(reply, identifier)
        )
        transport.resync = Resync(self._frame(protocol.VERSION), told)

    async def identify(self) -> DeviceIdentity:
        """Ask the firmware; the actuator has no way to tell a serial number."""
        version = await self._ask(protocol.VERSION, protocol.parse_version)
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            firmware=version,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Identify, have actions not answered, and ask how many positions there are."""
        for setting in (protocol.QUIET, protocol.SHORT):
            await self.transport.send(self._frame(setting))
        await self.transport.drain()
        await super().connect()
        self._letters = await self._number(protocol.MODE) in {1, 2}
        self._positions = 2 if self._letters else await self._number(protocol.POSITIONS)

    async def health(self) -> None:
        """Ask for the position."""
        await self._position()

    async def safe_state(self) -> None:
        """Stay: turning a valve that nobody asked for would connect what must not be."""
        await self._position()

    @action(idempotent=True, timeout=30.0)
    async def go_to(self, position: Annotated[int, Arg("1", ge=1, le=96)]) -> None:
        """Turn to a position; returns once the valve says that it is there."""
        if position > self._positions:
            raise LimitError(
                f"{self.name} has {self._positions} positions, asked was {position}; nothing moved"
            )
        place = " AB"[position] if self._letters else f"{position:02d}"
        for left in reversed(range(_TRIES)):
            # Nothing answers it: said again where it did not arrive.
            await self.transport.send(self._frame(f"GO{place}"))
            if await self._arrives(position, _TURNING / _TRIES):
                return
            if not left:
                where = await self._position()
                raise DeviceFaultError(
                    f"{self.name} was sent to position {position} and stands at {where}; look at it"
                )

    @read
    async def position(self) -> Reading:
        """Where the valve stands: 1, 2, ...; A and B are 1 and 2."""
        return self.reading(float(await self._position()), "1", "position")

    @read
    async def count(self) -> Reading:
        """How often it has turned."""
        return self.reading(float(await self._number(protocol.COUNT)), "1", "count")

    async def _arrives(self, position: int, seconds: float) -> bool:
        clock = self.context.clock
        end = clock.now() + seconds
        while await self._position() != position:
            if clock.now() >= end:
                return False
            await clock.sleep(_POLL)
        return True

    async def _position(self) -> int:
        return await self._ask(protocol.POSITION, protocol.parse_position)

    async def _number(self, question: str) -> int:
        return await self._ask(
            question,
            lambda reply, identifier: protocol.parse_number(reply, question, identifier),
        )

    async def _ask(self, question: str, parse: Callable[[bytes, str], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return parse(await self._once(question), self._identifier)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._once(question), self._identifier)

    async def _once(self, question: str) -> bytes:
        return await self.transport.exchange(
            self._frame(question), complete=protocol.line_length, timeout=_TIMEOUT
        )

    def _frame(self, text: str) -> bytes:
        return protocol.command(text, self._identifier)
