"""What is used up in a lab and where samples can be: consumables, plates, places."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from labloop.errors import DefinitionError, UnitError
from labloop.lab.configuration.station_table import Table
from labloop.records import MILLION, Filling, Mode, Need, Shelf, well_names
from labloop.units import check_unit, convert, same_dimension, split_quantity

PLENTY = 1_000_000_000 * MILLION
"""What is taken for enough where nothing limits a simulation."""
_COUNTED = "1"


class DrawTable(Table):
    """``drawn_by``: the action that draws from a consumable, and which argument says how much."""

    device: str
    action: str
    argument: str


class ConsumableTable(Table):
    """``[consumables.<name>]``: something with an amount, such as a solvent or tips."""

    unit: str = _COUNTED
    """``"1"`` for what is counted."""
    capacity: str = ""
    """What its vessel holds."""
    reserve: str = ""
    """What must stay in the vessel."""
    drawn_by: tuple[DrawTable, ...] = Field(default=(), strict=False)
    expired: Literal["refuse", "warn"] = "refuse"
    price: str = ""
    """Of one unit, such as ``"0.12 1/mL"``, in the unit of the campaign's cost."""

    @field_validator("drawn_by", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given

    def consumable(self, name: str) -> "Consumable":
        """Return what it means; raises UnitError."""
        unit = check_unit(self.unit)
        return Consumable(
            name=name,
            unit=unit,
            capacity=_amount(self.capacity, unit, "capacity"),
            keep=_amount(self.reserve, unit, "reserve"),
            allow_expired=self.expired == "warn",
            price=_price(self.price, unit),
            drawn_by=self.drawn_by,
        )


class PlateTable(Table):
    """``[plates.<name>]``: a plate whose wells are used up one by one."""

    wells: int = 96
    expired: Literal["refuse", "warn"] = "refuse"
    price: str = ""
    """Of a whole plate, such as ``"4.80"``, in the unit of the campaign's cost."""

    def consumable(self, name: str) -> "Consumable":
        """Return what it means; raises DefinitionError for an unknown plate, UnitError."""
        wells = well_names(self.wells)
        return Consumable(
            name=name,
            places=wells,
            allow_expired=self.expired == "warn",
            price=_price(self.price, _COUNTED) / len(wells),
        )


class PlaceTable(Table):
    """``[places.<name>]``: where samples can be, beside devices, stations and wells."""

    positions: int = Field(default=0, ge=0)
    """Named as the wells of a plate with so many: ``rack.A1``."""
    names: tuple[str, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _positions_or_names(self) -> "PlaceTable":
        if self.positions and self.names:
            raise ValueError("has positions = n or names = [...], not both")
        return self

    def all(self, name: str) -> tuple[str, ...]:
        """Return every place of it; one alone has its name. Raises DefinitionError."""
        if not self.positions and not self.names:
            return (name,)
        return tuple(f"{name}.{each}" for each in self.names or well_names(self.positions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumable:
    """Something that is used up, whatever table declares it; amounts are in millionths."""

    name: str
    unit: str = _COUNTED
    capacity: int = 0
    """0 where it is not declared."""
    keep: int = 0
    allow_expired: bool = False
    price: float = 0.0
    """Of one unit, or of one well."""
    drawn_by: tuple[DrawTable, ...] = ()
    places: tuple[str, ...] = ()
    """Wells or places, each of which is used up by one use; none for what has an amount."""
    of_campaign: bool = False
    """Whether each campaign begins with all of it, as used-up stations are."""

    def need(self, amount: int, place: str = "") -> Need:
        """Return so many millionths of it, or of a certain place, as something wanted."""
        return Need(
            name=self.name,
            amount=amount,
            unit=self.unit,
            place=place,
            keep=self.keep,
            allow_expired=self.allow_expired,
        )

    def shelf(self, lab: str, mode: Mode, campaign_id: str) -> Shelf:
        """Return where it stands: with the lab, or with a campaign that has its own."""
        own = self.of_campaign or mode is Mode.SIMULATED
        return Shelf(lab, mode, campaign_id if own else "")

    @property
    def gone(self) -> str:
        """What is said where no place of used-up stations is left."""
        return (
            f"every place of [stations.{self.name}] is used up; put new ones there and go on with: "
            f"labloop resume NAME --renew {self.name}"
        )

    def full(self, lot: str = "") -> list[Filling]:
        """Return a full vessel, a fresh plate or all places; plenty where nothing limits it."""
        return self._filled(MILLION, self.capacity or PLENTY, lot)

    def plenty(self) -> list[Filling]:
        """Return more than any campaign uses, to find out what one uses."""
        return self._filled(PLENTY, PLENTY, "")

    def _filled(self, of_place: int, of_vessel: int, lot: str) -> list[Filling]:
        if self.places:
            return [
                Filling(name=self.name, unit=self.unit, amount=of_place, lot=lot, place=place)
                for place in self.places
            ]
        return [Filling(name=self.name, unit=self.unit, amount=of_vessel, lot=lot)]


def millionths(value: float, source: str, target: str) -> int:
    """Return an amount in whole millionths of ``target``, rounded up; raises UnitError."""
    exact = convert(value, source, target) * MILLION
    whole = round(exact)
    # What floats add is not used: 1.4 mL are 1,400,000 and no more.
    return whole if abs(exact - whole) < 1e-3 else int(exact) + 1


def wrong_things(
    consumables: Mapping[str, ConsumableTable],
    plates: Mapping[str, PlateTable],
    places: Mapping[str, PlaceTable],
    stations: Collection[str],
    devices: Mapping[str, object],
) -> list[str]:
    """Return what is wrong in these tables, as far as it is known without drivers."""
    found: list[str] = []
    tables: list[tuple[str, str, ConsumableTable | PlateTable]] = [
        *(("consumables", name, each) for name, each in consumables.items()),
        *(("plates", name, plate) for name, plate in plates.items()),
    ]
    seen = {**dict.fromkeys(stations, "stations"), **dict.fromkeys(devices, "devices")}
    for kind, name, table in tables:
        where = f"[{kind}.{name}]"
        if name in seen:
            found.append(f"{where} has the name of [{seen[name]}.{name}]; give it another one")
        seen[name] = kind
        try:
            table.consumable(name)
        except (UnitError, DefinitionError) as error:
            found.append(f"{where}: {error}")
    for name, place in places.items():
        try:
            place.all(name)
        except DefinitionError as error:
            found.append(f"[places.{name}] positions: {error}")
    found += [
        f"[consumables.{name}] drawn_by names the device {draw.device!r}, which the lab does not "
        "have"
        for name, table in consumables.items()
        for draw in table.drawn_by
        if draw.device not in devices
    ]
    return found


def draw_mistake(consumable: Consumable, draw: DrawTable, actions: Mapping[str, Any]) -> str:
    """Return why an action cannot draw from a consumable; empty where it can.

    Args:
        consumable: what is drawn.
        draw: by what.
        actions: those of the device's driver, with their arguments.
    """
    where = f"[consumables.{consumable.name}] drawn_by names the"
    spec = actions.get(draw.action)
    if spec is None:
        return f"{where} action {draw.action!r}, but {draw.device} knows: {', '.join(actions)}"
    argument = spec.arguments.get(draw.argument)
    if argument is None or argument.arg is None:
        known = [a.name for a in spec.arguments.values() if a.arg]
        return (
            f"{where} argument {draw.argument!r}, which is no number that {draw.action} takes; it "
            f"takes: {', '.join(known) or 'none'}"
        )
    if not same_dimension(argument.unit, consumable.unit):
        return (
            f"{where} argument {draw.argument!r}, which is in {argument.unit!r}, and "
            f"{consumable.name} is in {consumable.unit!r}"
        )
    return ""


def _amount(text: str, unit: str, what: str) -> int:
    """Return a declared amount in millionths; 0 where none was declared."""
    if not text:
        return 0
    value, given = split_quantity(text)
    if value <= 0:
        raise UnitError(f"{what} is an amount above 0, got {text!r}")
    return millionths(value, given, unit)


def _price(text: str, unit: str) -> float:
    """Return the price of one unit, in the unit of the campaign's cost."""
    if not text:
        return 0.0
    value, given = split_quantity(text)
    per = given.removeprefix("1/")
    if value < 0 or (given != _COUNTED and not given.startswith("1/")):
        raise UnitError(f"price is '0.12 1/{unit}', of what is counted '0.12'; got {text!r}")
    if (given == _COUNTED) != (unit == _COUNTED):
        raise UnitError(f"price is of one {unit!r}, such as '0.12 1/{unit}', got {text!r}")
    return value if given == _COUNTED else value / convert(1.0, per, unit)
