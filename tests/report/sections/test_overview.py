"""The cards at the top of the page say what is used of what, and no more than is known."""

from labloop.report.sections.overview import _budget_tile
from labloop.report.text.summary import BudgetUse


def test_lab_time_without_a_limit_is_told_in_its_own_unit():
    """Seconds of a quick function are no fraction of an hour with six places."""
    tile = str(_budget_tile(BudgetUse(name="hours", limit=None, used=0.002)))
    assert "<b>7.2 s</b><span>of lab time</span><small>no limit set</small>" in tile


def test_a_limit_of_cost_is_no_cost_that_was_spent():
    """What was spent is not stored, so the card says that and draws no bar."""
    tile = str(_budget_tile(BudgetUse(name="cost", limit=40.0, used=None)))
    assert "<b>40</b><span>limit of cost</span><small>what was spent is not stored</small>" in tile
    assert "meter" not in tile
