"""What must be closed before the interpreter ends."""

import atexit
import os
from collections.abc import Callable

NOT_SAFE_EXIT = 4
"""The exit code of a program whose lab ended with something that is not known to be safe."""

_CLOSE: dict[object, tuple[int, Callable[[], bool]]] = {}
"""What is open -> the process that opened it (a forked one has none), and how it is closed."""


def close_at_exit(owner: object, close: Callable[[], bool]) -> None:
    """Call ``close()`` where the program ends before :func:`closed` was called for ``owner``.

    It returns whether everything is safe; where it is not, the program ends with exit code 4.
    """
    if not _CLOSE:
        # Registered anew each time, so that it runs before what was registered earlier.
        atexit.register(_close_all)
    _CLOSE[owner] = os.getpid(), close


def closed(owner: object) -> None:
    """Forget ``owner``: it has been closed."""
    _CLOSE.pop(owner, None)
    if not _CLOSE:
        atexit.unregister(_close_all)


def _close_all() -> None:
    mine = [close for process, close in _CLOSE.values() if process == os.getpid()]
    safe = [close() for close in mine]
    if not all(safe):
        # A function that is registered at exit cannot set the exit code in any other way.
        os._exit(NOT_SAFE_EXIT)
