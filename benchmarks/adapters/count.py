"""Every instrument class of PyMeasure and QCoDeS through its adapter: how many load and hold.

A class loads when a device is made of it. It keeps the contract when it has at least one read
or action and every check of the driver kit that needs no wire passes in simulated time, on
declared responses. Then it is opened by its library's own code, on a simulated line on which
every answer is the same, and asked who it is.

Usage: python -m benchmarks.adapters.count pymeasure | qcodes [--only WORD] [--tell]
"""

import argparse
import contextlib
import importlib
import inspect
import io
import json
import logging
import pkgutil
import sys
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from labloop.errors import LabloopError
from labloop.lab import ActionSpec, Argument, Device
from labloop.testing.drivers import Bench, DriverCase, driver_checks
from labloop.units import quantity
from labloop_adapters.base.wire_of_zeros import wire_of_zeros
from labloop_adapters.pymeasure import PyMeasureDevice
from labloop_adapters.qcodes import QCoDeSDevice, answers_to_try
from labloop_simulators.worlds.no_wires import NoWires

LIBRARIES = {
    "pymeasure": ("pymeasure.instruments", "pymeasure.instruments", PyMeasureDevice),
    "qcodes": ("qcodes.instrument_drivers", "qcodes.instrument", QCoDeSDevice),
}
"""Library -> where its classes are, where their base is, and the adapter's class."""
ARGUMENTS: dict[str, dict[str, Any]] = {
    "CopperMountainM5xxx": {"min_freq": 300e3, "max_freq": 6e9},
    "KeysightPNABase": {
        "min_freq": 10e6,
        "max_freq": 20e9,
        "min_power": -30,
        "max_power": 10,
        "nports": 2,
    },
    "KeysightPNAxBase": {
        "min_freq": 10e6,
        "max_freq": 20e9,
        "min_power": -30,
        "max_power": 10,
        "nports": 2,
    },
    "CryomagneticsModel4G": {"max_current_limits": {0: (0.1, 0.1)}, "coil_constant": 0.1},
    "MercuryiPS": {"address": "TCPIP0::localhost::7020::SOCKET"},
    "OxfordMercuryiPS": {"address": "TCPIP0::localhost::7020::SOCKET"},
    "RTO1000": {"model": "RTO1024"},
    "RohdeSchwarzRTO1000": {"model": "RTO1024"},
    "RigolDP8xxBase": {"channels_ranges": [(30, 3)], "ovp_ranges": [], "ocp_ranges": []},
    "SR86x": {"max_frequency": 500e3},
    "TektronixAWG70000Base": {"num_channels": 1},
    "AMIModel4303D": {"field_limit": 1.0},
}
"""What a constructor wants and nobody can guess: as its user would write it."""
_MAGNET = "qcodes.instrument_drivers.american_magnetics.AMIModel430"
INSTRUMENTS: dict[str, dict[str, str]] = {
    "AMIModel4303D": {f"instrument_{axis}": _MAGNET for axis in "xyz"},
    "DummyInstrumentWithMeasurement": {
        "setter_instr": "qcodes.instrument_drivers.mock_instruments.DummyInstrument"
    },
}
"""The other instruments that a constructor wants, as its user would say it."""
_GENERATOR = {"*OPT?": "520", "DIAG:CPU:INFO:OPT:DET?": "520"}
ANSWERS: dict[str, dict[str, str]] = {
    "AgilentE8257D": _GENERATOR,
    "AimTTi": {"*IDN?": "THURLBY THANDAR,PL601-P,0,0"},
    "Agilent344xxA": {"*IDN?": "Agilent,34410A,0,0"},
    "DG1062": {":SOUR1:APPL?": "SIN,1,1,0,0", ":SOUR2:APPL?": "SIN,1,1,0,0"},
    "RigolDG1062": {":SOUR1:APPL?": "SIN,1,1,0,0", ":SOUR2:APPL?": "SIN,1,1,0,0"},
    "Keithley2600": {"print(localnode.model)": "2614B"},
    "Keithley_2600": {"print(localnode.model)": "2614B"},
    "Keysight33xxx": {"*IDN?": "Keysight,33522B,0,0"},
    "Keysight33xxxDualChannels": {"*IDN?": "Keysight,33522B,0,0"},
    "Keysight33xxxSingleChannel": {"*IDN?": "Keysight,33511B,0,0"},
    "Keysight344xxA": {"*IDN?": "Keysight,34465A,0,0"},
    "KeysightN5173B": _GENERATOR,
    "KeysightN5183B": _GENERATOR,
    "KeysightN51x1": {"*OPT?": "503"},
    "N5173B": _GENERATOR,
    "N5183B": _GENERATOR,
    "RigolDG4000": {"*IDN?": "Rigol,DG4062,0,0"},
    "Rigol_DG4000": {"*IDN?": "Rigol,DG4062,0,0"},
    "RohdeSchwarzZNBBase": {"*IDN?": "Rohde-Schwarz,ZNB8-2Port,0,0"},
}
"""What a class asks of its instrument before it knows its parameters, as its user would say it."""
CHECKS = [check for check in driver_checks(wire=False) if not check.asks_for]
_NEED_AN_ACTION = ("acts_through_the_journal", "is_safe_after_a_cancelled_action")


