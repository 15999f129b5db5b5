"""What may be wanted of one measured output."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from labloop.errors import ObjectiveError
from labloop.records import Json, finite


def _number(value: object, what: str) -> float:
    """Return a finite number; an int stays one, so that a stored aim is written as it was."""
    number = finite(value, what, ObjectiveError)
    return value if isinstance(value, int) else number


def _check(aim: "Aim") -> None:
    if not isinstance(aim.output, str) or not aim.output:
        raise ObjectiveError(f"an aim names a declared output, got {aim.output!r}")
    if aim.threshold is not None:
        threshold = _number(aim.threshold, f"the threshold of {aim.output!r}")
        object.__setattr__(aim, "threshold", threshold)


@dataclass(frozen=True, slots=True)
class Maximize:
    """As much of ``output`` as possible; score: the output itself.

    ``threshold`` (in the output's unit): with several aims, less than this is worth nothing.
    """

    output: str
    threshold: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        return f"maximize {self.output}"

    @property
    def reference(self) -> float | None:
        """The score of the threshold."""
        return self.threshold

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {"type": "maximize", "output": self.output, "threshold": self.threshold}


@dataclass(frozen=True, slots=True)
class Minimize:
    """As little of ``output`` as possible; score: minus the output.

    ``threshold`` (in the output's unit): with several aims, more than this is worth nothing.
    """

    output: str
    threshold: float | None = None

    def __post_init__(self) -> None:
        _check(self)

    def __str__(self) -> str:
        return f"minimize {self.output}"

    @property
    def reference(self) -> float | None:
        """The score of the threshold."""
        return None if self.threshold is None else -self.threshold

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {"type": "minimize", "output": self.output, "threshold": self.threshold}


@dataclass(frozen=True, slots=True)
class Target:
    """``output`` as near to ``value`` as possible; score: minus the distance beyond the tolerance.

    Everything within ``tolerance`` of ``value`` is equally good, with score 0. ``threshold``:
    with several aims, farther than this from ``value`` is worth nothing. All three are in
    the output's unit.
    """

    output: str
    value: float
    tolerance: float = 0.0
    threshold: float | None = None

    def __post_init__(self) -> None:
        _check(self)
        for name, what in (("value", "target"), ("tolerance", "tolerance")):
            number = _number(getattr(self, name), f"the {what} of {self.output!r}")
            object.__setattr__(self, name, number)
        if self.tolerance < 0:
            raise ObjectiveError(
                f"the tolerance of {self.output!r} must be 0 or more, got {self.tolerance:g}"
            )
        if self.threshold is not None and self.threshold <= self.tolerance:
            raise ObjectiveError(
                f"the threshold of {self.output!r} is a distance from the target and must be "
                f"greater than the tolerance {self.tolerance:g}, got {self.threshold:g}"
            )

    def __str__(self) -> str:
        return f"bring {self.output} to {self.value:g} within {self.tolerance:g}"

    @property
    def reference(self) -> float | None:
        """The score of the threshold."""
        return None if self.threshold is None else self.tolerance - self.threshold

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "target",
            "output": self.output,
            "value": self.value,
            "tolerance": self.tolerance,
            "threshold": self.threshold,
        }


Aim: TypeAlias = Maximize | Minimize | Target

_MAKERS: dict[str, type[Aim]] = {"maximize": Maximize, "minimize": Minimize, "target": Target}


def aim_from_spec(entry: Mapping[str, Any]) -> Aim:
    """Return the aim that ``spec()`` wrote; raises ObjectiveError."""
    fields = dict(entry)
    maker = _MAKERS.get(str(fields.pop("type", None)))
    try:
        if maker is not None:
            return maker(**fields)
    except TypeError as error:
        raise ObjectiveError(f"the aim {dict(entry)} cannot be read: {error}") from error
    raise ObjectiveError(
        f"an aim is one of {', '.join(_MAKERS)}, got {entry.get('type')!r}; it may have been "
        f"written by another version"
    )
