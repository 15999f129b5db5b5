"""Verbs of what is used up: ``labloop stock`` shows it, ``put`` and ``count`` write it down."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from labloop.cli.terminal import (
    Database,
    console,
    find_campaign,
    open_repositories,
    read_day,
    table_lines,
)
from labloop.errors import CampaignError, DefinitionError, UnitError
from labloop.records import (
    MILLION,
    Filling,
    Lot,
    Mode,
    Repositories,
    stock_words,
    wells_in,
)

if TYPE_CHECKING:
    from labloop.lab import Consumable, LabFile

_HEADER = ("what", "left", "reserved", "lots", "enough for")
LabToml = Annotated[
    str, typer.Argument(metavar="LAB.toml", help="the lab file, or host://NAME for that of a host")
]
What = Annotated[str, typer.Argument(metavar="NAME", help="a consumable, plate or station of it")]
OfCampaign = Annotated[
    str, typer.Option("--campaign", help="what this simulated campaign has, not the lab's own")
]


class ShowFirst(TyperGroup):
    """A group that shows what there is where no verb is named."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command of the first word, or the one that shows."""
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


group = typer.Typer(
    cls=ShowFirst,
    help="What is used up in a lab: what there is, what was put there, what is enough.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@group.command("show")
def show(lab: LabToml, *, campaign: OfCampaign = "", db: Database = None) -> None:
    """Show what there is, its lots, and for how many experiments it is enough."""
    from labloop.campaign import supplies, used_each  # noqa: PLC0415 - heavy

    lab_file = _read(lab)
    out = console()
    with open_repositories(db, read_only=True) as repositories:
        mode, owner = _whose(repositories, campaign)
        each: dict[str, int] = {}
        for record in repositories.campaigns.all():
            if owner in {"", record.id}:
                of_one = used_each(repositories.stock.used(record.id))
                each |= {name: max(n, each.get(name, 0)) for name, n in of_one.items()}
        out.print(f"database  {repositories.url}")
        rows = []
        for supply in supplies(repositories.stock, lab_file, mode, owner, each):
            lots = _lots(repositories, lab_file, supply.name, mode, owner)
            enough = "-" if supply.enough_for is None else f"{supply.enough_for} experiments"
            left, reserved = supply.words(supply.left), supply.words(supply.reserved)
            rows.append((supply.name, left, reserved, _told(lots), enough))
    for line in table_lines(_HEADER, rows):
        out.print(line)


@group.command("put")
def put(
    lab: LabToml,
    name: What,
    amount: Annotated[
        str, typer.Argument(metavar="[AMOUNT]", help='such as "250 mL", 96, or wells as A1..D6')
    ] = "",
    *,
    new: Annotated[bool, typer.Option("--new", help="a fresh plate, or a full vessel")] = False,
    lot: Annotated[str, typer.Option("--lot", help="the number on the label")] = "",
    expires: Annotated[str, typer.Option("--expires", help="its last day, as 2027-03-01")] = "",
    campaign: OfCampaign = "",
    db: Database = None,
) -> None:
    """Write down that something was put there; nothing moves."""
    from labloop.campaign import current_user  # noqa: PLC0415 - heavy

    lab_file = _read(lab)
    consumable = _consumable(lab_file, name)
    until = None
    if expires:
        until = read_day(expires, "--expires") + timedelta(days=1, microseconds=-1)
        if until <= datetime.now(UTC):
            raise DefinitionError(f"--expires {expires} is over; what is expired is not put there")
    fillings = _fillings(consumable, amount, lot, until, new=new)
    with open_repositories(db, create=True) as repositories:
        mode, owner = _whose(repositories, campaign, consumable)
        shelf, stock = consumable.shelf(lab_file.lab.name, mode, owner), repositories.stock
        act = stock.replace if new or consumable.places else stock.put
        act(shelf, fillings, current_user()).result()
        lots = _lots(repositories, lab_file, name, mode, owner)
        console().print(f"database  {repositories.url}")
    left = sum(each.amount for each in lots)
    console().print(f"put       {name}: {_amount(consumable, left)} there now ({_told(lots)})")


@group.command("count")
def count(
    lab: LabToml,
    name: What,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="what is really left")],
    *,
    campaign: OfCampaign = "",
    db: Database = None,
) -> None:
    """Correct the books to what a person has found; what is reserved stays reserved."""
    from labloop.campaign import current_user  # noqa: PLC0415 - heavy

    lab_file = _read(lab)
    consumable = _consumable(lab_file, name)
    if consumable.places:
        raise DefinitionError(
            f"{name} has places, which are not counted; say which are there: labloop stock put "
            f"{lab} {name} A1..D6"
        )
    found = _millionths(consumable, amount, least=0)
    with open_repositories(db) as repositories:
        mode, owner = _whose(repositories, campaign, consumable)
        shelf = consumable.shelf(lab_file.lab.name, mode, owner)
        repositories.stock.count(shelf, name, found, current_user()).result()
    console().print(f"counted   {name}: {_amount(consumable, found)} there now")


