"""Verbs of a Hamilton Microlab 600 diluter."""

from collections.abc import Callable, Mapping
from contextlib import suppress
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
    Choice,
    Device,
    DeviceContext,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import DeviceIdentity, Reading
from labloop.units import magnitude, parse_quantity
from labloop_devices.hamilton import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 1.0
_TRIES = 3
_POLL = 0.25
_PATIENCE = 4000.0
"""Lab seconds for one movement; the slowest stroke takes 3692 s."""
_VALVES = {"input": "I", "output": "O", "wash": "W"}


class HamiltonDiluter(Device):
    """A syringe drive with a valve: draws from one port and gives to another.

    Options of the lab file:
        syringe: volume of the syringe, for example ``"2.5 mL"``; required.
        address: its place in the chain, 1 (default) to 16.

    Movements are told as the place where the plunger shall be, so that one whose answer was lost
    may be said again.
    """

    model: ClassVar[str] = "Hamilton Microlab 600"
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        volume, address = options.get("syringe"), options.get("address", 1)
        if (
            set(options) - {"syringe", "address"}
            or not isinstance(volume, str)
            or address not in range(1, 17)
        ):
            raise LabFileError(
                f'{name}: hamilton needs the option syringe, such as "2.5 mL", and takes address, '
                f"1 to 16; got {dict(options)!r}"
            )
        self._syringe: float = magnitude(parse_quantity(volume), "mL", "option syringe")
        if not 0.01 <= self._syringe <= 50.0:
            raise LabFileError(f"{name}: option syringe is 0.01 to 50 mL, got {volume}")
        self._address: int = address
        told = recognised(
            protocol.answer_length,
            lambda reply: protocol.parse_firmware(_mild(reply)),
        )
        transport.resync = Resync(self._frame(protocol.FIRMWARE), told, anonymous=True)

    async def identify(self) -> DeviceIdentity:
        """Ask the firmware; the instrument has no way to tell a serial number."""
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            firmware=await self._ask(protocol.FIRMWARE, protocol.parse_firmware),
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Give the chain its letters, then identify; nothing moves."""
        for _ in range(2):
            # The first answer after power-up is often a wrong one.
            with suppress(DeviceTimeoutError):
                await self.transport.exchange(
                    protocol.AUTO_ADDRESS, complete=protocol.answer_length, timeout=_TIMEOUT
                )
            await self.transport.forget()
        await super().connect()

    async def health(self) -> None:
        """Raise DeviceError where it does not answer or reports an error."""
        await self._check()

    async def safe_state(self) -> None:
        """Stop the plunger where it is and forget what was still to be done."""
        await self._halt()

    @action(idempotent=True, timeout=120.0)
    async def initialize(self) -> None:
        """Find the ends of plunger and valve: what is in the syringe goes to the output."""
        await self._do("XR", 60.0)

    @action(timeout=_PATIENCE)
    async def draw(
        self,
        volume: Annotated[float, Arg("mL", gt=0.0, le=50.0)],
        rate: Annotated[float, Arg("mL/min", gt=0.0, le=1500.0)],
        port: Annotated[str, Choice("input", "output", "wash")] = "input",
    ) -> None:
        """Draw ``volume`` from ``port`` at ``rate``; returns when it is in the syringe."""
        await self._move(volume, rate, port, 1)

    @action(timeout=_PATIENCE)
    async def dispense(
        self,
        volume: Annotated[float, Arg("mL", gt=0.0, le=50.0)],
        rate: Annotated[float, Arg("mL/min", gt=0.0, le=1500.0)],
        port: Annotated[str, Choice("input", "output", "wash")] = "output",
    ) -> None:
        """Give ``volume`` to ``port`` at ``rate``; returns when it has left the syringe."""
        await self._move(volume, rate, port, -1)

    @action(idempotent=True, timeout=30.0)
    async def turn_valve(self, port: Annotated[str, Choice("input", "output", "wash")]) -> None:
        """Turn the valve to a port."""
        await self._do(f"{_VALVES[port]}R", 20.0)

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop the plunger where it is."""
        await self._halt()

    @read
    async def volume(self) -> Reading:
        """What is in the syringe, in mL."""
        steps = await self._ask(protocol.POSITION, protocol.parse_number)
        return self.reading(steps / protocol.STROKE * self._syringe, "mL", "volume")

    @read
    async def busy(self) -> Reading:
        """1 while it moves, else 0."""
        flag = await self._ask(protocol.DONE, protocol.parse_flag)
        return self.reading(float(flag == "*"), "1", "busy")

    async def _move(self, volume: float, rate: float, port: str, sign: int) -> None:
        steps = round(volume / self._syringe * protocol.STROKE)
        held = await self._held()
        target = held + sign * steps
        if not 0 <= target <= protocol.STROKE or not steps:
            raise LimitError(
                f"{self.name} holds {held / protocol.STROKE * self._syringe:g} mL of "
                f"{self._syringe:g} mL and cannot {'draw' if sign > 0 else 'give'} {volume:g} mL; "
                "nothing was moved"
            )
        seconds = round(60.0 * self._syringe / rate)
        low, high = protocol.SPEEDS
        if not low <= seconds <= high:
            raise LimitError(
                f"{self.name} moves {60 * self._syringe / high:g} to "
                f"{60 * self._syringe / low:g} mL/min with a syringe of {self._syringe:g} mL, "
                f"asked was {rate:g} mL/min; nothing was moved"
            )
        await self._do(f"{_VALVES[port]}R", 20.0)
        await self._do(f"M{target}S{seconds}R", seconds + 30.0)
        reached = await self._held()
        if reached != target:
            raise DeviceFaultError(
                f"{self.name} should stand at step {target} and stands at {reached}; look at it"
            )

    async def _do(self, commands: str, at_most: float) -> None:
        """Carry commands out, which may be said twice, and wait until they are done."""
        await self._begin(commands)
        end = self.context.clock.now() + at_most
        while await self._ask(protocol.DONE, protocol.parse_flag) == "*":
            if self.context.clock.now() >= end:
                raise DeviceFaultError(f"{self.name} did not end {commands!r} in {at_most:g} s")
            await self.context.clock.sleep(_POLL)
        await self._check()

    async def _begin(self, commands: str) -> None:
        """Send commands; where the answer is lost, an instrument that moves has heard them."""
        for left in reversed(range(_TRIES)):
            try:
                await self._once(commands)
            except (DeviceTimeoutError, ProtocolError):
                if await self._ask(protocol.DONE, protocol.parse_flag) == "*":
                    return
                if not left:
                    raise
            else:
                return

    async def _held(self) -> int:
        """Return the plunger's place, told twice alike: nothing else guards a digit of it."""
        before = -1
        for _ in range(2 * _TRIES):
            place = await self._ask(protocol.POSITION, protocol.parse_number)
            if place == before:
                return place
            before = place
        raise DeviceFaultError(f"{self.name} tells another place of its plunger each time")

    async def _check(self) -> None:
        """Raise what the instrument reports as an error of syringe or valve."""
        for question, what in (
            (protocol.SYRINGE_ERROR, "syringe"),
            (protocol.VALVE_ERROR, "valve"),
        ):
            if await self._ask(question, protocol.parse_flag) == "Y":
                raise DeviceFaultError(
                    f"{self.name} reports an error of its {what}; look at it, then initialise it"
                )

    async def _halt(self) -> None:
        for command in ("K", "V"):
            await self._tell(command)

    async def _tell(self, commands: str) -> None:
        """Send commands that may be said twice until they are acknowledged."""
        for _ in range(_TRIES - 1):
            try:
                await self._once(commands)
            except (DeviceTimeoutError, ProtocolError):
                continue
            return
        await self._once(commands)

    async def _ask(self, question: str, parse: Callable[[str], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return parse(await self._once(question))
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._once(question))

    async def _once(self, text: str) -> str:
        reply = await self.transport.exchange(
            self._frame(text), complete=protocol.answer_length, timeout=_TIMEOUT
        )
        return protocol.parse(reply, text)

    def _frame(self, text: str) -> bytes:
        return protocol.command(text, self._address)


def _mild(reply: bytes) -> str:
    """Return the text of an answer that nobody waited for; raises ProtocolError, also for NAK."""
    try:
        return protocol.parse(reply)
    except DeviceFaultError as error:
        raise ProtocolError(str(error)) from error
