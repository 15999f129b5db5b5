"""Never silent: says what is going on while something takes longer than a moment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

FIRST, SECONDS = 2.0, 10.0
"""Where there is no terminal, a line after the first of these, then as often as the second."""


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

    In a terminal one line that goes away; elsewhere a line after two seconds, then every ten.
    """
    said = Waiting(text)
    if out.is_terminal:
        from rich.live import Live  # noqa: PLC0415 - keeps labloop --help quick

        with Live(console=out, get_renderable=said.__rich__, refresh_per_second=4, transient=True):
            yield said
        return
    ended = threading.Event()

    def lines() -> None:
        due = FIRST
        while not ended.wait(due):
            out.print(said.__rich__())
            due = SECONDS

    thread = threading.Thread(target=lines, name="waiting", daemon=True)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
