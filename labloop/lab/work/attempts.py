"""Work that is done until it succeeds: every attempt is committed before it begins."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labloop.errors import ExperimentCancelled, LabloopError, UncertainError, WorkError
from labloop.lab.work.exchange import has_result, read_result
from labloop.lab.work.guarded_process import is_temporary, left_behind, remove_place
from labloop.lab.work.progress import WorkRecord
from labloop.lab.work.work import Work, WorkCall
from labloop.records import ActionState, Intent, Journal, JournalEntry, Json, Outcome

_KEY = "work"
"""The argument of an intent that names the kind of work, and by which it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkJournal:
    """Where the attempts at one piece of work are committed, and for whom.

    Attributes:
        journal: of the lab or of the campaign.
        campaign_id: on whose behalf.
        experiment_id: the experiment; None for what is done by hand.
        actor: who is written into each row.
        now: lab seconds.
        number: of the first attempt in this process.
    """

    journal: Journal
    campaign_id: str
    experiment_id: str | None
    actor: str
    now: Callable[[], float]
    number: int = 1


class Attempts:
    """Carries work out in the calling thread, again where it may be retried.

    Args:
        work: what is done.
        rows: where it is committed.
        intent_id: of the first attempt; the others have theirs from it.
        new_call: returns the call of an attempt of a name.
    """

    def __init__(
        self, work: Work, rows: WorkJournal, intent_id: str, new_call: Callable[[str], WorkCall]
    ) -> None:
        self._work = work
        self._rows = rows
        self._intent_id = intent_id
        self._new_call = new_call

    def run(self) -> Any:
        """Return the result of the first attempt that succeeds; raises what the last one raised."""
        done = 0
        while True:
            number = self._rows.number + done
            name = self._intent_id if done == 0 else f"{self._intent_id}.{done + 1}"
            call = self._new_call(name)
            call.place = self._work.make_place(name)
            self._begin(name, number, call)
            try:
                return self._end(name, call, self._work.carry_out)
            except (ExperimentCancelled, UncertainError):
                raise
            except Exception as error:
                wait = self._work.retry.seconds(done)
                if done >= self._work.retry.times or call.left is not None:
                    raise
                if not self._work.retry.covers(error):
                    raise
                if call.stop.wait(wait):
                    raise ExperimentCancelled(call.stop.reason) from error
            done += 1

    def take_up(self, entry: JournalEntry) -> Any:
        """Go on after the last attempt of an earlier process, and return the result.

        What survives is found again. Else it is done again where that does no harm; what had ended
        is not.

        Raises:
            UncertainError: it is not known what became of it.
        """
        place = place_of(entry)
        if self._work.survives and place is not None and entry.outcome is None:
            call = self._new_call(entry.intent.id)
            call.place = place
            return self._end(entry.intent.id, call, self._work.take_up)
        if entry.state is ActionState.DONE and place is not None and has_result(place):
            return read_result(place)
        if self._work.repeatable:
            return self.run()
        if entry.state is ActionState.FAILED and entry.outcome is not None:
            raise WorkError(entry.outcome.detail)
        raise UncertainError(f"the process ended in the middle of {self._work.name}")

    def _begin(self, intent_id: str, number: int, call: WorkCall) -> None:
        arguments: dict[str, Json] = {_KEY: self._work.kind, "attempt": number}
        if call.place is not None:
            arguments["folder"] = str(call.place)
        intent = Intent(
            id=intent_id,
            campaign_id=self._rows.campaign_id,
            experiment_id=self._rows.experiment_id,
            device="",
            name=self._work.name,
            kind="step",
            arguments=arguments,
            idempotent=self._work.repeatable,
            lab_time=self._rows.now(),
            actor=self._rows.actor,
        )
        self._rows.journal.intent(intent).result()

    def _end(self, intent_id: str, call: WorkCall, do: Callable[[WorkCall], Any]) -> Any:
        state, detail = ActionState.DONE, ""
        try:
            return do(call)
        except BaseException as error:
            uncertain = isinstance(error, UncertainError)
            state = ActionState.UNCERTAIN if uncertain else ActionState.FAILED
            named = "" if isinstance(error, LabloopError) else f"{type(error).__name__}: "
            detail = f"{named}{error}".rstrip(": ")
            raise
        finally:
            self._rows.journal.outcome(
                Outcome(
                    intent_id=intent_id,
                    state=state,
                    result={**call.facts, **told(call.record)},
                    detail=detail,
                    lab_time=self._rows.now(),
                    actor=self._rows.actor,
                )
            ).result()
            if call.place is not None and is_temporary(call.place):
                remove_place(call.place)


def told(record: WorkRecord) -> dict[str, Json]:
    """Return what is stored of an attempt's telling: its progress and its log."""
    notes: list[Json] = [
        [round(note.seconds, 3), note.fraction, note.text] for note in record.notes
    ]
    return {"progress": notes, "log": record.log}


def close_attempt(
    entry: JournalEntry, journal: Journal, actor: str, state: ActionState, why: str
) -> None:
    """Commit the end of an attempt whose process died, with what it had told of itself.

    Waits until a program of that process has ended: it is ended with its parent.
    """
    place, found = place_of(entry), {}
    if place is not None and is_temporary(place) and place.is_dir():
        found = told(left_behind(place))
        remove_place(place)
    outcome = Outcome(
        intent_id=entry.intent.id,
        state=state,
        result=found or None,
        detail=why,
        lab_time=entry.intent.lab_time,
        actor=actor,
    )
    journal.outcome(outcome).result()


def is_attempt(entry: JournalEntry) -> bool:
    """Return whether an entry of the journal is an attempt at work."""
    return entry.intent.kind == "step" and _KEY in entry.intent.arguments


def place_of(entry: JournalEntry) -> Path | None:
    """Return the folder of an attempt; None where it has none."""
    folder = entry.intent.arguments.get("folder")
    return Path(folder) if isinstance(folder, str) else None


def log_of(entry: JournalEntry) -> Mapping[str, Json]:
    """Return what is stored of an attempt's end; empty while it has none."""
    result = entry.outcome.result if entry.outcome else None
    return result if isinstance(result, Mapping) else {}
