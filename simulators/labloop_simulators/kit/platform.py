"""What differs between operating systems: a pseudo-terminal."""

import os
import sys
from pathlib import Path

from labloop.errors import DefinitionError

if sys.platform == "win32":

    class Pty:
        """A serial port that only exists in this machine; Windows has none."""

        def __init__(self, link: Path | None = None) -> None:
            raise DefinitionError(
                f"a pseudo-terminal was asked for ({link or 'without a link'}), which Windows does "
                "not have; serve on a port (--port 4001, url socket://127.0.0.1:4001) or through a "
                "null-modem driver"
            )

else:
    import pty
    import tty
    from contextlib import suppress

    class Pty:
        """A serial port that only exists in this machine.

        Args:
            link: a path that leads to it, also after it was unplugged and plugged in again.

        Raises:
            DefinitionError: something that is no link stands in the place of the link.
        """

        def __init__(self, link: Path | None = None) -> None:
            if link is not None and link.exists() and not link.is_symlink():
                raise DefinitionError(f"{link} exists and is no link; name another path")
            self._link = link
            # Held open, so that a host may come and go.
            self._master, self._held = pty.openpty()
            tty.setraw(self._held)
            os.set_blocking(self._master, False)
            self.path = os.ttyname(self._held)
            if link is not None:
                link.unlink(missing_ok=True)
                link.symlink_to(self.path)

        def fileno(self) -> int:
            """Return what a selector waits for."""
            return self._master

        def read(self) -> bytes:
            """Return what the host wrote."""
            try:
                return os.read(self._master, 4096)
            except OSError:
                return b""

        def write(self, data: bytes) -> None:
            """Let the host read; what does not fit into its buffer is lost, as on a real line."""
            with suppress(OSError):
                os.write(self._master, data)

        def close(self) -> None:
            """Take the port away: whoever has it open gets an error of its line."""
            for handle in (self._held, self._master):
                with suppress(OSError):
                    os.close(handle)
            if self._link is not None:
                self._link.unlink(missing_ok=True)
