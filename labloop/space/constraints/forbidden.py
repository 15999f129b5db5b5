"""Combinations that are forbidden, and the only ones that are allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labloop.records import FloatArray, Json, PointValue
from labloop.space.constraints.conditions import (
    BoolArray,
    Choice,
    CodeCondition,
    Condition,
    compile_condition,
    describe,
    read_condition,
    spec_of,
)
from labloop.space.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A combination that is never proposed, such as a base that reacts with a solvent.

    ``Forbidden({"solvent": ["DMF", "DMSO"], "temperature": (120, None)})`` excludes points with
    one of both solvents at 120 degC and above. A value, a list of values, or a range
    ``(low, high)`` of each parameter, in its own unit; ends of a range are forbidden, too.

    Raises:
        SpaceError: no condition, or one that cannot be read.
    """

    condition: Condition
    _read: dict[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", read_condition(self.condition, "what is forbidden"))

    def __str__(self) -> str:
        return f"forbidden: {describe(self._read)}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {"type": "forbidden", "condition": spec_of(self._read)}

    def rule(
        self, parameters: Sequence[Parameter], unused: Mapping[str, PointValue]
    ) -> "ConditionRule":
        """Return the rule over codes; raises SpaceError."""
        return ConditionRule(
            str(self), compile_condition(self._read, parameters, unused, str(self)), wanted=False
        )


@dataclass(frozen=True, slots=True)
class Only:
    """The part of a space in which a condition holds: what is held fixed for a question.

    Raises:
        SpaceError: no condition, or one that cannot be read.
    """

    condition: Condition
    _read: dict[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", read_condition(self.condition, "what is held fixed"))

    def __str__(self) -> str:
        return f"only {describe(self._read)}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {"type": "only", "condition": spec_of(self._read)}

    def rule(
        self, parameters: Sequence[Parameter], unused: Mapping[str, PointValue]
    ) -> "ConditionRule":
        """Return the rule over codes; raises SpaceError."""
        return ConditionRule(
            str(self), compile_condition(self._read, parameters, unused, str(self)), wanted=True
        )


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """A condition that must hold everywhere (``wanted``), or nowhere."""

    label: str
    condition: CodeCondition
    wanted: bool

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        return self.condition.columns

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether it breaks the rule."""
        holds = self.condition.holds(codes)
        return ~holds if self.wanted else holds

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return 1 where the rule is broken, else 0."""
        return self.broken(codes).astype(float)
