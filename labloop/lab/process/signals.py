"""Signals that end a program: first they make the lab safe."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from labloop.lab.process.platform import END_SIGNALS, console_closing
from labloop.lab.process.terminal import Terminal

_MEANING = {
    "SIGINT": "Ctrl-C",
    "SIGHUP": "the terminal was closed",
    "SIGTERM": "the process was asked to end",
}
_TAKEN: list[object] = []
"""Who handles signals now, at most one; only the main thread changes it."""


@contextmanager
def signals_to(
    stop: Callable[[str], object], meanwhile: str = "every device is brought into its safe state"
) -> Iterator[None]:
    """Let every signal that ends a program call ``stop(reason)`` while the block runs.

    These are SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal was closed) and SIGQUIT; on Windows
    Ctrl-C, Ctrl-Break and a console that is closed. A second signal is printed and changes
    nothing. SIGHUP stays ignored where it was, as ``nohup`` asks.

    Outside of the main thread, where no signals arrive, and inside of another such block, nothing
    is changed.

    Args:
        stop: is called once, in a signal handler.
        meanwhile: what happens then, printed on the screen.
    """
    if threading.current_thread() is not threading.main_thread() or _TAKEN:
        yield
        return
    seen: list[str] = []

    def end(name: str) -> None:
        first = not seen
        seen.append(name)
        if first:
            terminal.write(f"\n{name}: stopping; {meanwhile}\n")
            stop(_reason(name))
        else:
            terminal.write(f"\n{name} again: noted; still stopping: {meanwhile}\n")

    with (
        Terminal(2) as terminal,
        _taken_over(lambda number, _: end(signal.Signals(number).name)),
        console_closing(end),
    ):
        _TAKEN.append(stop)
        try:
            yield
        finally:
            _TAKEN.remove(stop)


@contextmanager
def signals_raised(leaving: Callable[[], bool]) -> Iterator[None]:
    """Let signals that would kill the process raise SystemExit, so that blocks are left.

    Args:
        leaving: returns whether the devices are being made safe; then a signal is only printed.
    """
    if threading.current_thread() is not threading.main_thread() or _TAKEN:
        yield
        return
    before: dict[int, Any] = {}

    def end(number: int, frame: FrameType | None) -> None:
        if leaving():
            name = signal.Signals(number).name
            terminal.write(f"\n{name}: noted; the devices are being made safe\n")
        elif callable(before[number]):
            before[number](number, frame)
        else:
            raise SystemExit(128 + number)

    with Terminal(2) as terminal, _taken_over(end, before):
        yield


@contextmanager
def _taken_over(
    handle: Callable[[int, FrameType | None], None], before: dict[int, Any] | None = None
) -> Iterator[None]:
    """Install ``handle`` for the signals; ``before`` gets the earlier handlers."""
    process = os.getpid()
    before = {} if before is None else before

    def answer(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            handle(number, frame)
            return
        # A forked worker has no lab: it ends as it would without.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    try:
        for number in END_SIGNALS:
            if signal.getsignal(number) is signal.SIG_IGN and number.name == "SIGHUP":
                continue
            before[number] = signal.getsignal(number)
            signal.signal(number, answer)
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for taken, handler in before.items():
                # None: the earlier handler is no Python code, and cannot be installed again.
                signal.signal(taken, signal.SIG_DFL if handler is None else handler)


def _reason(name: str) -> str:
    meaning = _MEANING.get(name)
    return f"{name} received" if meaning is None else f"{name} received: {meaning}"
