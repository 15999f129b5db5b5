"""Whether there is enough for a campaign, found out by a few experiments in simulation."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from labloop.campaign.checks.calibrations import lab_file_of_campaign
from labloop.campaign.checks.rehearsal import simulated_lab
from labloop.campaign.definition import Definition, source_file
from labloop.campaign.execution import Conditions, supplies, used_each
from labloop.lab import (
    Lab,
    LabFile,
    LabHost,
    LabJob,
    MemoryJournal,
    MemoryStock,
    load_lab_file,
    run_procedure,
)
from labloop.records import (
    MILLION,
    Mode,
    Stock,
)

_REHEARSED = 3
"""Experiments that are carried out in simulation to learn what one uses."""
_PATIENCE = 10.0
"""Wall seconds after which that is given up."""
_NAME = "supply"


def rehearsed_use(definition: Definition, lab_file: LabFile) -> dict[str, int]:
    """Return consumable -> the most that one of a few experiments used in simulation.

    Nothing is known of a recipe that does work beside the lab: that would really be done.

    Raises:
        LabloopError: the lab cannot be opened.
    """
    spec, recipe, stock = definition.spec, definition.spec.recipe, MemoryStock()
    file = source_file(recipe)
    if recipe is None or not lab_file.used_up or file is None:
        return {}
    if "lab.run(" in file.read_text(encoding="utf-8"):
        return {}
    for consumable in lab_file.used_up.values():
        shelf = consumable.shelf(lab_file.lab.name, Mode.SIMULATED, _NAME)
        stock.put(shelf, consumable.plenty(), "labloop").result()
    points = enumerate(spec.space.sample(_REHEARSED, spec.seed), 1)
    jobs = [(f"{_NAME}-{n}", Conditions(point, spec.units)) for n, point in points]
    host = simulated_lab(definition, MemoryJournal(), _NAME, stock=stock)
    # In a thread of its own: in the main thread a lab would take the signals of the campaign's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_rehearse, host, recipe, jobs).result()
    return used_each(stock.used(_NAME))


def _rehearse(
    host: LabHost, recipe: Callable[[Lab, Any], Any], jobs: Sequence[tuple[str, Conditions]]
) -> None:
    """Carry experiments out one after the other."""
    host.on_alarm = lambda _: None
    with host:
        giving_up = threading.Timer(_PATIENCE, host.stop, ["the rehearsal takes too long"])
        giving_up.start()
        for name, x in jobs:
            # That an experiment fails is judged elsewhere; what it used until then counts.
            host.start([LabJob(name, partial(_once, recipe, x))])[0].exception()
            host.settle()
        giving_up.cancel()


async def _once(recipe: Callable[[Lab, Any], Any], x: Conditions, lab: Lab) -> Any:
    return await run_procedure(recipe, lab, x)


def supply_of(definition: Definition, stock: Stock | None) -> Iterator[tuple[bool, str]]:
    """Yield for each consumable whether there is enough of it for the budget, and a sentence.

    Args:
        definition: the campaign, which is not begun.
        stock: of the real lab; None where no database is known.

    Raises:
        LabloopError: the lab cannot be opened in simulation.
    """
    if definition.host is not None:
        yield from _supply_at_host(definition, stock)
        return
    if definition.lab_file is None:
        return
    lab_file = load_lab_file(definition.lab_file)
    count = definition.spec.budget.experiments
    yield from judged_supply(lab_file, rehearsed_use(definition, lab_file), count, stock)


def _supply_at_host(definition: Definition, stock: Stock | None) -> Iterator[tuple[bool, str]]:
    """Yield what there is of what a host's lab uses up: no simulation of it can be had here."""
    lab_file = lab_file_of_campaign(definition)
    if lab_file is None or not lab_file.used_up:
        return
    there = supplies(stock or MemoryStock(), lab_file, Mode.REAL, "", {})
    left = ", ".join(
        f"{each.words(each.left)} of {each.name}"
        for each in there
        if not lab_file.used_up[each.name].of_campaign
    )
    told = f"; in the books of the lab {lab_file.lab.name!r}: {left}" if left else ""
    yield True, f"what one experiment uses up is known after the first, on a host's lab{told}"


def judged_supply(
    lab_file: LabFile,
    each: Mapping[str, int],
    count: int | None,
    stock: Stock | None,
    mode: Mode = Mode.REAL,
    campaign_id: str = "",
) -> Iterator[tuple[bool, str]]:
    """Yield for each consumable that is used whether there is enough, and a sentence.

    Args:
        lab_file: declares what is used up.
        each: consumable -> the most that one experiment uses.
        count: how many experiments are to run; None where nobody has said.
        stock: where it is booked; None where no database is known.
        mode: of the lab.
        campaign_id: the campaign, where it was begun.
    """
    there = MemoryStock() if stock is None else stock
    for found in supplies(there, lab_file, mode, campaign_id, each):
        if not found.each:
            continue
        consumable, supply = lab_file.used_up[found.name], found
        shelf = consumable.shelf(lab_file.lab.name, mode, campaign_id)
        known = any(lot.name == found.name for lot in there.lots(shelf))
        if consumable.of_campaign and not known:
            # A campaign begins with all of them.
            known, supply = True, replace(supply, left=MILLION * len(consumable.places))
        yield supply.judged(count, known=known)
