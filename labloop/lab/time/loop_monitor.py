"""Finds code that blocks the lab's event loop, and names its file and line."""

import asyncio
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from labloop.lab.process import thread_clock
from labloop.lab.time.lab_loop import LabLoop
from labloop.records import Alarm, Json, Severity

LIMIT_SECONDS = 0.1
"""Code that blocks the loop for so long raises an alarm."""
FATAL_SECONDS = 5.0
"""Code that blocks the loop for so long makes its experiment fail."""
_PERIOD, _SUSPICIOUS_PERIOD = 0.04, 0.015
"""Seconds between two samples: each one takes the interpreter away from the lab for a moment."""
_SAMPLES_BUSY, _SAMPLES_WAITING = 2, 4
"""Samples in a row at one line, of code that calculates and of code that waits."""
_OWN = str(Path(__file__).parents[2])
_EMULATED = str(Path(__file__).parents[1] / "transports" / "emulated.py")
_STANDARD = tuple(sysconfig.get_path(key) for key in ("stdlib", "platstdlib"))
_INSTALLED = tuple(sysconfig.get_path(key) for key in ("purelib", "platlib"))


@dataclass(slots=True)
class _Stall:
    """What was seen since the loop's latest iteration."""

    iteration: int
    wall: float
    cpu: float
    where: tuple[str, int] | None = None
    samples: int = 0
    """How often in a row the loop's thread was seen at ``where``."""

    def is_blocking(self, now: float, cpu: float) -> bool:
        """Return whether the code blocks; a busy computer alone is no reason.

        Either the thread itself has used the processor for too long, or it has stood at one line
        without using it while the monitor was scheduled many times.
        """
        used = cpu - self.cpu
        if used >= LIMIT_SECONDS:
            return self.samples >= _SAMPLES_BUSY
        waits = now - self.wall >= LIMIT_SECONDS and used < LIMIT_SECONDS / 10
        return waits and self.samples >= _SAMPLES_WAITING


class LoopMonitor:
    """A thread that checks whether the loop still iterates.

    Args:
        loop: the loop, whose iterations are counted.
        thread_id: the thread that runs it.
        on_alarm: gets an alarm, once per line of code, in the monitor's thread.
        on_fatal: gets the blocked task and a sentence, after ``FATAL_SECONDS``.
    """

    def __init__(
        self,
        loop: LabLoop,
        thread_id: int,
        on_alarm: Callable[[Alarm], object],
        on_fatal: Callable[[object, str], object],
    ) -> None:
        self._loop = loop
        self._thread_id = thread_id
        self._on_alarm = on_alarm
        self._on_fatal = on_fatal
        self._reported: set[tuple[str, int]] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labloop-monitor", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        try:
            self._watch()
        except OSError:
            # The clock of a thread that has ended cannot be read: nothing is left to watch.
            return

    def _watch(self) -> None:
        cpu = thread_clock(self._thread_id) or time.monotonic
        stall = _Stall(-1, time.monotonic(), cpu())
        period = _PERIOD
        while not self._end.wait(period):
            now = time.monotonic()
            runs = self._loop.asleep or self._loop.iterations != stall.iteration
            period = _PERIOD if runs else _SUSPICIOUS_PERIOD
            if runs:
                stall = _Stall(self._loop.iterations, now, cpu())
            elif now - stall.wall >= LIMIT_SECONDS / 2:
                where = self._where()
                stall.samples = stall.samples + 1 if where == stall.where else 1
                stall.where = where
                if where is not None and stall.is_blocking(now, cpu()):
                    self._report(where, now - stall.wall)

    def _where(self) -> tuple[str, int] | None:
        return responsible_line(sys._current_frames().get(self._thread_id))  # noqa: SLF001 - the only way

    def _report(self, where: tuple[str, int], seconds: float) -> None:
        file, line = where
        message = (
            f"{file}, line {line} blocks the lab's loop: nothing else can happen meanwhile; "
            "use `await lab.wait(...)` instead of sleeping, and move long work into the analysis"
        )
        if seconds >= FATAL_SECONDS:
            self._on_fatal(asyncio.current_task(self._loop), message)
        if where not in self._reported:
            self._reported.add(where)
            data: dict[str, Json] = {"file": file, "line": line}
            self._on_alarm(Alarm("blocked-loop", message, Severity.WARNING, data))


def responsible_line(frame: FrameType | None) -> tuple[str, int] | None:
    """Return file and line of the innermost frame of a user's own code, else of a package's.

    None while an emulator calculates: a real lab has none, and simulated time stands still.
    """
    package: tuple[str, int] | None = None
    inner = frame
    while inner is not None:
        if inner.f_code.co_filename == _EMULATED:
            return None
        inner = inner.f_back
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_INSTALLED):
            package = package or (file, frame.f_lineno)
        elif not file.startswith((*_STANDARD, _OWN, "<")):
            return file, frame.f_lineno
        frame = frame.f_back
    return package
