"""What tests of a host share: a host in a thread, and a lab opened over it."""

import json
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from lab_toys import Toy, toy_tables

from labloop.lab import Arg, LabHost, MemoryJournal, action, address_file, lab_file_of, open_host
from labloop.records import Mode
from labloop.service import HostOrder, run_host
from labloop.store import open_database


class Pourer(Toy):
    """A toy that pours an amount."""

    @action
    async def pour(self, volume: Annotated[float, Arg("mL", ge=0, le=50)]) -> None:
        await self._order(b"SET %.3f" % volume)


class Running:
    """A host that runs, and what a test looks at."""

    def __init__(self) -> None:
        self.view = None
        self.error = None
        self.repositories = None
        self.down = threading.Event()
        self.ready = threading.Event()

    def happened(self, event):
        """How often something physically happened, on any device."""
        return sum(each.event == event for each in self.view.host.truth.events)


@contextmanager
def running_host(folder: Path, *names: str, tables=None, **order):
    """Run a host called ``bench`` in a thread of this process."""
    running = Running()

    def tell(view):
        running.view = view
        running.ready.set()

    def serve():
        try:
            with open_database(folder / "host.db") as repositories:
                running.repositories = repositories
                run_host(made, repositories, tell, running.down)
        except BaseException as error:  # noqa: BLE001 - raised again by the test
            running.error = error
            running.ready.set()

    toys = lab_file_of(toy_tables(*(names or ("a", "b"))) | (tables or {}))
    made = HostOrder(**{"lab_file": toys, "name": "bench", "silence": 20.0, **order})
    thread = threading.Thread(target=serve)
    thread.start()
    assert running.ready.wait(120)
    try:
        if running.error is not None:
            raise running.error
        yield running
    finally:
        running.down.set()
        thread.join(120)
        assert not thread.is_alive()
    if running.error is not None:
        raise running.error


@contextmanager
def lab_on(url="host://bench", *, campaign="tests", journal=None, mode=Mode.SIMULATED, **options):
    """Open the lab of a host, as a campaign does."""
    asked = {"campaign": campaign, "user": "ada", "place": "here"}
    with open_host(url, mode, asked) as remote:
        host = LabHost(
            remote.lab_file,
            mode=mode,
            journal=journal if journal is not None else MemoryJournal(),
            campaign_id=campaign,
            lease=remote.session.lease,
            remote=remote,
            on_alarm=lambda _: None,
            **options,
        )
        host.session = remote.session
        with host:
            yield host


def through(proxy_url: str) -> None:
    """Let campaigns reach the host ``bench`` by another address."""
    path = address_file("bench")
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "url": proxy_url}))
