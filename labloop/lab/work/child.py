"""The process in which a call is carried out; its one argument is the folder of the call."""

import asyncio
import inspect
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from labloop.errors import WorkError
from labloop.lab.work.exchange import (
    PROGRESS,
    read_call,
    write_error,
    write_result,
)
from labloop.lab.work.progress import FORMAT, PROGRESS_FILE

_CLAIM = "claimed"


def carry_out(place: str) -> None:
    """Carry out the call that lies in a folder, once, and write its end beside it.

    What it raises is written, too, and is no error of this process.
    """
    folder = Path(place)
    # A scheduler may start a job again that it took for lost: it is carried out once.
    with suppress(FileExistsError):
        os.close(os.open(folder / _CLAIM, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        _carry_out(folder)


def _carry_out(folder: Path) -> None:
    os.environ[PROGRESS_FILE] = str(folder / PROGRESS)
    logging.basicConfig(level=logging.INFO, format=FORMAT, stream=sys.stderr)
    source: Path | None = None
    try:
        func, args = read_call(folder)
        source = _folder_of(func)
        returned = func(*args)
        if inspect.isawaitable(returned):
            returned = asyncio.run(_awaited(returned))
        write_result(folder, returned)
    except BaseException as error:  # noqa: BLE001 - process edge: a person's code, also its sys.exit
        write_error(folder, error, source)


async def _awaited(returned: Any) -> Any:
    return await returned


def _folder_of(func: Callable[..., Any]) -> Path | None:
    """Return the folder of the user's file; None for a function that is in none."""
    code = getattr(inspect.unwrap(getattr(func, "func", func)), "__code__", None)
    path = Path(code.co_filename) if code is not None else None
    return path.parent if path is not None and path.is_file() else None


def main() -> None:
    """Carry out the call that the command line names."""
    if len(sys.argv) != 2:
        raise WorkError(f"name the folder of one call, got {sys.argv[1:]}")
    carry_out(sys.argv[1])
