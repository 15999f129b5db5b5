"""Bookings: what an experiment uses up is booked before it is used, by the gate or a procedure."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from labloop.errors import (
    LabFileError,
    PlacesUsedUpError,
    ProcedureError,
    StockError,
    UnitError,
)
from labloop.lab.configuration import Consumable, LabFile, millionths
from labloop.lab.devices import Scope
from labloop.lab.time import Clock
from labloop.records import (
    MILLION,
    Alarm,
    Filling,
    Mode,
    Need,
    Portion,
    Severity,
    Shelf,
    Stock,
    stock_words,
)
from labloop.units import is_quantity, magnitude


class Place(str):
    """The name of a well or a place that was used up, such as ``B3``."""

    __slots__ = ("kind", "lot")

    kind: str
    """As in ``[plates.<kind>]`` or ``[stations.<kind>]``."""
    lot: str
    """The plate that it is of, where that has a name."""

    @classmethod
    def of(cls, portion: Portion) -> "Place":
        """Return the place that was booked."""
        place = cls(portion.lot.place)
        place.kind, place.lot = portion.lot.name, portion.lot.lot
        return place

    @property
    def name(self) -> str:
        """Its name."""
        return str(self)


class Bookings:
    """Books what is used up in one open lab.

    Args:
        lab_file: what is used up in it, and by which actions.
        stock: where it is booked.
        clock: lab time.
        mode: of the lab.
        campaign_id: on whose behalf the lab is open.
        kept: whether the stock outlives the process; where not, it begins full.
        on_alarm: gets one alarm for each lot that is used although it is expired.
    """

    def __init__(
        self,
        lab_file: LabFile,
        stock: Stock,
        clock: Clock,
        *,
        mode: Mode,
        campaign_id: str,
        kept: bool,
        on_alarm: Callable[[Alarm], object],
    ) -> None:
        self._lab_file = lab_file
        self._consumables = lab_file.used_up
        self._stock = stock
        self._clock = clock
        self._on_alarm = on_alarm
        self._mode = mode
        self._campaign_id = campaign_id
        self._full = mode is Mode.SIMULATED or not kept
        self._told: set[str] = set()
        self._draws: dict[tuple[str, str], list[tuple[Consumable, str]]] = {}
        for consumable in self._consumables.values():
            for draw in consumable.drawn_by:
                known = self._draws.setdefault((draw.device, draw.action), [])
                known.append((consumable, draw.argument))

    def shelf(self, consumable: Consumable) -> Shelf:
        """Return where a consumable stands."""
        return consumable.shelf(self._lab_file.lab.name, self._mode, self._campaign_id)

    @property
    def places(self) -> tuple[str, ...]:
        """Kinds of places that are used up by their use."""
        return tuple(name for name, each in self._consumables.items() if each.places)

    def is_place(self, kind: str) -> bool:
        """Return whether the places of a kind are used up by their use."""
        return kind in self._consumables and bool(self._consumables[kind].places)

    def open(self, renewed: Collection[str], actor: str) -> None:
        """Fill what begins full, and what a person has filled again; waits for the commits.

        A simulated campaign begins with what the real lab has, as far as anybody said.

        Raises:
            LabFileError: something is to be renewed that is not used up by its use.
        """
        for name in renewed:
            if name not in self.places:
                raise LabFileError(
                    f"{self._lab_file.source}: no stations {name!r} are used up by their use, so "
                    f"none can be renewed; those that are: {', '.join(self.places) or 'none'}"
                )
        begins_full = [c for c in self._consumables.values() if c.of_campaign or self._full]
        if begins_full:
            real: dict[str, list[Filling]] = {}
            for lot in self._stock.lots(Shelf(self._lab_file.lab.name, Mode.REAL)):
                real.setdefault(lot.name, []).append(lot)
            for consumable in begins_full:
                known = [] if consumable.of_campaign else real.get(consumable.name, [])
                there = known or consumable.full()
                self._stock.put(self.shelf(consumable), there, actor, once=True).result()
        for name in renewed:
            consumable = self._consumables[name]
            self._stock.replace(self.shelf(consumable), consumable.full(), actor).result()

    async def use(self, scope: Scope, name: str, what: Any) -> Sequence[Portion]:
        """Book an amount of a consumable, or one named well; see :meth:`Lab.use`."""
        consumable = self._consumables.get(name)
        if consumable is None:
            known = ", ".join(self._consumables) or "none"
            raise ProcedureError(f"the lab has no consumable {name!r}; it has: {known}")
        return await self._book(scope, consumable, _wanted(consumable, what))

    async def take(self, scope: Scope, kind: str) -> Place:
        """Book one place of those that are left, and return it.

        Raises:
            PlacesUsedUpError: none is left.
        """
        consumable = self._consumables[kind]
        try:
            [portion] = await self._book(scope, consumable, consumable.need(MILLION))
        except StockError as error:
            if not consumable.of_campaign:
                raise PlacesUsedUpError(str(error)) from error
            raise PlacesUsedUpError(consumable.gone) from error
        return Place.of(portion)

    async def draw(
        self,
        scope: Scope,
        device: str,
        action: str,
        units: Mapping[str, str],
        bound: Mapping[str, Any],
    ) -> tuple[Portion, ...]:
        """Book what an action is about to draw; what nobody's experiment draws is never refused.

        Args:
            scope: on whose behalf.
            device: its name.
            action: the action's.
            units: argument -> its declared unit.
            bound: argument -> its value in that unit.

        Raises:
            StockError: there is not so much; nothing was booked.
        """
        drawn: list[Portion] = []
        for consumable, argument in self._draws.get((device, action), ()):
            value = bound.get(argument)
            if not value:
                continue
            amount = millionths(abs(value), units[argument], consumable.unit)
            try:
                drawn += await self._book(scope, consumable, consumable.need(amount))
            except StockError as error:
                await self.undo(scope, drawn)
                if scope.experiment_id is not None:
                    raise
                message = f"{device}.{action} draws what is not in the books: {error}"
                self._on_alarm(Alarm("stock", message, Severity.WARNING))
                return ()
        return tuple(drawn)

    async def undo(self, scope: Scope, portions: Sequence[Portion]) -> None:
        """Take back what was booked and not used."""
        if portions:
            undone = self._stock.undo(portions, scope.experiment_id, scope.actor)
            await self._clock.kept(undone)

    async def _book(self, scope: Scope, consumable: Consumable, need: Need) -> Sequence[Portion]:
        shelf = self.shelf(consumable)
        booked = self._stock.use(shelf, need, scope.experiment_id, scope.actor)
        try:
            portions = await self._clock.kept(booked)
        except asyncio.CancelledError:
            # It stands in the books, and nothing will be done with it.
            await self.undo(scope, booked.result())
            raise
        for portion in portions:
            self._warn(portion)
        return portions

    def _warn(self, portion: Portion) -> None:
        lot = portion.lot
        key = f"{lot.name} {lot.lot}"
        if lot.expires is None or key in self._told or not lot.is_expired(datetime.now(UTC)):
            return
        self._told.add(key)
        message = (
            f"{lot.name} of lot {lot.lot or 'without a name'} is used although it expired on "
            f"{lot.expires:%Y-%m-%d}, as the lab file allows"
        )
        self._on_alarm(Alarm("expired", message, Severity.WARNING, data={"lot": lot.lot}))


def _wanted(consumable: Consumable, what: Any) -> Need:
    """Return what a procedure asks for; raises ProcedureError, UnitError."""
    name = consumable.name
    if consumable.places:
        if not isinstance(what, str) or what not in consumable.places:
            first, last = consumable.places[0], consumable.places[-1]
            raise ProcedureError(
                f"there is no place {what!r} of {name}: they go from {first} to {last}"
            )
        return consumable.need(MILLION, str(what))
    if consumable.unit == "1" and isinstance(what, int) and not isinstance(what, bool):
        value = float(what)
    elif is_quantity(what):
        value = magnitude(what, consumable.unit, f"lab.use {name!r}")
    else:
        raise UnitError(
            f"lab.use {name!r} needs a quantity in {consumable.unit!r}, such as "
            f"quantity(1, {consumable.unit!r}); got {what!r}"
        )
    if value <= 0:
        asked = stock_words(round(value * MILLION), consumable.unit)
        raise ProcedureError(f"lab.use {name!r} needs an amount above 0, got {asked}")
    return consumable.need(millionths(value, consumable.unit, consumable.unit))
