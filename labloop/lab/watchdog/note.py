"""Writes down what a watchdog process did, where whoever opens the lab next reads it."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from labloop.lab.host import WatchOrder
from labloop.lab.watchdog.rescue import Rescue
from labloop.lab.watchdog.watching import End
from labloop.records import JournalEntry, WatchdogNote

_TAKE_IN_SECONDS = 60.0


def note_of(order: WatchOrder, end: End, rescue: Rescue) -> WatchdogNote:
    """Return what was done, in words and as the journal keeps it."""
    mark = f"w{order.owner}x{order.owner_start}"
    entries = rescue.journal.entries(order.campaign_id)
    return WatchdogNote(
        lab=order.lab["lab"]["name"],
        campaign_id=order.campaign_id,
        message=_message(order, end, rescue),
        safe=tuple(rescue.safe),
        failures=rescue.failures,
        entries=tuple(_renamed(entry, mark, n) for n, entry in enumerate(entries, 1)),
        written=datetime.now(UTC),
    )


def write(note: WatchdogNote, folders: Sequence[str]) -> Path | None:
    """Write the note into the first folder that can be written to; return its file."""
    name = f"watchdog-{note.written:%Y%m%dT%H%M%S%f}-{os.getpid()}.json"
    for folder in map(Path, folders):
        part = folder / f".{name}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part.write_text(note.to_json(), encoding="utf-8")
            return part.replace(folder / name)
        except OSError:
            continue
    return None


def take_in(order: WatchOrder) -> None:
    """Let the program of the order take the note in; whoever opens the database next does, too."""
    if not order.program:
        return
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-P", *order.program],
        env={**os.environ, **order.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_TAKE_IN_SECONDS,
        check=False,
    )


def _renamed(entry: JournalEntry, mark: str, number: int) -> JournalEntry:
    """Return an entry with an id that no start of the campaign has ever given."""
    intent = entry.intent
    own = f"{intent.campaign_id}-{intent.device}-{mark}-{number:03d}"
    outcome = None if entry.outcome is None else replace(entry.outcome, intent_id=own)
    return replace(entry, intent=replace(intent, id=own), outcome=outcome)


def _message(order: WatchOrder, end: End, rescue: Rescue) -> str:
    what = f" for {order.purpose}" if order.purpose else ""
    who = f"process {order.owner}, in which {order.user} had the lab{what},"
    if end is End.SILENT:
        text = f"{who} gave no sign of life for {order.after:g} s, and the watchdog ended it"
    else:
        text = f"{who} died"
    if rescue.safe:
        seconds = max(rescue.safe.values())
        names = ", ".join(rescue.safe)
        text += f"; the watchdog brought {names} into the safe state, {seconds:.1f} s later"
    for name, why in rescue.failures.items():
        reason = re.sub(r"\s+", " ", why).rstrip(".")
        text += f"; {name} is NOT known to be in its safe state: {reason}"
    return f"{text}. Go and look at it now."
