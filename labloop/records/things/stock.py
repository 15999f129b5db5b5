"""Stock: lots of what is used up, by whom it was reserved and used, and what may be taken.

Amounts are whole millionths of the unit of the consumable, so that sums are exact; of what is
counted (wells, tips) a whole one is 1,000,000.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from labloop.errors import StockError
from labloop.records._states import Mode

MILLION = 1_000_000
"""Stored units of one unit."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Whose stock and samples it is: a lab's own, or those of one campaign.

    The stock of a real lab belongs to the lab, whatever campaign draws from it. A simulated
    campaign has a shelf of its own, so that no simulation touches what is really there.
    """

    lab: str
    """The name of the lab in its file."""
    mode: Mode
    campaign_id: str = ""
    """The campaign whose own it is; empty for the lab's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Something that is put onto a shelf: one lot of a consumable, or one place of a plate."""

    name: str
    """As in ``[consumables.<name>]``, ``[plates.<name>]`` or ``[stations.<name>]``."""
    unit: str
    amount: int
    lot: str = ""
    place: str = ""
    """The well or the place; empty for what is drawn from one vessel."""
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot(Filling):
    """A lot as it stands now; ``amount`` is what nobody has reserved."""

    sequence: int
    reserved: int = 0
    """What experiments that run, or are uncertain, may still use of it."""
    actor: str = ""
    recorded: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Return whether it should not be used any more."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is wanted of a consumable."""

    name: str
    amount: int
    unit: str = "1"
    place: str = ""
    """This well and no other; empty for any."""
    keep: int = 0
    """What must stay in the vessel: it is never handed out."""
    allow_expired: bool = False

    def missing(self, already: int) -> int:
        """Return what is not covered by ``already``."""
        return max(0, self.amount - already)


@dataclass(frozen=True, slots=True)
class Portion:
    """A part of one lot."""

    lot: Lot
    amount: int


class StockChange(StrEnum):
    """What happened to a lot."""

    PUT = "put"
    RESERVE = "reserve"
    USE = "use"
    UNDO = "undo"
    """A use of which nothing was sent: it is reserved again."""
    RELEASE = "release"
    COUNT = "count"
    """A person has counted; the amount is the difference."""
    DISCARD = "discard"


STOCK_CHANGES: Mapping[StockChange, tuple[int, int]] = {
    StockChange.PUT: (1, 0),
    StockChange.RESERVE: (-1, 1),
    StockChange.USE: (0, -1),
    StockChange.UNDO: (0, 1),
    StockChange.RELEASE: (1, -1),
    StockChange.COUNT: (1, 0),
    StockChange.DISCARD: (-1, 0),
}
"""Change -> what one millionth of it adds to the free and to the reserved amount of its lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockEntry:
    """One line of the ledger of a shelf; lines are appended and never changed."""

    sequence: int
    change: StockChange
    lot: Lot
    amount: int
    experiment_id: str | None = None
    actor: str = ""
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one experiment used of one lot, in the unit of the consumable."""

    experiment_id: str
    name: str
    amount: float
    unit: str
    lot: str = ""
    place: str = ""
    expires: datetime | None = None


