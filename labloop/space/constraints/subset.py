"""How many of several amounts may differ from 0, and which choices that leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, finite
from labloop.space.constraints.conditions import BoolArray
from labloop.space.parameters import TOLERANCE, Numeric, Parameter, check_space_unit, is_list
from labloop.units import convert, same_dimension

_NOTHING = 0.002
"""Share of its range below which an amount that was only nearly chosen is taken for 0."""


@dataclass(frozen=True, slots=True)
class Subset:
    """How many of several amounts may be present, and how little of each is worth having.

    ``Subset(["a", "b", "c", "d"], at_most=2, least=0.02)``: at most two of them are above 0,
    and each is 0 or at least 0.02.

    Args:
        parts: parameters whose lowest value is 0; all parts of one mixture, all of a pool, or
            all by themselves.
        at_most: so many are present at most; all of them if left out.
        at_least: so many are present at least.
        least: the smallest amount of one that is present, in ``unit``.
        unit: the unit of ``least``.

    Raises:
        SpaceError: a number of parts that cannot be, or an amount below 0.
    """

    parts: Sequence[str]
    at_most: int | None = None
    at_least: int = 0
    least: float = 0.0
    unit: str = "1"

    def __post_init__(self) -> None:
        if not is_list(self.parts) or len(self.parts) < 2:
            raise SpaceError(f"a subset needs a list of two names or more, got {self.parts!r}")
        object.__setattr__(self, "parts", tuple(self.parts))
        count = len(self.parts)
        if len(set(self.parts)) < count:
            raise SpaceError(f"a subset names a part twice: {', '.join(self.parts)}")
        most = count if self.at_most is None else self.at_most
        for number in (most, self.at_least):
            if isinstance(number, bool) or not isinstance(number, int):
                raise SpaceError(f"a subset has a whole number of parts, got {number!r}")
        if not 0 <= self.at_least <= most <= count or most < 1:
            raise SpaceError(
                f"at least {self.at_least} and at most {most} of {count} parts cannot be; name "
                f"numbers from 0 to {count}, the lower one first"
            )
        object.__setattr__(self, "at_most", most)
        least = finite(self.least, "the least amount of a subset", SpaceError)
        if least < 0:
            raise SpaceError(f"the least amount of a subset is 0 or more, got {least:g}")
        object.__setattr__(self, "least", least)
        check_space_unit(self.unit, "a subset")

    @property
    def most(self) -> int:
        """How many may be present."""
        return len(self.parts) if self.at_most is None else self.at_most

    def __str__(self) -> str:
        floor = self.at_least
        many = f"{floor} to {self.most}" if floor else f"at most {self.most}"
        unit = "" if self.unit == "1" else f" {self.unit}"
        least = f", each 0 or at least {self.least:g}{unit}" if self.least else ""
        return f"{many} of {', '.join(self.parts)}{least}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "subset",
            "parts": list(self.parts),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "least": self.least,
            "unit": self.unit,
        }

    def rule(self, parameters: Sequence[Parameter], _unused: object) -> "SubsetRule":
        """Return the rule over codes; raises SpaceError."""
        names = [parameter.name for parameter in parameters]
        columns, floors, spans = [], [], []
        for name in self.parts:
            if name not in names:
                raise SpaceError(
                    f"the subset '{self}' names {name!r}, which is no parameter; the space has "
                    f"{', '.join(names)}"
                )
            parameter = parameters[names.index(name)]
            columns.append(names.index(name))
            floors.append(self._floor(parameter))
            spans.append(_top(parameter))
        return SubsetRule(
            str(self),
            tuple(columns),
            np.array(floors),
            np.array(spans),
            self.at_least,
            self.most,
        )

    def _floor(self, parameter: Parameter) -> float:
        """Return the smallest legal value of a part that is present."""
        if not isinstance(parameter, Numeric) or parameter.bounds[0] != 0.0 or parameter.log:
            raise SpaceError(
                f"the subset '{self}' names {parameter.name!r}, which is no number that can be 0; "
                "give it the low bound 0, without log=True"
            )
        if self.least and not same_dimension(parameter.unit, self.unit):
            raise SpaceError(
                f"the subset '{self}' is in {self.unit!r}, but {parameter.name!r} is in "
                f"{parameter.unit!r}; give the subset a unit such as {parameter.unit!r}"
            )
        least = convert(self.least, self.unit, parameter.unit) if self.least else 0.0
        if least > parameter.bounds[1]:
            raise SpaceError(
                f"the subset '{self}' asks for more of {parameter.name!r} than its high bound "
                f"{parameter.bounds[1]:g}; lower the least amount"
            )
        if parameter.count is None:
            return least
        levels = parameter.all_codes() if parameter.count < 10_000 else np.array([least])
        present = levels[(levels >= least * (1 - TOLERANCE)) & (levels > 0.0)]
        return float(present[0]) if len(present) else parameter.bounds[1]


def _top(parameter: Parameter) -> float:
    return parameter.bounds[1] if isinstance(parameter, Numeric) else 1.0


@dataclass(frozen=True, slots=True)
class SubsetRule:
    """How many columns may differ from 0."""

    label: str
    parts: tuple[int, ...]
    floors: FloatArray
    """The smallest value of each column that is present."""
    tops: FloatArray
    least: int
    most: int

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        return frozenset(self.parts)

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether it breaks the rule."""
        return np.asarray(self.excess(codes) > 0.0)

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return the share of the amounts that is too much, or too little to be there."""
        shares = codes[:, list(self.parts)] / self.tops
        present = shares > TOLERANCE
        low = np.where(present, self.floors / self.tops * (1 - TOLERANCE) - TOLERANCE - shares, 0.0)
        few = np.maximum(0, self.least - present.sum(axis=1))
        smallest = np.sort(shares, axis=1)[:, : len(self.parts) - self.most].sum(axis=1)
        many = np.where(present.sum(axis=1) > self.most, smallest, 0.0)
        return np.asarray(np.maximum(low, 0.0).sum(axis=1) + few + many)


class Patterns:
    """Which of ``k`` amounts are present: drawn, or chosen near given values.

    Args:
        rules: subsets of the ``k`` amounts, their columns numbered from 0 to ``k - 1``.
        tops: ``k`` greatest values.
    """

    def __init__(self, rules: Sequence[SubsetRule], tops: FloatArray) -> None:
        self._rules = tuple(rules)
        self._tops = tops
        self.floors = np.zeros(len(tops))
        """``k`` smallest values of each amount that is present."""
        self.optional = np.zeros(len(tops), dtype=bool)
        """Which amounts may be absent."""
        for rule in rules:
            parts = list(rule.parts)
            self.floors[parts] = np.maximum(self.floors[parts], rule.floors)
            self.optional[parts] = True

    @property
    def width(self) -> int:
        """How many numbers of the unit cube one choice takes."""
        return len(self._tops) + len(self._rules)

    def draw(self, unit: FloatArray) -> BoolArray:
        """Return ``n x k`` choices for ``n x width`` points of the unit cube.

        Each number of amounts present is as likely as the root of the number of choices.
        """
        size = len(self._tops)
        present = np.ones((len(unit), size), dtype=bool)
        for i, rule in enumerate(self._rules):
            chances = np.array(
                [_choices(len(rule.parts), m) ** 0.5 for m in range(rule.least, rule.most + 1)]
            )
            ends = np.cumsum(chances / chances.sum())
            extra = np.searchsorted(ends[:-1], unit[:, size + i], side="right")
            self._keep(present, rule, unit[:, list(rule.parts)], rule.least + extra)
        return present

    def near(self, values: FloatArray) -> BoolArray:
        """Return the choice nearest to each of ``n x k`` values: the greatest amounts stay."""
        shares = values / self._tops
        wanted = shares > np.maximum(self.floors / self._tops / 2, _NOTHING)
        present = np.ones(values.shape, dtype=bool)
        for rule in self._rules:
            parts = list(rule.parts)
            many = np.clip((wanted & present)[:, parts].sum(axis=1), rule.least, rule.most)
            self._keep(present, rule, -shares[:, parts], many)
        return present

    @staticmethod
    def _keep(
        present: BoolArray, rule: SubsetRule, keys: FloatArray, many: npt.NDArray[np.int64]
    ) -> None:
        """Leave the ``many`` of a rule's amounts with the lowest keys, of those still present."""
        parts = list(rule.parts)
        order = np.where(present[:, parts], keys, np.inf).argsort(axis=1, kind="stable")
        place = order.argsort(axis=1, kind="stable")
        present[:, parts] &= place < many[:, None]


def _choices(of: int, many: int) -> float:
    return float(np.prod([(of - i) / (i + 1) for i in range(many)]))
