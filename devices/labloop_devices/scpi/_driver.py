"""Verbs of a DC source that speaks SCPI."""

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
    FirstContact,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import DeviceIdentity, Quality, Reading
from labloop_devices.scpi import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 2.0
_TRIES = 3
_QUEUE = 30
"""Errors that an instrument keeps at most, more or less."""
_EXECUTION = range(-299, -199)
"""Numbers of errors that say that a value is not possible (SCPI-99, volume 2, chapter 21.8)."""


class ScpiSource(Device):
    """A DC source (one channel) with the commands of SCPI-99.

    Options of the lab file:
        channel: its number where the instrument has several (``INST:NSEL`` before each command).

    Every setting is followed by a look into the queue of errors and read back.
    """

    model: ClassVar[str] = "SCPI DC source"
    first_contact = FirstContact(settings=("baud=9600", "baud=115200"))

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        channel = options.get("channel")
        if set(options) - {"channel"} or channel not in {None, *range(1, 9)}:
            raise LabFileError(
                f"{name}: scpi takes the option channel, 1 to 8; got {dict(options)!r}"
            )
        self._prefix = "" if channel is None else f"INST:NSEL {channel};:"
        told = recognised(protocol.line_length, protocol.parse_identity)
        transport.resync = Resync(protocol.line(protocol.IDENTITY), told)

    async def identify(self) -> DeviceIdentity:
        """Ask maker, model, serial number and firmware."""
        maker, model, serial_number, firmware = await self._ask(
            protocol.IDENTITY, protocol.parse_identity
        )
        return DeviceIdentity(
            device=self.name,
            model=f"{maker} {model}",
            serial_number=serial_number,
            firmware=firmware,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Identify and forget errors of the past; nothing is reset."""
        await super().connect()
        await self.transport.send(protocol.line(protocol.CLEAR))

    async def health(self) -> None:
        """Ask who it is."""
        await self._ask(protocol.IDENTITY, protocol.parse_identity)

    async def safe_state(self) -> None:
        """Switch the output off and look whether it is."""
        await self._switch(False)

    @action(idempotent=True)
    async def set_voltage(self, voltage: Annotated[float, Arg("V", ge=-1000.0, le=1000.0)]) -> None:
        """Set the voltage; the output is not switched by it."""
        await self._set("VOLT", voltage, "V")

    @action(idempotent=True)
    async def set_current(self, current: Annotated[float, Arg("A", ge=0.0, le=1000.0)]) -> None:
        """Set the current that is not exceeded."""
        await self._set("CURR", current, "A")

    @action(idempotent=True)
    async def switch_on(self) -> None:
        """Switch the output on."""
        await self._switch(True)

    @action(idempotent=True)
    async def switch_off(self) -> None:
        """Switch the output off."""
        await self._switch(False)

    @read
    async def voltage(self) -> Reading:
        """The voltage that is measured at the output, in V."""
        return self._reading(await self._number("MEAS:VOLT?"), "V", "voltage")

    @read
    async def current(self) -> Reading:
        """The current that is measured at the output, in A."""
        return self._reading(await self._number("MEAS:CURR?"), "A", "current")

    @read
    async def output(self) -> Reading:
        """1 while the output is on, else 0."""
        on = await self._ask(f"{self._prefix}OUTP?", protocol.parse_flag)
        return self.reading(float(on), "1", "output")

    def _reading(self, value: float | None, unit: str, name: str) -> Reading:
        return self.reading(
            value, unit, name, Quality.OK if value is not None else Quality.OVERRANGE
        )

    async def _set(self, header: str, value: float, unit: str) -> None:
        for left in reversed(range(_TRIES)):
            await self.transport.send(protocol.line(f"{self._prefix}{header} {value:.6g}"))
            await self._complain(f"{header} {value:.6g} {unit}")
            kept = await self._number(f"{header}?")
            if kept is not None and abs(kept - value) <= 1e-3 * max(abs(value), 0.1):
                return
            if not left:
                raise DeviceFaultError(
                    f"{self.name} was set to {value:g} {unit} and keeps {kept} {unit}"
                )

    async def _switch(self, on: bool) -> None:
        for left in reversed(range(_TRIES)):
            await self.transport.send(protocol.line(f"{self._prefix}OUTP {int(on)}"))
            await self._complain(f"OUTP {int(on)}")
            if await self._ask(f"{self._prefix}OUTP?", protocol.parse_flag) == on:
                return
            if not left:
                raise DeviceFaultError(
                    f"{self.name} was told to switch its output {'on' if on else 'off'} and did not"
                )

    async def _complain(self, what: str) -> None:
        """Raise the oldest error that the instrument keeps, and empty its queue."""
        first: tuple[int, str] | None = None
        for _ in range(_QUEUE):
            number, words = await self._ask(protocol.ERROR, protocol.parse_error)
            if number == protocol.NO_ERROR:
                break
            first = first or (number, words)
        if first is None:
            return
        told = f"{self.name} refused {what}: {first[0]} {first[1]}"
        raise LimitError(told) if first[0] in _EXECUTION else DeviceFaultError(told)

    async def _number(self, question: str) -> float | None:
        return await self._ask(f"{self._prefix}{question}", protocol.parse_number)

    async def _ask(self, question: str, parse: Callable[[bytes], T]) -> T:
        """Ask a question until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return parse(await self._once(question))
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._once(question))

    async def _once(self, question: str) -> bytes:
        return await self.transport.exchange(
            protocol.line(question), complete=protocol.line_length, timeout=_TIMEOUT
        )
