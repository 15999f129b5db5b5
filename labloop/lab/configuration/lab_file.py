"""The lab file: devices, stations, limits, interlocks, safe states, the hold, the watchdog."""

import tomllib
from collections.abc import Collection, Mapping
from math import inf
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from labloop.errors import LabFileError, UnitError
from labloop.lab.configuration.built_with import devices_named, with_needed, wrong_built_with
from labloop.lab.configuration.interlocks import Interlock, parse_terms
from labloop.lab.configuration.station_table import StationTable, Table, wrong_stations
from labloop.lab.configuration.things import (
    Consumable,
    ConsumableTable,
    PlaceTable,
    PlateTable,
    wrong_things,
)
from labloop.lab.transports import line_mistakes
from labloop.units import convert, split_quantity

LARGEST = 64 * 1024
"""Bytes of a lab file at most."""
_TEXT = "lab file"
"""The source of a lab file that was given as text."""
_SHORTEST, _LONGEST = 1.0, 3600.0
"""Seconds after which a watchdog process may act."""
_WORDS = 3
"""Of a reason why there is none, at least."""
_IN_WORDS = {
    "too_short": "is empty: it needs at least one entry",
    "string_too_short": "is empty",
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "tuple_type": "must be a list in brackets",
}
"""pydantic's type of an error -> the mistake in the words of TOML."""


class LabTable(Table):
    """``[lab]``: the lab as a whole."""

    name: str = Field(min_length=1)
    world: str = ""
    """The simulated world: the name of an installed one, or ``module:function``."""
    safe_order: tuple[str, ...] = Field(default=(), strict=False)
    """Devices in the order in which they are made safe; the others follow."""
    world_options: dict[str, Any] = Field(default_factory=dict)
    simulated_delays: float = Field(default=0.0, ge=0.0, le=10.0, strict=False)
    """In simulation: the mean share by which actions of experiments take longer, by chance."""


class LimitTable(Table):
    """``[devices.<name>.limits]``: bounds of one argument, on top of the instrument's own."""

    min: str = ""
    max: str = ""


class DeviceTable(Table):
    """``[devices.<name>]``: one instrument."""

    driver: str = Field(min_length=1)
    """The name of an installed driver, or ``module:Class``."""
    url: str = ""
    serial_number: str = ""
    safe_seconds: float | None = Field(default=None, gt=0, strict=False)
    options: dict[str, Any] = Field(default_factory=dict)
    limits: dict[str, LimitTable] = Field(default_factory=dict)
    calibrated: dict[str, str] = Field(default_factory=dict)
    """Read or action -> the age at most of its newest calibration, such as ``"30 days"``."""
    shared: bool = False
    """Whether experiments that run at once may all command it, such as one bath for all."""


class InterlockTable(Table):
    """``[[interlocks]]``: an action that is allowed only under conditions on other devices."""

    device: str
    action: str
    requires: str
    because: str = Field(min_length=1)
    max_age: str = "5 s"

    def interlock(self) -> Interlock:
        """Return the rule; raises LabFileError, UnitError."""
        age = convert(*split_quantity(self.max_age), "s")
        terms = parse_terms(self.requires)
        return Interlock(self.device, self.action, terms, self.because, age)


class HoldTable(Table):
    """``[hold]``: what happens to the lab while its campaign waits for a person."""

    after: str = "10 min"
    """The time after which the hold begins."""
    state: Literal["safe", "keep"] = "safe"
    """``safe``: every device goes to its safe state then; ``keep``: all stay as they are."""
    keep: tuple[str, ...] = Field(default=(), strict=False)
    """Devices that stay as they are although the others go to their safe state."""

    @property
    def seconds(self) -> float:
        """``after`` in seconds; raises UnitError."""
        return convert(*split_quantity(self.after), "s")


class WatchdogTable(Table):
    """``[watchdog]``: the process that makes a real lab safe when its owner has died or hangs."""

    after: str = "10 s"
    """The time without a sign of life after which the owner is ended."""
    off_because: str = ""
    """Why this lab has no such process, in a person's words; empty where it has one."""

    @property
    def seconds(self) -> float:
        """``after`` in seconds; raises UnitError."""
        return convert(*split_quantity(self.after), "s")


