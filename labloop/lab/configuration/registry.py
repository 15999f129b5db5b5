"""Finds drivers and worlds by entry points, and checks a lab file against its drivers."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from labloop.errors import LabFileError, LabloopError, UnitError
from labloop.lab.configuration.calibrations import wrong_calibrations
from labloop.lab.configuration.interlocks import Interlock
from labloop.lab.configuration.lab_file import DeviceTable, LabFile, LimitTable
from labloop.lab.configuration.limits import Limits
from labloop.lab.configuration.local_modules import importable, module_of
from labloop.lab.configuration.things import draw_mistake
from labloop.lab.devices import Arg, Device
from labloop.lab.transports import SCHEMES, is_replayed
from labloop.records import Mode
from labloop.units import convert, split_quantity

DRIVERS, WORLDS = "labloop.drivers", "labloop.worlds"
NO_WIRES = "no_wires"
"""The installed world without emulators."""


@dataclass(frozen=True, slots=True)
class LabPlan:
    """What a lab file means with its drivers; known before a line is opened."""

    drivers: Mapping[str, type[Device]]
    limits: Mapping[str, Limits]
    interlocks: tuple[Interlock, ...]


def plan_lab(lab_file: LabFile, mode: Mode) -> LabPlan:
    """Import the drivers that ``lab_file`` names, no others, and check the file against them.

    Args:
        lab_file: the lab file.
        mode: a real lab needs addresses, serial numbers and limits.

    Raises:
        LabFileError: one sentence per mistake, with file, table and key.
    """
    mistakes: list[str] = []
    drivers: dict[str, type[Device]] = {}
    limits: dict[str, Limits] = {}
    for name, table in lab_file.devices.items():
        try:
            drivers[name] = find_driver(table.driver, lab_file.folder)
        except LabFileError as error:
            mistakes.append(f"[devices.{name}] driver: {error}")
            continue
        limits[name], wrong = _limits(name, table, drivers[name])
        mistakes += wrong + _wrong_scheme(name, table, drivers[name])
        mistakes += wrong_calibrations(name, table.calibrated, drivers[name])
    mistakes += [
        f"[devices.{name}.options] arguments names the device {other!r}, whose driver calls no "
        "library that another could be built with"
        for name, others in lab_file.built_with.items()
        for other in others
        if other in drivers and not drivers[other].schemes
    ]
    interlocks = tuple(table.interlock() for table in lab_file.interlocks)
    mistakes += _wrong_interlocks(interlocks, drivers)
    mistakes += [
        mistake
        for consumable in lab_file.used_up.values()
        for draw in consumable.drawn_by
        if draw.device in drivers
        and (mistake := draw_mistake(consumable, draw, drivers[draw.device].actions))
    ]
    if mode is Mode.REAL:
        mistakes += _not_real(lab_file, drivers)
    if mistakes:
        raise LabFileError("\n".join(f"{lab_file.source}: {each}" for each in mistakes))
    return LabPlan(drivers, limits, interlocks)


def with_found_drivers(lab_file: LabFile) -> LabFile:
    """Return the lab file with installed drivers by module and class, which are found at once.

    To look a name up takes hundredths of a second, which count where a lab must be made safe.
    """
    known = installed(DRIVERS)
    devices = {
        name: table.model_copy(update={"driver": known[table.driver].value})
        if table.driver in known
        else table
        for name, table in lab_file.devices.items()
    }
    return lab_file.model_copy(update={"devices": devices})


def find_driver(name: str, folder: Path | None = None) -> type[Device]:
    """Return a driver.

    Args:
        name: of an installed driver, or ``module:Class``.
        folder: where the module may lie, beside Python's own path.

    Raises:
        LabFileError: there is none; the message names the installed ones.
    """
    found = _load(DRIVERS, name, "driver", folder)
    if not (isinstance(found, type) and issubclass(found, Device)):
        raise LabFileError(
            f"driver {name!r} is {found!r}, which is no labloop.lab.Device; let the class "
            "inherit it"
        )
    return found


def make_world(lab_file: LabFile, plan: LabPlan, seed: int) -> Any:
    """Return the simulated world of a lab; raises LabFileError where it names none.

    A lab whose drivers all call libraries or transcripts needs none: each driver brings a stand-in
    for its library.
    """
    name = lab_file.lab.world
    answered = [
        driver.schemes or is_replayed(lab_file.devices[each].url)
        for each, driver in plan.drivers.items()
    ]
    if not name and all(answered):
        name = NO_WIRES
    if not name:
        raise LabFileError(
            f"{lab_file.source}: [lab] world is missing, so nothing would answer in simulation; "
            'add world = "bench" (emulators side by side), or a world of your own'
        )
    try:
        create = _load(WORLDS, name, "world", lab_file.folder)
    except LabFileError as error:
        raise LabFileError(f"{lab_file.source}: [lab] world: {error}") from error
    # A world's options may name emulators that lie beside the lab file.
    with importable(lab_file.folder):
        return create(seed, lab_file.lab.world_options)


def installed(group: str) -> dict[str, EntryPoint]:
    """Return name -> entry point of everything that is installed in ``group``."""
    return {each.name: each for each in entry_points(group=group)}


def _load(group: str, name: str, what: str, folder: Path | None) -> Any:
    module, colon, attribute = name.partition(":")
    try:
        if colon:
            return getattr(module_of(module, folder), attribute)
        known = installed(group)
        if name in known:
            return known[name].load()
    except ModuleNotFoundError as error:
        hint = f"; put {module}.py beside the lab file, or install it" if colon else ""
        raise LabFileError(f"{what} {name!r} cannot be imported: {error}{hint}") from error
    except Exception as error:  # a person's module may raise anything
        told = isinstance(error, (ImportError, AttributeError, LabloopError))
        named = "" if told else type(error).__name__
        reason = ": ".join(filter(None, [named, str(error)]))
        raise LabFileError(f"{what} {name!r} cannot be imported: {reason}") from error
    raise LabFileError(
        f"{what} {name!r} is not installed; installed are: {', '.join(sorted(known)) or 'none'}"
    )


def _wrong_scheme(device: str, table: DeviceTable, driver: type[Device]) -> list[str]:
    """Return why a driver cannot use its URL: one of bytes, or one that calls a library."""
    scheme, separator, rest = table.url.partition("://")
    schemes = (*driver.schemes, "replay") if driver.schemes else SCHEMES
    if not table.url or (separator and rest and scheme in schemes):
        return []
    known = " or ".join(f"{each}://..." for each in schemes)
    mistake = f"url {table.url!r} is of no kind that {table.driver} understands; write {known}"
    return [f"[devices.{device}] {mistake}"]


def _limits(
    device: str, table: DeviceTable, driver: type[Device]
) -> tuple[dict[tuple[str, str], Arg], list[str]]:
    made: dict[tuple[str, str], Arg] = {}
    wrong: list[str] = []
    for key, limit in table.limits.items():
        where = f"[devices.{device}.limits] {key!r}"
        action, _, argument = key.partition(".")
        spec = driver.actions.get(action)
        declared = spec.arguments.get(argument) if spec else None
        if declared is None or declared.arg is None:
            known = [
                f"{n}.{a.name}"
                for n, s in driver.actions.items()
                for a in s.arguments.values()
                if a.arg
            ]
            wrong.append(
                f"{where} is no number that an action of {table.driver} takes; "
                f"it takes: {', '.join(known) or 'none'}"
            )
            continue
        try:
            made[action, argument] = _limit(limit, declared.arg)
        except UnitError as error:
            wrong.append(f"{where}: {error}")
    return made, wrong


def _limit(limit: LimitTable, declared: Arg) -> Arg:
    low = convert(*split_quantity(limit.min), declared.unit) if limit.min else None
    high = convert(*split_quantity(limit.max), declared.unit) if limit.max else None
    if low is None and high is None:
        raise UnitError("needs min or max")
    return Arg(declared.unit, ge=low, le=high)


def _wrong_interlocks(
    interlocks: tuple[Interlock, ...], drivers: Mapping[str, type[Device]]
) -> list[str]:
    wrong: list[str] = []
    for number, each in enumerate(interlocks, 1):
        where = f"[[interlocks]] number {number}"
        driver = drivers.get(each.device)
        if driver is not None and each.action not in driver.actions:
            wrong.append(
                f"{where} names the action {each.action!r}, but {each.device} knows: "
                f"{', '.join(driver.actions)}"
            )
        for term in each.terms:
            owner = drivers.get(term.device)
            if owner is not None and term.read not in owner.reads:
                wrong.append(
                    f"{where} names the read {term.read!r}, but {term.device} knows: "
                    f"{', '.join(owner.reads) or 'none'}"
                )
    return wrong


def _not_real(lab_file: LabFile, drivers: Mapping[str, type[Device]]) -> list[str]:
    """Return why the lab cannot be real: a device lacks URL, serial number or limits."""
    wrong: list[str] = []
    for name, table in lab_file.devices.items():
        missing = [key for key in ("url", "serial_number") if not getattr(table, key)]
        driver = drivers.get(name)
        numbers = driver is not None and any(
            argument.arg for spec in driver.actions.values() for argument in spec.arguments.values()
        )
        if numbers and not table.limits:
            missing.append("limits")
        if missing:
            wrong.append(
                f"[devices.{name}] has no {' and no '.join(missing)}, so the lab cannot be real"
            )
    return wrong
