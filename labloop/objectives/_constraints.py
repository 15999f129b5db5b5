"""What a measured output must keep, whatever the aims say."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labloop.errors import ObjectiveError
from labloop.records import Json, finite


@dataclass(frozen=True, slots=True)
class OutcomeConstraint:
    """A bound, or two, on a measured output: ``OutcomeConstraint("impurity", at_most=0.05)``.

    A result that breaks one is never the best. The output may be one that has an aim.

    Attributes:
        output: a declared scalar output.
        at_most: its greatest allowed value, in the output's unit.
        at_least: its least allowed value, in the output's unit.

    Raises:
        ObjectiveError: no bound, one that is no finite number, or two that leave nothing.
    """

    output: str
    at_most: float | None = field(default=None, kw_only=True)
    at_least: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.output, str) or not self.output:
            raise ObjectiveError(
                f"an outcome constraint names a declared output, got {self.output!r}"
            )
        for name in ("at_most", "at_least"):
            bound = getattr(self, name)
            if bound is not None:
                what = f"{name} of the outcome constraint on {self.output!r}, in the output's unit,"
                object.__setattr__(self, name, finite(bound, what, ObjectiveError))
        if self.at_most is None and self.at_least is None:
            raise ObjectiveError(
                f"the outcome constraint on {self.output!r} has no bound; give at_most=..., "
                f"at_least=... or both"
            )
        low, high = self.bounds
        if low > high:
            raise ObjectiveError(
                f"the outcome constraint on {self.output!r} asks for at least {low:g} and at most "
                f"{high:g}, which no value keeps; exchange the two"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest allowed value, infinite where there is none."""
        low = -float("inf") if self.at_least is None else self.at_least
        return low, float("inf") if self.at_most is None else self.at_most

    def __str__(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f"{self.output} from {self.at_least:g} to {self.at_most:g}"
        if self.at_most is not None:
            return f"{self.output} at most {self.at_most:g}"
        return f"{self.output} at least {self.at_least:g}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {"output": self.output, "at_most": self.at_most, "at_least": self.at_least}


def constraint_from_spec(entry: Mapping[str, Any]) -> OutcomeConstraint:
    """Return the constraint that ``spec()`` wrote; raises ObjectiveError."""
    try:
        return OutcomeConstraint(**entry)
    except TypeError as error:
        raise ObjectiveError(
            f"the outcome constraint {entry!r} cannot be read: {error}; it may have been written "
            "by another version"
        ) from error


def refuse_contradictions(
    aims: Iterable[tuple[str, float, float]], constraints: Iterable[OutcomeConstraint]
) -> None:
    """Raise ObjectiveError where no result meets a threshold and keeps a constraint as well.

    Args:
        aims: output of each aim, with the least and the greatest value that its threshold allows.
        constraints: outcome constraints, one an output.
    """
    worth = {output: (low, high) for output, low, high in aims}
    for constraint in constraints:
        low, high = constraint.bounds
        least, most = worth.get(constraint.output, (low, high))
        if low > most or high < least:
            threshold = least if math.isfinite(least) else most
            raise ObjectiveError(
                f"no result can keep '{constraint}' and meet the threshold {threshold:g} of the "
                f"aim on {constraint.output!r}; change one of them"
            )


def refuse_impossible(
    constraints: Iterable[OutcomeConstraint], possible: Mapping[str, tuple[float, float]]
) -> None:
    """Raise ObjectiveError where a constraint lies beyond all that an output can be.

    Args:
        constraints: outcome constraints.
        possible: output -> the bounds of what it can be at all, where these are declared.
    """
    for constraint in constraints:
        if constraint.output not in possible:
            continue
        (low, high), (least, most) = constraint.bounds, possible[constraint.output]
        if low > most or high < least:
            raise ObjectiveError(
                f"no result can keep the outcome constraint '{constraint}': {constraint.output!r} "
                f"is declared with bounds=({least:g}, {most:g}); change one of them"
            )
