"""Takes in what a watchdog process left beside the database, each note once."""

from contextlib import suppress
from pathlib import Path

from labloop.errors import LabloopError
from labloop.records import JournalEntry, Repositories, WatchdogNote, watchdog_notes


def notes_folder(files: Path) -> Path:
    """Return the folder of notes beside the folder of large arrays."""
    return files / "notes"


def take_in_notes(repositories: Repositories, folder: Path) -> None:
    """Store every note of ``folder`` and remove its file; one that is refused stays.

    A note that was taken in half, because the process died, is taken in to its end.
    """
    for path, note in watchdog_notes(folder).items():
        with suppress(LabloopError, OSError):
            _take_in(repositories, note)
            path.unlink(missing_ok=True)


def _take_in(repositories: Repositories, note: WatchdogNote) -> None:
    campaign_id = note.campaign_id
    repositories.campaigns.get(campaign_id)
    known = {entry.intent.id: entry for entry in repositories.journal.entries(campaign_id)}
    for entry in note.entries:
        _store(repositories, entry, known.get(entry.intent.id))
    alarm = note.alarm()
    if all(found.alarm.message != alarm.message for found in repositories.alarms.all(campaign_id)):
        repositories.alarms.add(campaign_id, alarm).result()


def _store(repositories: Repositories, entry: JournalEntry, known: JournalEntry | None) -> None:
    if known is None:
        repositories.journal.intent(entry.intent).result()
    if entry.outcome is not None and (known is None or known.outcome is None):
        repositories.journal.outcome(entry.outcome).result()
