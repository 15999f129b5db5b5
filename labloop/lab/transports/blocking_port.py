"""One port of pyserial on a thread of its own: whatever goes wrong on it is one error."""

import re
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from labloop.errors import NotConnectedError
from labloop.lab.time import PriorityLock
from labloop.lab.transports.port_thread import PortThread
from labloop.lab.transports.port_url import parse_port

T = TypeVar("T")

SLICE = 0.1
"""No call blocks longer (seconds), so that a cancellation is noticed."""
_GLANCE = 0.005
_AT_ONCE = 65_536
_NUMBER = re.compile(r"\[Errno -?\d+\] ")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0


class LineLost(Exception):  # noqa: N818 - caught in this room alone
    """What the operating system says of a line that cannot be used."""


class BlockingPort:
    """A port that is opened when it is needed, and again after it was lost.

    Everything but the constructor runs on :attr:`thread`, one call after another; several
    devices on one line share it.

    Args:
        url: ``serial://``, ``socket://`` or ``rfc2217://``.
        now: the line's clock, callable from any thread.

    Raises:
        LabFileError: the url cannot be used.
    """

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        self.url = url
        self._now = now
        self._target, self._settings = parse_port(url)
        self.thread = PortThread(self._target)
        self.turn = PriorityLock()
        self.arrived: deque[tuple[float, bytes]] = deque()
        """What came and was not looked at yet: (time, bytes)."""
        self.heard = float("-inf")
        """When the last byte came."""
        self.opened = 0
        """How often it was opened: a device that was spoken to in an earlier opening is
        identified again."""
        self.users: set[object] = set()
        """Devices that are on the line."""
        self._port: Any = None
        self._retry_at = float("-inf")
        self._wait = _FIRST_WAIT

    @property
    def is_open(self) -> bool:
        """Whether the line is open, as far as is known."""
        return self._port is not None

    def open(self, whose: str, hurry: bool) -> None:
        """Open the line where it is not; one that was lost is tried again with back-off.

        Args:
            whose: the device that wants to speak, for the message.
            hurry: try at once, however often it failed before.

        Raises:
            NotConnectedError: it cannot be opened, or is not tried yet.
        """
        if self._port is not None:
            return
        left = self._retry_at - self._now()
        if left > 0 and not hurry:
            raise NotConnectedError(
                f"{_of(whose)}the line {self.url} is lost; it is tried again in {left:.1f} s. "
                "Check cable and power"
            )
        try:
            self._port = self._sure(self._opened)
        except LineLost as error:
            self.lose()
            raise self.dead(whose, error) from error
        self.opened += 1
        self._wait = _FIRST_WAIT
        self.arrived.clear()

    def write(self, frame: bytes) -> None:
        """Send bytes."""
        self._sure(lambda: self._port.write(frame))

    def hear(self, seconds: float) -> None:
        """Read what comes within ``seconds``, at most one slice; the first bytes end it."""
        end = time.monotonic() + min(seconds, SLICE)
        while not self._sure(lambda: self._port.in_waiting):
            left = end - time.monotonic()
            if left <= 0:
                return
            if left > SLICE / 2:
                # Blocks for a slice; the first byte ends it.
                self._keep(self._sure(lambda: self._port.read(1)))
                break
            time.sleep(min(left, _GLANCE))
        data = b""
        while len(data) < _AT_ONCE and (waiting := self._sure(lambda: self._port.in_waiting)):
            data += self._sure(partial(self._read, waiting))
        self._keep(data)

    def close(self) -> None:
        """Give the line back; raises nothing."""
        port, self._port = self._port, None
        if port is None:
            return
        # pyserial forgets to close a socket whose other end has gone.
        forgotten = getattr(port, "_socket", None)
        for each in filter(None, (port, forgotten)):
            try:
                each.close()
            except Exception:  # noqa: BLE001, S112 - a dead port may say so in any way
                continue

    def lose(self) -> None:
        """Close a line that failed, and wait longer before each further try."""
        self.close()
        self._retry_at = self._now() + self._wait
        self._wait = min(2 * self._wait, _LONGEST_WAIT)

    def dead(self, whose: str, error: Exception) -> NotConnectedError:
        """Return what is told of a line that failed."""
        return NotConnectedError(
            f"{_of(whose)}the line {self.url} is dead ({_plain(error)}); check cable and "
            "power. It is opened again by the next question, and its instrument identified before "
            "anything else"
        )

    def _read(self, count: int) -> bytes:
        data: bytes = self._port.read(count)
        return data

    def _keep(self, data: bytes) -> None:
        if data:
            self.heard = self._now()
            self.arrived.append((self.heard, data))

    def _opened(self) -> Any:
        import serial  # noqa: PLC0415 - only where there is a port

        settings = dict(self._settings)
        held = {name: settings.pop(name) for name in ("dtr", "rts") if name in settings}
        port = serial.serial_for_url(
            self._target, do_not_open=True, timeout=SLICE, write_timeout=0.5, **settings
        )
        for name, on in held.items():
            # Before the opening: a board that resets when DTR rises never sees it rise.
            setattr(port, name, on)
        port.open()
        return port

    def _sure(self, call: Callable[[], T]) -> T:
        """Carry ``call`` out; whatever it raises is a lost line.

        pyserial raises its own error, those of the operating system, ``termios.error`` (which is
        no OSError) and, on ports that are half gone, TypeError.
        """
        if self._port is None and call != self._opened:
            raise LineLost("it was closed")
        try:
            return call()
        except Exception as error:
            raise LineLost(*error.args) from error


def _plain(error: Exception) -> str:
    """Return an error of the operating system in words, without its number."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    words = " ".join(str(word) for word in error.args if not isinstance(word, int))
    return _NUMBER.sub("", words) or type(cause or error).__name__


def _of(whose: str) -> str:
    return f"{whose}: " if whose else ""
