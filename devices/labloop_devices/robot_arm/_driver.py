"""Driver of the liquid-handling arm: every command is done once or known not to be."""

from collections.abc import Mapping
from typing import Annotated, Any

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    ProtocolError,
    UncertainError,
)
from labloop.lab import Arg, Device, DeviceContext, Resync, Transport, action, read, recognised
from labloop.records import DeviceIdentity, Reading
from labloop_devices.robot_arm import _protocol as protocol

_TRIES = 3
_POLL = 0.5
"""Lab seconds between two tries while the arm is busy."""
_MOTION = 120.0
"""Seconds that any single motion stays below."""


class RobotArm(Device):
    """An arm that moves liquids and vials between the named slots of its deck.

    It takes no options: reach, heights and volumes are the arm's own business, and it
    refuses what it cannot do with a code that the README explains.
    """

    model = "labloop-arm"

    def __init__(
        self, name: str, transport: Transport, options: Mapping[str, Any], context: DeviceContext
    ) -> None:
        super().__init__(name, transport, options, context)
        if options:
            raise LabFileError(f"device {name!r} has options {sorted(options)}; robot_arm has none")
        identity = recognised(protocol.line_length, lambda reply: protocol.parse_for(reply, "ID"))
        transport.resync = Resync(protocol.query("ID"), identity)
        self._last = 0

    async def identify(self) -> DeviceIdentity:
        """Return model, serial number and firmware."""
        answer = protocol.parse_for(await self._ask("ID"), "ID")
        return DeviceIdentity(
            device=self.name,
            model=answer.word(0),
            serial_number=answer.word(1),
            firmware=answer.word(2),
        )

    async def connect(self) -> None:
        """Identify, and go on from the arm's own last sequence number."""
        await super().connect()
        answer = protocol.parse_for(await self._ask("LAST"), "LAST")
        self._last = protocol.number(answer.word(0), "its last sequence number")

    async def health(self) -> None:
        """Ask for the status."""
        await self._status()

    @action(idempotent=True, timeout=_MOTION)
    async def home(self) -> None:
        """Find the arm's zero; needed once after power comes on."""
        await self._carry_out("HOME")

    @action(idempotent=True, timeout=_MOTION)
    async def move(self, slot: str) -> None:
        """Move above a slot, by way of the safe height."""
        await self._carry_out("MOVE", protocol.slot(slot))

    @action(idempotent=True, timeout=_MOTION)
    async def move_to(
        self,
        x: Annotated[float, Arg("mm", ge=-1000, le=1000)],
        y: Annotated[float, Arg("mm", ge=-1000, le=1000)],
        z: Annotated[float, Arg("mm", ge=0, le=1000)],
    ) -> None:
        """Move straight to a point; refused where it is out of reach or the way collides."""
        await self._carry_out("GOTO", f"{x:.1f}", f"{y:.1f}", f"{z:.1f}")

    @action(timeout=_MOTION)
    async def pick_up_tip(self) -> None:
        """Take the next fresh tip."""
        await self._carry_out("TIP")

    @action(timeout=_MOTION)
    async def drop_tip(self) -> None:
        """Drop the tip into the waste, with what is in it."""
        await self._carry_out("DROP")

    @action(timeout=_MOTION)
    async def aspirate(self, volume: Annotated[float, Arg("uL", ge=1, le=1000)], well: str) -> None:
        """Draw ``volume`` from a well into the tip; the wire carries tenths of a microlitre."""
        await self._carry_out("ASP", protocol.slot(well), f"{volume:.1f}")

    @action(timeout=_MOTION)
    async def dispense(self, volume: Annotated[float, Arg("uL", ge=1, le=1000)], well: str) -> None:
        """Give ``volume`` from the tip into a well; the wire carries tenths of a microlitre."""
        await self._carry_out("DSP", protocol.slot(well), f"{volume:.1f}")

    @action(timeout=_MOTION)
    async def place_vial(self, slot: str) -> None:
        """Put a fresh vial onto a free vial position."""
        await self._carry_out("PUT", protocol.slot(slot))

    @action(timeout=_MOTION)
    async def discard_vial(self, slot: str) -> None:
        """Take the vial from a position and put it away."""
        await self._carry_out("TAKE", protocol.slot(slot))

    @read
    async def tip_on(self) -> Reading:
        """1 where there is a tip on the arm, else 0."""
        return self.reading(float((await self._status()).tip), "1", "tip_on")

    @read
    async def tip_volume(self) -> Reading:
        """Microlitres in the tip, 0 without one."""
        return self.reading((await self._status()).volume, "uL", "tip_volume")

    @read
    async def tips_left(self) -> Reading:
        """Fresh tips in the rack."""
        return self.reading(float((await self._status()).tips_left), "1", "tips_left")

    @read
    async def vials_left(self) -> Reading:
        """Fresh vials in the rack."""
        return self.reading(float((await self._status()).vials_left), "1", "vials_left")

    async def safe_state(self) -> None:
        """Stop where it is and hold: an arm that lets go drops what it carries."""
        reply = await self.transport.exchange(protocol.STOP, complete=protocol.line_length)
        protocol.parse_for(reply, "STOP")

    async def _status(self) -> protocol.Status:
        return protocol.parse_status(await self._ask("STATUS"))

    async def _ask(self, verb: str, *args: str) -> bytes:
        """Ask a question, which changes nothing, up to three times."""
        frame = protocol.query(verb, *args)
        return await self._exchange(frame, verb)

    async def _exchange(self, frame: bytes, kind: str) -> bytes:
        """Send a frame until it is answered.

        Every frame may be repeated: questions change nothing, and the arm executes a
        sequence number at most once.
        """
        for attempt in range(_TRIES):
            try:
                reply = await self.transport.exchange(frame, complete=protocol.line_length)
                answer = protocol.parse(reply)
            except (DeviceTimeoutError, ProtocolError):
                if attempt == _TRIES - 1:
                    raise
                continue
            if answer.kind == kind:
                return reply
        raise ProtocolError(f"{self.name} does not understand {frame!r}, answered {reply!r}")

    async def _carry_out(self, verb: str, *args: str) -> None:
        """Have one command executed exactly once, and return when it is done.

        Raises:
            DeviceFaultError: the arm refuses or failed; the message has code and meaning.
            UncertainError: nobody can tell whether it was executed.
        """
        self._last = protocol.next_sequence(self._last)
        number = f"{self._last:04d}"
        what = " ".join((verb, *args))
        frame = protocol.command(self._last, verb, *args)
        try:
            answer = protocol.parse(await self._exchange(frame, number))
            while answer.words == protocol.BUSY:
                # A motion whose end nobody heard of; a number that was refused is free.
                await self.context.clock.sleep(_POLL)
                answer = protocol.parse(await self._exchange(frame, number))
        except (DeviceTimeoutError, ProtocolError) as error:
            raise UncertainError(
                f"{self.name} was asked {_TRIES} times for {what!r} (command {number}) and gave "
                f"no usable answer: {error}"
            ) from error
        if answer.word(0) != "ACK":
            raise DeviceFaultError(
                f"{self.name} refuses {what!r}: {protocol.reason(answer.word(1))}"
            )
        await self._until_done(number, what, protocol.number(answer.word(1), "a duration in ms"))

    async def _until_done(self, number: str, what: str, milliseconds: int) -> None:
        while True:
            await self.context.clock.sleep(milliseconds / 1000.0)
            answer = protocol.parse_for(await self._ask("SEQ", number), "SEQ")
            state = answer.word(1)
            if state == "DONE":
                return
            if state == "BUSY":
                milliseconds = max(10, protocol.number(answer.word(2), "a duration in ms"))
            elif state == "FAIL":
                raise DeviceFaultError(
                    f"{self.name} did not finish {what!r}: {protocol.reason(answer.word(2))}"
                )
            else:
                raise UncertainError(
                    f"{self.name} knows nothing of {what!r} (command {number}) any more; "
                    "it was probably switched off: look at the deck"
                )
