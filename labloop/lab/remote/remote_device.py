"""A device of a host in another process: the same actions and reads, carried out over there."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

from labloop.errors import LabloopError
from labloop.lab.devices import INTENT_ID, ActionMethod, ActionSpec, Argument, Device
from labloop.lab.remote.wire import Answer, Kind, Request, decode
from labloop.lab.time import Clock
from labloop.lab.transports import RECORDER, Complete, Resync
from labloop.records import ActionState, DeviceIdentity


class Carrier(Protocol):
    """Brings requests to the host; see :class:`~labloop.lab.remote.session.HostSession`."""

    async def carry_out(self, clock: Clock, request: Request) -> Answer:
        """Return what became of a request.

        Raises:
            asyncio.CancelledError: the caller was cancelled; the host has ended it.
        """
        ...

    @property
    def gone(self) -> bool:
        """Whether nothing can be asked any more in this session."""
        ...

    async def taken_back(self, clock: Clock, device: str) -> None:
        """Wait until the host has taken a device back and made it safe.

        Raises:
            NotSafeError: it is not safe.
            NotConnectedError: the host does not answer.
        """
        ...

    def number(self) -> str:
        """Return an id for what is not journaled."""
        ...


class RemoteTransport:
    """What stands for the line of a device: it carries requests, and no bytes of its own.

    Args:
        url: of the device, ``host://name/device``.
        clock: lab time.
        carrier: brings requests to the host.
    """

    resync: Resync | None = None
    on_reopen: Any = None

    def __init__(self, url: str, clock: Clock, carrier: Carrier) -> None:
        self.url = url
        self.clock = clock
        self.carrier = carrier

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Refused: the bytes of this device are the host's."""
        raise NotImplementedError(f"{self.url} carries actions and reads, no bytes")

    async def send(self, frame: bytes) -> None:
        """Refused, as :meth:`exchange` is."""
        raise NotImplementedError(f"{self.url} carries actions and reads, no bytes")

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Refused, as :meth:`exchange` is."""
        raise NotImplementedError(f"{self.url} carries actions and reads, no bytes")

    async def drain(self) -> None:
        """Nothing waits here: the host drains its own line."""

    async def forget(self) -> None:
        """Nothing is expected here."""

    async def close(self) -> None:
        """Nothing is open here: the session with the host is the lab's, not the device's."""


class RemoteDevice(Device):
    """The base of what :func:`remote_driver` makes."""

    schemes = ("host",)
    transport: RemoteTransport

    async def identify(self) -> DeviceIdentity:
        """Return the identity that the instrument tells the host now."""
        found: DeviceIdentity = await self.ask("identify")
        return found

    async def connect(self) -> None:
        """The host has connected it, and compared its serial number."""

    async def safe_state(self) -> None:
        """Let the host bring it into its safe state, or learn that it has done so by itself."""
        carrier, clock = self.transport.carrier, self.transport.clock
        if not carrier.gone:
            try:
                await self.ask("safe_state")
            except LabloopError:
                if not carrier.gone:
                    raise
            else:
                return
        await carrier.taken_back(clock, self.name)

    async def ask(self, kind: Kind, name: str = "", **arguments: Any) -> Any:
        """Return what the host answers; raises the error that it names.

        The frames of an action are those which the host exchanged with the instrument. Where
        they are not known, the request itself stands for them.
        """
        transport = self.transport
        intent = INTENT_ID.get() if kind == "action" else ""
        request = Request(
            id=intent or transport.carrier.number(),
            kind=kind,
            device=self.name,
            name=name,
            arguments=arguments,
        )
        try:
            answer = await transport.carrier.carry_out(transport.clock, request)
        except BaseException:
            # Cancelled: whether the host had begun is for its record to say.
            _record(request, ActionState.UNCERTAIN, (), ())
            raise
        _record(request, answer.state, answer.sent, answer.received)
        if answer.error:
            answer.value()
        return decode(answer.result, transport.clock.now())


class _DeclaredSpec(ActionSpec):
    """An action whose arguments were declared elsewhere, and come without a signature."""

    def __init__(
        self, function: Callable[..., Any], declared: list[Argument], *, idempotent: bool
    ) -> None:
        # Without a time-out of its own: the host's begins when the device's turn has come there.
        super().__init__(function, idempotent=idempotent, timeout=None)
        self._declared = {each.name: each for each in declared}

    @cached_property
    def arguments(self) -> Mapping[str, Argument]:
        """Name -> declared argument, in order."""
        return self._declared


def remote_driver(name: str, described: Mapping[str, Any]) -> type[Device]:
    """Return the class of a host's device.

    Args:
        name: of the device.
        described: what the host tells of its driver.
    """
    members: dict[str, Any] = {
        "__doc__": described["doc"],
        "__module__": __name__,
        "model": described["model"],
        "safe_seconds": described["safe_seconds"],
        "serial_on_wire": described["serial_on_wire"],
    }
    for each, spec in described["actions"].items():
        members[each] = ActionMethod[Any](
            _DeclaredSpec(
                _action(each, spec["doc"]), spec["arguments"], idempotent=spec["idempotent"]
            )
        )
    members |= {each: _read(each, doc) for each, doc in described["reads"].items()}
    made: type[Device] = type(f"Remote_{name}", (RemoteDevice,), members)
    return made


def _action(name: str, doc: str) -> Callable[..., Any]:
    async def carry_out(device: RemoteDevice, **bound: Any) -> Any:
        return await device.ask("action", name, **bound)

    carry_out.__name__ = carry_out.__qualname__ = name
    carry_out.__doc__ = doc
    return carry_out


def _read(name: str, doc: str) -> Callable[..., Any]:
    async def carry_out(device: RemoteDevice) -> Any:
        found = await device.ask("read", name)
        device.context.latest[name] = found
        return found

    carry_out.__name__ = carry_out.__qualname__ = name
    carry_out.__doc__ = doc
    carry_out.__labloop_read__ = True  # type: ignore[attr-defined]
    return carry_out


def _record(
    request: Request, state: ActionState, sent: tuple[bytes, ...], received: tuple[bytes, ...]
) -> None:
    recorder = RECORDER.get()
    if recorder is None or state is ActionState.NOT_SENT:
        return
    words = f"{request.kind} {request.device} {request.name}".rstrip()
    recorder.sent.extend(sent or (words.encode(),))
    recorder.received.extend(received)
