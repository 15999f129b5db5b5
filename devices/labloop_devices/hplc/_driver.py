"""Driver of the HPLC: an injection happens once, a chromatogram arrives whole."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import numpy as np

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    ProtocolError,
    UncertainError,
)
from labloop.lab import Arg, Device, DeviceContext, Resync, Transport, action, read, recognised
from labloop.records import CurveData, DeviceIdentity, Reading
from labloop_devices.hplc import _protocol as protocol

T = TypeVar("T")

_TRIES = 3
_RUN = 1800.0
"""Seconds that any run stays below."""


class Hplc(Device):
    """A liquid chromatograph with an autosampler and an absorbance detector; no options."""

    model = "labloop-hplc"

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        if options:
            raise LabFileError(f"device {name!r} has options {sorted(options)}; hplc has none")
        identity = recognised(
            protocol.line_length, lambda reply: protocol.parse_identity(protocol.parse(reply))
        )
        transport.resync = Resync(protocol.frame("ID"), identity)

    async def identify(self) -> DeviceIdentity:
        """Return model, serial number and firmware."""
        model, serial, firmware = await self._ask(protocol.frame("ID"), protocol.parse_identity)
        return DeviceIdentity(
            device=self.name, model=model, serial_number=serial, firmware=firmware
        )

    async def health(self) -> None:
        """Ask for the status."""
        await self._status()

    @action
    async def inject(
        self, position: str, volume: Annotated[float, Arg("uL", ge=0.1, le=100)] = 1.0
    ) -> int:
        """Inject from a tray position and start a run; returns the run's number.

        The autosampler empties and rinses the cup. The host numbers the runs, so a frame
        that has to be repeated does not inject twice.

        Raises:
            DeviceFaultError: a run is going on, or the position is empty or not there.
            ProtocolError: no position has such a name; nothing is sent.
            UncertainError: nobody can tell whether it was injected.
        """
        protocol.position(position)
        run = protocol.next_run((await self._status()).run)
        try:
            await self._ask(
                protocol.inject(run, position, volume),
                lambda answer: protocol.parse_started(answer, run),
            )
        except (DeviceTimeoutError, ProtocolError) as error:
            raise UncertainError(
                f"{self.name} was asked {_TRIES} times to inject {position!r} as run {run} and "
                f"gave no usable answer: {error}"
            ) from error
        return run

    @action(idempotent=True, timeout=_RUN)
    async def chromatogram(self) -> CurveData:
        """Wait for the end of the latest run and fetch what the detector saw.

        Returns:
            Minutes against mAU, one point a second.

        Raises:
            DeviceFaultError: nothing was injected.
        """
        while (status := await self._status()).state == "RUN":
            await self.context.clock.sleep(max(0.1, status.seconds_left))
        run = status.run
        points, step = await self._ask(
            protocol.frame("INF", f"{run:04d}"), lambda answer: protocol.parse_size(answer, run)
        )
        values: list[float] = []
        while len(values) < points:
            values += await self._block(run, len(values), min(protocol.BLOCK, points - len(values)))
        minutes = np.arange(points, dtype=np.float64) * (step / 60.0)
        return CurveData(minutes, np.array(values), x_unit="min", y_unit="mAU")

    @read
    async def seconds_left(self) -> Reading:
        """Seconds until the present run ends, 0 when the instrument is ready."""
        return self.reading((await self._status()).seconds_left, "s", "seconds_left")

    async def safe_state(self) -> None:
        """Nothing to do: a run ends by itself and leaves the eluent flowing, as it should."""

    async def _block(self, run: int, offset: int, count: int) -> list[float]:
        return await self._ask(
            protocol.fetch(run, offset, count),
            lambda answer: protocol.parse_block(answer, run, offset, count),
        )

    async def _status(self) -> protocol.Status:
        return await self._ask(protocol.frame("STA"), protocol.parse_status)

    async def _ask(self, frame: bytes, parse: Callable[[protocol.Answer], T]) -> T:
        """Send a frame until its own answer comes whole, three times at most.

        Every frame may be repeated: questions change nothing and a run's number is
        injected once. An answer that belongs to an older frame counts as none.
        """
        for attempt in range(_TRIES):
            try:
                reply = await self.transport.exchange(frame, complete=protocol.line_length)
                answer = protocol.parse(reply)
                if answer.kind == "ERR" and answer.fields != (protocol.DAMAGED,):
                    break
                return parse(answer)
            except (DeviceTimeoutError, ProtocolError):
                if attempt == _TRIES - 1:
                    raise
        code = answer.fields[0] if answer.fields else "?"
        raise DeviceFaultError(f"{self.name} refuses {frame!r}: {protocol.reason(code)}")
