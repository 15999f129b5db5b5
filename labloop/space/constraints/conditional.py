"""Parameters that are used under a condition only, such as the loading of a catalyst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, PointValue, finite
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
from labloop.space.parameters import TOLERANCE, Numeric, Parameter


@dataclass(frozen=True, slots=True)
class Conditional:
    """A parameter that is varied only where a condition holds; elsewhere it has one value.

    ``Conditional("loading", {"catalyst": ["Pd", "Ni"]}, otherwise=0)``: without a catalyst every
    point says ``loading`` 0, whatever the bounds of ``loading`` are, and two points that differ
    in nothing else are one.

    Args:
        parameter: the name of the parameter, declared beside this.
        when: where it is used; see ``Forbidden`` for what a condition may say.
        otherwise: its value elsewhere: a number, which may lie beyond the bounds, or one of
            the names of a categorical parameter.

    Raises:
        SpaceError: a condition that cannot be read, or on the parameter itself.
    """

    parameter: str
    when: Condition
    otherwise: PointValue = 0
    _read: dict[str, Choice] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.parameter, str):
            raise SpaceError(f"a conditional names a parameter, got {self.parameter!r:.100}")
        what = f"where {self.parameter!r} is used"
        object.__setattr__(self, "_read", read_condition(self.when, what))
        if self.parameter in self._read:
            raise SpaceError(f"whether {self.parameter!r} is used cannot hang on its own value")
        if not isinstance(self.otherwise, str):
            finite(self.otherwise, f"otherwise= of {self.parameter!r}", SpaceError)

    def __str__(self) -> str:
        return f"{self.parameter} only with {describe(self._read)}, else {self.otherwise}"

    @property
    def parents(self) -> frozenset[str]:
        """The parameters that the condition names."""
        return frozenset(self._read)

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "conditional",
            "parameter": self.parameter,
            "when": spec_of(self._read),
            "otherwise": self.otherwise,
        }

    def rule(
        self, parameters: Sequence[Parameter], unused: Mapping[str, PointValue]
    ) -> "ConditionalRule":
        """Return the rule over codes; raises SpaceError."""
        names = [parameter.name for parameter in parameters]
        if self.parameter not in names:
            raise SpaceError(
                f"conditional {self.parameter!r} is no parameter; the space has {', '.join(names)}"
            )
        column = names.index(self.parameter)
        used = parameters[column]
        if isinstance(used, Numeric):
            unused_code = used.number(self.otherwise)
            span = used.span
            tolerance = TOLERANCE * (span[1] - span[0])
            shown = float(np.clip(unused_code, *used.bounds))
        else:
            unused_code = shown = used.code(self.otherwise)
            tolerance = 0.5
        condition = compile_condition(self._read, parameters, unused, str(self))
        return ConditionalRule(str(self), column, condition, unused_code, shown, tolerance)


@dataclass(frozen=True, slots=True)
class ConditionalRule:
    """One column that is ``unused`` wherever its condition does not hold."""

    label: str
    column: int
    condition: CodeCondition
    unused: float
    shown: float
    """``unused`` as models see it: within the bounds."""
    tolerance: float

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        return self.condition.columns | {self.column}

    def idle(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether the column is not used there."""
        return ~self.condition.holds(codes)

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether it breaks the rule."""
        off = np.abs(codes[:, self.column] - self.unused) > self.tolerance
        return self.idle(codes) & off

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return 1 where the rule is broken, else 0."""
        return self.broken(codes).astype(float)


def in_order(conditionals: Sequence[Conditional]) -> list[Conditional]:
    """Return conditionals so that each comes behind those that it hangs on; raises SpaceError."""
    names = [c.parameter for c in conditionals]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise SpaceError(f"{twice!r} is conditional twice; join both conditions into one")
    left, placed = list(conditionals), []
    while left:
        waiting = {c.parameter for c in left}
        ready = next((c for c in left if not c.parents & waiting), None)
        if ready is None:
            raise SpaceError(
                f"the conditions of {' and '.join(sorted(waiting))} hang on each other in a "
                "circle; leave one of them out"
            )
        placed.append(ready)
        left.remove(ready)
    return placed
