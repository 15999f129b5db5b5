"""Stock: lots whose amounts change by conditional update only, each change with its entry."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select, update

from labloop.errors import StaleStateError, StockError
from labloop.records import (
    MILLION,
    STOCK_CHANGES,
    Filling,
    Lot,
    Need,
    Portion,
    Shelf,
    StockChange,
    StockEntry,
    Used,
    stock_portions,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories.connections import Connections
from labloop.store.repositories.things.shelves import shelf_key
from labloop.store.schema import ExperimentRow, StockEntryRow, StockLotRow, encode, table_of

_LOT, _ENTRY, _EXPERIMENT = (table_of(t) for t in (StockLotRow, StockEntryRow, ExperimentRow))
_INSERT_LOT, _INSERT_ENTRY = insert_for_sequence(_LOT), insert_into(_ENTRY)
_LOCK = 0x6C61_6273_746F
"""Of all changes of stock: one key, so that no two processes wait for each other's lots."""
_MINE = and_(
    _LOT.c.lab == bindparam("lab"),
    _LOT.c.mode == bindparam("mode"),
    _LOT.c.shelf == bindparam("shelf"),
)
_ALL_LOTS = select(_LOT).where(_MINE).order_by(_LOT.c.sequence)
_NAMED = select(_LOT).where(_MINE, _LOT.c.name == bindparam("name")).order_by(_LOT.c.sequence)
_FREE, _LOTS = Statement(_NAMED.where(_LOT.c.amount > 0)), Statement(_NAMED)
_CHANGE = Statement(
    update(_LOT)
    .where(
        _LOT.c.sequence == bindparam("lot"),
        _LOT.c.amount + bindparam("free") >= 0,
        _LOT.c.reserved + bindparam("held") >= 0,
    )
    .values(amount=_LOT.c.amount + bindparam("free"), reserved=_LOT.c.reserved + bindparam("held"))
)
_HELD_OF = func.sum(
    case(
        *((_ENTRY.c.change == kind.value, _ENTRY.c.amount * held)
          for kind, (_, held) in STOCK_CHANGES.items()),
        else_=0,
    )
)  # fmt: skip
_OPEN = (
    select(_ENTRY.c.lot, _HELD_OF.label("held"))
    .where(_ENTRY.c.experiment_id == bindparam("experiment_id"))
    .group_by(_ENTRY.c.lot)
    .having(_HELD_OF > 0)
    .subquery()
)
_HELD = Statement(
    select(*_LOT.c, _OPEN.c.held)
    .join_from(_LOT, _OPEN, _OPEN.c.lot == _LOT.c.sequence)
    .order_by(_LOT.c.sequence)
)
_OWNER = Statement(
    select(_EXPERIMENT.c.campaign_id).where(_EXPERIMENT.c.id == bindparam("experiment_id"))
)
_COLUMNS = tuple(column.name for column in _LOT.c)
_LEDGER = (
    select(_LOT, *(_ENTRY.c[n].label(f"e_{n}") for n in (
        "sequence", "change", "amount", "experiment_id", "actor", "recorded")))
    .join_from(_ENTRY, _LOT, _ENTRY.c.lot == _LOT.c.sequence)
    .order_by(_ENTRY.c.sequence)
)  # fmt: skip
_USES = {StockChange.USE: 1, StockChange.UNDO: -1}


