"""Verbs of a Huber thermostat."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

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
from labloop_devices.huber import _protocol as protocol

_TIMEOUT = 1.0
_TRIES = 3
_POLL = 2.0
"""Lab seconds between two looks at a temperature."""


class HuberThermostat(Device):
    """A thermostat (Unistat, Ministat, CC, ...) that speaks PB.

    Options of the lab file:
        sensor: ``"internal"`` (default) or ``"process"``: which temperature
            :meth:`wait_until_stable` looks at.
    """

    model: ClassVar[str] = "Huber thermostat"
    first_contact = FirstContact(settings=("baud=9600",))

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        unknown = sorted(set(options) - {"sensor"})
        sensor = options.get("sensor", "internal")
        if unknown or sensor not in {"internal", "process"}:
            raise LabFileError(
                f"{name}: huber takes the option sensor, 'internal' or 'process'; got {options!r}"
            )
        self._sensor = protocol.PROCESS if sensor == "process" else protocol.INTERNAL
        told = recognised(
            protocol.frame_length, lambda reply: protocol.parse(reply, protocol.SERIAL_LOW)
        )
        transport.resync = Resync(protocol.question(protocol.SERIAL_LOW), told)

    async def identify(self) -> DeviceIdentity:
        """Ask for the serial number, which stands at two addresses."""
        low = await self._value(protocol.SERIAL_LOW)
        high = await self._value(protocol.SERIAL_HIGH)
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            serial_number=str(high << 16 | low),
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def health(self) -> None:
        """Raise DeviceError where it does not answer or reports an error."""
        await self._check()

    async def safe_state(self) -> None:
        """Stop controlling and circulating."""
        await self._set(protocol.CONTROL, 0)
        await self._set(protocol.CIRCULATION, 0)

    @action(idempotent=True)
    async def set_temperature(
        self, temperature: Annotated[float, Arg("degC", ge=-125.0, le=425.0)]
    ) -> None:
        """Set the temperature that is to be held; the thermostat echoes what it took."""
        frame = protocol.set_temperature(temperature)
        kept = protocol.celsius(await self._exchange(frame, protocol.SETPOINT))
        if kept is None or abs(kept - temperature) > 0.006:
            low = protocol.celsius(await self._value(protocol.LOWEST))
            high = protocol.celsius(await self._value(protocol.HIGHEST))
            raise DeviceFaultError(
                f"{self.name} was set to {temperature:g} degC and keeps {kept} degC; its limits "
                f"are {low} and {high} degC"
            )

    @action(idempotent=True)
    async def start(self) -> None:
        """Start controlling the temperature, and circulating."""
        await self._check()
        await self._set(protocol.CIRCULATION, 1)
        await self._set(protocol.CONTROL, 1)

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop controlling the temperature, and circulating."""
        await self._set(protocol.CONTROL, 0)
        await self._set(protocol.CIRCULATION, 0)

    @action(idempotent=True, timeout=6 * 3600.0)
    async def wait_until_stable(
        self,
        tolerance: Annotated[float, Arg("K", gt=0.0, le=20.0)] = 0.2,
        hold: Annotated[float, Arg("s", ge=0.0, le=3600.0)] = 30.0,
        at_most: Annotated[float, Arg("min", gt=0.0, le=300.0)] = 90.0,
    ) -> float:
        """Return the temperature in degC once it stayed near the setpoint for ``hold``.

        Raises:
            DeviceFaultError: it was not so within ``at_most``, or its sensor is not there.
        """
        wanted = await self._temperature(protocol.SETPOINT)
        return await until_stable(
            self.context.clock,
            lambda: self._temperature(self._sensor),
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
    async def setpoint(self) -> Reading:
        """The temperature that is set, in degC."""
        return self._reading(await self._value(protocol.SETPOINT), "setpoint")

    @read
    async def internal_temperature(self) -> Reading:
        """Temperature of the thermostat's own liquid in degC."""
        return self._reading(await self._value(protocol.INTERNAL), "internal_temperature")

    @read
    async def process_temperature(self) -> Reading:
        """Temperature of the process sensor in degC; *invalid* where there is none."""
        return self._reading(await self._value(protocol.PROCESS), "process_temperature")

    @read
    async def running(self) -> Reading:
        """1 while the temperature is controlled, else 0."""
        return self.reading(float(await self._value(protocol.CONTROL)), "1", "running")

    def _reading(self, value: int, name: str) -> Reading:
        return self.reading(protocol.celsius(value), "degC", name)

    async def _temperature(self, address: int) -> float:
        celsius = protocol.celsius(await self._value(address))
        if celsius is None:
            raise DeviceFaultError(
                f"{self.name} has no sensor at address {address:02X} (it tells -151 degC); "
                "connect one, or look at the internal temperature (option sensor)"
            )
        return celsius

    async def _check(self) -> None:
        """Raise what the thermostat reports as an error."""
        number = protocol.signed(await self._value(protocol.ERROR))
        if number:
            raise DeviceFaultError(
                f"{self.name} reports error {number}; its display says what it means"
            )

    async def _set(self, address: int, value: int) -> None:
        kept = await self._exchange(protocol.command(address, value), address)
        if kept != value:
            raise DeviceFaultError(
                f"{self.name} was told {value} at address {address:02X} and keeps {kept}; look at "
                "its display (is it locked, or in error?)"
            )

    async def _value(self, address: int) -> int:
        return await self._exchange(protocol.question(address), address)

    async def _exchange(self, frame: bytes, address: int) -> int:
        """Send a frame, which may be said twice, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return protocol.parse(await self._once(frame), address)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return protocol.parse(await self._once(frame), address)

    async def _once(self, frame: bytes) -> bytes:
        return await self.transport.exchange(
            frame, complete=protocol.frame_length, timeout=_TIMEOUT
        )
