"""On whose behalf the lab acts, with what an earlier process of the campaign left."""

from collections.abc import Callable, Sequence

from labloop.errors import DeviceError
from labloop.lab.devices import Scope, action_number, start_number
from labloop.lab.procedure import is_open_late
from labloop.records import Journal, JournalEntry


class CampaignScopes:
    """Makes the scopes of one campaign; ids of the journal are never taken twice.

    Args:
        journal: what earlier processes committed.
        campaign_id: the campaign.
        actor: who is written into each row.
        priority: of its experiments, where several wait for a station.
        retry_after: what the campaign says of actions that failed, see :class:`Scope`.
    """

    def __init__(
        self,
        journal: Journal,
        campaign_id: str,
        actor: str,
        priority: int = 0,
        retry_after: Callable[[DeviceError], float | None] = lambda _: None,
    ) -> None:
        self._retry_after = retry_after
        self._journal = journal
        self._campaign_id = campaign_id
        self._actor = actor
        self._priority = priority
        self.entries: Sequence[JournalEntry] = journal.entries(campaign_id)
        """The campaign's journal as it was when the lab was opened."""
        # Only these have left anything that must be read again when they are entered again.
        self._entered = {entry.intent.experiment_id for entry in self.entries}
        self.own = Scope(campaign_id, actor=actor, start=start_number(self.entries))
        """For what the lab does itself."""

    def of_experiment(self, experiment_id: str) -> Scope:
        """Return a scope that knows the steps an earlier process finished.

        Reads the journal, so it is called outside of the lab's event loop.
        """
        before: Sequence[JournalEntry] = ()
        if experiment_id in self._entered:
            before = self._journal.entries(self._campaign_id, experiment_id)
        self._entered.add(experiment_id)
        return Scope(
            self._campaign_id,
            experiment_id,
            actor=self._actor,
            priority=self._priority,
            count=max((action_number(entry.intent.id) for entry in before), default=0),
            finished=self._journal.finished_steps(experiment_id) if before else {},
            retry_after=self._retry_after,
            open_late=frozenset(e.intent.name for e in before if is_open_late(e)),
        )
