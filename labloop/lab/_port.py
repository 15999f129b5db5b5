"""``serial://``, ``socket://`` and ``rfc2217://``: blocking lines, each on its own thread."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from labloop.errors import DeviceTimeoutError, LabFileError, NotConnectedError
from labloop.lab._clock import Clock
from labloop.lab._platform import serial_options
from labloop.lab._port_thread import PortThread
from labloop.lab._transport import (
    QUIET_SECONDS,
    RECORDER,
    RESYNC_SECONDS,
    Complete,
    note_received,
    note_sent,
)
from labloop.lab._turn import URGENT

T = TypeVar("T")

SLICE = 0.1
"""No call blocks longer (seconds), so that a cancellation is noticed."""


class PortTransport:
    """A line that pyserial opens at its first use.

    Args:
        url: ``serial://<port>?baud=9600&mode=7E1``, ``socket://host:port`` or
            ``rfc2217://host:port``.
        clock: lab time, which is real time here.

    Raises:
        LabFileError: the url cannot be used.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self._clock = clock
        self._target, self._settings = parse_port(url)
        self._thread = PortThread(self._target)
        self._port: Any = None
        self._lost = False
        self._dirty = False
        self._buffer = b""

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`."""

        def work(cancelled: threading.Event) -> bytes:
            self._write(frame)
            return self._read(complete, timeout, frame, cancelled)

        note_sent(frame)
        data = await self._on_thread(work, frame)
        note_received(data)
        return data

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; see :class:`~labloop.lab.Transport`."""
        note_sent(frame)
        await self._on_thread(lambda _: self._write(frame), frame)

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next reply; see :class:`~labloop.lab.Transport`."""
        data = await self._on_thread(lambda gone: self._read(complete, timeout, b"", gone), None)
        note_received(data)
        return data

    async def drain(self) -> None:
        """Drop what has arrived."""
        await self._on_thread(lambda _: self._drain(), None)

    async def close(self) -> None:
        """Give the line back."""
        closing = self._thread.submit(self._close, urgent=True)
        self._thread.close()
        await self._clock.external(closing)

    async def _on_thread(self, work: Callable[[threading.Event], T], frame: bytes | None) -> T:
        urgent = URGENT.get()
        cancelled = threading.Event()
        future = self._thread.submit(lambda: self._guarded(work, cancelled, urgent), urgent=urgent)
        try:
            return await self._clock.external(future)
        except asyncio.CancelledError:
            if not future.cancel():
                # Bytes may have left: the next exchange clears the line first.
                self._dirty = True
                cancelled.set()
            elif frame is not None:
                _never_sent(frame)
            raise

    # On the port's own thread.

    def _guarded(
        self, work: Callable[[threading.Event], T], cancelled: threading.Event, urgent: bool
    ) -> T:
        try:
            self._open(urgent)
            return work(cancelled)
        except OSError as error:
            # pyserial's own errors are OSErrors, too.
            self._lost = True
            self._close()
            raise NotConnectedError(
                f"the line {self.url} is dead ({error}); check cable and power, and open the lab "
                "again"
            ) from error

    def _open(self, urgent: bool) -> None:
        if self._port is not None:
            return
        if self._lost and not urgent:
            # Another instrument may be plugged in by now: only a safe state goes to it unasked.
            raise NotConnectedError(f"the line {self.url} was lost; open the lab again")
        import serial  # noqa: PLC0415 - only where there is a port

        try:
            self._port = serial.serial_for_url(
                self._target, timeout=SLICE, write_timeout=0.5, **self._settings
            )
        except ValueError as error:
            raise NotConnectedError(f"{self.url} cannot be opened: {error}") from error

    def _write(self, frame: bytes) -> None:
        self._drain()
        self._port.write(frame)

    def _drain(self) -> None:
        self._buffer = b""
        if self._dirty:
            self._dirty = False
            self._wait_for_quiet()
        self._port.reset_input_buffer()

    def _wait_for_quiet(self) -> None:
        """Let the answer to a cancelled exchange pass by."""
        until = time.monotonic() + RESYNC_SECONDS
        while time.monotonic() < until:
            self._port.reset_input_buffer()
            time.sleep(QUIET_SECONDS)
            if not self._port.in_waiting:
                return

    def _read(
        self, complete: Complete, allowed: float, frame: bytes, cancelled: threading.Event
    ) -> bytes:
        until = time.monotonic() + allowed
        while not cancelled.is_set():
            length = complete(self._buffer)
            if length > 0:
                data, self._buffer = self._buffer[:length], self._buffer[length:]
                return data
            if time.monotonic() >= until:
                break
            self._buffer += self._port.read(max(1, self._port.in_waiting))
        raise DeviceTimeoutError(
            f"{self.url} gave no complete answer within {allowed:g} s: "
            f"sent {frame!r}, received {self._buffer!r}"
        )

    def _close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None


def parse_port(url: str) -> tuple[str, dict[str, Any]]:
    """Return what pyserial opens, and its settings; raises LabFileError.

    ``serial://`` knows ``baud`` (9600) and ``mode`` (``8N1``: data bits, parity, stop bits).
    """
    parts = urlsplit(url)
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    known = set() if parts.scheme == "socket" else {"baud", "mode"}
    unknown = set(asked) - known
    if unknown:
        raise LabFileError(
            f"{url}: {', '.join(sorted(unknown))} is not known; "
            f"{parts.scheme}:// knows: {', '.join(sorted(known)) or 'nothing'}"
        )
    if parts.scheme == "socket":
        return f"socket://{parts.netloc}", {}
    mode = asked.get("mode", "8N1")
    baud = asked.get("baud", "9600")
    if not baud.isdigit() or len(mode) != 3 or mode[0] not in "78" or mode[2] not in "12":
        raise LabFileError(f"{url}: needs baud=<number> and a mode such as 8N1 or 7E1")
    settings: dict[str, Any] = {
        "baudrate": int(baud),
        "bytesize": int(mode[0]),
        "parity": mode[1],
        "stopbits": int(mode[2]),
    }
    if parts.scheme == "rfc2217":
        return f"rfc2217://{parts.netloc}", settings
    return parts.netloc + parts.path, settings | serial_options()


def _never_sent(frame: bytes) -> None:
    """Take a frame back from the record: it was cancelled while it stood in line."""
    recorder = RECORDER.get()
    if recorder is not None and frame in recorder.sent:
        recorder.sent.remove(frame)
