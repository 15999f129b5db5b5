"""What only POSIX has: terminals in pairs, forked programs, a shim in front of the clock."""

import mmap
import os
import pty
import select
import selectors
import signal
import struct
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from labloop_simulators.kit import Emulator, serve_world

_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double *offset;
static int (*asked)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("JUMP_FILE");
    int file = path ? open(path, O_RDONLY) : -1;
    asked = dlsym(RTLD_NEXT, "clock_gettime");
    if (file >= 0) {
        offset = mmap(0, sizeof(double), PROT_READ, MAP_SHARED, file, 0);
        close(file);
        if (offset == MAP_FAILED) offset = 0;
    }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int code = asked(clock, now);
    if (!code && offset && clock == CLOCK_REALTIME) now->tv_sec += (time_t)*offset;
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec at;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (out) *out = at.tv_sec;
    return at.tv_sec;
}
"""


class Program:
    """A Python function in a forked process with a terminal of its own.

    Forked from a process that has imported everything, a program starts in a tenth of a second.
    """

    def __init__(self, call: Callable[[], object], *, answer: str = "") -> None:
        """Start ``call``; where it asks "to go on:", ``answer`` is typed."""
        self.said = bytearray()
        self._answer = answer
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            _be(call)
        self._open = True
        self.code: int | None = None

    def signal(self, number: int) -> None:
        """Send a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close_terminal(self) -> None:
        """Close the terminal, as a dropped connection does."""
        if self._open:
            self._open = False
            os.close(self._terminal)

    def look(self, seconds: float) -> bool:
        """Hear what it says for so long; return whether it still runs."""
        until = time.monotonic() + seconds
        while self.code is None and (left := until - time.monotonic()) > 0:
            self._hear(min(left, 0.05))
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._hear(0.0)
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is None

    def end(self, seconds: float) -> int | None:
        """Return the exit code; None where it did not end in time and was killed."""
        if self.look(seconds):
            self.signal(signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.close_terminal()
            return None
        self.close_terminal()
        return self.code

    def _hear(self, seconds: float) -> None:
        if not self._open:
            time.sleep(seconds)
            return
        while select.select([self._terminal], [], [], seconds)[0]:
            try:
                data = os.read(self._terminal, 65536)
            except OSError:
                # Everybody at the other end has gone.
                time.sleep(min(seconds, 0.01))
                return
            if not data:
                return
            self.said += data
            if self._answer and b"to go on:" in self.said:
                os.write(self._terminal, f"{self._answer}\n".encode())
                self._answer = ""
            seconds = 0.0


def _be(call: Callable[[], object]) -> None:
    """Be the forked program; never returns."""
    code = 1
    try:
        for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
            stream = open(number, mode, closefd=False, buffering=1)  # noqa: SIM115 - for good
            setattr(sys, name, stream)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # As at a terminal of its own, also where the bench itself was started by nohup.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        call()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code & 0xFF)


@contextmanager
def forked(call: Callable[[], object]) -> Iterator[int]:
    """Run ``call`` in a process of its own without a terminal, killed at the end of the block."""
    pid = os.fork()
    if pid == 0:
        try:
            call()
        finally:
            os._exit(0)
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def serve(
    emulators: Mapping[str, Emulator],
    line: str,
    told: Callable[[dict[str, str]], object],
    look: Callable[[], object],
) -> None:
    """Serve emulators over ``tcp`` or ``pty`` for ever.

    Args:
        emulators: by name.
        line: ``tcp`` or ``pty``.
        told: is given name -> url once they can be reached.
        look: is called some fifty times a second.
    """
    if line == "tcp":
        with serve_world(emulators) as urls:
            told(urls)
            while True:
                look()
                time.sleep(0.02)
    _serve_ptys(emulators, told, look)


def _serve_ptys(
    emulators: Mapping[str, Emulator],
    told: Callable[[dict[str, str]], object],
    look: Callable[[], object],
) -> None:
    selector = selectors.DefaultSelector()
    due: list[tuple[float, int, bytes]] = []
    urls, slaves = {}, []
    for name, emulator in emulators.items():
        master, slave = pty.openpty()
        tty.setraw(slave)
        # Kept open: a terminal whose last user has gone hangs up.
        slaves.append(slave)
        os.set_blocking(master, False)
        urls[name] = f"serial://{os.ttyname(slave)}?baud=115200"
        selector.register(master, selectors.EVENT_READ, emulator)
    told(urls)
    while True:
        look()
        for key, _ in selector.select(0.02):
            with suppress(OSError):
                data = os.read(key.fd, 4096)
                answers = key.data.receive(data, time.monotonic())
                due += [(at, key.fd, answer) for at, answer in answers]
        for at, handle, answer in list(due):
            if at <= time.monotonic():
                due.remove((at, handle, answer))
                with suppress(OSError):
                    os.write(handle, answer)


class ClockShim:
    """Stands in front of the system's clock of one program, and lets it jump.

    Raises:
        OSError: there is no C compiler to build it.
    """

    def __init__(self, folder: Path) -> None:
        """Build the shim into ``folder``."""
        source, library = folder / "shim.c", folder / "shim.so"
        source.write_text(_SHIM, encoding="ascii")
        words = ["cc", "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"]
        subprocess.run(words, check=True, capture_output=True)
        self._file = folder / "jump"
        self._file.write_bytes(struct.pack("d", 0.0))
        self.environment = {"LD_PRELOAD": str(library), "JUMP_FILE": str(self._file)}

    def jump(self, seconds: float) -> None:
        """Let the clock jump."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as place:
            place[:] = struct.pack("d", seconds)
