"""Verbs of a Mettler Toledo balance."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from labloop.errors import DeviceTimeoutError, LabFileError, ProtocolError
from labloop.lab import (
    Arg,
    Complete,
    Device,
    DeviceContext,
    FirstContact,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import DeviceIdentity, Quality, Reading
from labloop_devices.mettler import _protocol as protocol

T = TypeVar("T")

_TRIES = 3
_TIMEOUT = 2.0
_STABLE = 45.0
"""Seconds for a weight that must be stable first: the balance itself gives up after 40."""


class MettlerBalance(Device):
    """A balance that speaks MT-SICS: weigh, tare, zero, adjust. Takes no options."""

    model: ClassVar[str] = "Mettler Toledo balance"
    first_contact = FirstContact(settings=("baud=9600",))

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        if options:
            raise LabFileError(f"{name} has unknown options {sorted(options)}; mettler takes none")
        # The serial number is in its answer alone; weights bear no mark of their question.
        told = recognised(
            protocol.line_length, lambda reply: protocol.parse_text(reply, protocol.SERIAL)
        )
        transport.resync = Resync(protocol.SERIAL, told)

    async def identify(self) -> DeviceIdentity:
        """Ask model, software and serial number."""
        serial_number = await self._ask(protocol.SERIAL, protocol.parse_text)
        model = await self._ask(protocol.DATA, protocol.parse_text)
        software = await self._ask(protocol.SOFTWARE, protocol.parse_text)
        return DeviceIdentity(
            device=self.name,
            model=f"Mettler Toledo {model}",
            serial_number=serial_number,
            firmware=software,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def health(self) -> None:
        """Ask for the serial number."""
        await self._ask(protocol.SERIAL, protocol.parse_text)

    async def safe_state(self) -> None:
        """Ask for the serial number, which ends repeated weights: nothing moves in a balance."""
        await self.health()

    @action(idempotent=True, timeout=60.0)
    async def tare(self) -> None:
        """Take what is on the pan for the tare, once it is stable."""
        await self._ask(protocol.TARE, protocol.parse_done, seconds=_STABLE)

    @action(idempotent=True)
    async def clear_tare(self) -> None:
        """Forget the tare."""
        await self._ask(protocol.CLEAR_TARE, protocol.parse_done)

    @action(idempotent=True, timeout=60.0)
    async def zero(self) -> None:
        """Take the present load for zero, once it is stable; the tare is forgotten."""
        await self._ask(protocol.ZERO, protocol.parse_done, seconds=_STABLE)

    @action(idempotent=True, timeout=900.0)
    async def adjust(self, at_most: Annotated[float, Arg("s", gt=0.0, le=600.0)] = 300.0) -> None:
        """Adjust with the built-in weight; the pan must be empty."""
        await self._ask(
            protocol.ADJUST, protocol.parse_done, seconds=at_most, complete=protocol.answer_length
        )

    @read
    async def weight(self) -> Reading:
        """The stable net weight in g; waits until the balance is stable, at most 40 s."""
        return self._weight(
            await self._ask(protocol.WEIGHT, protocol.parse_weight, seconds=_STABLE), "weight"
        )

    @read
    async def weight_now(self) -> Reading:
        """The net weight in g as it is now, stable or not."""
        return self._weight(
            await self._ask(protocol.WEIGHT_NOW, protocol.parse_weight), "weight_now"
        )

    def _weight(self, weight: protocol.Weight, name: str) -> Reading:
        quality = Quality.OK if weight.grams is not None else Quality.OVERRANGE
        return self.reading(weight.grams, "g", name, quality)

    async def _ask(
        self,
        frame: bytes,
        parse: Callable[[bytes, bytes], T],
        *,
        seconds: float = _TIMEOUT,
        complete: Complete = protocol.line_length,
    ) -> T:
        """Ask until the answer can be read; each of these may be said twice.

        What must wait for a stable pan is not asked again after a time-out: that took long.
        """
        for _ in range(_TRIES - 1 if seconds <= _TIMEOUT else 0):
            try:
                return parse(await self._exchange(frame, seconds, complete), frame)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._exchange(frame, seconds, complete), frame)

    async def _exchange(self, frame: bytes, seconds: float, complete: Complete) -> bytes:
        return await self.transport.exchange(frame, complete=complete, timeout=seconds)
