"""The environment that peers run in: where it is, what is in it, how it is made.

Peers pin versions of their own, so they do not share labloop's environment. One environment
holds all of them: they stand on the same libraries, which are large.
"""

import importlib.util
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from labloop.brain.peers.catalogue import PEERS, PINS, Peer
from labloop.errors import BrainError

VARIABLE = "LABLOOP_PEERS"
"""The environment variable that names the folder of the environment."""
_TAIL = 3


def peers_folder() -> Path:
    """Return the folder of the peers' environment, whether it is there or not."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().resolve()
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "labloop" / "peers"


def installed(peer: Peer) -> Path | None:
    """Return the Python that a peer runs in, None where it is installed nowhere.

    The peers' own environment comes first, then the one that labloop itself runs in. Both times
    the peer has a process of its own.
    """
    folder = peers_folder()
    if any(folder.glob(f"[Ll]ib/**/site-packages/{peer.module}/__init__.py")):
        return _python(folder)
    return Path(sys.executable) if importlib.util.find_spec(peer.module) else None


def python_of(peer: Peer) -> Path:
    """Return the Python that a peer runs in; raises BrainError where it is installed nowhere."""
    found = installed(peer)
    if found is None:
        raise BrainError(
            f"strategy {peer.name!r} runs {peer.title} in an environment of its own, and "
            f"{peer.title} is not there yet; install it with: labloop strategy install {peer.name}"
        )
    return found


def install(
    names: Sequence[str],
    say: Callable[[str], None] = lambda line: None,  # noqa: ARG005 - silent by default
) -> None:
    """Install peers, in versions that go together, into their environment; made if missing.

    Args:
        names: of peers, such as ``baybe``.
        say: is called with each line that pip writes.

    Raises:
        BrainError: no such peer, or pip cannot install it.
    """
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise BrainError(
            f"no peer is called {', '.join(map(repr, unknown))}; there are: {', '.join(PEERS)}"
        )
    folder = peers_folder()
    if not _python(folder).is_file():
        say(f"making the environment {folder}")
        venv.create(folder, with_pip=True)
    wanted = [PEERS[name].requirement for name in names]
    # --no-input: nobody is there to answer a question of pip.
    words = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", *wanted, *PINS]
    tail: list[str] = []
    with subprocess.Popen(  # noqa: S603 - pip
        [str(_python(folder)), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            tail = [*tail, line.strip()][-_TAIL:]
            say(line.strip())
    if process.returncode:
        raise BrainError(
            f"pip could not install {', '.join(wanted)} into {folder}: {' '.join(tail)}; what is "
            "missing (a connection, space on the disk, a newer Python) it says above"
        )


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
