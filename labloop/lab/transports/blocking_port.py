"""One port of pyserial with a thread of its own; everything that fails is a lost port."""

import re
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from labloop.errors import NotConnectedError
from labloop.lab.time import PriorityLock
from labloop.lab.transports.port_thread import PortThread
from labloop.lab.transports.port_url import found_port, parse_port

T = TypeVar("T")

SLICE_SECONDS = 0.1
"""No call blocks longer, so that a cancellation is noticed."""
_POLL_SECONDS = 0.005
_WRITE_SECONDS = 0.5
_MOST_BYTES = 65_536
"""Read in one call; a device that never stops sending does not fill the memory."""
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 30.0


def load_ports() -> None:
    """Load now what opens a port, so that nothing is left to be loaded when it matters."""
    import_module("serial")
    import_module("serial.urlhandler.protocol_socket")


class PortLostError(Exception):
    """The operating system's error on a port; caught in this wing."""


class BlockingPort:
    """A port that is opened when it is needed, and again after it was lost.

    All methods run on :attr:`thread`, one call after another. Several devices of one
    multi-drop line share it.

    Args:
        url: ``serial://``, ``usb://``, ``socket://`` or ``rfc2217://``.
        now: returns the lab second; callable from any thread.

    Raises:
        LabFileError: the url cannot be used.
    """

    def __init__(self, url: str, now: Callable[[], float]) -> None:
        self._target, self._settings = parse_port(url)
        self.url = url
        self.thread = PortThread(self._target)
        self.lock = PriorityLock()
        self.lines: list[Any] = []
        """The lines over this port, one for each device."""
        self.channels: set[object] = set()
        """The devices that use the port."""
        self.arrived: deque[tuple[float, bytes]] = deque()
        """Received and not looked at yet: (lab second, bytes)."""
        self.last_received = float("-inf")
        """Lab second of the last byte."""
        self.openings = 0
        """How often the port was opened. A device that was identified in an earlier opening is
        identified again."""
        self._now = now
        self._port: Any = None
        self._retry_at = float("-inf")
        self._backoff = _FIRST_BACKOFF

    @property
    def is_open(self) -> bool:
        """Whether the port is open, as far as is known."""
        return self._port is not None

    def open(self, device: str, *, at_once: bool) -> None:
        """Open the port unless it is open; a lost one is tried again with back-off.

        Args:
            device: the device that needs it, for the message.
            at_once: without back-off, however often it failed.

        Raises:
            NotConnectedError: it cannot be opened, or is not tried again yet.
        """
        if self._port is not None:
            return
        left = self._retry_at - self._now()
        if left > 0 and not at_once:
            raise NotConnectedError(
                f"{_prefix(device)}the line {self.url} is lost; it is tried again in {left:.1f} s. "
                "Check cable and power"
            )
        try:
            self._port = self._checked(self._open_port)
        except PortLostError as error:
            self.mark_lost()
            raise self.lost_error(device, error) from error
        self.openings += 1
        self._backoff = _FIRST_BACKOFF
        self.arrived.clear()

    def write(self, frame: bytes) -> None:
        """Send bytes; raises PortLostError."""
        self._checked(lambda: self._port.write(frame))

    def read(self, seconds: float) -> None:
        """Wait for bytes for ``seconds``, at most one slice; the first bytes end the wait.

        Raises:
            PortLostError: the port is lost.
        """
        end = time.monotonic() + min(seconds, SLICE_SECONDS)
        while not self._checked(lambda: self._port.in_waiting):
            left = end - time.monotonic()
            if left <= 0:
                return
            if left > SLICE_SECONDS / 2:
                # Blocks for one slice at most; the first byte ends it.
                self._append(self._checked(partial(self._read, 1)))
                break
            time.sleep(min(left, _POLL_SECONDS))
        data = b""
        while len(data) < _MOST_BYTES and (waiting := self._checked(lambda: self._port.in_waiting)):
            data += self._checked(partial(self._read, waiting))
        self._append(data)

    def close(self) -> None:
        """Close the port; raises nothing."""
        port, self._port = self._port, None
        if port is None:
            return
        # pyserial does not close a socket whose other end has gone.
        own_socket = getattr(port, "_socket", None)
        for each in filter(None, (port, own_socket)):
            try:
                each.close()
            except Exception:  # noqa: BLE001, S112 - a lost port may raise anything
                continue

    def mark_lost(self) -> None:
        """Close a port that failed; each further attempt waits twice as long."""
        self.close()
        self._retry_at = self._now() + self._backoff
        self._backoff = min(2 * self._backoff, _LONGEST_BACKOFF)

    def lost_error(self, device: str, error: Exception) -> NotConnectedError:
        """Return the error for a port that failed with ``error``."""
        return NotConnectedError(
            f"{_prefix(device)}the line {self.url} is dead ({_words(error)}); check cable and "
            "power. It is opened again by the next question, and its instrument identified before "
            "anything else"
        )

    def _read(self, count: int) -> bytes:
        data: bytes = self._port.read(count)
        return data

    def _append(self, data: bytes) -> None:
        if data:
            self.last_received = self._now()
            self.arrived.append((self.last_received, data))

    def _open_port(self) -> Any:
        import serial  # noqa: PLC0415 - only where there is a port

        settings = dict(self._settings)
        signal_lines = {name: settings.pop(name) for name in ("dtr", "rts") if name in settings}
        port = serial.serial_for_url(
            _port_now(self._target),
            do_not_open=True,
            timeout=SLICE_SECONDS,
            write_timeout=_WRITE_SECONDS,
            **settings,
        )
        for name, on in signal_lines.items():
            # Before the opening: a board that resets when DTR rises never sees it rise.
            setattr(port, name, on)
        port.open()
        return port

    def _checked(self, call: Callable[[], T]) -> T:
        """Return what ``call`` returns; whatever it raises becomes PortLostError.

        pyserial raises its own error, those of the operating system, ``termios.error`` (no
        OSError) and, on ports that are half gone, TypeError.
        """
        if self._port is None and call != self._open_port:
            raise PortLostError("it was closed")
        try:
            return call()
        except Exception as error:
            raise PortLostError(*error.args) from error


def _port_now(target: str) -> str:
    """Return what pyserial opens; a USB port is looked for under whatever name it has now."""
    place = target.removeprefix("usb://")
    return target if place == target else found_port(place)


def _words(error: Exception) -> str:
    """Return an error of the operating system in words, without its number."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    words = " ".join(str(word) for word in error.args if not isinstance(word, int))
    return _ERRNO.sub("", words) or type(cause or error).__name__


def _prefix(device: str) -> str:
    return f"{device}: " if device else ""
