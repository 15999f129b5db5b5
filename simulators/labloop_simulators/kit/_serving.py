"""Emulators on TCP or on pseudo-terminals, in real time: other people's software is tested."""

import heapq
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from labloop.errors import DefinitionError
from labloop_simulators.kit._emulator import Emulator
from labloop_simulators.kit.platform import Pty

_PERIOD = 0.02


class Line(Protocol):
    """What a host and emulators speak through."""

    def fileno(self) -> int:
        """Return what a selector waits for."""
        ...

    def read(self) -> bytes:
        """Return what the host wrote."""
        ...

    def write(self, data: bytes) -> None:
        """Let the host read."""
        ...

    def close(self) -> None:
        """End the line."""
        ...


@contextmanager
def serve_tcp(*emulators: Emulator, port: int = 0) -> Iterator[str]:
    """Serve emulators that share one line on the loopback.

    Args:
        emulators: one, or several with addresses.
        port: where; 0 takes a free one.

    Yields:
        The url, ``socket://127.0.0.1:<port>``.

    Raises:
        DefinitionError: the port is taken.
    """
    with _serving({"": emulators}, port=port) as server:
        yield server.urls[""]


@contextmanager
def serve_world(emulators: Mapping[str, Emulator]) -> Iterator[dict[str, str]]:
    """Serve emulators on free ports of the loopback; yields name -> url.

    All live on one thread, so that a world behind them needs no locks. Lab time is the time
    since the server began.
    """
    with _serving({name: (each,) for name, each in emulators.items()}) as server:
        yield server.urls


@contextmanager
def serve_pty(*emulators: Emulator, link: Path | None = None) -> Iterator[str]:
    """Serve emulators that share one line on a pseudo-terminal (not on Windows).

    Args:
        emulators: one, or several with addresses.
        link: a path that always leads to it.

    Yields:
        The path of the port, which a host opens as a serial port.

    Raises:
        DefinitionError: there are no pseudo-terminals here, or the link cannot be made.
    """
    line = Pty(link)
    with _serving({}, pty=(line, emulators, link)):
        yield str(link or line.path)


@contextmanager
def _serving(
    groups: Mapping[str, Sequence[Emulator]],
    *,
    port: int = 0,
    pty: tuple[Pty, Sequence[Emulator], Path | None] | None = None,
) -> Iterator["_Server"]:
    server = _Server(groups, port, pty)
    thread = threading.Thread(target=server.run, name="labloop-emulators", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.end.set()
        thread.join(5.0)


class _SocketLine:
    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._socket = connection

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> bytes:
        try:
            return self._socket.recv(4096)
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        # The host may have left: a real device talks into the air, too.
        with suppress(OSError):
            self._socket.sendall(data)

    def close(self) -> None:
        self._socket.close()


class _Server:
    def __init__(
        self,
        groups: Mapping[str, Sequence[Emulator]],
        port: int,
        pty: tuple[Pty, Sequence[Emulator], Path | None] | None,
    ) -> None:
        self.end = threading.Event()
        self.urls: dict[str, str] = {}
        self._began = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._listeners: list[socket.socket] = []
        self._lines: dict[Line, Sequence[Emulator]] = {}
        self._due: list[tuple[float, int, Sequence[Emulator], bytes]] = []
        self._count = 0
        self._link: Path | None = None
        self._on_pty: Sequence[Emulator] = ()
        for name, emulators in groups.items():
            listener = _listener(port)
            self._listeners.append(listener)
            self.urls[name] = f"socket://127.0.0.1:{listener.getsockname()[1]}"
            self._selector.register(listener, selectors.EVENT_READ, emulators)
        if pty is not None:
            line, self._on_pty, self._link = pty
            self._add(line, self._on_pty)

    def run(self) -> None:
        """Serve until the end is set, then close every line."""
        try:
            while not self.end.is_set():
                self._turn()
        finally:
            for line in list(self._lines):
                self._drop(line)
            for listener in self._listeners:
                self._selector.unregister(listener)
                listener.close()
            self._selector.close()

    def _turn(self) -> None:
        wait = min(max(self._due[0][0] - self._now(), 0.0), _PERIOD) if self._due else _PERIOD
        for key, _ in self._selector.select(wait):
            if isinstance(key.fileobj, socket.socket):
                connection, _ = key.fileobj.accept()
                self._add(_SocketLine(connection), key.data)
            else:
                self._hear(key.data)
        self._look()
        while self._due and self._due[0][0] <= self._now():
            _, _, emulators, data = heapq.heappop(self._due)
            for line, speakers in self._lines.items():
                if speakers is emulators:
                    line.write(data)

    def _add(self, line: Line, emulators: Sequence[Emulator]) -> None:
        self._lines[line] = emulators
        self._selector.register(line, selectors.EVENT_READ, line)

    def _drop(self, line: Line) -> None:
        del self._lines[line]
        self._selector.unregister(line)
        line.close()

    def _hear(self, line: Line) -> None:
        if line not in self._lines:
            return
        emulators = self._lines[line]
        data = line.read()
        if not data:
            if not isinstance(line, Pty):
                self._drop(line)
            return
        for emulator in emulators:
            self._will_say(emulators, emulator.receive(data, self._now()))

    def _look(self) -> None:
        """Let happen what happens by itself, and pull and plug cables."""
        now = self._now()
        groups = {id(group): group for group in self._lines.values()}
        if self._on_pty:
            groups[id(self._on_pty)] = self._on_pty
        for group in groups.values():
            for emulator in group:
                self._will_say(group, emulator.by_itself(now))
                emulator.plug_when_due(now)
        for line, group in list(self._lines.items()):
            if not all(emulator.plugged for emulator in group):
                self._drop(line)
        if self._on_pty and all(each.plugged for each in self._on_pty) and not self._lines:
            self._add(Pty(self._link), self._on_pty)

    def _will_say(
        self, emulators: Sequence[Emulator], answers: Sequence[tuple[float, bytes]]
    ) -> None:
        for end, answer in answers:
            self._count += 1
            heapq.heappush(self._due, (end, self._count, emulators, answer))

    def _now(self) -> float:
        return time.monotonic() - self._began


def _listener(port: int) -> socket.socket:
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise DefinitionError(
            f"port {port} cannot be used ({error.strerror}); name another one"
        ) from error
    listener.setblocking(False)
    return listener