class SqlStock:
    """The stock in a database; see the port ``Stock``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def put(
        self, shelf: Shelf, fillings: Sequence[Filling], actor: str, *, once: bool = False
    ) -> Future[None]:
        """Append lots; with ``once`` only those whose name and place the shelf has none of."""
        return self._db.prepared(lambda: _put(shelf, fillings, actor, once=once))

    def replace(self, shelf: Shelf, fillings: Sequence[Filling], actor: str) -> Future[None]:
        """Discard what is free of the same names, then append lots: a fresh plate."""

        def prepare() -> Callable[[Session], None]:
            put = _put(shelf, fillings, actor, once=False)
            ledger = _Ledger(None, actor)

            def operation(session: Session) -> None:
                session.serialize(_LOCK)
                for name in dict.fromkeys(filling.name for filling in fillings):
                    for lot in _lots(session, _FREE, shelf, name):
                        ledger.add(session, StockChange.DISCARD, [Portion(lot, lot.amount)])
                put(session)

            return operation

        return self._db.prepared(prepare)

    def count(self, shelf: Shelf, name: str, amount: int, actor: str) -> Future[None]:
        """Correct the free amount of a consumable to what a person has found.

        What is more is added to the newest lot; what is less is taken from the oldest ones.

        Raises:
            StockError: the shelf never had any of it.
        """
        ledger = _Ledger(None, encode.text(actor, "who counted"))

        def operation(session: Session) -> None:
            session.serialize(_LOCK)
            lots = _lots(session, _LOTS, shelf, name)
            if not lots:
                raise StockError(f"nobody has put any {name} there yet, so it cannot be counted")
            more = amount - sum(lot.amount for lot in lots)
            if more > 0:
                ledger.add(session, StockChange.COUNT, [Portion(lots[-1], more)])
            for lot in lots:
                less = min(lot.amount, max(0, -more))
                if less:
                    ledger.add(session, StockChange.COUNT, [Portion(lot, -less)])
                    more += less

        return self._db.submit(operation)

    def lots(self, shelf: Shelf) -> Sequence[Lot]:
        """Return every lot there is or was, oldest first."""
        return [_lot(row) for row in self._db.rows(_ALL_LOTS, shelf_key(shelf))]

    def reserve(
        self, shelf: Shelf, needs: Sequence[Need], experiment_id: str, actor: str
    ) -> Future[None]:
        """Reserve for an experiment what it has not yet of its needs: all of them, or nothing.

        Raises:
            StockError: something is short; the message says what.
        """
        ledger = _Ledger(experiment_id, actor)

        def operation(session: Session) -> None:
            session.serialize(_LOCK)
            held = ledger.held(session)
            for need in needs:
                already = sum(p.amount for p in held if _serves(p.lot, need))
                ledger.reserve(session, shelf, need, need.missing(already))

        return self._db.submit(operation)

    def use(
        self, shelf: Shelf, need: Need, experiment_id: str | None, actor: str
    ) -> Future[Sequence[Portion]]:
        """Book that something is used up now: first what the experiment has reserved.

        Raises:
            StockError: there is not so much; nothing was booked.
        """
        ledger = _Ledger(experiment_id, actor)

        def operation(session: Session) -> Sequence[Portion]:
            session.serialize(_LOCK)
            used: list[Portion] = []
            left = need.amount
            for portion in ledger.held(session):
                if left and _serves(portion.lot, need):
                    used.append(Portion(portion.lot, min(left, portion.amount)))
                    left -= used[-1].amount
            used += ledger.reserve(session, shelf, need, left)
            ledger.add(session, StockChange.USE, used)
            return tuple(used)

        return self._db.submit(operation)

    def undo(
        self, portions: Sequence[Portion], experiment_id: str | None, actor: str
    ) -> Future[None]:
        """Take back a use of which nothing was sent."""
        ledger = _Ledger(experiment_id, actor)

        def operation(session: Session) -> None:
            session.serialize(_LOCK)
            ledger.add(session, StockChange.UNDO, portions)
            if experiment_id is None:
                # Nobody's experiment will give it back.
                ledger.add(session, StockChange.RELEASE, portions)

        return self._db.submit(operation)

    def entries(self, shelf: Shelf) -> Sequence[StockEntry]:
        """Return the ledger of a shelf, in order."""
        return [
            StockEntry(
                sequence=row["e_sequence"],
                change=StockChange(row["e_change"]),
                lot=_lot(row),
                amount=row["e_amount"],
                experiment_id=row["e_experiment_id"],
                actor=row["e_actor"],
                recorded=encode.from_time(row["e_recorded"]),
            )
            for row in self._db.rows(_LEDGER.where(_MINE), shelf_key(shelf))
        ]

    def used(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[Used]:
        """Return what the experiments of a campaign (or one of them) used, in order."""
        wanted = _LEDGER.where(
            _ENTRY.c.campaign_id == campaign_id,
            _ENTRY.c.experiment_id.is_not(None),
            _ENTRY.c.change.in_([kind.value for kind in _USES]),
        )
        if experiment_id is not None:
            wanted = wanted.where(_ENTRY.c.experiment_id == experiment_id)
        totals: dict[tuple[str, int], int] = {}
        lots: dict[int, Lot] = {}
        for row in self._db.rows(wanted):
            lot = lots.setdefault(row["sequence"], _lot(row))
            key = row["e_experiment_id"], lot.sequence
            signed = row["e_amount"] * _USES[StockChange(row["e_change"])]
            totals[key] = totals.get(key, 0) + signed
        return [
            Used(
                experiment_id=experiment,
                name=lots[sequence].name,
                amount=amount / MILLION,
                unit=lots[sequence].unit,
                lot=lots[sequence].lot,
                place=lots[sequence].place,
                expires=lots[sequence].expires,
            )
            for (experiment, sequence), amount in totals.items()
            if amount
        ]


class _Ledger:
    """Changes lots on behalf of one experiment, or of nobody's, with an entry for each change."""

    def __init__(self, experiment_id: str | None, actor: str) -> None:
        self._experiment_id = experiment_id
        self._actor = actor

    def held(self, session: Session) -> list[Portion]:
        """Return what the experiment has reserved and not used yet."""
        if self._experiment_id is None:
            return []
        rows = session.rows(_HELD, {"experiment_id": self._experiment_id})
        return [Portion(_lot(dict(zip(_COLUMNS, row, strict=False))), int(row[-1])) for row in rows]

    def reserve(self, session: Session, shelf: Shelf, need: Need, amount: int) -> list[Portion]:
        """Reserve so much of a need that nobody else has; raises StockError."""
        now = encode.from_time(encode.now())
        assert now is not None  # noqa: S101 - for the type checker
        if amount <= 0:
            return []
        try:
            found = stock_portions(_lots(session, _FREE, shelf, need.name), need, amount, now)
        except StockError:
            # What was used up belongs into the sentence.
            found = stock_portions(_lots(session, _LOTS, shelf, need.name), need, amount, now)
        self.add(session, StockChange.RESERVE, found)
        return found

    def add(self, session: Session, change: StockChange, portions: Iterable[Portion]) -> None:
        """Change the lots of portions; raises StaleStateError where one has not so much."""
        owner = self._campaign(session)
        free, held = STOCK_CHANGES[change]
        for portion in portions:
            lot, amount = portion.lot, portion.amount
            values = {"lot": lot.sequence, "free": free * amount, "held": held * amount}
            if session.run(_CHANGE, values) != 1:
                raise StaleStateError(
                    f"{change.value} of lot {lot.sequence} of {lot.name} does not fit what is "
                    "there now; look at the stock and try again"
                )
            session.run(
                _INSERT_ENTRY,
                {
                    "lot": lot.sequence,
                    "mode": _mode_of(session, lot.sequence),
                    "change": change.value,
                    "amount": amount,
                    "campaign_id": owner,
                    "experiment_id": self._experiment_id,
                    "actor": self._actor,
                    "recorded": encode.now(),
                },
            )

    def _campaign(self, session: Session) -> str | None:
        if self._experiment_id is None:
            return None
        found = session.one(_OWNER, {"experiment_id": self._experiment_id})
        return None if found is None else str(found[0])


