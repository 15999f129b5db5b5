"""What experiments use up: for how many there is enough, and what is reserved for one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from labloop.errors import StockError
from labloop.lab import LabFile
from labloop.records import (
    MILLION,
    Mode,
    Need,
    Shelf,
    Stock,
    Used,
    stock_available,
    stock_words,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What there is of a consumable, and what one experiment uses of it, in millionths."""

    name: str
    unit: str
    left: int
    """What may still be handed out: not reserved, not expired, above what stays in the vessel."""
    reserved: int = 0
    each: int = 0
    """The most that one experiment used; 0 where none is known to use any."""
    places: bool = False
    """Whether wells or places are counted."""

    @property
    def enough_for(self) -> int | None:
        """How many experiments can run; None where none is known to use any."""
        return self.left // self.each if self.each else None

    def shortage(self, experiments: int) -> str:
        """Return what is short for so many experiments, as a sentence; empty where nothing is."""
        can = self.enough_for
        if can is None or can >= experiments:
            return ""
        wanted = self.words(self.each * experiments)
        return (
            f"{experiments} experiments need {wanted} of {self.name}, you have "
            f"{self.words(self.left)}: {can} can run"
        )

    def judged(self, experiments: int | None, *, known: bool = True) -> tuple[bool, str]:
        """Return whether there is enough, and that in words.

        Args:
            experiments: how many are to run; None where nobody has said.
            known: whether anybody has said what there is.
        """
        uses = f"one experiment uses {self.words(self.each)} of {self.name}"
        if experiments is not None:
            uses += f", {experiments} use {self.words(self.each * experiments)}"
        if not known:
            return True, f"{uses}; nobody has said what there is (labloop stock put)"
        short = "" if experiments is None else self.shortage(experiments)
        enough = f"{uses}, you have {self.words(self.left)}: {self.enough_for} can run"
        return not short, short or enough

    def words(self, amount: int) -> str:
        """Return an amount with its unit."""
        return stock_words(amount, self.unit) + (" places" if self.places else "")


def supplies(
    stock: Stock, lab_file: LabFile, mode: Mode, campaign_id: str, each: Mapping[str, int]
) -> list[Supply]:
    """Return what there is of everything that a lab uses up.

    Args:
        stock: where it is booked.
        lab_file: declares it.
        mode: of the lab.
        campaign_id: whose own stock is meant; the real lab's is its own.
        each: consumable -> the most that one experiment uses.
    """
    found: list[Supply] = []
    for name, consumable in lab_file.used_up.items():
        shelf = consumable.shelf(lab_file.lab.name, mode, campaign_id)
        lots = [lot for lot in stock.lots(shelf) if lot.name == name]
        found.append(
            Supply(
                name=name,
                unit=consumable.unit,
                left=stock_available(lots, consumable.need(0), datetime.now(UTC)),
                reserved=sum(lot.reserved for lot in lots),
                each=each.get(name, 0),
                places=bool(consumable.places),
            )
        )
    return found


def used_each(used: Iterable[Used]) -> dict[str, int]:
    """Return consumable -> the most that one of the experiments used."""
    of_each: dict[tuple[str, str], int] = {}
    for part in used:
        key = part.experiment_id, part.name
        of_each[key] = of_each.get(key, 0) + round(part.amount * MILLION)
    most: dict[str, int] = {}
    for (_, name), amount in of_each.items():
        most[name] = max(most.get(name, 0), amount)
    return most


class Supplier:
    """Reserves what an experiment uses before it begins.

    Args:
        stock: where it is booked.
        lab_file: declares what is used up.
        mode: of the lab.
        campaign_id: on whose behalf.
        each: consumable -> the most that one experiment uses.
        actor: who is written into the books.
    """

    def __init__(
        self,
        stock: Stock,
        lab_file: LabFile,
        *,
        mode: Mode,
        campaign_id: str,
        each: Mapping[str, int],
        actor: str,
    ) -> None:
        self._stock = stock
        self._lab_file = lab_file
        self._consumables = lab_file.used_up
        self._mode = mode
        self._campaign_id = campaign_id
        self._each = dict(each)
        self._actor = actor

    def outlook(self, experiments: int | None) -> Iterator[str]:
        """Yield what will not be enough for so many experiments, a sentence each."""
        known = supplies(self._stock, self._lab_file, self._mode, self._campaign_id, self._each)
        if experiments is not None:
            yield from (short for each in known if (short := each.shortage(experiments)))

    def admit(self, experiment_id: str) -> str:
        """Reserve what an experiment needs; return why it cannot begin, empty where it can."""
        needs: dict[Shelf, list[Need]] = {}
        for name, consumable in self._consumables.items():
            if self._each.get(name):
                shelf = consumable.shelf(self._lab_file.lab.name, self._mode, self._campaign_id)
                needs.setdefault(shelf, []).append(consumable.need(self._each[name]))
        try:
            for shelf, of_shelf in needs.items():
                self._stock.reserve(shelf, of_shelf, experiment_id, self._actor).result()
        except StockError as error:
            return self._gone() or f"{error}; then go on with: labloop resume NAME"
        return ""

    def _gone(self) -> str:
        """Return what is said of used-up stations of which too few are left; empty for none."""
        known = supplies(self._stock, self._lab_file, self._mode, self._campaign_id, self._each)
        gone = (self._consumables[each.name] for each in known if each.enough_for == 0)
        return next((each.gone for each in gone if each.of_campaign), "")

    def settle(self, experiment_id: str) -> float:
        """Learn from what an experiment used; return what that cost, by the prices declared."""
        if not self._consumables:
            return 0.0
        used = self._stock.used(self._campaign_id, experiment_id)
        for name, amount in used_each(used).items():
            self._each[name] = max(self._each.get(name, 0), amount)
        return self._price(used)

    def spent(self) -> float:
        """Return what all experiments of the campaign used so far cost."""
        return self._price(self._stock.used(self._campaign_id)) if self._consumables else 0.0

    def _price(self, used: Iterable[Used]) -> float:
        known = ((self._consumables.get(each.name), each.amount) for each in used)
        return sum(consumable.price * amount for consumable, amount in known if consumable)
