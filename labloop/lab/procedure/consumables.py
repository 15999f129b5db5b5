"""Consumables: wells, vials and tips, which one use uses up; the journal knows which are left."""

from collections.abc import Collection, Mapping, Sequence

from labloop.errors import LabFileError
from labloop.lab.configuration import LabFile
from labloop.lab.devices import Scope
from labloop.lab.time import Clock
from labloop.records import ActionState, Intent, Journal, JournalEntry, Outcome

USE_UP, RENEW = "use_up", "renew"
"""Names of intents on a kind of stations, which stands in the place of a device."""


def used_stations(lab_file: LabFile, entries: Sequence[JournalEntry]) -> Mapping[str, set[str]]:
    """Return kind of station -> the consumables that were used up and not renewed since.

    One that was about to be used when a process died counts as used.

    Args:
        lab_file: says which stations are consumables.
        entries: the journal of the campaign, in order.
    """
    used: dict[str, set[str]] = {
        kind: set() for kind, table in lab_file.stations.items() if table.used_up
    }
    for entry in entries:
        intent = entry.intent
        if intent.device not in used:
            continue
        if intent.name == RENEW:
            used[intent.device].clear()
        elif intent.name == USE_UP:
            used[intent.device].add(str(intent.arguments["place"]))
    return used


class ConsumableLog:
    """Commits which consumables are used up, before they are used.

    Args:
        clock: lab time.
        journal: where it is committed.
    """

    def __init__(self, clock: Clock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal

    async def use(self, scope: Scope, kind: str, place: str) -> None:
        """Commit that the consumable ``place`` is used up from now on."""
        intent = _intent(scope, kind, USE_UP, self._clock.now(), place=place)
        # Both are submitted at once: the journal commits them in this order.
        begun, ended = self._journal.intent(intent), self._journal.outcome(_done(intent))
        await self._clock.kept(begun)
        await self._clock.kept(ended)


def renew(journal: Journal, scope: Scope, lab_file: LabFile, kinds: Collection[str]) -> None:
    """Commit that a person has filled stations with new consumables.

    Args:
        journal: where it is committed; waited for.
        scope: on whose behalf.
        lab_file: says which stations are consumables.
        kinds: of stations.

    Raises:
        LabFileError: the lab has no consumable stations of that kind.
    """
    known = [kind for kind, table in lab_file.stations.items() if table.used_up]
    for kind in kinds:
        if kind not in known:
            raise LabFileError(
                f"{lab_file.source}: no stations {kind!r} are used up by their use, so none can be "
                f"renewed; those that are: {', '.join(known) or 'none'}"
            )
        intent = _intent(scope, kind, RENEW, 0.0)
        journal.intent(intent).result()
        journal.outcome(_done(intent)).result()


def _intent(scope: Scope, kind: str, name: str, lab_time: float, **arguments: str) -> Intent:
    return Intent(
        id=scope.next_id(kind),
        campaign_id=scope.campaign_id,
        experiment_id=scope.experiment_id,
        device=kind,
        name=name,
        arguments=dict(arguments),
        lab_time=lab_time,
        actor=scope.actor,
    )


def _done(intent: Intent) -> Outcome:
    return Outcome(
        intent_id=intent.id,
        state=ActionState.DONE,
        lab_time=intent.lab_time,
        actor=intent.actor,
    )
