"""Samples as a procedure has them: made, moved, discarded, each committed before it is believed."""

import asyncio
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from typing import Any

from labloop.errors import (
    DefinitionError,
    DeviceInUseError,
    InterlockError,
    LeaseError,
    LimitError,
    ProcedureError,
    StockError,
)
from labloop.lab.devices import Scope
from labloop.lab.things.bookings import Place
from labloop.lab.time import Clock
from labloop.records import SampleChange, SampleEvent, Samples, Shelf

_NOTHING_SENT = (
    LimitError,
    InterlockError,
    LeaseError,
    DeviceInUseError,
    StockError,
    DefinitionError,
)
"""Errors after which a sample is certainly where it was."""


@dataclass(slots=True, eq=False)
class Sample:
    """A sample of a running experiment."""

    number: int
    kind: str
    place: str
    """Where it is."""

    @property
    def name(self) -> str:
        """Its number as a person says it: ``S-12``."""
        return f"S-{self.number}"

    def __str__(self) -> str:
        return self.name


class SampleMoves:
    """Makes and moves the samples of one open lab.

    Args:
        samples: where they are kept.
        shelf: whose they are.
        places: every place that a sample can be in.
        clock: lab time.
        campaign_id: on whose behalf.
    """

    def __init__(
        self,
        samples: Samples,
        shelf: Shelf,
        places: Collection[str],
        clock: Clock,
        campaign_id: str,
    ) -> None:
        self._samples = samples
        self._shelf = shelf
        self._places = places
        self._clock = clock
        self._campaign_id = campaign_id

    def open(self, actor: str) -> None:
        """Discard what an earlier process left in a simulated lab: that lab has ended with it."""
        if not self._shelf.campaign_id:
            return
        event = SampleEvent(
            change=SampleChange.DISCARDED,
            reason="the simulated lab that it was in has ended",
            actor=actor,
        )
        for sample in self._samples.all(self._shelf):
            if sample.where.places:
                self._samples.record(sample.number, event).result()

    async def make(self, scope: Scope, kind: str, place: str) -> Sample:
        """Commit that there is a new sample in a place, and return it.

        Raises:
            ProcedureError: the lab has no such place.
            SampleError: another sample is in it.
        """
        where = self._place(place)
        event = self._event(scope, SampleChange.MADE, where)
        made = self._samples.make(self._shelf, kind, event, self._campaign_id)
        return Sample(await self._clock.kept(made), kind, where)

    async def move(
        self, scope: Scope, sample: Sample, to: str, carried: Awaitable[Any] | None
    ) -> None:
        """Commit the intent, let the sample be carried, and commit the end; see Lab.move."""
        try:
            where = self._place(to)
            await self._record(scope, sample, SampleChange.MOVING, where)
        except BaseException:
            if asyncio.iscoroutine(carried):
                carried.close()
            raise
        try:
            if carried is not None:
                await carried
        except _NOTHING_SENT as error:
            await self._record(scope, sample, SampleChange.STAYED, sample.place, str(error))
            raise
        await self._record(scope, sample, SampleChange.MOVED, where)
        sample.place = where

    async def discard(self, scope: Scope, sample: Sample) -> None:
        """Commit that a sample is gone; its place is free."""
        await self._record(scope, sample, SampleChange.DISCARDED, "")
        sample.place = ""

    async def _record(
        self, scope: Scope, sample: Sample, change: SampleChange, place: str, reason: str = ""
    ) -> None:
        event = self._event(scope, change, place, reason)
        await self._clock.kept(self._samples.record(sample.number, event))

    def _event(
        self, scope: Scope, change: SampleChange, place: str, reason: str = ""
    ) -> SampleEvent:
        return SampleEvent(
            change=change,
            place=place,
            experiment_id=scope.experiment_id,
            lab_time=self._clock.now(),
            reason=reason,
            actor=scope.actor,
        )

    def _place(self, place: str) -> str:
        """Return a place as it is stored; a well of a plate has the plate's name before it."""
        of_plate = f"{place.kind}.{place}" if isinstance(place, Place) else ""
        for name in (of_plate, str(place)):
            if name in self._places:
                return name
        raise ProcedureError(
            f"the lab has no place {str(place)!r} for a sample; it has: {_some(self._places)}"
        )


def _some(places: Collection[str]) -> str:
    shown = list(places)[:12]
    more = f" and {len(places) - len(shown)} more" if len(places) > len(shown) else ""
    return f"{', '.join(shown) or 'none; declare them as [places.<name>]'}{more}"
