"""A number in a cell is read in its unit, or refused where nobody knows what it means."""

import pytest

from labloop.campaign.by_hand.cell_numbers import CellNumbers, RowError
from labloop.campaign.by_hand.columns import Column
from labloop.campaign.by_hand.table_file import TableFile

YIELD = Column("output", "yield", "yield (%)", unit="%", declared="1")
HEAT = Column("condition", "heat", "heat (K)", unit="K", declared="degC")


def numbers(*texts, comma=True):
    """Return a reader of a table of yields."""
    rows = tuple((i, (text,)) for i, text in enumerate(texts, start=2))
    return CellNumbers([YIELD], TableFile(("yield (%)",), rows, comma))


def test_values_and_deviations_are_converted():
    """A deviation is a difference: it is scaled, and never shifted."""
    assert numbers("50").value(YIELD, "50") == pytest.approx(0.5)
    assert numbers("50").deviation(YIELD, "2") == pytest.approx(0.02)
    assert numbers().value(HEAT, "373.15") == pytest.approx(100.0)
    assert numbers().deviation(HEAT, "2") == pytest.approx(2.0)


def test_a_point_among_decimal_commas_is_refused():
    """1.234 may be a thousand; of a condition the stored experiment may tell."""
    mixed = numbers("0,5", "1.234")
    assert mixed.is_ambiguous("1.234")
    with pytest.raises(RowError, match="may be 1234 or 1,234"):
        mixed.value(YIELD, "1.234")
    assert mixed.condition(HEAT, "1.234") == pytest.approx(1.234 - 273.15)
    assert not numbers("0.5").is_ambiguous("1.234")


def test_a_cell_may_repeat_the_unit_of_its_column():
    """As people write it; another unit is not guessed at, and a point stays as unclear as it is."""
    assert numbers("50 %").value(YIELD, "50 %") == pytest.approx(0.5)
    assert numbers("0,5%").value(YIELD, "0,5%") == pytest.approx(0.005)
    with pytest.raises(RowError, match="'50 mol/L' is no number"):
        numbers("50").value(YIELD, "50 mol/L")
    assert numbers("0,5 %").is_ambiguous("1.234 %", "%")
    with pytest.raises(RowError, match="may be 1234 or 1,234"):
        numbers("0,5 %").value(YIELD, "1.234 %")


@pytest.mark.parametrize("cell", ["n/a", "NA", "-", "nan"])
def test_a_word_for_nothing_says_what_to_write(cell):
    """Whether it was not measured or failed is a person's to say."""
    with pytest.raises(RowError, match="leave the cell empty where it was not measured, or write"):
        numbers(cell).value(YIELD, cell)


def test_a_comma_that_separates_cells_is_no_decimal_sign():
    """The sentence says what to write."""
    with pytest.raises(RowError, match="write a point"):
        numbers(comma=False).value(YIELD, "0,5")
