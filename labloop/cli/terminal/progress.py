"""What is going on, printed while something takes longer than a moment, ever more rarely."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

FIRST_SECONDS, NEXT_SECONDS, MOST_SECONDS = 2.0, 10.0, 300.0
"""Where there is no terminal: the first line comes after the first of these, the next one after
the second, then each after twice as long, at least one in the third."""


class Backoff:
    """How many seconds to wait for the next line, twice as long each time."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin with short waits again: something new is going on."""
        self.seconds = NEXT_SECONDS

    def grow(self) -> None:
        """Wait twice as long, up to the longest wait."""
        self.seconds = min(2 * self.seconds, MOST_SECONDS)


class Waiting:
    """What is said meanwhile; :meth:`say` changes it from any thread."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._since = time.monotonic()

    def say(self, text: str) -> None:
        """Say from now on that ``text`` is going on."""
        self._text, self._since = text, time.monotonic()

    def __rich__(self) -> str:
        return f"{self._text}: {time.monotonic() - self._since:.0f} s"


@contextmanager
def waiting(out: "Console", text: str) -> Iterator[Waiting]:
    """Show ``text`` and for how long it is going on, for the length of the block.

    In a terminal one line that goes away; elsewhere a line after two seconds, another ten
    seconds later, then each after twice as long, up to five minutes.
    """
    status = Waiting(text)
    if out.is_terminal:
        from rich.live import Live  # noqa: PLC0415 - keeps labloop --help quick

        with Live(
            console=out, get_renderable=status.__rich__, refresh_per_second=4, transient=True
        ):
            yield status
        return
    ended = threading.Event()

    def lines() -> None:
        due, backoff = FIRST_SECONDS, Backoff()
        while not ended.wait(due):
            out.print(status.__rich__())
            due = backoff.seconds
            backoff.grow()

    thread = threading.Thread(target=lines, name="waiting", daemon=True)
    thread.start()
    try:
        yield status
    finally:
        ended.set()
        thread.join()
