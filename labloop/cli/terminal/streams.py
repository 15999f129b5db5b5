"""Standard streams while a lab is open: a terminal that has gone or stalls blocks nobody."""

import atexit
import io
import os
import sys
from contextlib import suppress
from typing import cast

from labloop.lab import Terminal


class _Raw(io.RawIOBase):
    """The raw end of a stream, over a terminal that never raises and never blocks for long."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the file handle."""
        return self._terminal.handle

    def isatty(self) -> bool:
        """Return whether a person looks at it."""
        return os.isatty(self._terminal.handle)

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # any buffer
        """Write all of it, sooner or later."""
        self._terminal.write(bytes(data))
        self._terminal.flush()
        return len(data)


def steady_streams() -> None:
    """Let standard output and error bear everything, from now to the end of the process.

    What is no file of the system's stays as it is. So does a Windows console, which closes
    together with the process.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or isinstance(_raw_of(stream), _Raw):
            continue
        try:
            handle = stream.fileno()
        except (OSError, ValueError):
            continue
        if os.name == "nt" and os.isatty(handle):
            continue
        with suppress(OSError, ValueError):
            stream.flush()
        steady = io.TextIOWrapper(
            io.BufferedWriter(cast("io.RawIOBase", _Raw(Terminal(handle)))),
            encoding=stream.encoding,
            errors="replace",
            line_buffering=True,
        )
        # The interpreter's own flush comes when no other thread runs any more.
        atexit.register(steady.flush)
        setattr(sys, name, steady)


def _raw_of(stream: io.TextIOWrapper) -> object:
    return getattr(stream.buffer, "raw", None)