def classes(library: str) -> Iterator[type[Any]]:
    """Yield every instrument class that the library defines and that can be imported."""
    where, of_base, _ = LIBRARIES[library]
    base = importlib.import_module(of_base).Instrument
    package = importlib.import_module(where)
    found: dict[str, type[Any]] = {}
    for info in pkgutil.walk_packages(package.__path__, f"{where}.", onerror=lambda _: None):
        try:
            module = importlib.import_module(info.name)
        except Exception as error:  # noqa: BLE001 - somebody's module may raise anything
            print(f"   {info.name} cannot be imported: {error}"[:120], file=sys.stderr)
            continue
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, base) and kind is not base:
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    for kind in (found[path] for path in sorted(found)):
        if kind.__module__.startswith(where) and kind.__module__ != f"{where}.instrument":
            yield kind


def device_of(library: str, kind: type[Any]) -> type[Device]:
    """Return the device of a class, as its user would write it."""
    body: dict[str, Any] = {"instrument": f"{kind.__module__}.{kind.__qualname__}"}
    if kind.__name__ in ARGUMENTS:
        body["arguments"] = ARGUMENTS[kind.__name__]
    if kind.__name__ in INSTRUMENTS:
        body["instruments"] = INSTRUMENTS[kind.__name__]
    if kind.__name__ in ANSWERS:
        body["answers"] = ANSWERS[kind.__name__]
    if (
        library == "qcodes"
        or kind.shutdown is importlib.import_module("pymeasure.instruments").Instrument.shutdown
    ):
        body["safe"] = {}
    return type(kind.__name__, (LIBRARIES[library][2],), body)


def harmless(spec: ActionSpec) -> dict[str, Any]:
    """Return arguments in the middle of what an action takes."""
    return {name: _middle(argument) for name, argument in spec.arguments.items()}


def _middle(argument: Argument) -> Any:
    if argument.choices:
        return argument.choices[0]
    if argument.arg is None:
        return False
    low = argument.arg.ge if argument.arg.ge is not None else argument.arg.gt
    high = argument.arg.le if argument.arg.le is not None else argument.arg.lt
    ends = [end for end in (low, high) if end is not None]
    value = sum(ends) / len(ends)
    return quantity(round(value) if argument.kind == "integer" else value, argument.unit)


def failed(device: type[Device]) -> list[str]:
    """Return the checks that a device fails, with why."""
    module = types.ModuleType("counted")
    vars(module)["Device"] = device
    sys.modules["counted"] = module
    name, spec = next(iter(device.actions.items()), ("", None))
    given = harmless(spec) if spec else {}

    async def act(one: Any) -> Any:
        return await getattr(one, name)(**given)

    case = DriverCase("counted:Device", NoWires, "d", act)
    found = []
    for check in CHECKS:
        if spec is None and check.name in _NEED_AN_ACTION:
            continue
        if spec is None:
            case = DriverCase("counted:Device", NoWires, "d", _nothing)
        try:
            check(case)
        except Exception as error:  # noqa: BLE001 - what is counted
            found.append(f"{check.name}: {type(error).__name__}: {error}"[:200])
    return found


async def _nothing(_: Any) -> None:
    return


def opens(library: str, kind: type[Any]) -> str:
    """Return why its library does not open it on a line of zeros; empty where it does."""
    told = ""
    for model, answer in answers_to_try(kind) if library == "qcodes" else [(kind.__name__, "0")]:
        with wire_of_zeros(model, answer) as (backend, resource):
            options = {"pyvisa_sim": backend.removesuffix("@sim"), "resource": resource}
            case = DriverCase("counted:Device", NoWires, "d", _nothing, options)
            opened = False
            try:
                with Bench(case):
                    opened = True
            except LabloopError as error:
                told = told or f"{type(error).__name__}: {error}"[:200]
            # What zeros are no answer for, such as a switch-off that is read back, is not asked.
            if opened:
                return ""
    return told


def count(library: str, only: str, *, tell: bool) -> dict[str, Any]:
    """Return how many classes load, keep the contract, and are opened by their own code."""
    n: Counter[str] = Counter()
    why: Counter[str] = Counter()
    logging.disable(logging.CRITICAL)
    for kind in classes(library):
        if only not in kind.__name__:
            continue
        n["classes"] += 1
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                device = device_of(library, kind)
            except LabloopError as error:
                told = [f"does not load: {error}"[:160]]
            else:
                n["load"] += 1
                n["with signals"] += bool(device.reads or device.actions)
                n["reads"] += len(device.reads)
                n["actions"] += len(device.actions)
                n["without an action"] += not device.actions
                told = failed(device)
                n["keep"] += bool(device.reads or device.actions) and not told
                not_open = opens(library, kind)
                n["open"] += not not_open
                told += [f"does not open: {not_open}"] if not_open else []
        for line in told:
            why[line.partition(":")[0]] += 1
            if tell:
                print(f"{kind.__module__}.{kind.__name__} {line}", file=sys.stderr)
    return {"n": dict(n), "why": dict(why), "checks": len(CHECKS)}


def main() -> int:
    """Count and print the result as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", choices=sorted(LIBRARIES))
    parser.add_argument("--only", default="", help="classes whose name has this in it")
    parser.add_argument("--tell", action="store_true", help="tell what failed, and why")
    asked = parser.parse_args()
    print(json.dumps(count(asked.library, asked.only, tell=asked.tell)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
