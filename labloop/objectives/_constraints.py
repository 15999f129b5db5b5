"""What a measured output must keep, whatever the aims say."""

from collections.abc import Mapping
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
