"""What carried experiments out without a lab, or beside its devices: attempts with their logs."""

from collections.abc import Iterable
from dataclasses import dataclass

from labloop.lab import is_attempt, log_of
from labloop.records import ActionState, JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at some work, as it is shown."""

    experiment_id: str | None
    number: int
    """Of the attempt, from 1."""
    kind: str
    """``function``, ``process``, ``command``, ``notebook`` or ``cluster job``."""
    name: str
    state: ActionState
    detail: str
    """Why it failed or is uncertain; empty otherwise."""
    facts: str
    """Exit code, id of a job; empty where there is none."""
    progress: tuple[tuple[float, float, str], ...]
    """Wall seconds, fraction from 0 to 1 and text of each note."""
    log: str

    @property
    def words(self) -> str:
        """What it was and how it ended, in one line."""
        state = "begun, no end is known" if self.state is ActionState.INTENT else self.state.value
        parts = [f"attempt {self.number}: {self.kind} {self.name}, {state}", self.facts]
        return ", ".join(filter(None, parts)) + (f": {self.detail}" if self.detail else "")


def read_attempts(entries: Iterable[JournalEntry]) -> list[Attempt]:
    """Return the attempts among the entries of a journal, in order."""
    return [_attempt(entry) for entry in entries if is_attempt(entry)]


def _attempt(entry: JournalEntry) -> Attempt:
    given, told = entry.intent.arguments, log_of(entry)
    number = given.get("attempt")
    return Attempt(
        experiment_id=entry.intent.experiment_id,
        number=number if isinstance(number, int) else 1,
        kind=str(given.get("work", "")),
        name=entry.intent.name,
        state=entry.state,
        detail=entry.outcome.detail if entry.outcome else "",
        facts=", ".join(f"{name} {told[name]}" for name in ("exit code", "job") if name in told),
        progress=tuple(_notes(told.get("progress"))),
        log=str(told.get("log", "")),
    )


def _notes(found: object) -> Iterable[tuple[float, float, str]]:
    for note in found if isinstance(found, (list, tuple)) else ():
        seconds, fraction, text = note
        yield float(seconds), float(fraction), str(text)
