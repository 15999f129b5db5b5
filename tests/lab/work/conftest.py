"""What tests of work share: a call in a folder of its own, and attempts in a journal."""

import threading
import time
from pathlib import Path

import pytest

from labloop.lab import Attempts, MemoryJournal, StopFlag, WorkCall, WorkJournal


class Bench:
    """Carries work out as a campaign does, and keeps what is stored of it."""

    def __init__(self, folder):
        self.folder = folder
        self.journal = MemoryJournal()
        self.stop = StopFlag()
        self.calls = []

    def run(self, work, *args):
        """Return the result of some work; raises what it raised."""
        rows = WorkJournal(
            journal=self.journal,
            campaign_id="c",
            experiment_id="c-0001",
            actor="me",
            now=time.monotonic,
        )
        return Attempts(work, rows, f"c-0001-w{len(self.entries) + 1:03d}", self._call(args)).run()

    def _call(self, args):
        def new_call(name):
            self.calls.append(WorkCall(args, self.folder, name, self.stop))
            return self.calls[-1]

        return new_call

    @property
    def entries(self):
        """The attempts, as they are stored."""
        return self.journal.entries("c")

    @property
    def told(self):
        """What the last attempt told of itself."""
        return self.entries[-1].outcome.result

    def stop_soon(self, met, reason="enough"):
        """Stop as soon as ``met()``."""

        def wait():
            wait_until(met)
            self.stop.set(reason)

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread


def wait_until(met, seconds=30):
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def bench(tmp_path):
    """Return a bench whose campaign folder is empty."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    return Bench(folder)


@pytest.fixture
def until():
    """Return the function that waits until something is so."""
    return wait_until


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and is not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def alive():
    """Return the function that tells whether a process runs."""
    return is_alive
