"""The point of a row is what its cells say, and where it lies is remarked."""

import pytest

from labloop.campaign.by_hand.cell_numbers import CellNumbers, RowError
from labloop.campaign.by_hand.columns import Column
from labloop.campaign.by_hand.row_points import RowPoints
from labloop.campaign.by_hand.table_file import TableFile
from labloop.records import ScalarValue
from labloop.space import Categorical, Continuous, SearchSpace

SPACE = SearchSpace(Continuous("heat", 20, 90, unit="degC"), Categorical("base", ["KOH", "NaOH"]))
HEAT = Column("condition", "heat", "heat", unit="degC", declared="degC")
BASE = Column("condition", "base", "base")
ACTUAL = Column("actual", "heat", "actual heat", unit="K", declared="degC")
COLUMNS = (HEAT, BASE, ACTUAL)


@pytest.fixture
def points():
    """Return a reader of points in the space."""
    numbers = CellNumbers(COLUMNS, TableFile(("heat", "base", "actual heat"), (), True))
    return RowPoints(SPACE, COLUMNS, numbers)


def test_asked_and_reached_are_kept_apart(points):
    """What was reached stands beside what was asked for, in the declared unit."""
    cells = [(HEAT, "80"), (BASE, "KOH"), (ACTUAL, "351.15")]
    assert points.asked(cells) == {"heat": 80.0, "base": "KOH"}
    (reached,) = points.actual(cells).values()
    assert isinstance(reached, ScalarValue)
    assert (reached.value, reached.unit) == (pytest.approx(78.0), "degC")


@pytest.mark.parametrize(
    ("heat", "base", "remark"),
    [(80.0, "KOH", ""), (120.0, "KOH", "outside of today's space"), (80.0, "tea", "no place")],
)
def test_where_an_imported_point_lies_is_remarked(points, heat, base, remark):
    """What lies outside is kept, and said."""
    point, said = points.imported({"heat": heat, "base": base}, {})
    assert point == {"heat": heat, "base": base}
    assert (remark in said) if remark else said == ""


def test_a_missing_condition_or_a_slip_is_refused(points):
    """Nothing is guessed: the row says what it lacks, or what was probably meant."""
    with pytest.raises(RowError, match="no value for base"):
        points.imported({"heat": 80.0}, {})
    with pytest.raises(RowError, match="did you mean 'NaOH'"):
        points.imported({"heat": 80.0, "base": "naoh"}, {})
