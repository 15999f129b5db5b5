"""Where a campaign, its host and the bad line between them are, and how each is started."""

import faulthandler
import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.durability import kills
from benchmarks.link_proxy import LinkProxy, random_trouble
from labloop.lab import load_lab_file
from labloop.records import Mode
from labloop.service import HostOrder, Listen, end_host, host_status, run_host
from labloop.store import open_database

SILENCE = 1.0
"""Seconds for which a campaign may be silent."""
_TROUBLE = 0.1
"""Share of calls that are lost, doubled or late."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one campaign, its host and the line between them are."""

    folder: Path

    @property
    def url(self) -> str:
        """The campaign's database."""
        return str(self.folder / "labloop.db")

    @property
    def host_url(self) -> str:
        """The host's database."""
        return str(self.folder / "host.db")

    @property
    def lab(self) -> str:
        """The lab as the campaign names it."""
        return "host://doser"

    @property
    def listen(self) -> Listen:
        """Where the host listens."""
        return Listen()

    def status(self) -> dict[str, Any]:
        """Return how the host stands; raises LabloopError where it does not answer."""
        self.know("host")
        return host_status("doser")

    def end(self) -> None:
        """Let the host end in order."""
        self.know("host")
        end_host("doser")

    def at(self, end: str) -> Path:
        """Return the address file of the host, as one end of the line has it."""
        return self.folder / f"at-{end}" / "doser.json"

    def know(self, end: str) -> None:
        """Let this process find the host as one end of the line does."""
        os.environ["LABLOOP_HOSTS"] = str(self.at(end).parent)

    def host(self) -> None:
        """Be the host."""
        self._tell_where("host")
        self.know("host")
        order = HostOrder(
            lab_file=load_lab_file(self.folder / "lab.toml"),
            name="doser",
            mode=Mode.REAL,
            silence=SILENCE,
            listen=self.listen,
        )
        with open_database(self.host_url) as repositories:
            run_host(order, repositories, lambda _: None)

    def line(self, seed: int) -> None:
        """Be the line: bad all the time, and cut while there is a file of that name."""

        def port() -> int:
            told = json.loads(self.at("host").read_text(encoding="utf-8"))
            return int(told["url"].rpartition(":")[2])

        proxy = LinkProxy(port, random_trouble(seed, _TROUBLE))
        told = json.loads(self.at("host").read_text(encoding="utf-8"))
        part = self.at("campaign").with_suffix(".part")
        part.write_text(json.dumps({**told, "url": proxy.url}), encoding="utf-8")
        part.replace(self.at("campaign"))
        while True:
            if (self.folder / "cut").exists():
                proxy.cut.set()
            else:
                proxy.cut.clear()
            time.sleep(0.005)

    def campaign(self) -> None:
        """Be the campaign."""
        self._tell_where("campaign")
        kills.run(self.folder, self.url, "plain", lambda: self.know("campaign"))

    def _tell_where(self, who: str) -> None:
        """Let this process write where its threads are when it is asked by SIGUSR1."""
        file = (self.folder / f"{who}.stacks").open("w", encoding="utf-8")
        faulthandler.register(signal.SIGUSR1, file)

    def where(self, *pids: int) -> str:
        """Return where the threads of campaign and host are."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(1.0)
        return "\n".join(f"{f.name}\n{f.read_text()}" for f in self.folder.glob("*.stacks"))

    def cut(self, seconds: float) -> None:
        """Cut the line for so long."""
        cut = self.folder / "cut"
        cut.touch()
        time.sleep(seconds)
        cut.unlink()

    def moved(self) -> bool:
        """Return whether the doser did something after it was last made safe."""
        truth = self.folder / "truth.txt"
        lines = truth.read_text(encoding="ascii").splitlines() if truth.exists() else []
        return bool(lines) and lines[-1] != "SAFE"
