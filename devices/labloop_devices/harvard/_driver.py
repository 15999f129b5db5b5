"""Verbs of a Harvard Apparatus syringe pump."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from labloop.errors import DeviceFaultError, DeviceTimeoutError, LabFileError, ProtocolError
from labloop.lab import Arg, Device, DeviceContext, FirstContact, Resync, Transport, action, read
from labloop.records import DeviceIdentity, Reading
from labloop.units import magnitude, parse_quantity
from labloop_devices.harvard import _protocol as protocol

T = TypeVar("T")

_TIMEOUT = 1.0
_TRIES = 3


class HarvardPump(Device):
    """A syringe pump that infuses at a rate, or a volume at a rate.

    Options of the lab file:
        diameter: inner diameter of the syringe, for example ``"14.6 mm"``; required.
        address: its number in a chain of pumps, 0 to 99.

    What an answer says of a command is not relied on (a prompt has no end, so a complaint behind
    it could be missed): what was set is read back.
    """

    model: ClassVar[str] = "Harvard Apparatus pump"
    first_contact = FirstContact(
        settings=("baud=115200", "baud=9600"), options={"diameter": "10 mm"}
    )

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        diameter, address = options.get("diameter"), options.get("address", 0)
        if (
            set(options) - {"diameter", "address"}
            or not isinstance(diameter, str)
            or address not in range(100)
        ):
            raise LabFileError(
                f'{name}: harvard needs the option diameter, such as "14.6 mm", and takes address, '
                f"0 to 99; got {dict(options)!r}"
            )
        self._diameter: float = magnitude(parse_quantity(diameter), "mm", "option diameter")
        if not 0.1 <= self._diameter <= 50.0:
            raise LabFileError(f"{name}: option diameter is 0.1 to 50 mm, got {diameter}")
        self._address: int = address
        transport.resync = Resync(self._frame("version"), protocol.version_end(self._address))

    async def identify(self) -> DeviceIdentity:
        """Ask firmware and serial number."""
        firmware, serial_number = await self._ask(
            "version", protocol.parse_version, protocol.VERSION_LINES
        )
        return DeviceIdentity(
            device=self.name,
            model=self.model,
            serial_number=serial_number,
            firmware=firmware,
            driver=type(self).__name__,
            url=self.transport.url,
        )

    async def connect(self) -> None:
        """Identify, stop, and set the diameter."""
        await super().connect()
        await self.stop_now()
        await self._tell(f"diameter {self._diameter:.4f}")
        kept = await self._ask("diameter", protocol.parse_diameter)
        if abs(kept - self._diameter) > 0.001:
            raise DeviceFaultError(
                f"{self.name} was set to a diameter of {self._diameter:g} mm and keeps {kept:g} mm"
            )

    async def health(self) -> None:
        """Raise DeviceError where the pump does not answer or has stalled."""
        await self._ask("diameter", protocol.parse_diameter)

    async def safe_state(self) -> None:
        """Stop the motor; a stall has stopped it already."""
        await self.stop_now()

    async def stop_now(self) -> None:
        """Stop, and look whether it stands."""
        for left in reversed(range(_TRIES)):
            await self._tell("stop", stalled=True)
            if await self._ask_prompt(stalled=True) not in protocol.RUNNING:
                return
            if not left:
                raise DeviceFaultError(f"{self.name} was told to stop and still runs")

    @action(idempotent=True)
    async def set_rate(self, rate: Annotated[float, Arg("mL/min", ge=1e-5, le=200.0)]) -> None:
        """Set the rate of infusion; a running pump takes it at once."""
        await self._set_rate(rate)

    @action
    async def start(self) -> None:
        """Infuse at the set rate until told to stop."""
        if await self._ask_prompt() in protocol.RUNNING:
            return
        await self._tell("ctvolume")
        await self._run()

    @action
    async def dispense(
        self,
        volume: Annotated[float, Arg("mL", gt=0, le=150.0)],
        rate: Annotated[float, Arg("mL/min", ge=1e-5, le=200.0)],
    ) -> None:
        """Infuse ``volume`` at ``rate``; returns as soon as the motor turns."""
        if await self._ask_prompt() in protocol.RUNNING:
            raise DeviceFaultError(
                f"{self.name} is pumping already; stop it before you dispense a volume"
            )
        await self._set_rate(rate)
        for command in ("civolume", f"tvolume {volume:.6g} ml"):
            await self._tell(command)
        kept = await self._ask("tvolume", protocol.parse_volume)
        if abs(kept - volume) > 1e-4 * volume + 1e-6:
            raise DeviceFaultError(
                f"{self.name} was set to a target of {volume:g} mL and keeps {kept:g} mL"
            )
        await self._run()

    @action(idempotent=True)
    async def stop(self) -> None:
        """Stop the motor."""
        await self.stop_now()

    @read
    async def rate(self) -> Reading:
        """The rate of infusion that is set, in mL/min."""
        return self.reading(await self._ask("irate", protocol.parse_rate), "mL/min", "rate")

    @read
    async def infused(self) -> Reading:
        """The volume infused since it was last cleared, in mL."""
        return self.reading(await self._ask("ivolume", protocol.parse_volume), "mL", "infused")

    @read
    async def running(self) -> Reading:
        """1 while the motor turns, else 0."""
        prompt = await self._ask_prompt()
        return self.reading(float(prompt in protocol.RUNNING), "1", "running")

    async def _set_rate(self, rate: float) -> None:
        await self._tell(f"irate {rate:.6g} ml/min")
        kept = await self._ask("irate", protocol.parse_rate)
        if abs(kept - rate) > 1e-3 * rate:
            raise DeviceFaultError(
                f"{self.name} was set to {rate:g} mL/min and keeps {kept:g} mL/min; its syringe "
                "may not allow that rate"
            )

    async def _run(self) -> None:
        """Start, once: a lost answer is made up for by asking whether it runs."""
        try:
            await self._tell_once("irun")
        except (DeviceTimeoutError, ProtocolError):
            if await self._ask_prompt() not in protocol.RUNNING:
                raise
            return
        if await self._ask_prompt() not in {*protocol.RUNNING, "T*"}:
            raise DeviceFaultError(f"{self.name} was started and does not run; look at its display")

    async def _ask_prompt(self, *, stalled: bool = False) -> str:
        answer = await self._asked("diameter", 1)
        self._judge(answer, stalled)
        return answer.prompt

    async def _ask(self, question: str, parse: Callable[[protocol.Answer], T], lines: int = 1) -> T:
        """Ask a question, which changes nothing, until its answer can be read."""
        for _ in range(_TRIES - 1):
            try:
                answer = await self._once(question, lines)
                self._judge(answer, stalled=question == "version")
                return parse(answer)
            except (DeviceTimeoutError, ProtocolError):
                continue
        answer = await self._once(question, lines)
        self._judge(answer, stalled=question == "version")
        return parse(answer)

    async def _asked(self, question: str, lines: int) -> protocol.Answer:
        for _ in range(_TRIES - 1):
            try:
                return await self._once(question, lines)
            except (DeviceTimeoutError, ProtocolError):
                continue
        return await self._once(question, lines)

    async def _tell(self, command: str, *, stalled: bool = False) -> None:
        """Send a command that may be said twice until it is answered."""
        for _ in range(_TRIES - 1):
            try:
                await self._tell_once(command, stalled=stalled)
            except (DeviceTimeoutError, ProtocolError):
                continue
            return
        await self._tell_once(command, stalled=stalled)

    async def _tell_once(self, command: str, *, stalled: bool = False) -> None:
        self._judge(await self._once(command, 0), stalled)

    async def _once(self, text: str, lines: int) -> protocol.Answer:
        reply = await self.transport.exchange(
            self._frame(text), complete=protocol.answer_length(lines), timeout=_TIMEOUT
        )
        return protocol.parse(reply, self._address)

    def _judge(self, answer: protocol.Answer, stalled: bool) -> None:
        if answer.prompt == "*" and not stalled:
            raise DeviceFaultError(
                f"{self.name} has stalled; look at syringe and tubing, clear it on its display"
            )

    def _frame(self, text: str) -> bytes:
        return protocol.command(text, self._address)
