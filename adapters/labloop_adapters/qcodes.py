"""QCoDeS: the parameters of any of its instruments as reads and actions."""

import inspect
import io
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import reduce
from typing import Any, ClassVar, cast

from labloop.errors import DefinitionError, LabFileError, UnitError
from labloop.records import DeviceIdentity
from labloop.units import check_unit
from labloop_adapters.base import Signal, class_of, library
from labloop_adapters.base.given_arguments import given_arguments
from labloop_adapters.base.inferred import NO_LIMIT, Inferred, chosen
from labloop_adapters.base.visa_url import VisaDevice
from labloop_adapters.base.wire_of_zeros import wire_of_zeros

__all__ = ["QCoDeSDevice", "parameters_of"]

EXTRA = "qcodes"
_SKIPPED = ("IDN", "timeout")
_LOOK_SECONDS = 2.0
"""So long a class is tried to be built."""
_UNITS = {"Ohm": "ohm", "Ω": "ohm", "Celsius": "degC", "sec": "s", "Deg": "deg", "degree": "deg"}


class QCoDeSDevice(VisaDevice):
    """Any instrument of QCoDeS, by the name of its class.

    Its url is ``visa://``, or ``library://`` where the class takes no address.

    In a file of your own::

        class Meter(QCoDeSDevice):
            instrument = "qcodes.instrument_drivers.Keithley.Keithley2450"
            limits = {"source_voltage": (-20, 20)}
            safe = {"output_enabled": False}

    Every parameter becomes a read, and an action ``set_...`` where its validator says what it may
    be set to; one of a channel is called ``channel_parameter``. QCoDeS makes parameters when an
    instrument is built, so the class is built once, on a line that nobody is at: it answers
    ``*IDN?`` with the model that the class is named after, and everything else with 0.
    """

    schemes = ("visa", "library")
    refused = (ValueError, TypeError)
    instrument: ClassVar[str] = ""
    """The class with its module."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """What the class is built with, beside name and address; ``options.arguments`` of the lab
    file are added, of which ``"device:NAME"`` is the instrument of another device."""
    instruments: ClassVar[Mapping[str, str]] = {}
    """Argument -> class of the instrument that it is, where it wants another one. It is built
    beside while the class is looked at; which device it is stands in the lab file."""
    answers: ClassVar[Mapping[str, str]] = {}
    """Command -> what is answered while the class is looked at, where it asks for more than its
    model: ``{"*OPT?": "520"}``."""
    addressed: ClassVar[bool] = True
    """Whether the class is built with an address; False for one that is no VISA instrument."""
    units: ClassVar[Mapping[str, str]] = {}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}
    only: ClassVar[Sequence[str]] = ()
    left_out: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def prepare(cls) -> None:
        """Build the class on a line of zeros and read its parameters."""
        if not cls.instrument:
            return
        kind = _class_of(cls.instrument)
        cls.addressed = _is_visa(kind) or _wants_address(kind)
        if "serial_on_wire" not in vars(cls):
            cls.serial_on_wire = _is_visa(kind)
        found = chosen(cls, parameters_of(kind, cls.arguments, cls.answers, cls.instruments))
        cls.signals = {**found.signals, **vars(cls).get("signals", {})}
        cls.left_out = found.left_out

    def open(self) -> Any:
        """Return the instrument of QCoDeS."""
        kind, given = _class_of(self.instrument), given_arguments(self, self.arguments)
        for name, wanted in self.instruments.items():
            if name not in given:
                raise LabFileError(
                    f"[devices.{self.name}.options] arguments.{name} is missing; name the device "
                    f'that is its {wanted.rpartition(".")[2]}, as "device:NAME"'
                )
        if self.addressed:
            where = self.visa
            given = {"address": where.resource, **given}
            if where.backend:
                given.setdefault("visalib", where.backend)
        try:
            return kind(f"labloop_{self.name}", **given)
        except TypeError as error:
            raise DefinitionError(
                f"{self.name}: {self.instrument} wants other arguments ({error}); give "
                f"{type(self).__qualname__} arguments = {{...}}"
            ) from error

    def who(self) -> DeviceIdentity:
        """Ask ``get_idn``."""
        told = {key: str(value or "") for key, value in self.library.get_idn().items()}
        model = told.get("model", "")
        if not model or model.startswith("<class"):
            # What the base class of QCoDeS answers for an instrument that cannot tell.
            model = self.instrument.rpartition(".")[2]
        number = told.get("serial", "") if self.serial_on_wire else ""
        return self.identity(model, number, told.get("firmware", ""))

    def simulate(self) -> Any:
        """Return the instrument on pyvisa-sim where a file is named; else signals, if any."""
        return super().simulate() if "pyvisa_sim" in self.options else self._simulated_signals()

    def get_signal(self, signal: Signal) -> Any:
        """Get the parameter."""
        return _found(self.library, signal.get).get()

    def set_signal(self, signal: Signal, value: Any) -> Any:
        """Set the parameter."""
        return _found(self.library, signal.set).set(value)


def parameters_of(
    kind: type[Any],
    arguments: Mapping[str, Any],
    answers: Mapping[str, str],
    instruments: Mapping[str, str],
) -> Inferred:
    """Return the signals that the parameters of a class of QCoDeS make.

    Args:
        kind: a kind of ``qcodes.instrument.Instrument``.
        arguments: what it is built with, beside name and address.
        answers: command -> what it is answered meanwhile.
        instruments: argument -> class of the instrument that it is.

    Raises:
        DefinitionError: it wants other arguments.
    """
    found = Inferred()
    for path, parameter in _looked_at(kind, arguments, answers, instruments):
        name = path.replace(".", "_").lstrip("_")
        if name not in _SKIPPED:
            _infer(found, name, path, parameter)
    return found


def answers_to_try(kind: type[Any]) -> list[tuple[str, str]]:
    """Return pairs of a model and an answer to everything else, with which it may be built.

    Constructors ask which model they are for: the ends of the name of the class are tried.
    """
    parts = re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|_", " ", kind.__name__).split()
    ends = ["".join(parts[first:]) for first in range(min(len(parts), 4))]
    models = [end for end in ends if any(letter.isdigit() for letter in end)] or ends[:1]
    told = [model for each in models for model in (each, f"{each}-P", f"{each[:-1]}-{each[-1]}")]
    return [(model, answer) for answer in ("0", "1") for model in told]


def _looked_at(
    kind: type[Any],
    arguments: Mapping[str, Any],
    answers: Mapping[str, str],
    instruments: Mapping[str, str],
) -> list[tuple[str, Any]]:
    """Return path and parameter of everything that an instrument has, as far as it can be built."""
    best: list[tuple[str, Any]] = []
    wrong: DefinitionError | None = None
    end = time.monotonic() + _LOOK_SECONDS
    for model, answer in answers_to_try(kind):
        line = _line(model, answer, answers)
        try:
            with wire_of_zeros(model, answer) as wire, _others(instruments, wire, line) as others:
                instrument, whole = _built(kind, {**arguments, **others}, wire, line)
                found = list(_parameters(instrument))
                _closed(instrument)
        except DefinitionError as error:
            wrong = wrong or error
            continue
        best = max(best, found, key=len)
        if whole or time.monotonic() > end:
            break
    if not best and wrong is not None:
        raise wrong
    return best


def _line(model: str, answer: str, answers: Mapping[str, str]) -> dict[str, Any]:
    """Return the methods of a line on which every question has an answer, and no order any."""

    def ask_raw(_: Any, command: str) -> str:
        if command.strip() in answers:
            return answers[command.strip()]
        if command.strip().upper() == "*IDN?":
            return f"labloop,{model},0,0"
        if "model" in command:
            return model
        return "SCPI" if command.strip().upper() == "*LANG?" else answer

    def write_raw(_: Any, command: str) -> None:
        del command

    return {"ask_raw": ask_raw, "write_raw": write_raw}


@contextmanager
def _others(
    instruments: Mapping[str, str], wire: tuple[str, str], line: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Build the instruments that another one wants, as far as their constructors go."""
    made: dict[str, Any] = {}
    try:
        for argument, path in instruments.items():
            name = f"labloop_look_{argument}"
            made[argument], _ = _built(_class_of(path), {}, wire, line, name)
        yield made
    finally:
        for each in made.values():
            _closed(each)


