"""The program: reads its order, watches, and where it has to, makes the lab safe.

It says one line of JSON when it watches (or why it cannot), then a byte for each beat. A signal
that ends its owner does not end it: it ends by itself.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from labloop.errors import LabloopError
from labloop.lab.configuration import plan_lab, with_found_drivers
from labloop.lab.host import WatchOrder
from labloop.lab.process import END_SIGNALS, OtherProcess, ask_for_precedence, say
from labloop.lab.transports import load_ports
from labloop.lab.watchdog.note import note_of, take_in, write
from labloop.lab.watchdog.rescue import Rescue
from labloop.lab.watchdog.watching import End, watch
from labloop.records import Mode
from labloop.units import quantity

_STDIN, _STDOUT = 0, 1
_NOT_SAFE_EXIT = 4
_DEATH_SECONDS = 10.0
"""How long a process that was killed may take to end; its ports are its own until then."""


def main() -> int:
    """Be the watchdog process; return its exit code."""
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    said: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(said,), daemon=True).start()
    line = _first_line(said)
    if line is None:
        return 0
    order = WatchOrder.from_line(line)
    owner = OtherProcess(order.owner, order.owner_start)
    try:
        lab_file = with_found_drivers(order.lab_file)
        plan_lab(lab_file, Mode.REAL)
        load_ports()
        # Loads pint.
        quantity(1.0, "s")
    except LabloopError as error:
        _answer(json.dumps({"refused": f"cannot load it: {error}"}).encode() + b"\n")
        return 1
    _answer(json.dumps({"watching": True}).encode() + b"\n")
    end = watch(said, owner, order.after, lambda: _answer(b"."))
    if end is End.IN_ORDER:
        return 0
    with suppress(OSError):
        # Ahead of whatever keeps the computer busy, where the system lets this user.
        ask_for_precedence()
    owner.kill()
    owner.wait(_DEATH_SECONDS)
    rescue = Rescue()
    rescue.run(lab_file, order.campaign_id, f"making the lab safe after process {order.owner}")
    return _tell(order, end, rescue)


def _tell(order: WatchOrder, end: End, rescue: Rescue) -> int:
    """Say and write down what was done; return the exit code."""
    note = note_of(order, end, rescue)
    say(f"!! {'NOT SAFE: ' if note.failures else ''}{note.message}")
    file = write(note, order.notes)
    if file is None:
        say("!! this could not be written down anywhere, so nothing else will tell you")
    with suppress(OSError, subprocess.SubprocessError):
        take_in(order)
    return _NOT_SAFE_EXIT if note.failures else 0


def _read(said: "queue.Queue[bytes]") -> None:
    """Put what comes through the pipe into the queue; empty bytes are its end."""
    while True:
        try:
            data = os.read(_STDIN, 65536)
        except OSError:
            data = b""
        said.put(data)
        if not data:
            return


def _first_line(said: "queue.Queue[bytes]") -> bytes | None:
    """Return the first line; None where the pipe ends before it does."""
    line = b""
    while b"\n" not in line:
        data = said.get()
        if not data:
            return None
        line += data
    # Nothing follows it before this process has answered.
    return line


def _answer(data: bytes) -> None:
    # The owner may have ended; that is noticed elsewhere.
    with suppress(OSError):
        os.write(_STDOUT, data)


if __name__ == "__main__":
    sys.exit(main())
