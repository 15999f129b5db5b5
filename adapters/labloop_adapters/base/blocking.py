"""A device that speaks through a Python library: a vendor's SDK, or any other that blocks."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, cast

from labloop.errors import DefinitionError, LabFileError, NotConnectedError, WrongDeviceError
from labloop.lab import Device, LibraryTransport
from labloop.records import DeviceIdentity
from labloop_adapters.base.signals import Signal, members_of
from labloop_adapters.base.simulated import Follows, SimulatedSignals, follows_of

_OWN = ("name", "transport", "options", "context", "watchdog", "library")


class Refused(Exception):  # noqa: N818 - what an instrument answers, not what went wrong
    """The instrument or its server refused: nothing was done. For adapters to raise."""


class BlockingDevice(Device):
    """Base of every driver that is a library and no wire of labloop's.

    A subclass says how the library is opened (:meth:`open`) and which :attr:`signals` it has;
    actions of its own ``await self.call("method", ...)``. Every call happens on the device's
    own thread, is noted in the journal, and is bounded by lab time.
    """

    schemes: ClassVar[tuple[str, ...]] = ("library",)
    serial_on_wire = False
    signals: ClassVar[Mapping[str, Signal]] = {}
    """Name -> what can be read and set; each becomes a read and an action ``set_<name>``."""
    safe: ClassVar[Mapping[str, Any] | None] = None
    """Signal -> value that is set to make it safe, in that order; {} where nothing can harm."""
    safe_calls: ClassVar[Sequence[str]] = ()
    """Methods of the library's object that make it safe, called first, in that order."""
    simulation: ClassVar[Mapping[str, Follows]] = {}
    """Signal -> how it comes about in simulation; the others remember what was set."""
    refused: ClassVar[tuple[type[BaseException], ...]] = ()
    """What the library raises where it did nothing; the action has FAILED then, and is sure."""
    action_seconds: ClassVar[float] = 30.0
    """The time-out of the actions that signals make."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls.prepare()
        taken = {*dir(BlockingDevice), *_OWN}
        mistakes = [signal.mistake(name) for name, signal in cls.signals.items()]
        mistakes += [
            f"signal {name!r} has a name that every device uses itself; choose another"
            for name in cls.signals
            if name in taken
        ]
        mistakes += [
            f"safe names {name!r}, which is no signal that can be set"
            for name in cls.safe or ()
            if name not in cls.signals or cls.signals[name].set is None
        ]
        told = "; ".join(filter(None, mistakes))
        if told:
            raise DefinitionError(f"{cls.__qualname__}: {told}")
        made = members_of(cls.signals, cls.action_seconds)
        for base in cls.__mro__[1:]:
            inherited = members_of(getattr(base, "signals", {}), cls.action_seconds)
            # A signal that is in the table no more is no read and no action any more.
            made = {**dict.fromkeys(inherited), **made}
        for name, member in made.items():
            if name not in vars(cls):
                setattr(cls, name, member)
        super().__init_subclass__(**kwargs)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.library: Any = None
        """What :meth:`open` returned; used on the device's own thread."""
        self._lost = self._is_modelled = False
        if not isinstance(self.transport, LibraryTransport):
            raise DefinitionError(
                f"{type(self).__qualname__} speaks through a library and needs its transport"
            )
        self.transport.refused = (*self.refused, Refused)
        told = self.safe is not None or self.safe_calls
        if not told and type(self).safe_state is BlockingDevice.safe_state:
            raise DefinitionError(
                f"{type(self).__qualname__} does not say what is safe; write safe = "
                "{'signal': value} or safe_calls = ('stop',), or safe = {} where nothing can harm"
            )

    @classmethod
    def prepare(cls) -> None:
        """Complete the class before its signals are looked at: for adapters that read them."""

    # What a driver says of its library. All of it is called on the device's own thread, and may
    # be `async` where the library is.

    def open(self) -> Any:
        """Return the library's object, connected to the instrument at :attr:`address`."""
        raise DefinitionError(f"{type(self).__qualname__} cannot be opened: write its open()")

    def simulate(self) -> Any:
        """Return what stands in for it in simulation; the library's own, where it has one."""
        if not self.signals:
            raise LabFileError(
                f"{self.name}: nothing answers for it in simulation; give "
                f"{type(self).__qualname__} signals, or a simulate() that returns the "
                "library's own simulation"
            )
        return self._simulated_signals()

    def shut(self) -> Any:
        """Give the instrument back; calls the library's ``close`` where it has one."""
        close = getattr(self.library, "close", None)
        if callable(close):
            close()

    def who(self) -> Any:
        """Return who answers; a library that tells nothing leaves the model as it is declared."""
        return self.identity(self.model or type(self).__name__)

    def get_signal(self, signal: Signal) -> Any:
        """Return what the library tells; an attribute, or what the method of that name returns."""
        found = getattr(self.library, signal.get)
        return found() if callable(found) else found

    def set_signal(self, signal: Signal, value: Any) -> Any:
        """Set an attribute of the library's object, or call its method of that name."""
        found = getattr(type(self.library), signal.set, None)
        if callable(found):
            return getattr(self.library, signal.set)(value)
        return setattr(self.library, signal.set, value)

    # What a driver uses.

    @property
    def address(self) -> str:
        """What stands behind ``://`` in the url."""
        return self.transport.url.partition("://")[2]

    @property
    def is_modelled(self) -> bool:
        """Whether a declared response answers, and no library at all."""
        return self._is_modelled

    def identity(self, model: str, serial_number: str = "", firmware: str = "") -> DeviceIdentity:
        """Return an identity of this device."""
        return DeviceIdentity(
            device=self.name, model=model, serial_number=serial_number, firmware=firmware
        )

    async def call(self, what: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Carry a call out on the device's own thread and return its result.

        Args:
            what: the name of a method of the library's object, or a function; either may be
                ``async``.
            args: what it is given.
            kwargs: its named arguments; ``seconds`` bounds the call, ``call_name`` is its name in
                the journal.

        Raises:
            DeviceError: as :meth:`labloop.lab.LibraryTransport.call` says.
        """
        if self._lost:
            await self._open_again()
        if isinstance(what, str):
            name = what
            kwargs.setdefault("call_name", name)

            def function(*args: Any, **kwargs: Any) -> Any:
                return self._method(name)(*args, **kwargs)
        else:
            function = what
        return await self._through(function, *args, **kwargs)

    async def ask(self, signal: str) -> Any:
        """Return what a signal is now."""
        return await self.call(self._get, signal, call_name="get")

    async def tell(self, signal: str, value: Any) -> None:
        """Set a signal."""
        await self.call(self._set, signal, value, call_name="set")

    # What the lab calls.

    async def identify(self) -> DeviceIdentity:
        """Open the library where it is not, and ask who answers."""
        if self.library is None:
            await self._open_with("open")
        found: DeviceIdentity = await self.call(self._who, call_name="who")
        return found

    def check_identity(self, found: DeviceIdentity) -> None:
        """Raise WrongDeviceError where another instrument, or another model, answers."""
        super().check_identity(found)
        if self.model and found.model and self.model.casefold() not in found.model.casefold():
            raise WrongDeviceError(
                f"{self.name} at {self.transport.url} should be a {self.model}, but a "
                f"{found.model} answered; check the cable or the lab file"
            )

    async def safe_state(self) -> None:
        """Do what :attr:`safe_calls` and :attr:`safe` say; one that fails stops no other."""
        errors: list[Exception] = []
        steps = [] if self.is_modelled else [partial(self.call, name) for name in self.safe_calls]
        steps += [partial(self.tell, name, value) for name, value in (self.safe or {}).items()]
        for step in steps:
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - the others come next, then it is raised
                errors.append(error)
        if errors:
            raise errors[0]

    async def close(self) -> None:
        """Give the library back, and end its thread."""
        try:
            if self.library is not None and not self.is_modelled:
                await self._through(self.shut, call_name="close", seconds=0.8)
        finally:
            await super().close()

    # Inside.

    async def _through(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return await cast("LibraryTransport", self.transport).call(function, *args, **kwargs)
        except NotConnectedError:
            self._lost = self.library is not None
            raise

    async def _open_again(self) -> None:
        """Open a library that lost its instrument, and identify what answers before all else."""
        self._lost = False
        before, self.library = self.library, None
        try:
            await self._open_with("open again")
        except BaseException:
            self.library, self._lost = before, True
            raise
        if self.transport.on_reopen is not None:
            await self.transport.on_reopen()

    async def _open_with(self, call_name: str) -> None:
        kind = await self._through(self._open, call_name=call_name, seconds=self.connect_seconds)
        self._is_modelled = kind == SimulatedSignals.__name__
        if self.library is None and cast("LibraryTransport", self.transport).is_replayed:
            # The transcript answers, and is asked nothing that it does not have.
            self.library = self.transport

    async def _open(self) -> str:
        """Open the library and return what kind of object it gave."""
        side = self.context.simulated
        if side is None:
            made = self.open()
        else:
            made = side.library if side.library is not None else self.simulate()
        self.library = await made if inspect.isawaitable(made) else made
        return type(self.library).__name__

    async def _who(self) -> DeviceIdentity:
        if not self.is_modelled:
            found: Any = self.who()
            told: DeviceIdentity = await found if inspect.isawaitable(found) else found
            return told
        number = self.context.serial_number if self.serial_on_wire else ""
        return self.identity(self.model or type(self).__name__, number)

    def _get(self, name: str) -> Any:
        if self.is_modelled:
            return self.library.get(name)
        return self.get_signal(self.signals[name])

    def _set(self, name: str, value: Any) -> Any:
        if self.is_modelled:
            return self.library.set(name, value)
        signal = self.signals[name]
        told = signal.words[bool(value)] if signal.words else value
        return self.set_signal(signal, told)

    def _method(self, name: str) -> Callable[..., Any]:
        if self.is_modelled:
            raise LabFileError(
                f"{self.name}: nothing answers {name!r} in simulation; give "
                f"{type(self).__qualname__} a simulate() that returns the library's own"
            )
        found: Callable[..., Any] = getattr(self.library, name)
        return found

    def _simulated_signals(self) -> SimulatedSignals:
        side, clock = self.context.simulated, self.context.clock
        if side is None:
            raise DefinitionError(f"{self.name} is no simulated device")
        follows = dict(self.simulation)
        for name, table in self.options.get("simulation", {}).items():
            unit = self.signals[name].unit if name in self.signals else "1"
            where = f"[devices.{self.name}.options.simulation] {name}"
            follows[name] = follows_of(table, unit, where)
        return SimulatedSignals(
            self.signals,
            follows,
            clock.now,
            lambda name, value: side.truth.record(clock.now(), self.name, "set", **{name: value}),
            f"{side.seed} {self.name}",
        )
