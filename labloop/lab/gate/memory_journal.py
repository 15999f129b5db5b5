"""A journal in memory, for tests, dry runs and labs without records."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future

from labloop.records import ActionState, DeviceIdentity, Intent, JournalEntry, Json, Outcome


class MemoryJournal:
    """Implements :class:`labloop.records.Journal` until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._intents: dict[str, Intent] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._identities: list[tuple[str, DeviceIdentity]] = []

    def intent(self, intent: Intent) -> Future[None]:
        """Keep an intent; the future raises ValueError where the id exists."""
        with self._lock:
            if intent.id in self._intents:
                return _failed(ValueError(f"intent {intent.id} exists"))
            self._intents[intent.id] = intent
        return _done()

    def outcome(self, outcome: Outcome) -> Future[None]:
        """Keep an outcome."""
        with self._lock:
            self._outcomes[outcome.intent_id] = outcome
        return _done()

    def identity(self, campaign_id: str, identity: DeviceIdentity) -> Future[None]:
        """Keep the identity of a device."""
        with self._lock:
            self._identities.append((campaign_id, identity))
        return _done()

    def finished_steps(self, experiment_id: str) -> Mapping[str, Json]:
        """Return step -> result, of the steps of an experiment that are DONE."""
        with self._lock:
            newest = {
                intent.name: self._outcomes[intent.id]
                for intent in self._intents.values()
                if intent.experiment_id == experiment_id
                and intent.kind == "step"
                and intent.id in self._outcomes
            }
        done = ActionState.DONE
        return {name: each.result for name, each in newest.items() if each.state is done}

    def entries(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[JournalEntry]:
        """Return the entries of a campaign, or of one experiment, in order."""
        with self._lock:
            return [
                JournalEntry(sequence=n, intent=intent, outcome=self._outcomes.get(intent.id))
                for n, intent in enumerate(self._intents.values(), 1)
                if intent.campaign_id == campaign_id
                and experiment_id in {None, intent.experiment_id}
            ]

    def iter_entries(self, campaign_id: str) -> Iterator[JournalEntry]:
        """Yield the entries of a campaign in order."""
        yield from self.entries(campaign_id)

    def find(self, intent_id: str) -> JournalEntry | None:
        """Return one entry, or None."""
        with self._lock:
            for n, intent in enumerate(self._intents.values(), 1):
                if intent.id == intent_id:
                    return JournalEntry(
                        sequence=n, intent=intent, outcome=self._outcomes.get(intent_id)
                    )
        return None

    def open_intents(self, campaign_id: str) -> Sequence[JournalEntry]:
        """Return the entries without an outcome or with an UNCERTAIN one."""
        unclear = {ActionState.INTENT, ActionState.UNCERTAIN}
        return [each for each in self.entries(campaign_id) if each.state in unclear]

    def identities(self, campaign_id: str) -> Sequence[DeviceIdentity]:
        """Return the identities of each connect."""
        with self._lock:
            return [identity for owner, identity in self._identities if owner == campaign_id]


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _failed(error: Exception) -> Future[None]:
    future: Future[None] = Future()
    future.set_exception(error)
    return future
