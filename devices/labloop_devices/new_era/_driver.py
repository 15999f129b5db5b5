"""Verbs of a New Era NE-1000 syringe pump."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, ClassVar

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    LimitError,
    ProtocolError,
)
from labloop.lab import Arg, Device, DeviceContext, FirstContact, Resync, Transport, action, read
from labloop.records import DeviceIdentity, Reading
from labloop.units import magnitude, parse_quantity
from labloop_devices.new_era import _protocol as protocol

_TIMEOUT = 1.0
"""Seconds for an answer; the pump needs a few milliseconds."""
_ANSWER = 0.05
"""Seconds in which a pump has answered."""
_SETTLE = 0.6
"""Seconds after which a pump in safe mode has forgotten an unfinished packet, and more."""
_DEAD_MAN = "60 s"
_OPTIONS = frozenset({"diameter", "dead_man", "mode", "address"})
_BESIDE = 0.1
"""Seconds in which an answer follows an alarm that the pump told by itself."""
_TRIES = 3
"""Times that a question is asked until its answer can be read."""


class NewEraPump(Device):
    """A syringe pump that infuses at a rate, or a volume at a rate.

    Options of the lab file:
        diameter: inner diameter of the syringe, for example ``"14.6 mm"``; required.
        dead_man: seconds without any packet after which the pump stops by itself, 1 to
            255 s (default 60 s); safe mode only.
        mode: ``"safe"`` (default; checksums both ways) or ``"basic"``.
        address: its number in a network of pumps, 0 to 99.

    While the lab is open the dead-man is fed; a process that died does not feed it.
    """

    model: ClassVar[str] = "New Era NE-1000"
    first_contact = FirstContact(
        settings=("baud=19200",), options={"diameter": "10 mm", "mode": "basic"}
    )
    safe_seconds: ClassVar[float] = 5.0
    serial_on_wire: ClassVar[bool] = False

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            raise LabFileError(
                f"{name} has unknown options {unknown}; new_era takes {', '.join(sorted(_OPTIONS))}"
            )
        self._diameter = _option(options, "diameter", "mm", None, (0.1, 50.0))
        self._dead_man = round(_option(options, "dead_man", "s", _DEAD_MAN, (1.0, 255.0)))
        self._address = options.get("address", 0)
        mode = options.get("mode", "safe")
        if mode not in {"safe", "basic"} or self._address not in range(100):
            raise LabFileError(
                f"{name}: option mode is 'safe' or 'basic' and address 0 to 99, got {mode!r} "
                f"and {self._address!r}"
            )
        self._safe = mode == "safe"
        self._complete = protocol.answer_length(address=self._address, safe=self._safe)
        self._ask_rate = self._frame("RAT")
        self._ask_volumes = self._frame("DIS")
        self._ask_status = self._frame("")
        self._status = "S"
        if self._safe:
            self.watchdog = float(self._dead_man)
        self._unheard: protocol.Answer | None = None
        """An alarm that was told, and thereby acknowledged, while nobody was there to act on it:
        in a feeding, or in an answer that came too late."""
        transport.resync = Resync(
            self._frame("VER"),
            protocol.version_end(address=self._address, safe=self._safe),
            swallowed=self._overhear,
        )

    async def identify(self) -> DeviceIdentity:
        """Ask model and firmware; the pump has no way to tell a serial number.

        An alarm, which the pump tells instead and forgets, is kept for the next command.
        """
        answer = await self._told("VER")
        if answer.alarm:
            self._unheard = answer
            answer = await self._told("VER")
        self._judge(answer, "VER")
        model, firmware = protocol.parse_version(answer.data)
        return DeviceIdentity(
            device=self.name,
            model=f"New Era {model}",
            firmware=firmware,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Agree on the mode, identify, stop, set diameter and count in millilitres."""
        await self._agree()
        await super().connect()
        await self._ask("", acknowledge=True)
        if self._status != "S":
            await self._stop()
        await self._ask(f"DIA{protocol.number(self._diameter)}")
        await self._ask("VOLML")

    async def health(self) -> None:
        """Raise DeviceError where the pump does not answer or reports an alarm."""
        await self._ask("")

    async def safe_state(self) -> None:
        """Stop the motor; an alarm has stopped it already."""
        await self._stop(acknowledge=True)

    async def feed(self) -> None:
        """Ask for the status: any packet keeps the dead-man quiet; an alarm is kept for later."""
        answer = await self._told("")
        if answer.alarm:
            self._unheard = answer

    async def disarm(self) -> None:
        """Leave safe mode: a pump that nobody asks would alarm once its dead-man time is over.

        It answers in the mode that it has then, and nothing is asked of it any more.
        """
        if self._safe:
            await self.transport.send(self._frame("SAF0"))
            await self.context.clock.sleep(_ANSWER)
            await self.transport.forget()

    @action(idempotent=True)
    async def set_rate(self, rate: Annotated[float, Arg("mL/min", ge=0.001, le=100.0)]) -> None:
        """Set the rate; a running pump takes it at once."""
        # The unit cannot be sent while the motor turns; it was set before the motor started.
        unit = "" if self._status in protocol.RUNNING else "MM"
        await self._ask(f"RAT{protocol.number(rate)}{unit}")

    @action
    async def start(self) -> None:
        """Infuse at the set rate until told to stop."""
        await self._ask("")
        if self._status in protocol.RUNNING:
            return
        await self._prepare(0.0)
        await self._ask("RUN")

    @action
    async def dispense(
        self,
        volume: Annotated[float, Arg("mL", gt=0, le=150.0)],
        rate: Annotated[float, Arg("mL/min", ge=0.001, le=100.0)],
    ) -> None:
        """Infuse ``volume`` at ``rate``; returns as soon as the motor turns."""
        await self._ask("")
        if self._status in protocol.RUNNING:
            raise DeviceFaultError(
                f"{self.name} is pumping already; stop it before you dispense a volume"
            )
        await self._ask(f"RAT{protocol.number(rate)}MM")
        await self._prepare(volume)
        await self._ask("RUN")

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop the motor."""
        await self._stop()

    @read
    async def rate(self) -> Reading:
        """The rate that is set, in mL/min."""
        answer = await self._read(self._ask_rate)
        return self.reading(protocol.parse_rate(answer.data), "mL/min", "rate")

    @read
    async def dispensed(self) -> Reading:
        """The volume infused since the syringe was set, in mL."""
        answer = await self._read(self._ask_volumes)
        return self.reading(protocol.parse_dispensed(answer.data)[0], "mL", "dispensed")

    @read
    async def running(self) -> Reading:
        """1 while the motor turns, else 0."""
        answer = await self._read(self._ask_status)
        return self.reading(float(answer.status in protocol.RUNNING), "1", "running")

    async def _stop(self, *, acknowledge: bool = False) -> None:
        """Stop; some pumps find that not applicable where nothing runs, which is no fault."""
        answer = await self._ask("STP", acknowledge=acknowledge, unless="?NA")
        if answer.data and self._status in protocol.RUNNING:
            self._judge(answer, "STP")
        await self._end()

    async def _end(self) -> None:
        """End the program: the first STP only pauses it, and a paused one takes no settings."""
        if self._status == "P":
            await self._ask("STP")
        if self._status in protocol.RUNNING:
            raise DeviceFaultError(f"{self.name} was told to stop and still reports to be running")

    async def _prepare(self, volume: float) -> None:
        await self._ask("DIRINF")
        await self._ask(f"VOL{protocol.number(volume)}")

    def _frame(self, command: str) -> bytes:
        return protocol.frame(command, address=self._address, safe=self._safe)

    async def _read(self, frame: bytes) -> protocol.Answer:
        self._tell_alarm("a question")
        for _ in range(_TRIES - 1):
            try:
                return await self._read_once(frame)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return await self._read_once(frame)

    async def _read_once(self, frame: bytes) -> protocol.Answer:
        reply = await self._exchange(frame)
        answer = protocol.parse(reply, address=self._address, safe=self._safe)
        if answer.status[0] == "A" or answer.data[:1] == b"?":
            self._judge(answer, "a question")
        self._status = answer.status
        if self._unheard is not None:
            self._tell_earlier_alarm("a question")
        return answer

    async def _ask(
        self, command: str, *, acknowledge: bool = False, unless: str = ""
    ) -> protocol.Answer:
        """Send a command and return the answer.

        Args:
            command: its text.
            acknowledge: an alarm that the answer tells (and thereby acknowledges) is taken
                for told, and the command, which was not carried out, is sent again.
            unless: a refusal that the caller looks at itself.
        """
        if acknowledge:
            self._unheard = None
        self._tell_alarm(command or "a question")
        answer = await self._told(command)
        if acknowledge and answer.alarm:
            answer = await self._told(command)
        if answer.alarm or not unless or answer.data != unless.encode():
            self._judge(answer, command or "a question")
        self._status = answer.status
        if not acknowledge:
            self._tell_earlier_alarm(command or "a question")
        return answer

    def _overhear(self, swallowed: bytes) -> None:
        """Keep an alarm that stood in an answer which nobody waited for."""
        for reply in protocol.answers(swallowed, safe=self._safe):
            with suppress(ProtocolError):
                answer = protocol.parse(reply, address=self._address, safe=self._safe)
                if answer.alarm:
                    self._unheard = answer

    def _tell_alarm(self, command: str) -> None:
        """Raise what a feeding was told, before anything is sent."""
        answer, self._unheard = self._unheard, None
        if answer is not None:
            self._judge(answer, command)

    def _tell_earlier_alarm(self, command: str) -> None:
        """Raise what was told while the line was brought back, ahead of ``command``."""
        answer, self._unheard = self._unheard, None
        if answer is not None:
            raise DeviceFaultError(
                f"{self.name} {answer.alarm}, before {command!r} was sent; look at the pump"
            )

    def _judge(self, answer: protocol.Answer, command: str) -> None:
        if answer.alarm:
            self._status = "S"
            raise DeviceFaultError(
                f"{self.name} {answer.alarm}; {command!r} was not carried out. Look at the pump, "
                "then send the command again"
            )
        if answer.data == b"?OOR":
            raise LimitError(f"{self.name} refused {command!r}: it finds the value out of range")
        if answer.refusal:
            raise DeviceFaultError(f"{self.name} refused {command!r}: it {answer.refusal}")

    async def _told(self, command: str) -> protocol.Answer:
        reply = await self._exchange(self._frame(command))
        return protocol.parse(reply, address=self._address, safe=self._safe)

    async def _exchange(self, frame: bytes) -> bytes:
        reply = await self.transport.exchange(frame, complete=self._complete, timeout=_TIMEOUT)
        if self._safe and protocol.ALARM in reply:
            return await self._beside_alarm(reply)
        return reply

    async def _beside_alarm(self, told: bytes) -> bytes:
        """Return the answer: a pump in safe mode also tells an alarm by itself, ahead of it.

        Where another answer follows, it is that to the command, and the alarm is kept.
        """
        try:
            answer = await self.transport.receive(complete=self._complete, timeout=_BESIDE)
        except DeviceTimeoutError:
            return told
        if protocol.ALARM not in answer:
            self._overhear(told)
        return answer

    async def _agree(self) -> None:
        """Bring the pump into the mode of the options, whichever it is in."""
        try:
            await self._exchange(self._ask_status)
        except DeviceTimeoutError:
            await self._change_mode()
        if self._safe:
            await self._ask(f"SAF{self._dead_man}", acknowledge=True)

    async def _change_mode(self) -> None:
        """Bring a pump that does not answer in our mode out of the other one."""
        await self.transport.forget()
        if self._safe:
            # What the pump took for the beginning of a line is ended, and answered by an error.
            await self.transport.send(b"\r")
            await self.context.clock.sleep(_SETTLE)
        command = f"SAF{self._dead_man if self._safe else 0}"
        frame = protocol.frame(command, address=self._address, safe=not self._safe)
        for _ in range(2):
            # Sent twice: the first answer may be an alarm, which keeps the command from acting.
            await self.transport.send(frame)
            await self.context.clock.sleep(_SETTLE)
        await self.transport.forget()


def _option(
    options: Mapping[str, Any],
    name: str,
    unit: str,
    default: str | None,
    limits: tuple[float, float],
) -> float:
    text = options.get(name, default)
    if not isinstance(text, str):
        raise LabFileError(
            f'the pump needs the option {name} with its unit, such as "14.6 mm"; got {text!r}'
        )
    value = magnitude(parse_quantity(text), unit, f"option {name}")
    if not limits[0] <= value <= limits[1]:
        raise LabFileError(
            f"option {name} lies between {limits[0]:g} and {limits[1]:g} {unit}, got {text}"
        )
    return value
