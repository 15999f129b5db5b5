"""Calls of a Python library in place of bytes: journaled like frames, and bounded in time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, NoReturn

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    LabloopError,
    NotConnectedError,
    ProtocolError,
)
from labloop.lab.libraries.call_text import MOST_BYTES, call_text, result_text, to_line
from labloop.lab.libraries.library_thread import LibraryCall, LibraryThread
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports import RECORDER, Complete, Resync, Transcript

CALL_SECONDS = 30.0
"""Lab seconds of a call at most, unless its caller says more."""
_URGENT_SECONDS = 0.5
"""How long an urgent call waits for a call that blocks the thread."""
_LEAST_PATIENCE = 2.0
"""Wall seconds that a call has in simulated time at least, on a busy computer."""
_QUEUE_SECONDS = 2.0
"""How long a call waits for one that is still running."""


class LibraryTransport:
    """Calls a third-party library that controls one instrument.

    Calls run on a thread of their own, one after another; simulated lab time stands still
    meanwhile. The journal has each call as a frame that was sent, and its result as one that was
    received.

    Args:
        url: names the instrument; the driver interprets it.
        clock: lab time.
        device: its name, for messages.
        note: is called with ``">"`` and each call, ``"<"`` and each result: the truth log of a
            simulated lab.
        transcript: to which each call and its result are appended, for ``replay://``.
        thread: on which the calls run, where libraries use each other; one of its own if None.
    """

    is_replayed: ClassVar[bool] = False
    """Whether a transcript answers in place of a library."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        device: str = "",
        note: Callable[[str, bytes], object] | None = None,
        transcript: Transcript | None = None,
        thread: LibraryThread | None = None,
    ) -> None:
        self.url = url
        self.resync: Resync | None = None
        self.on_reopen: Any = None
        self.refused: tuple[type[BaseException], ...] = ()
        """Exceptions by which the library refuses a call without an effect; set by the driver."""
        self._clock = clock
        self._device = device
        self._note = note
        self._transcript = transcript
        self._calls = 0
        self._thread = (thread or LibraryThread(device)).shared()
        self._is_closed = False

    async def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        call_name: str = "",
        seconds: float = CALL_SECONDS,
        **kwargs: Any,
    ) -> Any:
        """Run a call on the library's thread and return its result.

        Args:
            function: may block, or be ``async``.
            args: its positional arguments.
            kwargs: its named arguments.
            call_name: its name in the journal; that of the function if left out.
            seconds: lab seconds at most. In simulation it has as many seconds of wall time.

        Raises:
            DeviceTimeoutError: it took too long, or could not begin in time.
            DeviceFaultError: the library refused it, without an effect.
            NotConnectedError: the instrument cannot be reached.
            ProtocolError: the library raised anything else.
        """
        text = call_text(call_name or _name_of(function), args, kwargs)
        self._calls += 1
        number = self._calls
        self._write(dir=">", number=number, call=text)
        try:
            result = await self._call(partial(function, *args, **kwargs), text, seconds)
        except BaseException as error:
            self._write(number=number, ended=type(error).__name__, told=str(error))
            raise
        self._write(dir="<", number=number, **to_line(result))
        return result

    async def _call(self, work: Callable[[], Any], text: str, seconds: float) -> Any:
        recorder, frame = RECORDER.get(), text.encode()[:MOST_BYTES]

        def begin() -> None:
            if recorder is not None:
                recorder.sent.append(frame)

        call = LibraryCall(work, text, begin, urgent=URGENT.get())
        if self._note is not None:
            self._note(">", frame)
        before = self._thread.running
        try:
            # A call behind one that hangs fails soon.
            bound = seconds if before is None else min(seconds, _QUEUE_SECONDS)
            async with self._clock.deadline(bound, f"{self._device}: {text}"):
                result = await self._run(call)
        except DeviceTimeoutError as error:
            if before is None or call.begun.done() or call.urgent:
                raise
            raise DeviceTimeoutError(
                f"{self._device}: {text} was not begun: its library is still in "
                f"{before.description}; switch the instrument off and on, or open the lab again"
            ) from error
        answer = result_text(result)
        if recorder is not None and answer:
            recorder.received.append(answer)
        if self._note is not None and answer:
            self._note("<", answer)
        return result

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> NoReturn:  # noqa: ARG002, ASYNC109 - the port's shape
        """Raise DefinitionError: a library takes no bytes."""
        self._refuse_bytes()

    async def send(self, frame: bytes) -> NoReturn:  # noqa: ARG002 - the port's shape
        """Raise DefinitionError: a library takes no bytes."""
        self._refuse_bytes()

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> NoReturn:  # noqa: ARG002, ASYNC109 - the port's shape
        """Raise DefinitionError: a library takes no bytes."""
        self._refuse_bytes()

    async def drain(self) -> None:
        """Do nothing: a call ends with its result."""

    async def forget(self) -> None:
        """Do nothing: a call leaves no pending answer."""

    async def close(self) -> None:
        """End the thread; one that is blocked ends with the process."""
        if not self._is_closed:
            self._is_closed = True
            self._thread.close()
        if self._transcript is not None:
            self._transcript.close()

    def _write(self, **line: Any) -> None:
        if self._transcript is not None:
            self._transcript.line(**line)

    async def _run(self, call: LibraryCall) -> Any:
        thread, call = await self._submit(call)
        try:
            return await self._wait_for(call.future)
        except asyncio.CancelledError:
            if call.future.done() and not call.future.cancelled():
                self._raise_if_library_cancelled(call.future.exception(), call)
            thread.give_up(call)
            raise
        except LabloopError:
            raise
        except BaseException as error:
            raise self._as_device_error(error, call) from error

    async def _submit(self, call: LibraryCall) -> tuple[LibraryThread, LibraryCall]:
        """Queue ``call``; an urgent one goes to a new thread where the old one is blocked."""
        thread = self._thread
        thread.submit(call)
        if not call.urgent or thread.running is None:
            return thread, call
        with suppress(DeviceTimeoutError):
            async with self._clock.deadline(_URGENT_SECONDS, call.description):
                await self._clock.external(call.begun, patience=_URGENT_SECONDS)
        if call.begun.done() or not call.future.cancel():
            return thread, call
        thread.close()
        self._thread = LibraryThread(self._device).shared()
        again = replace(call, future=Future(), begun=Future(), task=None)
        self._thread.submit(again)
        return self._thread, again

    async def _wait_for(self, future: "Future[Any]") -> Any:
        patience = max(self._clock.left, _LEAST_PATIENCE)
        return await self._clock.external(future, patience=patience)

    def _raise_if_library_cancelled(self, error: BaseException | None, call: LibraryCall) -> None:
        current = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and not (current and current.cancelling()):
            raise self._as_device_error(error, call) from error

    def _as_device_error(self, error: BaseException, call: LibraryCall) -> LabloopError:
        """Return the error of a library as a DeviceError."""
        what = f"{self._device}: {call.description} raised {type(error).__name__}: {error}".rstrip(
            ": "
        )
        if isinstance(error, self.refused):
            return DeviceFaultError(what)
        if isinstance(error, TimeoutError):
            return DeviceTimeoutError(what)
        if isinstance(error, OSError):
            return NotConnectedError(what)
        return ProtocolError(what)

    def _refuse_bytes(self) -> NoReturn:
        raise DefinitionError(
            f"{self._device} at {self.url} speaks through a library, so no bytes can be sent to "
            "it; use transport.call(...)"
        )


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", type(function).__name__))
