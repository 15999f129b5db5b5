"""Signals: values of an instrument that can be read, set, or both, as reads and actions."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from labloop.errors import ProtocolError
from labloop.lab import Arg, Choice, action, read
from labloop.records import Reading
from labloop.units import check_unit


@dataclass(frozen=True, slots=True)
class Signal:
    """One value of an instrument.

    ``Signal("V", get="voltage", set="voltage", ge=0, le=30)`` becomes the read ``voltage`` and
    the action ``set_voltage``, both in volt. What ``get`` and ``set`` mean is said by the
    adapter: a property, a command, a register, a topic.
    """

    unit: str = "1"
    get: Any = None
    """How it is read; None where it cannot be."""
    set: Any = None
    """How it is set; None where it cannot be."""
    ge: float | None = None
    le: float | None = None
    gt: float | None = None
    lt: float | None = None
    kind: Literal["number", "integer", "flag"] = "number"
    """``flag`` is on or off: True or False when it is set, 1 or 0 when it is read."""
    words: tuple[str, str] | None = None
    """What the library calls off and on, where a flag is a word there."""
    choices: tuple[str, ...] = ()
    """The words that it may be set to; it is no number then, and not read."""
    doc: str = ""

    def __post_init__(self) -> None:
        check_unit(self.unit)

    @property
    def limited(self) -> bool:
        """Whether a number has any bound."""
        return any(each is not None for each in (self.ge, self.le, self.gt, self.lt))

    @property
    def hint(self) -> Any:
        """The annotation of an action's argument that sets it."""
        if self.choices:
            return Annotated[str, Choice(*self.choices)]
        if self.kind == "flag":
            return bool
        arg = Arg(self.unit, ge=self.ge, le=self.le, gt=self.gt, lt=self.lt)
        return Annotated[int, arg] if self.kind == "integer" else Annotated[float, arg]

    def mistake(self, name: str) -> str:
        """Return why it cannot be used under ``name``, as a sentence; empty where it can."""
        if not name.isidentifier() or name.startswith("_"):
            return f"signal {name!r} is no usable name; use letters, digits and _"
        if self.get is None and self.set is None:
            return f"signal {name!r} can neither be read nor set; give get= or set="
        number = not self.choices and self.kind != "flag"
        if self.set is not None and number and not self.limited:
            return (
                f"signal {name!r} can be set to any number at all; give ge= and le=, "
                f"in {self.unit!r}"
            )
        return ""


_FLAGS = {"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0}


class SignalDevice(Protocol):
    """What a read or an action of a signal asks of its device."""

    name: str

    async def ask(self, signal: str) -> Any:
        """Return what the library tells."""
        ...

    async def tell(self, signal: str, value: Any) -> None:
        """Set it."""
        ...

    def reading(self, value: float | None, unit: str, name: str) -> Reading:
        """Return a reading of now."""
        ...


def members_of(signals: Mapping[str, Signal], seconds: float) -> dict[str, Any]:
    """Return the reads and actions that ``signals`` make, by name.

    Args:
        signals: each is read as its name and set as ``set_<name>``.
        seconds: the time-out of an action.
    """
    made: dict[str, Any] = {}
    for name, signal in signals.items():
        if signal.get is not None and not signal.choices:
            made[name] = read(_asking(name, signal))
        if signal.set is not None:
            setting = _setting(name, signal)
            made[f"set_{name}"] = action(idempotent=True, timeout=seconds)(setting)
    return made


def _asking(name: str, signal: Signal) -> Callable[[Any], Any]:
    async def ask(self: SignalDevice) -> Reading:
        return self.reading(number(await self.ask(name), f"{self.name}.{name}"), signal.unit, name)

    _name(ask, name, signal.doc or f"Ask for {name}, in {signal.unit}.")
    return ask


def _setting(name: str, signal: Signal) -> Callable[..., Any]:
    async def tell(self: SignalDevice, **given: Any) -> None:
        await self.tell(name, given[name])

    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    takes = [inspect.Parameter(each, either) for each in ("self", name)]
    tell.__signature__ = inspect.Signature(takes)  # type: ignore[attr-defined]
    tell.__annotations__ = {name: signal.hint}
    unit = "" if signal.choices or signal.kind == "flag" else f", in {signal.unit}"
    _name(tell, f"set_{name}", f"Set {name}{unit}. {signal.doc}".strip())
    return tell


def _name(function: Callable[..., Any], name: str, doc: str) -> None:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc


def number(value: Any, what: str) -> float | None:
    """Return what a library told as a number; None where it is none that can be kept.

    Raises:
        ProtocolError: it is no number at all.
    """
    word = str(value).strip().casefold() if isinstance(value, str) else ""
    if word in _FLAGS:
        return _FLAGS[word]
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"{what} is {value!r}, where a number was due") from error
    return found if math.isfinite(found) else None