def _built(
    kind: type[Any],
    arguments: Mapping[str, Any],
    wire: tuple[str, str],
    line: dict[str, Any],
    name: str = "labloop_look",
) -> tuple[Any, bool]:
    """Return an instrument as far as its constructor goes, and whether it came to its end."""
    backend, resource = wire
    given = dict(arguments)
    if _is_visa(kind):
        given = {"address": resource, "visalib": backend, **given}
    elif _wants_address(kind):
        given = {"address": resource, **given}
    made: list[Any] = []

    def keep(self: Any, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        kind.__init__(self, *args, **kwargs)

    # What was built is known where the constructor fails, and what it asks is answered.
    body = {"__init__": keep, **(line if _is_visa(kind) else {})}
    looked_at = cast("Any", type(kind))(kind.__name__, (kind,), body)
    try:
        with redirect_stdout(io.StringIO()):
            looked_at(name, **given)
    except Exception as error:  # somebody's constructor may raise anything on zeros
        if not (made and getattr(made[0], "parameters", None)):
            raise DefinitionError(
                f"{kind.__module__}.{kind.__name__} wants other arguments "
                f"({type(error).__name__}: {error}); give arguments = {{...}}, and "
                "instruments = {...} for those that are other instruments"
            ) from error
        return made[0], False
    return made[0], True


def _closed(instrument: Any) -> None:
    """Close an instrument that was only looked at; a half-built one may fail to."""
    try:
        instrument.close()
    except Exception:  # noqa: BLE001 - it was never connected to anything
        type(instrument).remove_instance(instrument)


def _parameters(instrument: Any) -> Iterator[tuple[str, Any]]:
    """Yield path and parameter, those of its channels and modules with them."""
    yield from instrument.parameters.items()
    for name, module in getattr(instrument, "submodules", {}).items():
        for key, parameter in getattr(module, "parameters", {}).items():
            yield f"{name}.{key}", parameter


def _infer(found: Inferred, name: str, path: str, parameter: Any) -> None:
    told = " ".join(str(getattr(parameter, "label", "") or "").split())
    signal = Signal(
        _unit(str(getattr(parameter, "unit", "") or "")),
        get=path if getattr(parameter, "gettable", False) else None,
        set=path if getattr(parameter, "settable", False) else None,
        doc=told,
    )
    mapping = getattr(parameter, "val_mapping", None)
    if mapping:
        found.add(name, signal, list(mapping))
        return
    validator: Any = getattr(parameter, "vals", None)
    kind = type(validator).__name__
    if kind in {"Arrays", "Strings", "ComplexNumbers", "Dict", "Lists", "Sequence"}:
        found.leave(name, "is neither a number nor on and off")
    elif kind == "Bool":
        found.add(name, signal, [True, False])
    elif kind in {"Numbers", "Ints", "PermissiveInts"}:
        found.add(name, _limited(signal, validator), [])
    elif kind in {"Enum", "OnOff"}:
        found.add(name, signal, list(validator.valid_values))
    else:
        found.add(name, signal, [])


def _limited(signal: Signal, validator: Any) -> Signal:
    low, high = (getattr(validator, f"_{end}_value", math.nan) for end in ("min", "max"))
    made = replace(signal, kind="integer") if "Ints" in type(validator).__name__ else signal
    # An integer without limits is given a very large one by QCoDeS.
    bounds = [float(end) if abs(end) < NO_LIMIT else None for end in (low, high)]
    return replace(made, ge=bounds[0], le=bounds[1])


def _unit(unit: str) -> str:
    """Return the unit of a parameter; ``1`` for one that labloop does not know, such as dBm."""
    known = _UNITS.get(unit, re.sub(r"^µ|^μ", "u", unit)) or "1"
    try:
        check_unit(known)
    except UnitError:
        return "1"
    return known


def _is_visa(kind: type[Any]) -> bool:
    return issubclass(kind, library("qcodes.instrument", EXTRA).VisaInstrument)


def _wants_address(kind: type[Any]) -> bool:
    return "address" in inspect.signature(kind.__init__).parameters


def _class_of(path: str) -> type[Any]:
    return class_of(path, library("qcodes.instrument", EXTRA).Instrument, EXTRA)


def _found(instrument: Any, path: str) -> Any:
    return reduce(getattr, path.split("."), instrument)
