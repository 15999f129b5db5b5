"""Emulators on TCP, in real time: the same driver is tested over a real line."""

import heapq
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from labloop_simulators.kit._emulator import Emulator

_PERIOD = 0.02


@contextmanager
def serve_tcp(emulator: Emulator) -> Iterator[str]:
    """Serve one emulator on the loopback; yields its url, ``socket://127.0.0.1:<port>``."""
    with serve_world({emulator.name: emulator}) as urls:
        yield urls[emulator.name]


@contextmanager
def serve_world(emulators: Mapping[str, Emulator]) -> Iterator[dict[str, str]]:
    """Serve emulators on free ports of the loopback; yields name -> url.

    All live on one thread, so that a world behind them needs no locks. Lab time is the time
    since the server began.
    """
    server = _Server(emulators)
    thread = threading.Thread(target=server.run, name="labloop-emulators", daemon=True)
    thread.start()
    try:
        yield server.urls
    finally:
        server.end.set()
        thread.join(5.0)


class _Server:
    def __init__(self, emulators: Mapping[str, Emulator]) -> None:
        self.end = threading.Event()
        self.urls: dict[str, str] = {}
        self._began = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._count = 0
        for name, emulator in emulators.items():
            listener = socket.create_server(("127.0.0.1", 0))
            listener.setblocking(False)
            self.urls[name] = f"socket://127.0.0.1:{listener.getsockname()[1]}"
            self._selector.register(listener, selectors.EVENT_READ, (emulator, True))

    def run(self) -> None:
        """Serve until the end is set, then close every socket."""
        try:
            while not self.end.is_set():
                self._turn()
        finally:
            for key in list(self._selector.get_map().values()):
                self._close(key.fileobj)
            self._selector.close()

    def _turn(self) -> None:
        wait = min(max(self._due[0][0] - self._now(), 0.0), _PERIOD) if self._due else _PERIOD
        for key, _ in self._selector.select(wait):
            emulator, listening = key.data
            if listening:
                self._accept(key.fileobj, emulator)
            else:
                self._hear(key.fileobj, emulator)
        for key in list(self._selector.get_map().values()):
            emulator, listening = key.data
            if not listening and not emulator.plugged:
                self._close(key.fileobj)
        while self._due and self._due[0][0] <= self._now():
            _, _, line, data = heapq.heappop(self._due)
            self._say(line, data)

    def _accept(self, listener: object, emulator: Emulator) -> None:
        if isinstance(listener, socket.socket):
            line, _ = listener.accept()
            line.setblocking(False)
            self._selector.register(line, selectors.EVENT_READ, (emulator, False))

    def _hear(self, line: object, emulator: Emulator) -> None:
        if not isinstance(line, socket.socket):
            return
        try:
            data = line.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._close(line)
            return
        for end, answer in emulator.receive(data, self._now()):
            self._count += 1
            heapq.heappush(self._due, (end, self._count, line, answer))

    def _say(self, line: socket.socket, data: bytes) -> None:
        try:
            line.sendall(data)
        except OSError:
            # The host has left: a real device talks into the air, too.
            return

    def _close(self, line: object) -> None:
        if isinstance(line, socket.socket):
            self._selector.unregister(line)
            line.close()

    def _now(self) -> float:
        return time.monotonic() - self._began
