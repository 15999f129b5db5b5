"""Machines of one Linux kernel, each with a network of its own, and a bad line between two."""

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_DELAY = (0.005, 0.025)
"""Seconds that a packet takes."""
_LOST, _TWICE = 1 / 30, 1 / 30
_PACKET = 65536
_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of Linux."""
_SET_TUN, _TUN = 0x400454CA, 0x1001
"""TUNSETIFF; a device of bare IP packets (IFF_TUN and IFF_NO_PI)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A network of its own, with one device to the line."""

    pid: int
    """A process that keeps it."""
    line: int
    """The descriptor of the packets of its device."""

    def enter(self) -> None:
        """Let this thread have its sockets there from now on."""
        handle = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            _call("setns", handle, _NEW_NETWORK)
        finally:
            os.close(handle)

    def inside(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns there; raises what it raises."""
        found: list[T] = []
        failed: list[Exception] = []

        def enter_and_work() -> None:
            try:
                self.enter()
                found.append(work())
            except Exception as error:  # noqa: BLE001 - raised again by the caller
                failed.append(error)

        thread = threading.Thread(target=enter_and_work)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return found[0]


@contextmanager
def machine(address: str) -> Iterator[Machine]:
    """Make a machine with an address; raises OSError where that is not possible."""
    here, there = socket.socketpair()
    pid = os.fork()
    if not pid:
        here.close()
        _keep(there, address)
    there.close()
    with here:
        told, handles, _, _ = socket.recv_fds(here, 200, 1)
        try:
            if not handles:
                raise OSError(told.decode() or "the network could not be made")
            yield Machine(pid, handles[0])
        finally:
            here.shutdown(socket.SHUT_RDWR)
            os.waitpid(pid, 0)
            for handle in handles:
                os.close(handle)


def _keep(there: socket.socket, address: str) -> None:
    """Be the process that keeps a machine, until the other end of the socket is closed."""
    try:
        _call("unshare", _NEW_NETWORK)
        handle = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(handle, _SET_TUN, struct.pack("16sH", b"far0", _TUN))
        for words in (
            f"addr add {address}/24 dev far0",
            "link set far0 up",
            "link set lo up",
        ):
            subprocess.run(["ip", *words.split()], check=True, capture_output=True)
        socket.send_fds(there, [b"ready"], [handle])
        there.recv(1)
    except (OSError, subprocess.SubprocessError) as error:
        with suppress(OSError):
            there.send(str(error).encode()[:200])
    finally:
        os._exit(0)


def _call(name: str, *words: int) -> None:
    """Call a function of the C library; Python 3.11 has none for these."""
    library: Any = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*words):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextmanager
def bad_line(first: Machine, second: Machine, cut: Path, seed: int) -> Iterator[None]:
    """Carry packets between two machines while the block runs, badly; none while ``cut`` exists."""
    draw, ended = random.Random(f"line {seed}"), threading.Event()
    across = {first.line: second.line, second.line: first.line}

    def carry() -> None:
        waiting: list[tuple[float, int, int, bytes]] = []
        for number in itertools.count():
            if ended.is_set():
                return
            until = max(waiting[0][0] - time.monotonic(), 0.0) if waiting else 0.05
            for source in select.select(list(across), (), (), min(until, 0.05))[0]:
                packet = os.read(source, _PACKET)
                if cut.exists() or draw.random() < _LOST:
                    continue
                for _ in range(1 + (draw.random() < _TWICE)):
                    due = time.monotonic() + draw.uniform(*_DELAY)
                    heapq.heappush(waiting, (due, number, across[source], packet))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, target, packet = heapq.heappop(waiting)
                with suppress(OSError):
                    os.write(target, packet)

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
