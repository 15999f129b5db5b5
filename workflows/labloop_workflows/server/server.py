"""The Prefect server that this process uses: the one of the environment, or labloop's own."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from labloop.errors import EngineError
from labloop.store import process_mark
from labloop_workflows.server.password import password
from labloop_workflows.server.probe import Probe, probe
from labloop_workflows.server.settings import home


@dataclass(frozen=True, slots=True)
class Server:
    """A Prefect server."""

    api_url: str
    pid: int | None = None
    """The process, where labloop started it; None for a server that was there."""
    mark: str = ""
    """Distinguishes that process from a later one of the same id."""
    password: str = ""
    """Of a server that labloop started; empty: as Prefect's own settings have it."""

    @property
    def ui_url(self) -> str:
        """The address of the UI."""
        return self.api_url.removesuffix("/api")

    @property
    def is_running(self) -> bool:
        """Whether the process that labloop started exists still, healthy or not."""
        return self.pid is not None and process_mark(self.pid) == self.mark

    def lines(self, *, secret: bool) -> list[str]:
        """Return the lines that say where the UI is; with the password only if ``secret``."""
        lines = [f"Prefect   {self.ui_url}"]
        if self.password:
            shown = f": {self.password}" if secret else "; labloop ui tells it"
            lines.append(f"          the UI asks for a password once{shown}")
        return lines


@contextmanager
def connected_to(server: Server) -> Iterator[None]:
    """Let Prefect use ``server``, in this process and in those that it starts."""
    os.environ["PREFECT_API_URL"] = server.api_url
    settings = {PREFECT_API_URL: server.api_url}
    if server.password:
        os.environ["PREFECT_API_AUTH_STRING"] = server.password
        settings[PREFECT_API_AUTH_STRING] = server.password
    with temporary_settings(settings):
        yield


def configured() -> Server | None:
    """Return the server that the environment names, None where it names none.

    Raises:
        EngineError: it does not answer, or asks for a password that is not known.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    given = os.environ.get("PREFECT_API_AUTH_STRING", "")
    ours = remembered()
    if not given and ours is not None and ours.api_url == url:
        given = ours.password
    found = probe(url, given)
    if found is Probe.NO_SERVER:
        raise EngineError(
            f"PREFECT_API_URL names {url}, where no Prefect server answers; "
            "start it, unset PREFECT_API_URL, or add --engine plain"
        )
    if found is Probe.WRONG_PASSWORD:
        raise EngineError(
            f"PREFECT_API_URL names {url}, which asks for a password; "
            "set PREFECT_API_AUTH_STRING to it, or unset PREFECT_API_URL"
        )
    return Server(url, password=given)


def own_ui_url() -> str | None:
    """Return the address of the UI, where the server in use is one that labloop started."""
    ours = remembered()
    used = os.environ.get("PREFECT_API_URL")
    return ours.ui_url if ours is not None and ours.api_url == used else None


# The file in which the server that labloop started is remembered.


def memory_file() -> Path:
    """Return the file that remembers the server."""
    return home() / "labloop-server.json"


def log_file() -> Path:
    """Return the file that the server's output goes to."""
    return memory_file().with_suffix(".log")


def remember(server: Server) -> None:
    """Write down a server that labloop has started."""
    content = {"api_url": server.api_url, "pid": server.pid, "mark": server.mark}
    memory_file().write_text(json.dumps(content), encoding="utf-8")


def remembered() -> Server | None:
    """Return the server that labloop started earlier; it may have ended since."""
    try:
        content = json.loads(memory_file().read_text(encoding="utf-8"))
        return Server(**content, password=password())
    except (OSError, ValueError, TypeError):
        return None
