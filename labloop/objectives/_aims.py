"""Aims: what is wanted of one measured output."""

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
    """As much of ``output`` as possible; the score is the output itself.

    Args:
        output: name of a declared scalar output.
        threshold: in the output's unit; with several aims, results below it are worth nothing.

    Raises:
        ObjectiveError: no name, or no finite number.
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
    """As little of ``output`` as possible; the score is minus the output.

    Args:
        output: name of a declared scalar output.
        threshold: in the output's unit; with several aims, results above it are worth nothing.

    Raises:
        ObjectiveError: no name, or no finite number.
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
    """``output`` as near to ``value`` as possible.

    The score is minus the distance from ``value``, less ``tolerance``, and 0 within it.

    Args:
        output: name of a declared scalar output.
        value: what is wanted, in the output's unit.
        tolerance: distance from ``value`` within which all results are equally good.
        threshold: with several aims, results farther than this from ``value`` are worth nothing.

    Raises:
        ObjectiveError: no name, no finite number, a negative tolerance, or a threshold within it.
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
