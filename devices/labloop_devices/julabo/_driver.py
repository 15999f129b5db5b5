"""Verbs of a Julabo circulator in remote mode."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from labloop.errors import DeviceFaultError, DeviceTimeoutError, LabFileError, ProtocolError
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
    until_stable,
)
from labloop.records import DeviceIdentity, Reading
from labloop_devices.julabo import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 2.0
_TRIES = 3
_SAME = 0.051
"""Half of the last digit that the instrument shows."""
_SILENT_GAP = protocol.COMMAND_GAP + 0.05
"""After a command without answer: the port may still be sending it when the driver goes on."""
_POLL = 2.0
"""Lab seconds between two looks at the bath."""


class JulaboThermostat(Device):
    """A heating (or refrigerated) circulator.

    Options of the lab file:
        address: its number on RS-485, 0 to 127; none on RS-232.

    The instrument must be in remote mode, which only its own keypad can choose.
    """

    model: ClassVar[str] = "Julabo circulator"
    first_contact = FirstContact(settings=("baud=4800&mode=7E1", "baud=9600"), recognises="JULABO")
    safe_seconds: ClassVar[float] = 8.0
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        unknown = sorted(set(options) - {"address"})
        if unknown:
            raise LabFileError(f"{name} has unknown options {unknown}; julabo takes 'address'")
        address = options.get("address")
        if address is not None and address not in range(protocol.HIGHEST_ADDRESS + 1):
            raise LabFileError(f"{name}: option address is 0 to 127, got {address!r}")
        self._address: int | None = address
        self._free_at = 0.0
        self._line = asyncio.Lock()
        self._questions = {
            name: protocol.question(name, address)
            for name in (
                protocol.BATH,
                protocol.EXTERNAL,
                protocol.POWER,
                protocol.SETPOINT,
                protocol.STARTED,
                protocol.STATUS,
                protocol.VERSION,
            )
        }

        # Values bear no mark: only the version tells that what was owed has passed.
        version = recognised(
            protocol.line_length, lambda reply: protocol.parse_version(reply, address)
        )
        transport.resync = Resync(
            self._questions[protocol.VERSION], version, gap=protocol.COMMAND_GAP
        )

    async def identify(self) -> DeviceIdentity:
        """Ask the version; the instrument has no way to tell a serial number."""
        version = await self._ask(protocol.VERSION, protocol.parse_version)
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            firmware=version,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Identify; raises DeviceFaultError where it is not in remote mode or has an alarm."""
        await super().connect()
        await self._check_remote()

    async def health(self) -> None:
        """Raise DeviceError where it does not answer, has an alarm or left remote mode."""
        await self._check_remote()

    async def safe_state(self) -> None:
        """Stop heating, cooling and circulation."""
        await self._switch(False)

    @action(idempotent=True)
    async def set_temperature(
        self, temperature: Annotated[float, Arg("degC", ge=-50.0, le=300.0)]
    ) -> None:
        """Set the working temperature and make sure that the instrument took it."""
        wanted = round(temperature, 2)
        frame = protocol.set_temperature(wanted, self._address)
        for _ in range(_TRIES):
            await self._tell(frame)
            kept = await self._value(protocol.SETPOINT)
            if abs(kept - wanted) <= _SAME:
                return
            await self._complain(f"the setpoint {wanted:g} degC")
        raise DeviceFaultError(
            f"{self.name} was set to {wanted:g} degC and reads back {kept:g} degC; check its "
            "working range and limits"
        )

    @action(idempotent=True)
    async def start(self) -> None:
        """Start controlling and circulating."""
        await self._switch(True)

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop heating, cooling and circulation."""
        await self._switch(False)

    @action(idempotent=True, timeout=6 * 3600.0)
    async def wait_until_stable(
        self,
        tolerance: Annotated[float, Arg("K", gt=0.0, le=20.0)] = 0.3,
        hold: Annotated[float, Arg("s", ge=0.0, le=3600.0)] = 30.0,
        at_most: Annotated[float, Arg("min", gt=0.0, le=300.0)] = 90.0,
    ) -> float:
        """Return the bath temperature in degC once it stayed near the setpoint for ``hold``.

        Raises:
            DeviceFaultError: it was not so within ``at_most``.
        """
        wanted = await self._value(protocol.SETPOINT)
        return await until_stable(
            self.context.clock,
            lambda: self._value(protocol.BATH),
            wanted,
            tolerance=tolerance,
            hold=hold,
            at_most=60.0 * at_most,
            every=_POLL,
            late=lambda celsius: (
                f"{self.name} should be stable at {wanted:g} degC, has {celsius:g} degC after "
                f"{at_most:g} min; was it started?"
            ),
        )

    @read
    async def bath_temperature(self) -> Reading:
        """Temperature of the bath in degC."""
        return self.reading(await self._value(protocol.BATH), "degC", "bath_temperature")

    @read
    async def external_temperature(self) -> Reading:
        """Temperature of the external Pt100 in degC."""
        return self.reading(await self._value(protocol.EXTERNAL), "degC", "external_temperature")

    @read
    async def setpoint(self) -> Reading:
        """The working temperature that is set, in degC."""
        return self.reading(await self._value(protocol.SETPOINT), "degC", "setpoint")

    @read
    async def heating_power(self) -> Reading:
        """Heating power in per cent."""
        return self.reading(await self._value(protocol.POWER), "%", "heating_power")

    @read
    async def status(self) -> Reading:
        """The number of the status message, 0 to 3; raises DeviceFaultError for an alarm."""
        number, _ = await self._status()
        return self.reading(float(number), "1", "status")

    async def _switch(self, on: bool) -> None:
        frame = protocol.switch(on, self._address)
        for _ in range(_TRIES):
            await self._tell(frame)
            if await self._value(protocol.STARTED) == float(on):
                return
            await self._complain("start" if on else "stop")
        raise DeviceFaultError(
            f"{self.name} was told to {'start' if on else 'stop'} and did not; look at its display"
        )

    async def _status(self) -> tuple[int, str]:
        number, words = await self._ask(protocol.STATUS, protocol.parse_status)
        if number < 0:
            raise DeviceFaultError(f"{self.name} reports {number:03d} {words}")
        return number, words

    async def _complain(self, what: str) -> None:
        """Raise what the instrument says about a command that it did not carry out."""
        number, words = await self._ask(protocol.STATUS, protocol.parse_status)
        if number < 0:
            raise DeviceFaultError(f"{self.name} did not take {what}: {number:03d} {words}")

    async def _check_remote(self) -> None:
        number, words = await self._status()
        if number not in protocol.REMOTE:
            raise DeviceFaultError(
                f"{self.name} is in {words}; choose remote control on its keypad, then try again"
            )

    async def _value(self, name: str) -> float:
        return await self._ask(name, protocol.parse_value)

    async def _ask(self, name: str, parse: Callable[[bytes, int | None], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        frame = self._questions[name]
        for _ in range(_TRIES - 1):
            try:
                return parse(await self._exchange(frame), self._address)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._exchange(frame), self._address)

    async def _exchange(self, frame: bytes) -> bytes:
        clock = self.context.clock
        async with self._line:
            if clock.now() < self._free_at:
                await clock.until(self._free_at)
            try:
                return await self.transport.exchange(
                    frame, complete=protocol.line_length, timeout=_TIMEOUT
                )
            finally:
                self._free_at = clock.now() + protocol.ANSWER_GAP

    async def _tell(self, frame: bytes) -> None:
        clock = self.context.clock
        async with self._line:
            if clock.now() < self._free_at:
                await clock.until(self._free_at)
            try:
                await self.transport.send(frame)
            finally:
                self._free_at = clock.now() + _SILENT_GAP
