"""Driver of the IKA RCT digital hotplate stirrer and its NAMUR relatives."""

from collections.abc import Callable, Mapping
from contextlib import suppress
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
from labloop.units import convert, split_quantity
from labloop_devices.ika import _protocol as protocol

T = TypeVar("T")

SAFE_BELOW = 50.0
"""Degrees Celsius: below this the stirrer may stop."""
_TRIES = 3
_SAME = 0.051
"""Half of the last digit on the wire."""
_POLL = 5.0
"""Lab seconds between two looks at a temperature."""
_MOTOR_PATIENCE = 10.0


class IkaHotplate(Device):
    """A hotplate with stirrer and external probe.

    Options: ``watchdog`` (a time such as ``"120 s"``, 20 to 1500 s; off by default): the
    plate switches heater and stirrer off by itself unless it hears from the lab that often.
    The lab feeds it while it is open; a process that died does not.
    """

    model: ClassVar[str] = "IKA RCT digital"
    first_contact = FirstContact(
        settings=("baud=9600&mode=7E1",), recognises=r"\bIKA|RCT|RET|C-MAG|\bRH\b"
    )
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        self.watchdog = self._armed = _watchdog_option(name, options)
        # Two values of one channel look alike: only the name tells that what was owed has passed.
        name_told = recognised(protocol.line_length, protocol.parse_name)
        transport.resync = Resync(protocol.IN_NAME, name_told)

    async def identify(self) -> DeviceIdentity:
        """Return the name that the plate gives; the family tells no serial number."""
        told = await self._ask(protocol.IN_NAME, protocol.parse_name)
        return DeviceIdentity(device=self.name, model=told)

    async def connect(self) -> None:
        """Identify, then arm the watchdog where the lab file asks for it."""
        await super().connect()
        await self.feed()

    async def health(self) -> None:
        """Ask for the plate's temperature."""
        await self._value(protocol.PLATE)

    async def feed(self) -> None:
        """Arm the watchdog anew, where there is one: only its own command feeds it.

        Its echo names no channel: something else is asked after it, so that a belated second
        copy cannot be taken for a measurement.
        """
        if self._armed is None:
            return
        echo = await self._ask(protocol.watchdog(self._armed), protocol.parse_value)
        await self._value(protocol.PLATE)
        if echo != self._armed:
            raise DeviceFaultError(
                f"{self.name} should take a watchdog of {self._armed} s, echoes {echo:g}"
            )

    @action(idempotent=True)
    async def set_temperature(
        self, temperature: Annotated[float, Arg("degC", ge=0, le=310)]
    ) -> None:
        """Set the temperature that the external probe shall reach; heats only once started."""
        wanted = round(temperature, 1)
        await self._set(protocol.set_temperature(wanted), protocol.EXTERNAL, wanted, "degC")

    @action(idempotent=True)
    async def set_stirring_speed(self, speed: Annotated[float, Arg("rpm", ge=0, le=1500)]) -> None:
        """Set the stirring speed; stirs only once started."""
        wanted = round(speed)
        await self._set(protocol.set_speed(wanted), protocol.MOTOR, wanted, "rpm")

    @action(idempotent=True)
    async def start_heating(self) -> None:
        """Switch the heater on."""
        await self._switch(protocol.start(protocol.EXTERNAL))

    @action(idempotent=True)
    async def stop_heating(self) -> None:
        """Switch the heater off."""
        await self._switch(protocol.stop(protocol.EXTERNAL))

    @action(idempotent=True)
    async def start_stirring(self) -> None:
        """Switch the stirrer on and return once it has reached 95 % of its setpoint."""
        await self._switch(protocol.start(protocol.MOTOR))
        wanted = await self._setpoint(protocol.MOTOR)
        end = self.context.clock.now() + _MOTOR_PATIENCE
        while (speed := await self._value(protocol.MOTOR)) < 0.95 * wanted:
            if self.context.clock.now() >= end:
                raise DeviceFaultError(
                    f"{self.name} was started at {wanted:g} rpm and turns at {speed:g} rpm after "
                    f"{_MOTOR_PATIENCE:g} s; look at the stirring bar"
                )
            await self.context.clock.sleep(0.5)

    @action(idempotent=True)
    async def stop_stirring(self) -> None:
        """Switch the stirrer off."""
        await self._switch(protocol.stop(protocol.MOTOR))

    @action(idempotent=True, timeout=4 * 3600.0)
    async def wait_until_temperature(
        self,
        target: Annotated[float, Arg("degC", ge=0, le=310)],
        tolerance: Annotated[float, Arg("K", gt=0, le=20)] = 1.0,
        hold: Annotated[float, Arg("s", ge=0, le=3600)] = 60.0,
        at_most: Annotated[float, Arg("min", gt=0, le=230)] = 120.0,
    ) -> float:
        """Return the external temperature in degC once it stayed near ``target`` for ``hold``.

        Raises:
            DeviceFaultError: it was not reached in ``at_most``.
        """
        return await until_stable(
            self.context.clock,
            lambda: self._value(protocol.EXTERNAL),
            target,
            tolerance=tolerance,
            hold=hold,
            at_most=60.0 * at_most,
            every=_POLL,
            late=lambda celsius: (
                f"{self.name} should reach {target:g} degC, has {celsius:g} degC after "
                f"{at_most:g} min; is the heater on and the probe in the vial?"
            ),
        )

    @read
    async def plate_temperature(self) -> Reading:
        """Temperature of the plate's own sensor in degC."""
        return self.reading(await self._value(protocol.PLATE), "degC", "plate_temperature")

    @read
    async def external_temperature(self) -> Reading:
        """Temperature of the external probe in degC."""
        return self.reading(await self._value(protocol.EXTERNAL), "degC", "external_temperature")

    @read
    async def stirring_speed(self) -> Reading:
        """Stirring speed in rpm."""
        return self.reading(await self._value(protocol.MOTOR), "rpm", "stirring_speed")

    async def safe_state(self) -> None:
        """Heater off and its setpoint at 0; stirrer off where all is below 50 degC.

        The setpoint reads back, which the switch does not. A hot mixture that settles is worse
        than one that is stirred, so over a hot plate a stirrer that runs is left running.
        """
        await self._switch(protocol.stop(protocol.EXTERNAL))
        await self._set(protocol.set_temperature(0.0), protocol.EXTERNAL, 0.0, "degC")
        if not await self._is_hot():
            await self._switch(protocol.stop(protocol.MOTOR))

    async def _is_hot(self) -> bool:
        hottest = max(await self._value(protocol.PLATE), await self._value(protocol.EXTERNAL))
        return hottest >= SAFE_BELOW

    async def _ask(self, frame: bytes, parse: Callable[[bytes], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            with suppress(DeviceTimeoutError, ProtocolError):
                return parse(await self.transport.exchange(frame, complete=protocol.line_length))
        return parse(await self.transport.exchange(frame, complete=protocol.line_length))

    async def _value(self, channel: int) -> float:
        return await self._ask(
            protocol.read_value(channel), lambda reply: protocol.parse_value(reply, channel)
        )

    async def _setpoint(self, channel: int) -> float:
        """Return a setpoint.

        Its answer looks like that of the value of the channel: something else is asked after
        it, so that a belated second copy cannot be taken for a measurement.
        """
        kept = await self._ask(
            protocol.read_setpoint(channel), lambda reply: protocol.parse_value(reply, channel)
        )
        await self._value(protocol.PLATE)
        return kept

    async def _switch(self, frame: bytes) -> None:
        """Send a switch twice, then ask something.

        Nothing answers a switch and nothing tells whether it is on: said twice it survives a
        damaged line, and the answer shows that the plate is there.
        """
        await self.transport.send(frame)
        await self.transport.send(frame)
        await self._value(protocol.PLATE)

    async def _set(self, frame: bytes, channel: int, wanted: float, unit: str) -> None:
        """Send a setpoint until it reads back."""
        for _ in range(_TRIES):
            await self.transport.send(frame)
            kept = await self._setpoint(channel)
            if abs(kept - wanted) < _SAME:
                return
        raise DeviceFaultError(
            f"{self.name} was set to {wanted:g} {unit} and reads back {kept:g} {unit}; "
            "check the limit on the plate itself"
        )


def _watchdog_option(name: str, options: Mapping[str, Any]) -> int | None:
    unknown = sorted(set(options) - {"watchdog"})
    if unknown:
        raise LabFileError(f"device {name!r} has unknown options {unknown}; ika takes 'watchdog'")
    text = options.get("watchdog")
    if text is None:
        return None
    seconds = convert(*split_quantity(text), "s")
    if not 20 <= seconds <= 1500:
        raise LabFileError(f"the watchdog of {name!r} must be 20 s to 1500 s, got {text!r}")
    return round(seconds)
