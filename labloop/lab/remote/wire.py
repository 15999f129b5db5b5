"""What travels between a campaign and a host, as JSON: requests, answers, values, errors."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from labloop import errors
from labloop.errors import DefinitionError, DeviceError, LabloopError, NotConnectedError
from labloop.records import ActionState, CurveData, DeviceIdentity, Json, Quality, Reading
from labloop.units import is_quantity, quantity, split_units

API = 1
"""The version of this language; host and campaign must speak the same."""

Kind: TypeAlias = Literal["action", "read", "identify", "safe_state"]
_TAG = "is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a campaign asks of one device of the host."""

    id: str
    """The id of the intent in the campaign's journal, or a number for what is not journaled."""
    kind: Kind
    device: str
    name: str = ""
    """Of the action or the read."""
    arguments: Mapping[str, Json] = field(default_factory=dict)
    """Numbers in the units that the action declares."""
    experiment: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Request":
        """Return a request; raises DefinitionError where it is none."""
        try:
            made = cls(**value)
        except TypeError as error:
            raise DefinitionError(f"a request to the host is not understood: {error}") from error
        texts = (made.id, made.kind, made.device, made.name, made.experiment)
        if not all(isinstance(each, str) for each in texts) or not made.id:
            raise DefinitionError(f"a request to the host needs id, kind and device, got {value!r}")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request."""

    state: ActionState
    """INTENT while it is under way."""
    result: Json = None
    """Encoded by :func:`encode`."""
    error: str = ""
    """The name of the error's class; empty where there is none."""
    message: str = ""
    sent: tuple[bytes, ...] = ()
    """The frames that went to the device, and those that came back."""
    received: tuple[bytes, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.state is ActionState.INTENT

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON; frames are base64."""
        frames = {"sent": _texts(self.sent), "received": _texts(self.received)}
        return {**asdict(self), "state": self.state.value, **frames}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Answer":
        """Return an answer."""
        return cls(
            **{
                **value,
                "state": ActionState(value["state"]),
                "sent": _frames(value["sent"]),
                "received": _frames(value["received"]),
            }
        )

    def value(self) -> Any:
        """Return the result as the driver returned it; raises the error there was instead."""
        if self.error:
            raise error_of(self.error, self.message)
        return decode(self.result)


RUNNING = Answer(state=ActionState.INTENT)
"""The answer to a request that is under way."""


def encode(value: Any) -> Json:
    """Return a result of a driver as JSON that :func:`decode` reads.

    Raises:
        DefinitionError: it holds something else than numbers, texts, bytes, lists, tables,
            quantities, readings, curves and identities.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [encode(each) for each in value]
    for kind, parts in _PARTS.items():
        if isinstance(value, kind):
            name, take = parts
            return {_TAG: name, "v": take(value)}
    if is_quantity(value):
        number, unit = split_units(value)
        return {_TAG: "quantity", "v": [float(number), unit]}
    raise DefinitionError(
        f"a {type(value).__name__} cannot travel from a host to its campaign; let the driver "
        "return numbers, texts, lists, tables, quantities, readings or curves"
    )


_PARTS: dict[type, tuple[str, Callable[[Any], Json]]] = {
    Reading: ("reading", lambda r: [r.value, r.unit, r.quality.value, r.source]),
    CurveData: ("curve", lambda c: [c.x.tolist(), c.y.tolist(), c.x_unit, c.y_unit]),
    bytes: ("bytes", lambda b: base64.b64encode(b).decode()),
    DeviceIdentity: ("identity", asdict),
    Mapping: ("table", lambda m: [[str(key), encode(each)] for key, each in m.items()]),
}
"""Class of a value -> its name in JSON, and what it is made of."""


def decode(value: Json, now: float = 0.0) -> Any:
    """Return what :func:`encode` was given; a reading is of lab second ``now``."""
    if isinstance(value, Mapping):
        found: Any = value["v"]
        kind = value[_TAG]
        if kind == "reading":
            number, unit, quality, source = found
            return Reading(number, unit, now, Quality(quality), source)
        if kind == "table":
            return {key: decode(each, now) for key, each in found}
        simple: dict[Any, Any] = {
            "curve": lambda: CurveData(*found),
            "bytes": lambda: base64.b64decode(found),
            "identity": lambda: DeviceIdentity(**found),
            "quantity": lambda: quantity(*found),
        }
        return simple[kind]()
    if isinstance(value, list):
        return [decode(each, now) for each in value]
    return value


def error_of(kind: str, message: str) -> LabloopError:
    """Return the error of a host's answer: the same class of the tree, the same sentence."""
    found = getattr(errors, kind, None)
    if not (isinstance(found, type) and issubclass(found, LabloopError)):
        return DeviceError(f"{kind}: {message}")
    made = found.__new__(found)
    made.args = (message,)
    return made


def kind_of_error(error: BaseException) -> str:
    """Return the name of the class of the tree that an error is of, or comes nearest."""
    if isinstance(error, LabloopError):
        return next(each.__name__ for each in type(error).__mro__ if hasattr(errors, each.__name__))
    return NotConnectedError.__name__ if isinstance(error, OSError) else type(error).__name__


def _texts(frames: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in frames]


def _frames(texts: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(base64.b64decode(each) for each in texts)
