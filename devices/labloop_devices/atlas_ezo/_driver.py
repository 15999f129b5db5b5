"""Verbs of an Atlas Scientific EZO circuit."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    ProtocolError,
    WrongDeviceError,
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
from labloop_devices.atlas_ezo import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 2.0
"""Seconds: a reading and a calibration take 0.9 s."""
_TRIES = 3


class EzoProbe(Device):
    """A probe with an EZO circuit on a serial line: pH, EC, ORP, DO or RTD.

    Options of the lab file:
        kind: ``"pH"``, ``"EC"``, ``"ORP"``, ``"DO"`` or ``"RTD"``; the circuit must be of it.
    """

    model: ClassVar[str] = "Atlas Scientific EZO"
    safe_seconds: ClassVar[float] = 12.0
    """A line full of noise is in step again after up to 10 s; nothing moves meanwhile."""
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        kind = options.get("kind")
        if set(options) - {"kind"} or kind not in protocol.UNITS:
            raise LabFileError(
                f"{name}: atlas_ezo needs the option kind, one of {', '.join(protocol.UNITS)}; got "
                f"{dict(options)!r}"
            )
        self._kind = str(kind)
        self._unit = protocol.UNITS[self._kind]
        told = recognised(
            protocol.answer_length(datum=True),
            lambda reply: protocol.parse_identity(protocol.parse(reply, protocol.IDENTITY)),
        )
        transport.resync = Resync(protocol.command(protocol.IDENTITY), _soft(told))

    async def identify(self) -> DeviceIdentity:
        """Ask kind and firmware; the circuit has no way to tell a serial number."""
        kind, firmware = await self._ask(protocol.IDENTITY, protocol.parse_identity)
        return DeviceIdentity(
            device=self.name,
            model=f"{self.model} {kind}",
            firmware=firmware,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """End continuous readings, identify, and make sure that it is the right kind."""
        await self._tell(protocol.QUIET)
        await super().connect()
        kind, _ = await self._ask(protocol.IDENTITY, protocol.parse_identity)
        if kind.lower().rstrip(".") not in {self._kind.lower(), _OTHER_NAMES.get(self._kind)}:
            raise WrongDeviceError(
                f"{self.name} should be a circuit for {self._kind}, but one for {kind} answered; "
                "check the cable or the option kind"
            )

    async def health(self) -> None:
        """Raise DeviceError where it does not answer."""
        await self._ask(protocol.STATUS, protocol.parse_status)

    async def safe_state(self) -> None:
        """Nothing moves: ask for the status."""
        await self.health()

    @action(idempotent=True)
    async def compensate(
        self, temperature: Annotated[float, Arg("degC", ge=-126.0, le=1254.0)]
    ) -> None:
        """Let readings be corrected for the temperature of the liquid; read back."""
        await self._tell(f"T,{temperature:.2f}")
        kept = await self._ask(protocol.TEMPERATURE, protocol.parse_temperature)
        if abs(kept - temperature) > 0.006:
            raise DeviceFaultError(
                f"{self.name} was told {temperature:g} degC and compensates for {kept:g} degC"
            )

    @action(idempotent=True)
    async def calibrate(
        self,
        point: Annotated[str, Choice("low", "mid", "high", "dry")],
        value: Annotated[float, Arg("1", ge=0.0, le=500_000.0)] = 7.0,
    ) -> None:
        """Calibrate at one point, in the circuit's own unit: the probe stands in the standard.

        Of pH the middle point comes first: it clears the others. ``dry`` takes no value.
        """
        await self._tell("Cal,dry" if point == "dry" else f"Cal,{point},{value:.2f}")

    @action(idempotent=True)
    async def clear_calibration(self) -> None:
        """Forget every calibration."""
        await self._tell("Cal,clear")

    @read
    async def value(self) -> Reading:
        """One reading: pH, uS/cm, mV, mg/L or degC, as the kind is."""
        return self.reading(
            await self._ask(protocol.READ, protocol.parse_number), self._unit, "value"
        )

    @read
    async def voltage(self) -> Reading:
        """The circuit's own supply in V."""
        _, volts = await self._ask(protocol.STATUS, protocol.parse_status)
        return self.reading(volts, "V", "voltage")

    async def _ask(self, question: str, parse: Callable[[str], T]) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return parse(await self._once(question, datum=True))
            except (DeviceTimeoutError, ProtocolError):
                continue
        return parse(await self._once(question, datum=True))

    async def _tell(self, command: str) -> None:
        """Send a command, which may be said twice, until it is acknowledged."""
        for _ in range(_TRIES - 1):
            try:
                await self._once(command, datum=False)
            except (DeviceTimeoutError, ProtocolError):
                continue
            return
        await self._once(command, datum=False)

    async def _once(self, text: str, *, datum: bool) -> str:
        reply = await self.transport.exchange(
            protocol.command(text), complete=protocol.answer_length(datum), timeout=_TIMEOUT
        )
        return protocol.parse(reply, text)


_OTHER_NAMES = {"DO": "d.o"}
"""Kinds that some circuits write in another way."""


def _soft(told: Callable[[bytes], int]) -> Callable[[bytes], int]:
    """Let a circuit's complaint in what nobody waited for be no answer, and no error."""

    def answered(buffer: bytes) -> int:
        begin = 0
        while (end := buffer.find(protocol.END, begin)) >= 0:
            try:
                if (length := told(buffer[begin:])) > 0:
                    return begin + length
            except DeviceFaultError:
                pass
            begin = end + 1
        return 0

    return answered