def _read(lab: str) -> "LabFile":
    from labloop.lab import is_host, load_lab_file, look_at_host  # noqa: PLC0415 - heavy

    return look_at_host(lab, None).lab_file if is_host(lab) else load_lab_file(Path(lab))


def _consumable(lab_file: "LabFile", name: str) -> "Consumable":
    known = lab_file.used_up
    if name not in known:
        raise DefinitionError(
            f"{lab_file.source} declares nothing called {name!r} that is used up; it has: "
            f"{', '.join(known) or 'nothing; declare it as [consumables.NAME]'}"
        )
    return known[name]


def _whose(
    repositories: Repositories, campaign: str, consumable: "Consumable | None" = None
) -> tuple[Mode, str]:
    """Return mode and campaign of the shelf that is meant; the real lab's where none is named."""
    if campaign:
        record = find_campaign(repositories, campaign, None)
        return record.mode, record.id
    if consumable is not None and consumable.of_campaign:
        raise CampaignError(
            f"each campaign has places {consumable.name!r} of its own; name it with --campaign, or "
            f"go on with: labloop resume NAME --renew {consumable.name}"
        )
    return Mode.REAL, ""


def _fillings(
    consumable: "Consumable", amount: str, lot: str, until: datetime | None, *, new: bool
) -> list[Filling]:
    """Return what is put there; raises DefinitionError, UnitError."""
    name = consumable.name
    if new and not amount:
        if not consumable.places and not consumable.capacity:
            raise DefinitionError(
                f"how much a full {name} holds is not declared; say the amount, or its capacity in "
                f"[consumables.{name}]"
            )
        fillings = consumable.full(lot)
    elif not amount:
        raise DefinitionError(f"how much {name} was put there? Say an amount, or --new")
    elif consumable.places:
        wells = wells_in(amount, consumable.places)
        fillings = [each for each in consumable.full(lot) if each.place in wells]
    else:
        there = _millionths(consumable, amount)
        fillings = [Filling(name=name, unit=consumable.unit, amount=there, lot=lot)]
    return [
        Filling(
            name=each.name,
            unit=each.unit,
            amount=each.amount,
            lot=each.lot,
            place=each.place,
            expires=until,
        )
        for each in fillings
    ]


def _millionths(consumable: "Consumable", text: str, least: int = 1) -> int:
    """Return an amount as it is stored; raises UnitError."""
    from labloop.units import convert, split_quantity  # noqa: PLC0415 - keeps --help quick

    value, unit = split_quantity(text)
    if unit == "1" != consumable.unit:
        raise UnitError(f"{consumable.name} is in {consumable.unit}, got {text!r} without a unit")
    amount = round(convert(value, unit, consumable.unit) * MILLION)
    if amount < least:
        raise UnitError(f"an amount of {consumable.name} is above 0, got {text!r}")
    return amount


def _amount(consumable: "Consumable", amount: int) -> str:
    return stock_words(amount, consumable.unit) + (" places" if consumable.places else "")


def _lots(
    repositories: Repositories, lab_file: "LabFile", name: str, mode: Mode, owner: str
) -> list[Lot]:
    shelf = lab_file.used_up[name].shelf(lab_file.lab.name, mode, owner)
    return [each for each in repositories.stock.lots(shelf) if each.name == name and each.amount]


def _told(lots: Sequence[Lot]) -> str:
    """Return the lots that something is left of, each with its last day."""
    now = datetime.now(UTC)
    told: dict[str, None] = {}
    for lot in lots:
        last = "" if lot.expires is None else f" until {lot.expires:%Y-%m-%d}"
        over = " EXPIRED" if lot.is_expired(now) else ""
        told[f"{lot.lot or 'no lot'}{last}{over}"] = None
    return ", ".join(told) or "-"
