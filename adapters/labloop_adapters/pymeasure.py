"""PyMeasure: the properties of any of its instruments as reads and actions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from labloop.errors import DefinitionError
from labloop.records import DeviceIdentity
from labloop_adapters.base import Signal, class_of, library
from labloop_adapters.base.given_arguments import given_arguments
from labloop_adapters.base.inferred import Inferred, chosen
from labloop_adapters.base.visa_url import VisaDevice, idn

__all__ = ["PyMeasureDevice", "properties_of"]

EXTRA = "pymeasure"
_SKIPPED = ("status", "options", "complete", "id", "name", "next_error", "adapter")
_UNITS = (
    (r"milliamps?|milliamperes?|\(mA\)", "mA"),
    (r"amps?|amperes?|\(A\)", "A"),
    (r"millivolts?|\(mV\)", "mV"),
    (r"volts?|\(V\)|V", "V"),
    (r"ohms?|\(ohm\)|Ω", "ohm"),
    (r"watts?|\(W\)", "W"),
    (r"mhz|megahertz", "MHz"),
    (r"khz|kilohertz", "kHz"),
    (r"hertz|hz", "Hz"),
    (r"milliseconds?|ms", "ms"),
    (r"seconds?|\(s\)|s", "s"),
    (r"minutes?", "min"),
    (r"degrees? celsius|°c|degc|celsius", "degC"),
    (r"kelvins?|\(K\)|K", "K"),
    (r"degrees?", "deg"),
    (r"nanometers?|nm", "nm"),
    (r"millimeters?|mm", "mm"),
    (r"meters?", "m"),
    (r"rpm", "rpm"),
    (r"percent|%", "%"),
)


class PyMeasureDevice(VisaDevice):
    """Any instrument of PyMeasure, by the name of its class.

    In a file of your own::

        class SourceMeter(PyMeasureDevice):
            instrument = "pymeasure.instruments.keithley.Keithley2400"
            limits = {"source_voltage": (-20, 20)}

    Every property of it and of its channels (``ch_1_voltage``) becomes a read, and an action
    ``set_...`` where the class says what it may be set to. Limits and units are those of its
    validators and docstrings; ``units`` and ``limits`` say more, ``only`` leaves the others out,
    and ``left_out`` tells what is missing and why. A ``shutdown`` that the class has is its
    safe state.
    """

    refused = (ValueError, LookupError)
    instrument: ClassVar[str] = ""
    """The class with its module."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """What the class is built with, beside the address; ``options.arguments`` of the lab file are
    added, of which ``"device:NAME"`` is the instrument of another device."""
    units: ClassVar[Mapping[str, str]] = {}
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {}
    only: ClassVar[Sequence[str]] = ()
    left_out: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def prepare(cls) -> None:
        """Read the properties of the class."""
        if not cls.instrument:
            return
        base = library("pymeasure.instruments", EXTRA).Instrument
        kind = class_of(cls.instrument, base, EXTRA)
        found = chosen(cls, properties_of(kind))
        cls.signals, cls.left_out = (
            {**found.signals, **vars(cls).get("signals", {})},
            found.left_out,
        )
        cls.serial_on_wire = issubclass(kind, _scpi())
        if kind.shutdown is not base.shutdown and not cls.safe_calls:
            cls.safe_calls = ("shutdown",)

    def open(self) -> Any:
        """Return the instrument of PyMeasure."""
        where = self.visa
        kind = class_of(self.instrument, library("pymeasure.instruments", EXTRA).Instrument, EXTRA)
        more = {"visa_library": where.backend} if where.backend else {}
        try:
            return kind(where.resource, **{**more, **given_arguments(self, self.arguments)})
        except TypeError as error:
            raise DefinitionError(
                f"{self.name}: {self.instrument} wants other arguments ({error}); give "
                f"{type(self).__qualname__} arguments = {{...}}"
            ) from error

    def get_signal(self, signal: Signal) -> Any:
        """Get the property, of the instrument or of a channel."""
        owner, name = self._owner(signal.get)
        return getattr(owner, name)

    def set_signal(self, signal: Signal, value: Any) -> None:
        """Set the property, of the instrument or of a channel."""
        owner, name = self._owner(signal.set)
        setattr(owner, name, value)

    def _owner(self, path: str) -> tuple[Any, str]:
        channel, _, name = path.rpartition(".")
        return (getattr(self.library, channel) if channel else self.library), name

    def simulate(self) -> Any:
        """Return the instrument on pyvisa-sim where a file is named; else signals, if any."""
        return super().simulate() if "pyvisa_sim" in self.options else self._simulated_signals()

    def shut(self) -> None:
        """Close the adapter of PyMeasure."""
        self.library.adapter.close()

    def who(self) -> DeviceIdentity:
        """Ask its ``id`` where it speaks SCPI; others tell nothing."""
        if self.serial_on_wire:
            return self.identity(*idn(self.library.id))
        return self.identity(self.model or self.instrument.rpartition(".")[2])


def properties_of(kind: type[Any]) -> Inferred:
    """Return the signals that the properties of a class of PyMeasure make, its channels' with them.

    Args:
        kind: a kind of ``pymeasure.instruments.Instrument``.
    """
    found = Inferred(_UNITS)
    _read(found, kind, "")
    common = library("pymeasure.instruments.common_base", EXTRA).CommonBase
    for name, creator in common.get_channels(kind):
        prefix = creator.kwargs.get("prefix") if isinstance(creator.kwargs, Mapping) else None
        for channel, number in creator.pairs:
            path = f"{prefix}{number}" if prefix else name
            _read(found, channel, f"{path}.")
    return found


def _read(found: Inferred, kind: type[Any], path: str) -> None:
    """Read the properties of an instrument, or of a channel of it at ``path``."""
    for name in dir(kind):
        member = getattr(kind, name, None)
        if name.startswith("_") or not isinstance(member, property):
            continue
        asked, told = _defaults(member.fget), _defaults(member.fset)
        if "get_command" not in asked and "set_command" not in told:
            found.leave(path + name, "is no control or measurement of PyMeasure")
        elif path or name not in _SKIPPED:
            _infer(found, kind, path + name, member, asked, told)


def _infer(
    found: Inferred,
    kind: type[Any],
    path: str,
    member: property,
    asked: Mapping[str, Any],
    told: Mapping[str, Any],
) -> None:
    doc = " ".join((member.__doc__ or "").removesuffix("(dynamic)").split())
    name = path.rpartition(".")[2]
    signal = Signal(
        found.unit(doc),
        get=path if asked.get("get_command") is not None else None,
        set=path if told.get("set_command") is not None else None,
        doc=doc[:200],
    )
    values = getattr(kind, f"{name}_values", told.get("values", asked.get("values", ())))
    mapped = bool(told.get("map_values", asked.get("map_values", False)))
    if signal.get and _cast(member) in {str, list}:
        signal = replace(signal, get=None)
    found.add(re.sub(r"\W", "_", path), signal, _values(values, mapped))


def _values(values: Any, mapped: bool) -> Sequence[Any]:
    if isinstance(values, Mapping):
        return list(values) if mapped else list(values.values())
    try:
        return list(values)
    except TypeError:
        return []


def _defaults(function: Any) -> dict[str, Any]:
    """Return what PyMeasure keeps of a property in the defaults of its getter or setter."""
    function = getattr(function, "func", function)
    code, given = getattr(function, "__code__", None), getattr(function, "__defaults__", None)
    if code is None or not given:
        return {}
    names = code.co_varnames[: code.co_argcount]
    return dict(zip(names[-len(given) :], given, strict=True))


def _cast(member: property) -> Any:
    """Return to what the answer is cast: a float, unless the property says otherwise."""
    function: Any = member.fget
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is None or cells is None:
        return float
    found = dict(zip(code.co_freevars, cells, strict=True)).get("cast")
    return float if found is None else found.cell_contents


def _scpi() -> type[Any]:
    found: type[Any] = library("pymeasure.instruments", EXTRA).SCPIMixin
    return found
