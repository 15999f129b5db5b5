"""Calls of a Python library in place of bytes: noted in the journal, and bounded in time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    LabloopError,
    NotConnectedError,
    ProtocolError,
)
from labloop.lab.libraries.library_thread import LibraryCall, LibraryThread
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports import RECORDER, Complete, Resync

CALL_SECONDS = 30.0
"""No call is waited for longer, unless it says so."""
_GRACE = 0.5
"""So long what makes safe waits for a call that holds the thread."""
_LEAST_PATIENCE = 2.0
"""Wall seconds that a call has in simulated time at least: computers are busy at times."""
_BEHIND = 2.0
"""So long a call waits behind one that is still under way."""
_MOST = 100
"""A list with more values is only counted in the journal."""
_LONGEST = 1000
"""Bytes of a call that are kept."""
_PLAIN = (int, float, str, bytes, bool, type(None))


class LibraryTransport:
    """Speaks to an instrument through a library that somebody else wrote.

    Calls happen on a thread of their own, one after another; lab time stands still meanwhile
    in simulation. Each is noted in the journal like a frame: the call as sent, what it
    returned as received.

    Args:
        url: names the instrument; the driver knows what its parts mean.
        clock: lab time.
        device: the device, named in messages.
        note: is told ``(">" or "<", text)`` of each call, where a simulated lab keeps its own log.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        device: str = "",
        note: Callable[[str, bytes], object] | None = None,
    ) -> None:
        self.url = url
        self.resync: Resync | None = None
        self.on_reopen: Any = None
        self.refused: tuple[type[BaseException], ...] = ()
        """What the library raises where it did nothing: set by the driver."""
        self._clock = clock
        self._device = device
        self._note = note
        self._thread = LibraryThread(device)

    async def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        told: str = "",
        seconds: float = CALL_SECONDS,
        **kwargs: Any,
    ) -> Any:
        """Carry a call out on the library's thread and return its result.

        Args:
            function: may block, or be ``async``.
            args: what it is given.
            kwargs: what it is given by name.
            told: what the journal calls it; its name where that says enough.
            seconds: lab time that it may take. In simulation it has as many seconds of wall time.

        Raises:
            DeviceTimeoutError: it took too long, or could not begin in time.
            DeviceFaultError: the library refused it: nothing was done.
            NotConnectedError: the instrument cannot be reached.
            ProtocolError: the library raised anything else.
        """
        name = told or getattr(function, "__qualname__", type(function).__name__)
        text = f"{name}({_arguments(args, kwargs)})"
        recorder, frame = RECORDER.get(), text.encode()[:_LONGEST]

        def begin() -> None:
            if recorder is not None:
                recorder.sent.append(frame)

        call = LibraryCall(partial(function, *args, **kwargs), text, begin, urgent=URGENT.get())
        if self._note is not None:
            self._note(">", frame)
        before = self._thread.running
        try:
            # What waits behind a call that hangs is told so soon.
            bound = seconds if before is None else min(seconds, _BEHIND)
            async with self._clock.deadline(bound, f"{self._device}: {text}"):
                result = await self._carried_out(call)
        except DeviceTimeoutError as error:
            if before is None or call.begun.done() or call.urgent:
                raise
            raise DeviceTimeoutError(
                f"{self._device}: {text} was not begun: its library is still in {before.told}; "
                "switch the instrument off and on, or open the lab again"
            ) from error
        back = _shown(result)
        if recorder is not None and back:
            recorder.received.append(back)
        if self._note is not None and back:
            self._note("<", back)
        return result

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> NoReturn:  # noqa: ARG002, ASYNC109 - the port's shape
        """Refuse: there are no bytes here."""
        self._no_bytes()

    async def send(self, frame: bytes) -> NoReturn:  # noqa: ARG002 - the port's shape
        """Refuse: there are no bytes here."""
        self._no_bytes()

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> NoReturn:  # noqa: ARG002, ASYNC109 - the port's shape
        """Refuse: there are no bytes here."""
        self._no_bytes()

    async def drain(self) -> None:
        """Nothing is left over: a call ends with its answer."""

    async def forget(self) -> None:
        """Nothing is owed."""

    async def close(self) -> None:
        """End the thread; one that hangs ends with the process."""
        self._thread.close()

    async def _carried_out(self, call: LibraryCall) -> Any:
        thread, call = await self._given_to(call)
        try:
            return await self._outside(call.future)
        except asyncio.CancelledError:
            if call.future.done() and not call.future.cancelled():
                self._check_own(call.future.exception(), call)
            thread.give_up(call)
            raise
        except LabloopError:
            raise
        except BaseException as error:
            raise self._told(error, call) from error

    async def _given_to(self, call: LibraryCall) -> tuple[LibraryThread, LibraryCall]:
        """Queue ``call``; what makes safe goes to a new thread where the old one is blocked."""
        thread = self._thread
        thread.submit(call)
        if not call.urgent or thread.running is None:
            return thread, call
        with suppress(DeviceTimeoutError):
            async with self._clock.deadline(_GRACE, call.told):
                await self._clock.external(call.begun, patience=_GRACE)
        if call.begun.done() or not call.future.cancel():
            return thread, call
        thread.close()
        self._thread = LibraryThread(self._device)
        again = replace(call, future=Future(), begun=Future(), task=None)
        self._thread.submit(again)
        return self._thread, again

    async def _outside(self, future: "Future[Any]") -> Any:
        patience = max(self._clock.left, _LEAST_PATIENCE)
        return await self._clock.external(future, patience=patience)

    def _check_own(self, error: BaseException | None, call: LibraryCall) -> None:
        current = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and not (current and current.cancelling()):
            raise self._told(error, call) from error

    def _told(self, error: BaseException, call: LibraryCall) -> LabloopError:
        """Return what a library raised as an error of labloop's."""
        what = f"{self._device}: {call.told} raised {type(error).__name__}: {error}".rstrip(": ")
        if isinstance(error, self.refused):
            return DeviceFaultError(what)
        if isinstance(error, TimeoutError):
            return DeviceTimeoutError(what)
        if isinstance(error, OSError):
            return NotConnectedError(what)
        return ProtocolError(what)

    def _no_bytes(self) -> NoReturn:
        raise DefinitionError(
            f"{self._device} at {self.url} speaks through a library, so no bytes can be sent to "
            "it; use transport.call(...)"
        )


def _shown(result: Any) -> bytes:
    """Return what a call returned as the journal keeps it; of a long list only its length."""
    if isinstance(result, (list, tuple)) and len(result) > _MOST:
        return f"<{len(result)} values>".encode()
    return b"" if result is None else _text(result).encode()[:_LONGEST]


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return arguments as text, the same in every process: of an object only its kind."""
    plain = [_text(each) for each in args]
    return ", ".join([*plain, *(f"{name}={_text(each)}" for name, each in kwargs.items())])


def _text(value: Any) -> str:
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"<{type(value).__name__}>"
