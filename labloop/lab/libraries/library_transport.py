"""Calls of a Python library in place of bytes: journaled like frames, and bounded in time."""

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
"""Lab seconds of a call at most, unless its caller says more."""
_URGENT_SECONDS = 0.5
"""How long an urgent call waits for a call that blocks the thread."""
_LEAST_PATIENCE = 2.0
"""Wall seconds that a call has in simulated time at least, on a busy computer."""
_QUEUE_SECONDS = 2.0
"""How long a call waits for one that is still running."""
_MOST_VALUES = 100
"""A list with more values is only counted in the journal."""
_MOST_BYTES = 1000
"""Bytes of a call that the journal keeps."""
_PLAIN_TYPES = (int, float, str, bytes, bool, type(None))


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
        """Exceptions by which the library refuses a call without an effect; set by the driver."""
        self._clock = clock
        self._device = device
        self._note = note
        self._thread = LibraryThread(device)

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
        name = call_name or getattr(function, "__qualname__", type(function).__name__)
        text = f"{name}({_arguments(args, kwargs)})"
        recorder, frame = RECORDER.get(), text.encode()[:_MOST_BYTES]

        def begin() -> None:
            if recorder is not None:
                recorder.sent.append(frame)

        call = LibraryCall(partial(function, *args, **kwargs), text, begin, urgent=URGENT.get())
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
        answer = _result_text(result)
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
        self._thread.close()

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
        self._thread = LibraryThread(self._device)
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


def _result_text(result: Any) -> bytes:
    """Return the result of a call for the journal; of a long list only its length."""
    if isinstance(result, (list, tuple)) and len(result) > _MOST_VALUES:
        return f"<{len(result)} values>".encode()
    return b"" if result is None else _text(result).encode()[:_MOST_BYTES]


def _arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return arguments as text that is the same in every process: of an object only its type."""
    plain = [_text(each) for each in args]
    return ", ".join([*plain, *(f"{name}={_text(each)}" for name, each in kwargs.items())])


def _text(value: Any) -> str:
    if isinstance(value, _PLAIN_TYPES):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_text, value)) + "]"
    return f"<{type(value).__name__}>"