class LabFile(Table):
    """A lab file whose tables were checked, by themselves and against each other."""

    lab: LabTable
    devices: dict[str, DeviceTable] = Field(min_length=1)
    interlocks: tuple[InterlockTable, ...] = Field(default=(), strict=False)
    stations: dict[str, StationTable] = Field(default_factory=dict)
    consumables: dict[str, ConsumableTable] = Field(default_factory=dict)
    plates: dict[str, PlateTable] = Field(default_factory=dict)
    places: dict[str, PlaceTable] = Field(default_factory=dict)
    hold: HoldTable = HoldTable()
    watchdog: WatchdogTable = WatchdogTable()
    source: str = "lab file"
    """Where it was read from, for messages."""
    folder: Path | None = None
    """Its folder, in which drivers and worlds may lie."""

    @property
    def safe_order(self) -> tuple[str, ...]:
        """Every device, in the order in which they are made safe."""
        named = self.lab.safe_order
        return (*named, *(name for name in self.devices if name not in named))

    @property
    def used_up(self) -> dict[str, Consumable]:
        """Everything that is used up, by its name: consumables, plates, used-up stations."""
        tables: dict[str, ConsumableTable | PlateTable] = {**self.consumables, **self.plates}
        stations = {
            kind: Consumable(name=kind, places=table.all(kind), of_campaign=True)
            for kind, table in self.stations.items()
            if table.used_up
        }
        return {**{name: t.consumable(name) for name, t in tables.items()}, **stations}

    @property
    def sample_places(self) -> tuple[str, ...]:
        """Every place in which a sample can be: places, stations, devices, wells of plates."""
        places = [place for name, table in self.places.items() for place in table.all(name)]
        stations = [name for kind, table in self.stations.items() for name in table.all(kind)]
        plates = {name: self.used_up[name] for name in self.plates}
        wells = [f"{name}.{well}" for name, plate in plates.items() for well in plate.places]
        return tuple(dict.fromkeys([*places, *stations, *self.devices, *wells]))

    def part(self, device: str, actions: Collection[str] = ()) -> "LabFile":
        """Return the lab of one device alone, such as for the first contact with it.

        Args:
            device: which one.
            actions: what it will be told to do; their interlocks stay, and with them the
                devices that these read. Nothing else may be sent in this lab.

        Raises:
            LabFileError: the lab has no such device; the message names those there are.
        """
        if device not in self.devices:
            raise LabFileError(
                f"{self.source} has no device {device!r}; it has: {', '.join(self.devices)}"
            )
        rules = tuple(r for r in self.interlocks if r.device == device and r.action in actions)
        read = {term.device for rule in rules for term in rule.interlock().terms}
        return self.only({device, *read}).model_copy(update={"interlocks": rules})

    @property
    def built_with(self) -> dict[str, tuple[str, ...]]:
        """Device -> those that it is built with, and that are opened before it."""
        return {name: devices_named(table.options) for name, table in self.devices.items()}

    def only(self, names: Collection[str]) -> "LabFile":
        """Return the lab of these devices, without what commands them: to be made safe.

        Those with which they are built are in it, too.
        """
        needed = with_needed(names, self.built_with)
        devices = {name: table for name, table in self.devices.items() if name in needed}
        order = tuple(name for name in self.lab.safe_order if name in devices)
        return self.model_copy(
            update={
                "lab": self.lab.model_copy(update={"safe_order": order}),
                "devices": devices,
                "interlocks": (),
                "stations": {},
                "consumables": {},
                "plates": {},
                "places": {},
                "hold": HoldTable(),
            }
        )


