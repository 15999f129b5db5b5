"""A transcript of a library's calls, in place of the library."""

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from labloop import errors
from labloop.errors import LabFileError, ProtocolError
from labloop.lab.libraries.call_text import call_text, from_line, result_text
from labloop.lab.libraries.library_transport import CALL_SECONDS, LibraryTransport
from labloop.lab.time import Clock
from labloop.lab.transports import RECORDER, session_of


class ReplayedCalls(LibraryTransport):
    """Answers the calls of a transcript, in their order and no others; no library is touched.

    Args:
        url: ``replay://FILE``, the last session of a file, or ``replay://FILE?session=1``.
        clock: lab time.
        device: its name, for messages.

    Raises:
        LabFileError: the file cannot be read as a transcript of calls.
    """

    is_replayed: ClassVar[bool] = True

    def __init__(self, url: str, clock: Clock, *, device: str = "") -> None:
        super().__init__(url, clock, device=device)
        session = session_of(url.partition("://")[2])
        if any("hex" in line for line in session.lines):
            raise LabFileError(
                f"{url} holds bytes, and this driver calls a library; it was recorded with "
                f"{session.about.get('driver', 'another driver')}"
            )
        calls = [line for line in session.lines if "call" in line]
        ends = {
            line["number"]: line
            for line in session.lines
            if "call" not in line and "number" in line
        }
        self._calls_left = deque((line["call"], ends.get(line["number"], {})) for line in calls)

    async def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        call_name: str = "",
        seconds: float = CALL_SECONDS,  # noqa: ARG002 - a transcript answers at once
        **kwargs: Any,
    ) -> Any:
        """Return the recorded result of a call, which must be the next one.

        Raises:
            ProtocolError: the transcript has another call next, or its result could not be kept.
            DeviceError: what the call ended with when it was recorded.
        """
        text = call_text(call_name or getattr(function, "__qualname__", ""), args, kwargs)
        expected, end = self._calls_left[0] if self._calls_left else (None, {})
        if expected != text:
            raise ProtocolError(
                f"{self.url}: the transcript has {expected} next, but {text} was "
                "called; the driver has changed since it was recorded"
            )
        self._calls_left.popleft()
        recorder = RECORDER.get()
        if recorder is not None:
            recorder.sent.append(text.encode())
        if "ended" in end:
            raise _error(end["ended"], end.get("told", ""))
        result = from_line(end, text)
        if recorder is not None and (answer := result_text(result)):
            recorder.received.append(answer)
        return result


def _error(kind: str, told: str) -> errors.DeviceError:
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, errors.DeviceError):
        return found(told)
    return ProtocolError(f"the recorded call ended with {kind}: {told}")
