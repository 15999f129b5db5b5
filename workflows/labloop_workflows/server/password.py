"""The password of the server that labloop starts: random, and readable by its owner only."""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from labloop.errors import EngineError
from labloop_workflows.server.settings import home

_LETTERS = 24
_OTHERS_SECONDS = 2.0
"""How long another process may take to write the file that it has created."""


def password() -> str:
    """Return the password, which is created once and kept for every later server.

    So a browser asks for it once only.

    Raises:
        EngineError: Prefect's folder cannot be written to.
    """
    path = home() / "labloop-server.secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _write(path, secrets.token_urlsafe(_LETTERS)[:_LETTERS])
        return _read(path)
    except OSError as error:
        raise EngineError(
            f"Prefect cannot keep anything in {path.parent}: {error.strerror}; name a folder of "
            "your own by PREFECT_HOME, or add --engine plain"
        ) from error


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)


def _read(path: Path) -> str:
    until = time.monotonic() + _OTHERS_SECONDS
    while not (text := path.read_text(encoding="ascii").strip()):
        if time.monotonic() > until:
            raise EngineError(
                f"{path} holds no password; remove it, and a new one is made at the next start"
            )
        time.sleep(0.05)
    return text