def load_lab_file(path_or_text: "Path | str") -> LabFile:
    """Read a lab file, given as a path or as its text.

    Raises:
        LabFileError: one sentence per mistake, with file, table and key.
    """
    text, source = _read(path_or_text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LabFileError(f"{source} is no TOML: {error}") from error
    except RecursionError:
        raise LabFileError(f"{source} has tables or lists in one another without end") from None
    folder = None if source == _TEXT else Path(source).resolve().parent
    return lab_file_of(tables, source, folder)


def lab_file_of(
    tables: Mapping[str, Any], source: str = "lab file", folder: Path | None = None
) -> LabFile:
    """Return the lab file that ``tables`` describe.

    Args:
        tables: as TOML is read.
        source: names it in messages.
        folder: in which drivers and worlds may lie.

    Raises:
        LabFileError: one sentence per mistake, with table and key.
    """
    try:
        lab_file = LabFile.model_validate({**tables, "source": source, "folder": folder})
    except ValidationError as error:
        sentences = [_sentence(source, dict(each)) for each in error.errors()]
        raise LabFileError("\n".join(sentences)) from error
    mistakes = _mistakes(lab_file)
    if mistakes:
        raise LabFileError("\n".join(f"{source}: {mistake}" for mistake in mistakes))
    return lab_file


def _read(path_or_text: "Path | str") -> tuple[str, str]:
    if isinstance(path_or_text, str) and ("\n" in path_or_text or "[" in path_or_text):
        return path_or_text, _TEXT
    path = Path(path_or_text)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LabFileError(
            f"lab file {path} cannot be read ({error.strerror}); name a TOML file with [lab] and "
            "[devices.<name>] tables"
        ) from error
    if len(content) > LARGEST:
        raise LabFileError(
            f"lab file {path} has {len(content)} bytes, at most {LARGEST} are read; is it "
            "a lab file?"
        )
    try:
        return content.decode("utf-8"), str(path)
    except UnicodeDecodeError as error:
        raise LabFileError(f"lab file {path} is not written in UTF-8: {error}") from error


def _sentence(source: str, mistake: Mapping[str, Any]) -> str:
    *tables, key = [str(part) for part in mistake["loc"]] or ["lab file"]
    where = f"[{'.'.join(tables)}] {key}" if tables else f"[{key}]"
    kind, came = mistake["type"], mistake.get("input")
    if kind == "extra_forbidden":
        return f"{source}: {where} is not known; take it out or correct its spelling"
    if kind == "missing":
        return f"{source}: {where} is missing"
    if (kind, key) == ("too_short", "devices"):
        return f"{source}: [devices] is empty; name a device, as [devices.NAME] with its driver"
    if kind in _IN_WORDS:
        return f"{source}: {where} {_IN_WORDS[kind]}; got {came!r}"
    reason = str(mistake["msg"]).removeprefix("Value error, ").lower()
    return f"{source}: {where} is not usable: {reason}; got {came!r}"


def _mistakes(lab_file: LabFile) -> list[str]:
    """Return what does not fit together, as far as it is known without drivers."""
    devices = lab_file.devices
    found = [
        f"[lab] safe_order names {name!r}, which is no device of it"
        for name in lab_file.lab.safe_order
        if name not in devices
    ]
    found += [f"[devices.{n}] is no usable name" for n in devices if not n.isidentifier()]
    found += [
        f"[stations.{kind}] is used up, so it cannot have the name of a device, which is not"
        for kind, table in lab_file.stations.items()
        if table.used_up and kind in devices
    ]
    for kind, stations in lab_file.stations.items():
        found += wrong_stations(kind, stations)
    found += wrong_things(
        lab_file.consumables, lab_file.plates, lab_file.places, lab_file.stations, devices
    )
    found += line_mistakes({name: (table.url, table.options) for name, table in devices.items()})
    found += wrong_built_with(lab_file.built_with)
    found += _wrong_hold(lab_file) + _wrong_watchdog(lab_file.watchdog)
    for number, table in enumerate(lab_file.interlocks, 1):
        where = f"[[interlocks]] number {number}"
        try:
            named = [table.device, *(term.device for term in table.interlock().terms)]
        except (LabFileError, UnitError) as error:
            found.append(f"{where}: {error}")
            continue
        found += [
            f"{where} names the device {name!r}, which the lab does not have"
            for name in named
            if name not in devices
        ]
    return found


def _wrong_hold(lab_file: LabFile) -> list[str]:
    hold = lab_file.hold
    found = [
        f"[hold] keep names {name!r}, which is no device of it"
        for name in hold.keep
        if name not in lab_file.devices
    ]
    try:
        if not 0 <= hold.seconds < inf:
            found.append(f"[hold] after must be a time from 0 s, got {hold.after!r}")
    except UnitError as error:
        found.append(f"[hold] after: {error}")
    return found


def _wrong_watchdog(watchdog: WatchdogTable) -> list[str]:
    found: list[str] = []
    if watchdog.off_because and len(watchdog.off_because.split()) < _WORDS:
        found.append(
            f"[watchdog] off_because is {watchdog.off_because!r}; say in a few words why nobody "
            "needs to make this lab safe when its program dies"
        )
    try:
        if not _SHORTEST <= watchdog.seconds <= _LONGEST:
            found.append(
                f"[watchdog] after must be a time from {_SHORTEST:g} s to {_LONGEST:g} s, got "
                f"{watchdog.after!r}"
            )
    except UnitError as error:
        found.append(f"[watchdog] after: {error}")
    return found
