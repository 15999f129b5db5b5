"""What a host tells of its lab, so that a campaign elsewhere can use it without its drivers."""

import inspect
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from labloop.errors import LabFileError
from labloop.lab.configuration import LabFile, LabPlan, lab_file_of
from labloop.lab.devices import ActionSpec, Arg, Argument, Device
from labloop.lab.remote.remote_device import remote_driver

_OWN = ("options", "limits", "safe_seconds")
"""What the host alone uses of a device's table."""


def describe_driver(driver: type[Device]) -> dict[str, Any]:
    """Return the actions and reads of a driver as JSON."""
    return {
        "driver": f"{driver.__module__}:{driver.__qualname__}",
        "model": driver.model,
        "doc": inspect.getdoc(driver) or "",
        "safe_seconds": driver.safe_seconds,
        "serial_on_wire": driver.serial_on_wire,
        "actions": {name: _spec_json(spec) for name, spec in driver.actions.items()},
        "reads": {name: inspect.getdoc(getattr(driver, name)) or "" for name in driver.reads},
    }


def describe_lab(lab_file: LabFile) -> dict[str, Any]:
    """Return the tables of a lab file as JSON, without what the host alone uses."""
    tables = lab_file.model_dump(
        mode="json", exclude={"source", "folder", "interlocks", "watchdog"}
    )
    for table in tables["devices"].values():
        for key in _OWN:
            table.pop(key)
    tables["lab"].pop("world_options")
    return tables


def remote_lab_file(tables: Mapping[str, Any], name: str, wanted: Collection[str]) -> LabFile:
    """Return a lab file whose devices are those of a host.

    Args:
        tables: as :func:`describe_lab` returns them.
        name: of the host.
        wanted: devices and kinds of stations; empty for all.

    Raises:
        LabFileError: the host has something else.
    """
    devices, stations = dict(tables["devices"]), dict(tables["stations"])
    unknown = [each for each in wanted if each not in devices and each not in stations]
    if unknown:
        raise LabFileError(
            f"the host {name!r} has no {', '.join(unknown)}; it has the devices "
            f"{', '.join(devices)} and the stations {', '.join(stations) or 'none'}"
        )
    if wanted:
        taken = {each: table for each, table in devices.items() if each in wanted}
        stations = _stations_of(stations, devices, wanted)
        devices = taken
    order = [each for each in tables["lab"]["safe_order"] if each in devices]
    keep = [each for each in tables["hold"]["keep"] if each in devices]
    changed = {
        "lab": {**tables["lab"], "safe_order": order},
        "hold": {**tables["hold"], "keep": keep},
        "devices": {n: {**table, "url": f"host://{name}/{n}"} for n, table in devices.items()},
        "stations": stations,
        "consumables": _consumables_of(tables["consumables"], devices),
    }
    return lab_file_of({**tables, **changed}, f"the lab of the host {name!r}")


def remote_plan(lab_file: LabFile, described: Mapping[str, Any]) -> LabPlan:
    """Return what stands for the drivers; limits and interlocks are checked by the host."""
    drivers = {name: _driver(name, described[name]) for name in lab_file.devices}
    return LabPlan(drivers, {name: {} for name in drivers}, ())


def _stations_of(
    stations: Mapping[str, Any], devices: Collection[str], wanted: Collection[str]
) -> dict[str, Any]:
    """Return the stations of a part of a lab: places that were asked for, and devices of it."""
    found: dict[str, Any] = {}
    for kind, table in stations.items():
        if kind in wanted:
            found[kind] = table
            continue
        names = [each for each in table["names"] if each in wanted and each in devices]
        if names:
            found[kind] = {**table, "names": names}
    return found


def _consumables_of(
    consumables: Mapping[str, Mapping[str, Any]], devices: Collection[str]
) -> dict[str, Any]:
    """Return consumables as a part of a lab draws from them: the others' draws are not booked."""
    return {
        name: {**table, "drawn_by": [d for d in table["drawn_by"] if d["device"] in devices]}
        for name, table in consumables.items()
    }


def _driver(name: str, described: Mapping[str, Any]) -> type[Device]:
    actions = {
        each: {**spec, "arguments": [_argument(one) for one in spec["arguments"]]}
        for each, spec in described["actions"].items()
    }
    return remote_driver(name, {**described, "actions": actions})


def _spec_json(spec: ActionSpec) -> dict[str, Any]:
    return {
        "doc": spec.doc,
        "idempotent": spec.idempotent,
        "arguments": [_argument_json(each) for each in spec.arguments.values()],
    }


def _argument_json(argument: Argument) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": argument.name,
        "kind": argument.kind,
        "arg": None if argument.arg is None else asdict(argument.arg),
        "choices": list(argument.choices),
    }
    if argument.default is not inspect.Parameter.empty:
        made["default"] = argument.default
    return made


def _argument(value: Mapping[str, Any]) -> Argument:
    return Argument(
        value["name"],
        value["kind"],
        None if value["arg"] is None else Arg(**value["arg"]),
        tuple(value["choices"]),
        value.get("default", inspect.Parameter.empty),
    )
