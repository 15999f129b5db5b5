"""Files that a verb writes: whole, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labloop.errors import CampaignError


def ensure_writable_folder(path: Path) -> Path:
    """Return the folder of ``path``, made where it lacks; raises where it cannot be written."""
    folder = path.resolve().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".labloop-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CampaignError(
            f"nothing can be written to {folder}: {error.strerror}; name another folder"
        ) from error
    return folder


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a name to write to; the file gets its own name when all of it is written.

    Raises:
        CampaignError: it cannot be written; what was there before is there still.
    """
    if path.is_dir():
        raise CampaignError(f"{path} is a folder; name a file in it")
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise CampaignError(
            f"{path} cannot be written: {error.strerror}; name another file or free some space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
