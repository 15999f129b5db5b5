"""The point of a row: the conditions asked for, those reached, and where they lie."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from labloop.campaign.by_hand.cell_numbers import CellNumbers, RowError
from labloop.campaign.by_hand.columns import Column
from labloop.campaign.execution import categorical_names
from labloop.errors import SpaceError
from labloop.records import ActualValue, Point, PointValue, ScalarValue
from labloop.space import Categorical, SearchSpace

Cells = Sequence[tuple[Column, str]]
"""The cells of a row that are not empty, with their columns."""


class RowPoints:
    """Reads the conditions of rows against a search space."""

    def __init__(self, space: SearchSpace, columns: Sequence[Column], numbers: CellNumbers) -> None:
        self._space = space
        self._numbers = numbers
        self._categorical = categorical_names(space)
        self._units = {column.name: column.declared for column in columns}

    def asked(self, cells: Cells) -> dict[str, PointValue]:
        """Return the conditions that were asked for, in their declared units."""
        return self._conditions(cells, "condition")

    def actual(self, cells: Cells) -> dict[str, ActualValue]:
        """Return the conditions that were reached, in their declared units."""
        return {
            name: value if isinstance(value, str) else ScalarValue(value, self._units[name])
            for name, value in self._conditions(cells, "actual").items()
        }

    def _conditions(self, cells: Iterable[tuple[Column, str]], kind: str) -> dict[str, PointValue]:
        return {
            column.name: text
            if column.name in self._categorical
            else self._numbers.condition(column, text)
            for column, text in cells
            if column.kind == kind
        }

    def imported(
        self, asked: Mapping[str, PointValue], actual: Mapping[str, ActualValue]
    ) -> tuple[Point, str]:
        """Return the point of a row that names no experiment, and what is special about it.

        It may lie outside of the space. The second is empty where there is nothing to say.

        Raises:
            RowError: a condition is missing, or a category looks like a slip of another.
        """
        reached = {n: v if isinstance(v, str) else v.value for n, v in actual.items()}
        point = self._space.completed({**reached, **asked})
        missing = [name for name in self._space.names if name not in point]
        if missing:
            raise RowError(f"no value for {' and '.join(missing)}")
        for parameter in self._space.parameters:
            if isinstance(parameter, Categorical) and parameter.name in {*asked, *reached}:
                _refuse_slip(parameter, str(point[parameter.name]))
        remark = self._remark({**point, **reached})
        try:
            return self._space.placed(point), remark
        except SpaceError:
            return point, remark

    def _remark(self, point: Point) -> str:
        """Return where a point lies outside of the space; empty where it lies in it."""
        if self._space.contains(point):
            return ""
        try:
            self._space.placed(point)
        except SpaceError as error:
            return f"it has no place in the space ({error}): kept, the brain learns nothing from it"
        why = _why_not_legal(self._space, point)
        return f"outside of today's space ({why}): kept and learned from"


def _why_not_legal(space: SearchSpace, point: Point) -> str:
    try:
        space.validate(point)
    except SpaceError as error:
        return str(error)
    return ""


def _refuse_slip(parameter: Categorical, text: str) -> None:
    """Raise RowError where a name is none of the categories and looks like one of them."""
    if text not in parameter.values:
        folded = {value.casefold(): value for value in parameter.values}
        for alike in get_close_matches(text.casefold(), folded, n=1, cutoff=0.7):
            raise RowError(
                f"{parameter.name} {text!r} is none of {', '.join(parameter.values)}, "
                f"did you mean {folded[alike]!r}?"
            )
