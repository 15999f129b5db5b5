"""One master per instrument: locks of this machine, which the kernel frees with their process.

A lease is kept in a database, and a machine may have several databases. A line and the
instrument at its end exist once, so each has a lock file in a folder that all users of the
machine share. A file is never removed; only its lock counts.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from labloop.errors import LeaseError
from labloop.lab.configuration import LabFile
from labloop.lab.devices import Device
from labloop.lab.process import (
    forget,
    keep_from_children,
    lock_folder,
    open_for_all,
    try_lock,
    unlock,
)
from labloop.lab.transports import line_keys

FOLDER_VARIABLE = "LABLOOP_LOCKS"
"""The environment variable that names another folder of locks, such as a shared one."""


class InstrumentLocks:
    """The locks on the lines and instruments of one real lab.

    Args:
        lab_file: names the devices.
        drivers: device -> its driver.
        user: who commands them.
        purpose: what for; both are shown to whoever asks for the same instruments.
    """

    def __init__(
        self, lab_file: LabFile, drivers: Mapping[str, type[Device]], user: str, purpose: str
    ) -> None:
        self._keys: dict[str, str] = {}
        for name, table in lab_file.devices.items():
            lines = line_keys(table.url)
            for line in lines:
                self._keys.setdefault(line, f"{name} at {table.url}")
            driver = drivers[name]
            # A number that the instrument cannot be asked for is a person's note, and not unique.
            if table.serial_number and lines and driver.serial_on_wire:
                key = f"instrument {driver.__module__}:{driver.__qualname__} {table.serial_number}"
                self._keys.setdefault(key, f"{name} (serial number {table.serial_number})")
        self._holder = {"user": user, "purpose": purpose}
        self._handles: list[int] = []

    def take(self) -> None:
        """Take all locks, or none.

        Raises:
            LeaseError: another program of this machine has one; the message names it.
        """
        try:
            # In one order everywhere: of two programs that begin at once, one gets all.
            for key in sorted(self._keys):
                self._take(key, self._keys[key])
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release all locks that are held."""
        for handle in self._handles:
            forget(handle)
            with suppress(OSError):
                os.ftruncate(handle, 0)
            unlock(handle)
            os.close(handle)
        self._handles.clear()

    def _take(self, key: str, what: str) -> None:
        path = _folder() / _file_name(key)
        try:
            handle = open_for_all(path)
        except OSError as error:
            raise LeaseError(
                f"the lock of {what} cannot be opened: {path}: {error.strerror}; let every user "
                f"of this machine write there, or name another folder in {FOLDER_VARIABLE}"
            ) from error
        if not try_lock(handle):
            holder = _holder_of(handle)
            os.close(handle)
            raise LeaseError(
                f"{what} is driven by {holder} on this machine already; nothing was sent. "
                "Wait until that has ended, or end it"
            )
        keep_from_children(handle)
        self._handles.append(handle)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        content = {**self._holder, "pid": os.getpid(), "since": since}
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(content).encode())


def _folder() -> Path:
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given) if given else lock_folder()


def _file_name(key: str) -> str:
    """Return a name that every file system accepts and a person recognises."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", key).strip("-.")[:48]
    return f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.lock"


def _holder_of(handle: int) -> str:
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        held = json.loads(os.read(handle, 4096))
        purpose = f" for {held['purpose']}" if held["purpose"] else ""
        return f"{held['user']} (process {held['pid']}{purpose}, since {held['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"
