"""What depends on the operating system: durable changes of a folder."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable; Windows does so by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
