"""Verbs of a Tecan Cavro syringe pump."""

import asyncio
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
    Choice,
    Device,
    DeviceContext,
    FirstContact,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import DeviceIdentity, Reading
from labloop.units import magnitude, parse_quantity
from labloop_devices.cavro import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 1.0
_TRIES = 3
_POLL = 0.2
_PATIENCE = 900.0
"""Lab seconds for one movement; the slowest stroke takes 20 min and is refused."""
_SPEEDS = (5, 5800)
"""Pulses per second that the pump takes."""
_PULSES = 6000
"""Pulses of a full stroke, however many steps it has."""
_VALVES = {"input": "I", "output": "O", "bypass": "B"}
_OPTIONS = frozenset({"syringe", "address", "steps"})
_RESYNC = 7
"""Sequence number that is kept for the question that resyncs."""


class CavroPump(Device):
    """A syringe pump with a valve: draws from one port and gives to another.

    Options of the lab file:
        syringe: volume of the syringe, for example ``"2.5 mL"``; required.
        address: the pump's switch, 0 to 14 (default 0).
        steps: of a full stroke, 3000 (default) or 6000.

    Each command bears a number, so that one whose answer was lost is said again and not done
    twice.
    """

    model: ClassVar[str] = "Tecan Cavro pump"
    first_contact = FirstContact(settings=("baud=9600", "baud=38400"), options={"syringe": "1 mL"})
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        unknown = sorted(set(options) - _OPTIONS)
        volume = options.get("syringe")
        if unknown or not isinstance(volume, str):
            raise LabFileError(
                f'{name}: cavro needs the option syringe, such as "2.5 mL", and takes '
                f"address and steps; got {dict(options)!r}"
            )
        self._address = options.get("address", 0)
        self._stroke = options.get("steps", 3000)
        if self._address not in range(protocol.HIGHEST_ADDRESS + 1) or self._stroke not in {
            3000,
            6000,
        }:
            raise LabFileError(
                f"{name}: option address is 0 to 14 and steps 3000 or 6000, got "
                f"{self._address!r} and {self._stroke!r}"
            )
        self._syringe: float = magnitude(parse_quantity(volume), "mL", "option syringe")
        if not 0.01 <= self._syringe <= 50.0:
            raise LabFileError(f"{name}: option syringe is 0.01 to 50 mL, got {volume}")
        self._number = 1
        self._line = asyncio.Lock()
        told = recognised(
            protocol.answer_length, lambda reply: protocol.parse_version(protocol.parse(reply))
        )
        transport.resync = Resync(self._frame(protocol.VERSION, _RESYNC), told, anonymous=True)

    async def identify(self) -> DeviceIdentity:
        """Ask the firmware; the pump has no way to tell a serial number."""
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            firmware=await self._ask(protocol.VERSION, protocol.parse_version),
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def health(self) -> None:
        """Raise DeviceError where it does not answer or reports an overload."""
        answer = await self._ask(protocol.STATUS, lambda told: told)
        if answer.error in protocol.OVERLOADS:
            raise DeviceFaultError(f"{self.name} {answer.trouble}; look at it, then initialise it")

    async def safe_state(self) -> None:
        """Stop the plunger where it is."""
        await self._tell("T")
        end = self.context.clock.now() + 2.0
        while not (await self._ask(protocol.STATUS, lambda told: told)).ready:
            if self.context.clock.now() >= end:
                raise DeviceFaultError(f"{self.name} was told to stop and still moves")
            await self.context.clock.sleep(_POLL)

    @action(timeout=_PATIENCE)
    async def initialize(self) -> None:
        """Find the ends of plunger and valve: what is in the syringe goes to the output."""
        await self._do("ZR")

    @action(timeout=_PATIENCE)
    async def draw(
        self,
        volume: Annotated[float, Arg("mL", gt=0.0, le=50.0)],
        rate: Annotated[float, Arg("mL/min", gt=0.0, le=1000.0)],
        port: Annotated[str, Choice("input", "output")] = "input",
    ) -> None:
        """Draw ``volume`` from ``port`` at ``rate``; returns when it is in the syringe."""
        steps = self._steps(volume)
        held = await self._ask(protocol.POSITION, protocol.parse_number)
        if held + steps > self._stroke:
            raise LimitError(
                f"{self.name} holds {self._volume(held):g} mL of {self._syringe:g} mL and cannot "
                f"draw {volume:g} mL; nothing was moved"
            )
        await self._do(f"{_VALVES[port]}V{self._speed(rate)}P{steps}R")

    @action(timeout=_PATIENCE)
    async def dispense(
        self,
        volume: Annotated[float, Arg("mL", gt=0.0, le=50.0)],
        rate: Annotated[float, Arg("mL/min", gt=0.0, le=1000.0)],
        port: Annotated[str, Choice("input", "output")] = "output",
    ) -> None:
        """Give ``volume`` to ``port`` at ``rate``; returns when it has left the syringe."""
        steps = self._steps(volume)
        held = await self._ask(protocol.POSITION, protocol.parse_number)
        if steps > held:
            raise LimitError(
                f"{self.name} holds {self._volume(held):g} mL and cannot give {volume:g} mL; "
                "nothing was moved"
            )
        await self._do(f"{_VALVES[port]}V{self._speed(rate)}D{steps}R")

    @action(idempotent=True, timeout=60.0)
    async def turn_valve(self, port: Annotated[str, Choice("input", "output", "bypass")]) -> None:
        """Turn the valve to a port."""
        await self._do(f"{_VALVES[port]}R")

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop the plunger where it is."""
        await self._tell("T")

    @read
    async def volume(self) -> Reading:
        """What is in the syringe, in mL."""
        steps = await self._ask(protocol.POSITION, protocol.parse_number)
        return self.reading(self._volume(steps), "mL", "volume")

    @read
    async def busy(self) -> Reading:
        """1 while it moves, else 0."""
        answer = await self._ask(protocol.STATUS, lambda told: told)
        return self.reading(float(not answer.ready), "1", "busy")

    def _steps(self, volume: float) -> int:
        steps: int = round(volume / self._syringe * self._stroke)
        if not 0 < steps <= self._stroke:
            raise LimitError(
                f"{self.name} has a syringe of {self._syringe:g} mL with steps of "
                f"{1000 * self._syringe / self._stroke:g} uL; {volume:g} mL cannot be moved"
            )
        return steps

    def _volume(self, steps: int) -> float:
        volume: float = steps / self._stroke * self._syringe
        return volume

    def _speed(self, rate: float) -> int:
        pulses: int = round(rate / 60.0 / self._syringe * _PULSES)
        low, high = _SPEEDS
        if not low <= pulses <= high:
            slow, fast = (60.0 * each * self._syringe / _PULSES for each in _SPEEDS)
            raise LimitError(
                f"{self.name} moves {slow:g} to {fast:g} mL/min with a syringe of "
                f"{self._syringe:g} mL, asked was {rate:g} mL/min; nothing was moved"
            )
        return pulses

    async def _do(self, commands: str) -> None:
        """Carry commands out and wait until the pump is ready."""
        await self._tell(commands)
        end = self.context.clock.now() + _PATIENCE
        while True:
            answer = await self._ask(protocol.STATUS, lambda told: told)
            self._judge(answer, commands)
            if answer.ready:
                return
            if self.context.clock.now() >= end:
                raise DeviceFaultError(f"{self.name} did not end {commands!r} in {_PATIENCE:g} s")
            await self.context.clock.sleep(_POLL)

    async def _tell(self, commands: str) -> None:
        """Send commands, once in effect: a lost answer is made up for by the repeat flag."""
        async with self._line:
            number = self._next()
            try:
                answer = await self._once(self._frame(commands, number))
            except (DeviceTimeoutError, ProtocolError):
                answer = await self._repeat(self._frame(commands, number, repeated=True))
        self._judge(answer, commands)

    async def _repeat(self, frame: bytes) -> protocol.Answer:
        """Say again what may have been heard; no other block may come between the two."""
        for left in reversed(range(_TRIES)):
            # Whatever acknowledgement comes now, of the first block or of this one, says the same.
            await self.transport.forget()
            try:
                answer = await self._once(frame)
            except (DeviceTimeoutError, ProtocolError):
                if not left:
                    raise
                continue
            await self.transport.forget()
            return answer
        raise DeviceTimeoutError(f"{self.name} was asked no question")

    async def _ask(self, question: str, parse: Callable[[protocol.Answer], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return await self._ask_once(question, parse)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return await self._ask_once(question, parse)

    async def _ask_once(self, question: str, parse: Callable[[protocol.Answer], T]) -> T:
        async with self._line:
            # The question that resyncs is always the same frame: its answer is recognised.
            number = _RESYNC if question == protocol.VERSION else self._next()
            return parse(await self._once(self._frame(question, number)))

    async def _once(self, frame: bytes) -> protocol.Answer:
        return protocol.parse(
            await self.transport.exchange(frame, complete=protocol.answer_length, timeout=_TIMEOUT)
        )

    def _frame(self, text: str, number: int, *, repeated: bool = False) -> bytes:
        return protocol.frame(text, address=self._address, number=number, repeated=repeated)

    def _next(self) -> int:
        """Return the next sequence number, 1 to 6."""
        self._number = self._number % 6 + 1
        return self._number

    def _judge(self, answer: protocol.Answer, commands: str) -> None:
        if answer.error == 3:
            raise LimitError(f"{self.name} refused {commands!r}: it {answer.trouble}")
        if answer.error:
            raise DeviceFaultError(f"{self.name} {answer.trouble} ({commands!r})")
