"""What a process that may not open the database leaves beside it, and how it gets in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from labloop.records._canonical import Json
from labloop.records._planning import Alarm
from labloop.records._states import NOT_SAFE, WATCHDOG, ActionState, Severity
from labloop.records._stored_records import Intent, JournalEntry, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Where notes for a database are left, and the program that takes them in."""

    folder: Path
    program: tuple[str, ...]
    """Words of a command line of this Python; none of them is secret."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables for it; one may hold a password, so they are never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogNote:
    """What a watchdog process did after the process that had a lab had died, or hung.

    Each note stands in a file of its own, named ``watchdog-<when>-<process>.json``.
    """

    lab: str
    campaign_id: str
    message: str
    """All of it in a few sentences."""
    safe: tuple[str, ...] = ()
    """Devices that it brought into their safe state, in that order."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Device -> why it is not known to be in its safe state."""
    entries: tuple[JournalEntry, ...] = ()
    """What was sent, as the journal keeps it."""
    written: datetime

    def alarm(self) -> Alarm:
        """Return the alarm that tells it, open until a person acknowledges it."""
        kind = NOT_SAFE if self.failures else WATCHDOG
        return Alarm(kind, self.message, Severity.CRITICAL, {"safe": list(self.safe)})

    def to_json(self) -> str:
        """Return the note as text."""
        return json.dumps(
            {
                "lab": self.lab,
                "campaign_id": self.campaign_id,
                "message": self.message,
                "safe": list(self.safe),
                "failures": dict(self.failures),
                "entries": [_entry_to_json(entry) for entry in self.entries],
                "written": self.written.isoformat(),
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the note; raises ValueError, KeyError, TypeError for any other text."""
        found = json.loads(text)
        return cls(
            lab=str(found["lab"]),
            campaign_id=str(found["campaign_id"]),
            message=str(found["message"]),
            safe=tuple(map(str, found["safe"])),
            failures={str(name): str(why) for name, why in found["failures"].items()},
            entries=tuple(_entry_from_json(n, e) for n, e in enumerate(found["entries"], 1)),
            written=datetime.fromisoformat(found["written"]).astimezone(UTC),
        )


def watchdog_notes(folder: Path) -> dict[Path, WatchdogNote]:
    """Return file -> the notes in a folder, oldest first; what cannot be read is left out."""
    notes: dict[Path, WatchdogNote] = {}
    for path in sorted(folder.glob("watchdog-*.json")):
        try:
            notes[path] = WatchdogNote.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return notes


def _entry_to_json(entry: JournalEntry) -> Json:
    intent, outcome = entry.intent, entry.outcome
    return {
        "id": intent.id,
        "device": intent.device,
        "name": intent.name,
        "actor": intent.actor,
        "lab_time": intent.lab_time,
        "outcome": None
        if outcome is None
        else {
            "state": outcome.state.value,
            "detail": outcome.detail,
            "sent": [frame.hex() for frame in outcome.sent],
            "received": [frame.hex() for frame in outcome.received],
            "lab_time": outcome.lab_time,
        },
        "campaign_id": intent.campaign_id,
    }


def _entry_from_json(number: int, found: Mapping[str, Any]) -> JournalEntry:
    intent = Intent(
        id=str(found["id"]),
        campaign_id=str(found["campaign_id"]),
        experiment_id=None,
        device=str(found["device"]),
        name=str(found["name"]),
        idempotent=True,
        lab_time=float(found["lab_time"]),
        actor=str(found["actor"]),
    )
    end = found["outcome"]
    outcome = None
    if end is not None:
        outcome = Outcome(
            intent_id=intent.id,
            state=ActionState(end["state"]),
            detail=str(end["detail"]),
            sent=tuple(bytes.fromhex(frame) for frame in end["sent"]),
            received=tuple(bytes.fromhex(frame) for frame in end["received"]),
            lab_time=float(end["lab_time"]),
            actor=intent.actor,
        )
    return JournalEntry(sequence=number, intent=intent, outcome=outcome)
