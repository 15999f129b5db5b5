"""The base of all drivers: identity, actions and the safe state, and nothing else."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from labloop.errors import WrongDeviceError
from labloop.lab.devices.actions import ActionGate, ActionMethod
from labloop.lab.devices.arguments import ActionSpec
from labloop.lab.time import Clock
from labloop.lab.transports import Transport, Truth
from labloop.records import DeviceIdentity, Quality, Reading


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulated lab lends to a device that speaks through a library."""

    library: Any
    """The world's stand-in for the library's object; None where the world has none for it."""
    seed: int
    """That of the world."""
    truth: Truth
    """Where is noted what physically happens."""


@dataclass(slots=True)
class DeviceContext:
    """What the lab lends to a driver."""

    clock: Clock
    gate: ActionGate
    device: str = ""
    serial_number: str = ""
    """The serial number that the lab file names; empty where it names none."""
    latest: dict[str, Reading] = field(default_factory=dict)
    """Name of a read -> what was read last."""
    simulated: Simulated | None = None
    """Set in a simulated lab, for a driver that speaks through a library; else None."""
    on_transport: bool = False
    """Whether the driver was seen to speak through its transport: only then does a transport
    that carried no frame say that nothing was sent."""

    def deadline(self, seconds: float | None) -> AbstractAsyncContextManager[None]:
        """Bound a block to ``seconds`` of lab time; raises DeviceTimeoutError."""
        return self.clock.deadline(seconds, self.device or "the device")


class Device(ABC):
    """A driver: holds identity, actions and the safe state only.

    Args:
        name: its name in the lab file.
        transport: bytes to and from the instrument.
        options: the table ``[devices.<name>.options]`` of the lab file.
        context: clock, deadline and gate.
    """

    model: ClassVar[str] = ""
    safe_seconds: ClassVar[float] = 5.0
    """Lab seconds within which the safe state is reached; over 20 only with an armed watchdog."""
    schemes: ClassVar[tuple[str, ...]] = ()
    """Kinds of urls that the driver understands by itself, such as ``library``: it speaks
    through a Python library then. Empty for a driver of bytes, which any transport carries."""
    connect_seconds: ClassVar[float] = 15.0
    """Lab seconds within which it connects and identifies itself."""
    serial_on_wire: ClassVar[bool] = True
    """Whether the instrument tells its serial number. Where it does not, its identity has none:
    the number in the lab file then says which instrument a person saw at the end of the cable."""
    transport_only: ClassVar[bool] = True
    """False in a driver that speaks through its transport and acts by another way, too."""
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
            # Built now, so that a mistake is told where the driver is imported.
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
        """Seconds of silence after which the instrument makes itself safe; None for never.

        A driver that arms one at the connect sets it when it is built, and :meth:`feed` is
        called every third of it while the lab is open."""
        self._sources: dict[str, str] = {}

    @abstractmethod
    async def identify(self) -> DeviceIdentity:
        """Ask who answers; sends nothing that changes anything."""

    @abstractmethod
    async def safe_state(self) -> None:
        """Go to a state that can be left alone; may be called in any state, and twice."""

    async def connect(self) -> None:
        """Make sure that the right instrument answers.

        Raises:
            WrongDeviceError: its serial number is not the one in the lab file.
        """
        self.check_identity(await self.identify())

    async def health(self) -> None:
        """Raise DeviceError where the instrument does not answer; changes nothing."""
        await self.identify()

    async def feed(self) -> None:
        """Let the watchdog hear that the lab lives: for most instruments any question does.

        May come between two exchanges of an action, and must change nothing else.
        """
        await self.health()

    async def close(self) -> None:
        """Give the line back."""
        await self.transport.close()

    def check_identity(self, found: DeviceIdentity) -> None:
        """Raise WrongDeviceError where ``found`` is not the instrument of the lab file.

        An instrument that tells no serial number is taken on a person's word.
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
        """Return a reading of now and keep it as the latest of its name.

        A ``value`` of None makes a reading of quality INVALID.
        """
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = f"{self.name}.{name}"
        if value is None and quality is Quality.OK:
            quality = Quality.INVALID
        made = Reading(value, unit, self.context.clock.now(), quality, source)
        self.context.latest[name] = made
        return made
