"""Verbs of the in-line UV detector."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from labloop.errors import DeviceFaultError, DeviceTimeoutError, ProtocolError
from labloop.lab import (
    Complete,
    Device,
    DeviceContext,
    Resync,
    Transport,
    action,
    read,
    recognised,
)
from labloop.records import CurveData, DeviceIdentity, Reading
from labloop_devices.uv_detector import _protocol as protocol

T = TypeVar("T")

_TRIES = 3
_TIMEOUT = 2.0
_BLOCK_TIMEOUT = 20.0
"""A chromatogram of the largest size takes 14 s at 115200 baud."""
_POLL = 1.0
_ID, _STATE, _LAMP, _SCAN, _DATA, _ABORT = map(
    protocol.line, ("ID?", "STATE?", "LAMP?", "SCAN", "DATA?", "ABORT")
)


class UvDetector(Device):
    """A detector that takes a sample from the stream and draws its chromatogram."""

    model: ClassVar[str] = "in-line UV detector"
    safe_seconds: ClassVar[float] = 5.0

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        identity = recognised(
            protocol.line_length,
            lambda reply: protocol.parse_identity(protocol.text_of(reply)),
        )
        transport.resync = Resync(_ID, identity)

    async def identify(self) -> DeviceIdentity:
        """Ask model, serial number and firmware."""
        model, serial_number, firmware = await self._ask(_ID, protocol.parse_identity)
        return DeviceIdentity(
            device=self.name,
            model=model,
            serial_number=serial_number,
            firmware=firmware,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def health(self) -> None:
        """Raise DeviceError where the detector does not answer or reports a fault."""
        await self._state()

    async def safe_state(self) -> None:
        """End a running scan; lamp and cell may stay as they are."""
        await self._ask(_ABORT, _acknowledged)

    @action(timeout=3600.0)
    async def scan(self) -> CurveData:
        """Inject now and return the chromatogram: minutes against mAU.

        A scan that is still running (of an experiment that was cancelled) is waited for.

        Raises:
            DeviceFaultError: the detector reports a fault, or its scan was lost.
        """
        await self._wait(await self._state())
        number = await self._start()
        state = await self._state()
        await self._wait(state)
        drawn = await self._ask(_DATA, protocol.parse_block, protocol.block_length, _BLOCK_TIMEOUT)
        if drawn.scan != number:
            raise DeviceFaultError(
                f"{self.name} began scan {number} and gave scan {drawn.scan}; it was interrupted"
            )
        return CurveData(drawn.minutes, drawn.absorbance, "min", "mAU")

    @action(idempotent=True)
    async def abort(self) -> None:
        """End a running scan; its chromatogram is lost."""
        await self._ask(_ABORT, _acknowledged)

    @read
    async def lamp_intensity(self) -> Reading:
        """Intensity of the lamp in per cent of a new one."""
        lamp = await self._ask(_LAMP, protocol.parse_lamp)
        return self.reading(lamp, "%", "lamp_intensity")

    @read
    async def time_left(self) -> Reading:
        """Seconds until the running scan is finished, 0 while none runs."""
        _, _, seconds = await self._state()
        return self.reading(seconds, "s", "time_left")

    async def _start(self) -> int:
        """Begin a scan, once: an unreadable answer is resolved by asking, not by repeating."""
        _, finished, _ = await self._state()
        try:
            reply = await self.transport.exchange(
                _SCAN, complete=protocol.line_length, timeout=_TIMEOUT
            )
            number, _ = protocol.parse_started(self._refuse(protocol.text_of(reply)))
        except (DeviceTimeoutError, ProtocolError):
            state, _, _ = await self._state()
            if state != "SCANNING":
                raise
            return finished + 1
        return number

    async def _state(self) -> tuple[str, int, float]:
        state, number, seconds = await self._ask(_STATE, protocol.parse_state)
        if state == "FAULT":
            raise DeviceFaultError(f"{self.name} reports a fault; look at its display")
        return state, number, seconds

    async def _wait(self, state: tuple[str, int, float]) -> None:
        name, _, seconds = state
        while name == "SCANNING":
            await self.context.clock.sleep(max(seconds, _POLL))
            name, _, seconds = await self._state()

    async def _ask(
        self,
        frame: bytes,
        parse: Callable[[bytes], T],
        complete: Complete = protocol.line_length,
        timeout: float = _TIMEOUT,  # noqa: ASYNC109 - handed to the transport
    ) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                return await self._ask_once(frame, parse, complete, timeout)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return await self._ask_once(frame, parse, complete, timeout)

    async def _ask_once(
        self, frame: bytes, parse: Callable[[bytes], T], complete: Complete, seconds: float
    ) -> T:
        reply = await self.transport.exchange(frame, complete=complete, timeout=seconds)
        if complete is protocol.block_length:
            end = protocol.line_length(reply)
            self._refuse(protocol.text_of(reply[:end]))
            return parse(reply)
        return parse(self._refuse(protocol.text_of(reply)))

    def _refuse(self, text: bytes) -> bytes:
        """Return ``text``, or raise what the detector says in it of an error."""
        if text[:3] == b"ERR":
            words = protocol.parse_error(text)
            if protocol.is_checksum_error(text):
                raise ProtocolError(f"{self.name} received a damaged line: {words}")
            raise DeviceFaultError(f"{self.name} refused: {words or text!r}")
        return text


def _acknowledged(text: bytes) -> None:
    if text != b"OK ABORT":
        raise ProtocolError(f"the detector answered {text!r} where OK ABORT was due")