_MODE = Statement(select(_LOT.c.mode).where(_LOT.c.sequence == bindparam("lot")))


def _mode_of(session: Session, lot: int) -> str:
    found = session.one(_MODE, {"lot": lot})
    return "" if found is None else str(found[0])


def release_operation(experiment_id: str, actor: str) -> Callable[[Session], None]:
    """Return the operation that gives back what an experiment that has ended did not use."""
    ledger = _Ledger(experiment_id, actor)

    def operation(session: Session) -> None:
        held = ledger.held(session)
        if held:
            session.serialize(_LOCK)
            ledger.add(session, StockChange.RELEASE, held)

    return operation


def _put(
    shelf: Shelf, fillings: Sequence[Filling], actor: str, *, once: bool
) -> Callable[[Session], None]:
    rows = [_row(shelf, filling, actor) for filling in fillings]

    def operation(session: Session) -> None:
        session.serialize(_LOCK)
        known: set[tuple[str, str]] = set()
        if once:
            names = dict.fromkeys(filling.name for filling in fillings)
            known = {
                (lot.name, lot.place) for n in names for lot in _lots(session, _LOTS, shelf, n)
            }
        for row in rows:
            if (row["name"], row["place"]) in known:
                continue
            (sequence,) = session.one(_INSERT_LOT, row) or (0,)
            session.run(
                _INSERT_ENTRY,
                {
                    "lot": sequence,
                    "mode": row["mode"],
                    "change": StockChange.PUT.value,
                    "amount": row["amount"],
                    "campaign_id": None,
                    "experiment_id": None,
                    "actor": row["actor"],
                    "recorded": row["recorded"],
                },
            )

    return operation


def _row(shelf: Shelf, filling: Filling, actor: str) -> dict[str, Any]:
    return {
        **shelf_key(shelf),
        "name": encode.text(filling.name, "the name of a consumable"),
        "unit": filling.unit,
        "lot": encode.text(filling.lot, "the name of a lot"),
        "place": encode.text(filling.place, "a place"),
        "amount": filling.amount,
        "reserved": 0,
        "expires": None if filling.expires is None else encode.to_time(filling.expires),
        "actor": encode.text(actor, "who put it there"),
        "recorded": encode.now(),
    }


def _lots(session: Session, statement: Statement, shelf: Shelf, name: str) -> list[Lot]:
    rows = session.rows(statement, {**shelf_key(shelf), "name": name})
    return [_lot(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _serves(lot: Lot, need: Need) -> bool:
    return lot.name == need.name and need.place in {"", lot.place}


def _lot(row: Mapping[str, Any]) -> Lot:
    return Lot(
        sequence=row["sequence"],
        name=row["name"],
        unit=row["unit"],
        amount=row["amount"],
        reserved=row["reserved"],
        lot=row["lot"],
        place=row["place"],
        expires=encode.from_time(row["expires"]),
        actor=row["actor"],
        recorded=encode.from_time(row["recorded"]),
    )
