"""Stock and samples in memory, for tests, rehearsals and labs without records."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from labloop.errors import LabloopError, NotFoundError, StockError
from labloop.records import (
    MILLION,
    STOCK_CHANGES,
    Filling,
    Lot,
    Need,
    Portion,
    SampleEvent,
    SampleRecord,
    Shelf,
    StockChange,
    StockEntry,
    Used,
    check_sample_event,
    place_taken,
    stock_portions,
)

T = TypeVar("T")
_USES = {StockChange.USE: 1, StockChange.UNDO: -1}


class _OneAtATime:
    """Changes one after the other, whichever thread asks for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def _do(self, change: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        try:
            with self._lock:
                future.set_result(change())
        except LabloopError as error:
            future.set_exception(error)
        return future


class MemoryStock(_OneAtATime):
    """Implements :class:`labloop.records.Stock` until the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self._lots: dict[int, Lot] = {}
        self._shelves: dict[int, Shelf] = {}
        self._entries: list[StockEntry] = []

    def put(
        self, shelf: Shelf, fillings: Sequence[Filling], actor: str, *, once: bool = False
    ) -> Future[None]:
        """Keep lots; with ``once`` only those whose name and place the shelf has none of."""

        def put() -> None:
            known = {(lot.name, lot.place) for lot in self._of(shelf)} if once else set()
            for filling in fillings:
                if (filling.name, filling.place) not in known:
                    self._add(shelf, filling, actor)

        return self._do(put)

    def replace(self, shelf: Shelf, fillings: Sequence[Filling], actor: str) -> Future[None]:
        """Discard what is free of the same names, then keep lots: a fresh plate."""
        names = {filling.name for filling in fillings}

        def replace_all() -> None:
            old = [lot for lot in self._of(shelf) if lot.name in names and lot.amount]
            self._change(StockChange.DISCARD, [Portion(l_, l_.amount) for l_ in old], None, actor)
            for filling in fillings:
                self._add(shelf, filling, actor)

        return self._do(replace_all)

    def count(self, shelf: Shelf, name: str, amount: int, actor: str) -> Future[None]:
        """Correct the free amount of a consumable to what a person has found."""

        def count() -> None:
            lots = [lot for lot in self._of(shelf) if lot.name == name]
            if not lots:
                raise StockError(f"nobody has put any {name} there yet, so it cannot be counted")
            more = amount - sum(lot.amount for lot in lots)
            for lot in lots:
                change = max(more, -lot.amount) if more < 0 else more
                self._change(StockChange.COUNT, [Portion(lot, change)], None, actor)
                more -= change

        return self._do(count)

    def lots(self, shelf: Shelf) -> Sequence[Lot]:
        """Return every lot there is or was, oldest first."""
        with self._lock:
            return self._of(shelf)

    def reserve(
        self, shelf: Shelf, needs: Sequence[Need], experiment_id: str, actor: str
    ) -> Future[None]:
        """Reserve what an experiment has not yet of its needs: all of them, or nothing."""

        def reserve() -> None:
            wanted = [
                (need, need.missing(sum(p.amount for p in self._held(experiment_id, need))))
                for need in needs
            ]
            found = [self._take(shelf, need, amount) for need, amount in wanted]
            for portions in found:
                self._change(StockChange.RESERVE, portions, experiment_id, actor)

        return self._do(reserve)

    def use(
        self, shelf: Shelf, need: Need, experiment_id: str | None, actor: str
    ) -> Future[Sequence[Portion]]:
        """Book that something is used up now: first what the experiment has reserved."""

        def use() -> Sequence[Portion]:
            used: list[Portion] = []
            left = need.amount
            for held in self._held(experiment_id, need):
                part = min(left, held.amount)
                used += [Portion(held.lot, part)] if part else []
                left -= part
            extra = self._take(shelf, need, left)
            self._change(StockChange.RESERVE, extra, experiment_id, actor)
            used += extra
            self._change(StockChange.USE, used, experiment_id, actor)
            return tuple(used)

        return self._do(use)

    def undo(
        self, portions: Sequence[Portion], experiment_id: str | None, actor: str
    ) -> Future[None]:
        """Take back a use of which nothing was sent."""

        def undo() -> None:
            self._change(StockChange.UNDO, portions, experiment_id, actor)
            if experiment_id is None:
                self._change(StockChange.RELEASE, portions, experiment_id, actor)

        return self._do(undo)

    def entries(self, shelf: Shelf) -> Sequence[StockEntry]:
        """Return the ledger of a shelf, in order."""
        with self._lock:
            return [e for e in self._entries if self._shelves[e.lot.sequence] == shelf]

    def used(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[Used]:
        """Return what the experiments of a campaign (or one of them) used, in order."""
        del campaign_id  # There is one.
        totals: Counter[tuple[str, int]] = Counter()
        with self._lock:
            for entry in self._entries:
                wanted = experiment_id in {None, entry.experiment_id}
                if entry.experiment_id and wanted and entry.change in _USES:
                    key = entry.experiment_id, entry.lot.sequence
                    totals[key] += entry.amount * _USES[entry.change]
            return [_used(key, self._lots[lot], total) for (key, lot), total in totals.items()]

    def _of(self, shelf: Shelf) -> list[Lot]:
        return [lot for n, lot in self._lots.items() if self._shelves[n] == shelf]

    def _add(self, shelf: Shelf, filling: Filling, actor: str) -> None:
        sequence = len(self._lots) + 1
        self._shelves[sequence] = shelf
        lot = Lot(
            sequence=sequence,
            name=filling.name,
            unit=filling.unit,
            amount=0,
            lot=filling.lot,
            place=filling.place,
            expires=filling.expires,
            actor=actor,
        )
        self._lots[sequence] = lot
        self._change(StockChange.PUT, [Portion(lot, filling.amount)], None, actor)

    def _held(self, experiment_id: str | None, need: Need) -> list[Portion]:
        if experiment_id is None:
            return []
        held: Counter[int] = Counter()
        for entry in self._entries:
            if entry.experiment_id == experiment_id:
                held[entry.lot.sequence] += entry.amount * STOCK_CHANGES[entry.change][1]
        found = [Portion(self._lots[n], amount) for n, amount in held.items() if amount]
        return [p for p in found if p.lot.name == need.name and need.place in {"", p.lot.place}]

    def _take(self, shelf: Shelf, need: Need, amount: int) -> list[Portion]:
        named = [lot for lot in self._of(shelf) if lot.name == need.name]
        return stock_portions(named, need, amount, datetime.now(UTC))

    def _change(
        self,
        change: StockChange,
        portions: Sequence[Portion],
        experiment_id: str | None,
        actor: str,
    ) -> None:
        free, held = STOCK_CHANGES[change]
        for portion in portions:
            lot, amount = self._lots[portion.lot.sequence], portion.amount
            self._lots[lot.sequence] = replace(
                lot, amount=lot.amount + free * amount, reserved=lot.reserved + held * amount
            )
            self._entries.append(
                StockEntry(
                    sequence=len(self._entries) + 1,
                    change=change,
                    lot=lot,
                    amount=amount,
                    experiment_id=experiment_id,
                    actor=actor,
                )
            )


def _used(experiment_id: str, lot: Lot, amount: int) -> Used:
    return Used(
        experiment_id=experiment_id,
        name=lot.name,
        amount=amount / MILLION,
        unit=lot.unit,
        lot=lot.lot,
        place=lot.place,
        expires=lot.expires,
    )


class MemorySamples(_OneAtATime):
    """Implements :class:`labloop.records.Samples` until the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self._samples: dict[int, SampleRecord] = {}

    def make(self, shelf: Shelf, kind: str, event: SampleEvent, campaign_id: str) -> Future[int]:
        """Keep a new sample with its first event; resolves to its number."""

        def make() -> int:
            self._check_free(shelf, event.place, f"a new {kind}", 0)
            number = len(self._samples) + 1
            self._samples[number] = SampleRecord(
                number=number,
                shelf=shelf,
                kind=kind,
                campaign_id=campaign_id,
                experiment_id=event.experiment_id,
                events=(event,),
            )
            return number

        return self._do(make)

    def record(self, number: int, event: SampleEvent) -> Future[None]:
        """Append what happened to a sample; raises NotFoundError, SampleError."""

        def record() -> None:
            sample = self.get(number)
            check_sample_event(sample.name, sample.where, event)
            moved = replace(sample, events=(*sample.events, event))
            for place in set(moved.where.places) - set(sample.where.places):
                self._check_free(sample.shelf, place, sample.name, number)
            self._samples[number] = moved

        return self._do(record)

    def get(self, number: int) -> SampleRecord:
        """Return one sample; raises NotFoundError."""
        if number not in self._samples:
            raise NotFoundError(
                f"no sample has the number S-{number}; there are {len(self._samples)}"
            )
        return self._samples[number]

    def all(self, shelf: Shelf) -> Sequence[SampleRecord]:
        """Return every sample of a shelf by number."""
        return [sample for sample in self._samples.values() if sample.shelf == shelf]

    def of_campaign(self, campaign_id: str) -> Sequence[SampleRecord]:
        """Return every sample that a campaign made, by number."""
        return [each for each in self._samples.values() if each.campaign_id == campaign_id]

    def _check_free(self, shelf: Shelf, place: str, name: str, number: int) -> None:
        for sample in self.all(shelf):
            if place in sample.where.places and sample.number != number:
                raise place_taken(place, sample.name, name)
