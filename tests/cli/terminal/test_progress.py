"""What takes longer than a moment is named, ever more rarely."""

import io
import threading
import time

from rich.console import Console

from labloop.cli.terminal.progress import Backoff, waiting


def test_waiting_tells_what_and_for_how_long(monkeypatch):
    """What takes longer than a moment is named."""
    monkeypatch.setattr("labloop.cli.terminal.progress.FIRST_SECONDS", 0.2)
    monkeypatch.setattr("labloop.cli.terminal.progress.NEXT_SECONDS", 0.2)
    out = Console(file=io.StringIO(), soft_wrap=True)
    with waiting(out, "reading [a].py") as meanwhile:
        time.sleep(0.5)
        meanwhile.say("checking")
        time.sleep(0.5)
    assert "reading" in out.file.getvalue()
    assert "checking: 0 s" in out.file.getvalue()
    assert "waiting" not in {thread.name for thread in threading.enumerate()}


def test_lines_come_ever_more_rarely():
    """A log of a night does not fill with the same line; a new event begins with short waits."""
    backoff = Backoff()
    waits = []
    for _ in range(8):
        waits.append(backoff.seconds)
        backoff.grow()
    assert waits == [10, 20, 40, 80, 160, 300, 300, 300]
    backoff.reset()
    assert backoff.seconds == 10
