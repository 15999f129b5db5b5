"""Names code that blocks the lab's loop, with file and line."""

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
FATAL_SECONDS = 5.0
_CALM, _SUSPICIOUS = 0.04, 0.015
"""Seconds between two looks: each one takes the interpreter away from the lab for a moment."""
_LOOKS_AT_WORK, _LOOKS_AT_REST = 2, 4
_OWN = str(Path(__file__).parents[2])
_EMULATED = str(Path(__file__).parents[1] / "transports" / "emulated.py")
_STANDARD = tuple(sysconfig.get_path(key) for key in ("stdlib", "platstdlib"))
_INSTALLED = tuple(sysconfig.get_path(key) for key in ("purelib", "platlib"))


@dataclass(slots=True)
class _Since:
    """What was seen since the loop last turned."""

    beats: int
    wall: float
    cpu: float
    where: tuple[str, int] | None = None
    looks: int = 0
    """How often in a row the loop's thread was seen at ``where``."""

    def blocked(self, now: float, cpu: float) -> bool:
        """Return whether the code blocks: a busy machine alone is no reason to blame anybody.

        Either the thread itself has calculated for too long, or it has stood at one line
        without calculating while this one was let run many times.
        """
        worked = cpu - self.cpu
        if worked >= LIMIT_SECONDS:
            return self.looks >= _LOOKS_AT_WORK
        waits = now - self.wall >= LIMIT_SECONDS and worked < LIMIT_SECONDS / 10
        return waits and self.looks >= _LOOKS_AT_REST


class LoopMonitor:
    """A thread that looks whether the loop still turns.

    Args:
        loop: the loop, whose turns are counted.
        thread_id: the thread that runs it.
        on_alarm: is told once per line of code, from the watchdog's thread.
        on_fatal: is told the blocked task and a sentence when it lasts very long.
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
        self._told: set[tuple[str, int]] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labloop-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
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
        since = _Since(-1, time.monotonic(), cpu())
        period = _CALM
        while not self._end.wait(period):
            now = time.monotonic()
            turned = self._loop.asleep or self._loop.beats != since.beats
            period = _CALM if turned else _SUSPICIOUS
            if turned:
                since = _Since(self._loop.beats, now, cpu())
            elif now - since.wall >= LIMIT_SECONDS / 2:
                where = self._where()
                since.looks = since.looks + 1 if where == since.where else 1
                since.where = where
                if where is not None and since.blocked(now, cpu()):
                    self._tell(where, now - since.wall)

    def _where(self) -> tuple[str, int] | None:
        return blamed(sys._current_frames().get(self._thread_id))  # noqa: SLF001 - the only door

    def _tell(self, where: tuple[str, int], seconds: float) -> None:
        file, line = where
        message = (
            f"{file}, line {line} blocks the lab's loop: nothing else can happen meanwhile; "
            "use `await lab.wait(...)` instead of sleeping, and move long work into the analysis"
        )
        if seconds >= FATAL_SECONDS:
            self._on_fatal(asyncio.current_task(self._loop), message)
        if where not in self._told:
            self._told.add(where)
            data: dict[str, Json] = {"file": file, "line": line}
            self._on_alarm(Alarm("blocked-loop", message, Severity.WARNING, data))


def blamed(frame: FrameType | None) -> tuple[str, int] | None:
    """Return file and line of the innermost code that is a person's own, else a package's.

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