class Stock(Protocol):
    """What there is in labs, and who has reserved and used it.

    Every change is a conditional update in one transaction: nothing is ever overdrawn, however
    many processes ask at once.
    """

    def put(
        self, shelf: Shelf, fillings: Sequence[Filling], actor: str, *, once: bool = False
    ) -> Future[None]:
        """Append lots; with ``once`` only those of names of which the shelf has none yet."""
        ...

    def replace(self, shelf: Shelf, fillings: Sequence[Filling], actor: str) -> Future[None]:
        """Discard what is free of the same names, then append lots: a fresh plate."""
        ...

    def count(self, shelf: Shelf, name: str, amount: int, actor: str) -> Future[None]:
        """Correct the free amount of a consumable to what a person has found.

        Raises:
            StockError: the shelf never had any of it.
        """
        ...

    def lots(self, shelf: Shelf) -> Sequence[Lot]:
        """Return every lot there is or was, oldest first."""
        ...

    def reserve(
        self, shelf: Shelf, needs: Sequence[Need], experiment_id: str, actor: str
    ) -> Future[None]:
        """Reserve for an experiment what it has not yet of its needs: all of them, or nothing.

        Raises:
            StockError: something is short; the message says what.
        """
        ...

    def use(
        self, shelf: Shelf, need: Need, experiment_id: str | None, actor: str
    ) -> Future[Sequence[Portion]]:
        """Book that something is used up now: first what the experiment has reserved.

        Raises:
            StockError: there is not so much; nothing was booked.
        """
        ...

    def undo(
        self, portions: Sequence[Portion], experiment_id: str | None, actor: str
    ) -> Future[None]:
        """Take back a use of which nothing was sent."""
        ...

    def entries(self, shelf: Shelf) -> Sequence[StockEntry]:
        """Return the ledger of a shelf, in order."""
        ...

    def used(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[Used]:
        """Return what the experiments of a campaign (or one of them) used, in order."""
        ...


def stock_portions(lots: Sequence[Lot], need: Need, amount: int, now: datetime) -> list[Portion]:
    """Return how ``amount`` of a need is taken from lots: what expires first goes first.

    Args:
        lots: all lots of the shelf and the name.
        need: what may be taken, and what must stay.
        amount: millionths; smaller than the need where a part is reserved already.
        now: decides what is expired.

    Raises:
        StockError: there is not so much; the message says what there is, and what to do.
    """
    if amount <= 0:
        return []
    free = [lot for lot in lots if lot.amount > 0 and need.place in {"", lot.place}]
    good = [lot for lot in free if need.allow_expired or not lot.is_expired(now)]
    good.sort(key=lambda lot: (lot.expires is None, lot.expires or now, lot.sequence))
    left, taken = amount, []
    if sum(lot.amount for lot in good) - need.keep < amount:
        raise StockError(shortage(lots, need, amount, now))
    for lot in good:
        part = min(left, lot.amount)
        taken.append(Portion(lot, part))
        left -= part
        if not left:
            break
    return taken


def stock_available(lots: Sequence[Lot], need: Need, now: datetime) -> int:
    """Return how many millionths of a consumable may still be handed out."""
    usable = sum(lot.amount for lot in lots if need.allow_expired or not lot.is_expired(now))
    return max(0, usable - need.keep)


def shortage(lots: Sequence[Lot], need: Need, amount: int, now: datetime) -> str:
    """Return the sentence that says what is short, and what to do."""
    if need.place:
        of_place = [lot for lot in lots if lot.place == need.place]
        what = "is used up" if of_place else "was never put there"
        return f"{need.name} {need.place} {what}; put new ones there: {_way(need)}"
    if not lots:
        return f"nobody has put any {need.name} there yet; say what there is: {_way(need)}"
    expired = [lot for lot in lots if lot.amount > 0 and lot.is_expired(now)]
    if expired and not need.allow_expired and not stock_available(lots, need, now):
        first = expired[0]
        day = "" if first.expires is None else f"{first.expires:%Y-%m-%d}"
        return (
            f"what is left of {need.name} is expired (lot {first.lot or 'without a name'} on "
            f'{day}); put a fresh lot there: {_way(need)}, or allow it with expired = "warn"'
        )
    if need.unit == "1":
        return f"every {need.name} is used up; put new ones there: {_way(need)}"
    keeps = f", of which {stock_words(need.keep, need.unit)} stay" if need.keep else ""
    there = sum(lot.amount for lot in lots if need.allow_expired or not lot.is_expired(now))
    return (
        f"{stock_words(amount, need.unit)} of {need.name} are needed and "
        f"{stock_words(there, need.unit)} are left{keeps}; refill it: {_way(need)}"
    )


def stock_words(amount: int, unit: str) -> str:
    """Return millionths as a number with its unit, such as ``1.4 mL``."""
    number = f"{amount / MILLION:.6g}"
    return number if unit == "1" else f"{number} {unit}"


def _way(need: Need) -> str:
    what = "--new" if need.unit == "1" else f'"AMOUNT {need.unit}"'
    return f"labloop stock put LAB.toml {need.name} {what}"
