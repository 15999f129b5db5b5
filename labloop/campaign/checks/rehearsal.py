"""A procedure, carried out once in a simulated lab."""

from collections.abc import Mapping
from typing import Any

from labloop.campaign.definition import Definition, kind_of, name_of
from labloop.campaign.execution import Conditions, to_measurement
from labloop.errors import CampaignError
from labloop.lab import (
    Lab,
    LabHost,
    LabJob,
    MemoryJournal,
    load_lab_file,
    run_procedure,
)
from labloop.records import JournalEntry, Json, Mode, Point, Stock


def simulated_lab(
    definition: Definition, journal: MemoryJournal, name: str, *, stock: Stock | None = None
) -> LabHost:
    """Return the lab of a campaign in simulation; nothing of it is stored.

    Raises:
        CampaignError: a host has the lab, and it is not to be used for this.
    """
    if definition.host is not None:
        raise CampaignError(
            f"the lab of campaign {definition.spec.name!r} is {definition.host}, where nothing "
            'can be tried without holding its devices; try it with the lab file, lab="lab.toml"'
        )
    return LabHost(
        load_lab_file(definition.folder / str(definition.spec.lab)),
        mode=Mode.SIMULATED,
        journal=journal,
        campaign_id=name,
        seed=definition.spec.seed,
        folder=definition.folder,
        stock=stock,
    )


def rehearse(definition: Definition, point: Point) -> list[str]:
    """Run the procedure once on a simulated lab and return what would be sent, in words.

    Nothing is stored. Raises CampaignError where the campaign has no procedure, and whatever
    the procedure itself would raise.
    """
    spec, procedure = definition.spec, definition.spec.recipe
    if spec.procedure is None:
        raise CampaignError(
            f"campaign {spec.name!r} has no procedure to rehearse; a person carries it out: "
            "labloop ask"
        )
    if spec.is_function or procedure is None:
        raise CampaignError(
            f"{name_of(spec.procedure)} is a {kind_of(spec.procedure)} without a lab: what it does "
            "is not known without doing it; try it without --dry"
        )
    journal = MemoryJournal()

    x = Conditions(point, spec.units)

    async def once(lab: Lab) -> Any:
        return to_measurement(await run_procedure(procedure, lab, x), spec.units)

    host = simulated_lab(definition, journal, "rehearsal")
    with host:
        measurement = host.start([LabJob("rehearsal-0001", once)])[0].result()
        took = host.now()
    lines = [_in_words(entry) for entry in journal.entries("rehearsal", "rehearsal-0001")]
    return [
        *lines,
        f"takes {took / 60:.1f} min of lab time",
        f"returns {', '.join(measurement.raw)}",
    ]


def _in_words(entry: JournalEntry) -> str:
    intent = entry.intent
    given = ", ".join(f"{name}={_value(value)}" for name, value in intent.arguments.items())
    return f"{intent.lab_time:9.1f} s  {intent.device}.{intent.name}({given})"


def _value(value: Json) -> str:
    """Return an argument as a person would write it."""
    if isinstance(value, Mapping) and value.keys() == {"value", "unit"}:
        number = value["value"]
        text = f"{number:g}" if isinstance(number, float) else str(number)
        return text if value["unit"] == "1" else f"{text} {value['unit']}"
    return str(value)
