"""The base of all drivers: identity, safe state, and how a value gets unit, time and quality."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labloop.errors import WrongDeviceError
from labloop.lab.devices.actions import ActionGate, ActionMethod
from labloop.lab.devices.arguments import ActionSpec
from labloop.lab.devices.first_contact import FirstContact
from labloop.lab.devices.scope import INTENT_ID
from labloop.lab.time import Clock
from labloop.lab.transports import Transport, Truth
from labloop.records import ActionState, DeviceIdentity, Quality, Reading


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulated lab gives to a driver that calls a library."""

    library: Any
    """The world's stand-in for the library's object; None where the world has none."""
    seed: int
    """Of the world."""
    truth: Truth
    """The log of what physically happens."""


@dataclass(slots=True)
class DeviceContext:
    """What the lab gives to a driver."""

    clock: Clock
    gate: ActionGate
    device: str = ""
    serial_number: str = ""
    """As the lab file names it; empty where it names none."""
    latest: dict[str, Reading] = field(default_factory=dict)
    """Name of a read -> what was read last."""
    simulated: Simulated | None = None
    """Set in a simulated lab, for a driver that calls a library; else None."""
    built_with: Mapping[str, "Device"] = field(default_factory=dict)
    """The devices that ``options.arguments`` name; connected before this one is."""
    mark: str = ""
    """Of the campaign in its database: makes the ids unique that instruments keep. Empty in
    simulation, where the bytes of two runs are the same."""
    on_transport: bool = False
    """Whether the driver has used its transport: only then does a transport without a sent frame
    prove that nothing was sent."""

    def action_id(self, intent_id: str) -> str:
        """Return the id under which an instrument knows the action of an intent."""
        return f"{intent_id}.{self.mark}" if intent_id and self.mark else intent_id

    def deadline(self, seconds: float | None) -> AbstractAsyncContextManager[None]:
        """Bound a block to ``seconds`` of lab time; raises DeviceTimeoutError."""
        return self.clock.deadline(seconds, self.device or "the device")


class Device(ABC):
    """A driver: identity, actions, reads and the safe state of one instrument.

    Args:
        name: its name in the lab file.
        transport: bytes to and from the instrument.
        options: the table ``[devices.<name>.options]`` of the lab file.
        context: clock, gate and serial number.
    """

    model: ClassVar[str] = ""
    safe_seconds: ClassVar[float] = 5.0
    """Lab seconds within which the safe state is reached; over 20 only with an armed watchdog."""
    schemes: ClassVar[tuple[str, ...]] = ()
    """Schemes of the URLs that a driver understands which calls a Python library, such as
    ``library``. Empty for a driver of bytes, which works with any transport."""
    connect_seconds: ClassVar[float] = 15.0
    """Lab seconds within which it connects and identifies itself."""
    serial_on_wire: ClassVar[bool] = True
    """Whether the instrument can be asked for its serial number. Where it cannot, its identity has
    none, and the number in the lab file is what a person read on the instrument."""
    first_contact: ClassVar[FirstContact | None] = None
    """Says that any port may be asked the question of :meth:`identify`; None: only the port that a
    lab file names."""
    transport_only: ClassVar[bool] = True
    """False in a driver that acts in another way beside its transport."""
    actions: ClassVar[Mapping[str, ActionSpec]] = {}
    reads: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {name: getattr(cls, name, None) for name in dir(cls) if not name.startswith("_")}
        cls.actions = {
            n: each.spec for n, each in members.items() if isinstance(each, ActionMethod)
        }
        cls.reads = tuple(n for n, each in members.items() if hasattr(each, "__labloop_read__"))
        for spec in cls.actions.values():
            # Built now, so that a mistake is reported where the driver is imported.
            spec.arguments  # noqa: B018 - a cached property

    def __init__(
        self,
        name: str,
        transport: Transport,
        options: Mapping[str, Any],
        context: DeviceContext,
    ) -> None:
        self.name = name
        self.transport = transport
        self.context = context
        self.options = dict(options)
        self.watchdog: float | None = None
        """Seconds without a command after which the instrument makes itself safe; None for never.

        A driver that arms a watchdog at the connect sets this in ``__init__``. While the lab is
        open, :meth:`feed` is called every third of it."""
        self._sources: dict[str, str] = {}

    @abstractmethod
    async def identify(self) -> DeviceIdentity:
        """Ask for the identity; must not change anything.

        Raises:
            DeviceError: the instrument does not answer, or not as its manual says.
        """

    @abstractmethod
    async def safe_state(self) -> None:
        """Go to a state that can be left unattended; may be called in any state, and twice.

        Raises:
            DeviceError: it is not known to be in that state.
        """

    async def connect(self) -> None:
        """Check that the right instrument answers; a driver adds what it must set up.

        Raises:
            WrongDeviceError: its serial number is not the one in the lab file.
            DeviceError: it does not answer.
        """
        self.check_identity(await self.identify())

    async def health(self) -> None:
        """Raise DeviceError where the instrument does not answer; must not change anything."""
        await self.identify()

    @property
    def action_id(self) -> str:
        """The id of the action that is being carried out; empty outside of one.

        For instruments that keep it, so that :meth:`executed` can ask for it. It is never given
        twice: letters, digits and ``- . :``, at most 64.
        """
        return self.context.action_id(INTENT_ID.get())

    async def executed(self, action_id: str) -> ActionState:  # noqa: ARG002 - most cannot say
        """Return what became of an action; must not change anything.

        Asked after a crash, of an action whose end nobody knows. Only for an instrument that keeps
        the ids of what it did: an action sends :attr:`action_id` along, and this asks for it.

        Returns:
            DONE or FAILED as the instrument says; NOT_SENT where it never got such an action, which
            must be certain; INTENT while it is under way; UNCERTAIN where it cannot say.

        Raises:
            DeviceError: it does not answer.
        """
        return ActionState.UNCERTAIN

    async def feed(self) -> None:
        """Feed the instrument's watchdog; for most instruments any question does.

        It may come between two exchanges of an action, and must change nothing else.
        """
        await self.health()

    async def disarm(self) -> None:  # noqa: B027 - most instruments have none
        """Let the instrument's watchdog sleep, at the end of a lab that is safe.

        A driver that arms one overrides it, where the instrument can be told so.
        """

    async def close(self) -> None:
        """Close the transport."""
        await self.transport.close()

    def check_identity(self, found: DeviceIdentity) -> None:
        """Raise WrongDeviceError where ``found`` is not the instrument of the lab file.

        Without a serial number to be asked for, the lab file is believed.
        """
        expected = self.context.serial_number
        if not found.serial_number and not self.serial_on_wire:
            return
        if expected and found.serial_number != expected:
            raise WrongDeviceError(
                f"{self.name} at {self.transport.url} should have the serial number {expected!r}, "
                f"but {found.serial_number!r} ({found.model}) answered; check the cable or the "
                "lab file"
            )

    def reading(
        self, value: float | None, unit: str, name: str, quality: Quality = Quality.OK
    ) -> Reading:
        """Return a reading of this lab second, and keep it as the latest of its name.

        Args:
            value: None makes a reading of quality INVALID.
            unit: of the value.
            name: of the read.
            quality: of the value.
        """
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = f"{self.name}.{name}"
        if value is None and quality is Quality.OK:
            quality = Quality.INVALID
        made = Reading(value, unit, self.context.clock.now(), quality, source)
        self.context.latest[name] = made
        return made
