"""Open files that a forked child must not keep: locks, and the pipe to the watchdog process."""

import os
from contextlib import suppress

_OPEN: set[int] = set()


def keep_from_children(handle: int) -> None:
    """Close the copy of an open file that each forked child would have.

    A child that outlives its parent would keep the parent's locks, or seem to be the parent.
    """
    _OPEN.add(handle)


def forget(handle: int) -> None:
    """Note that the file has been closed here."""
    _OPEN.discard(handle)


def _close_in_child() -> None:
    for handle in list(_OPEN):
        with suppress(OSError):
            os.close(handle)
    _OPEN.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
