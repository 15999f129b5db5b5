"""A search that physics leads and that stands still is shared with the model without physics."""

import torch

from labloop.brain.observations.standing import PATIENCE, still, turn_without_physics


def scores(*values):
    """Return scores as the strategy has them."""
    return torch.tensor(values, dtype=torch.float64)


START = (0.0, 10.0, 20.0, 5.0, 15.0)


def test_a_search_that_moves_belongs_to_the_physics():
    """Each result is better than the best before: nobody else has a turn."""
    assert still(scores(*START, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0)) == 0
    assert still(scores(*START)) == 0
    assert still(scores()) == 0


def test_after_four_results_without_progress_turns_are_taken():
    """The model without physics is first, then they alternate."""
    standing = [scores(*START, *([12.0] * k)) for k in range(9)]
    assert [still(s) for s in standing] == [0, 0, 0, 0, 1, 2, 3, 4, 5]
    assert [turn_without_physics(s, 2.0) for s in standing] == [False] * 4 + [
        True,
        False,
        True,
        False,
        True,
    ]


def test_physics_that_leads_by_far_rests_less():
    """Where ten in log density speak for it, it gives away one turn in four."""
    standing = [scores(*START, *([12.0] * k)) for k in range(3, 9)]
    turns = [turn_without_physics(s, 20.0) for s in standing]
    assert turns == [False, True, False, False, False, True]


def test_a_step_too_small_is_no_progress():
    """From the median (10) to the best (20) it is ten: half a unit is noise, a whole one is not."""
    assert still(scores(*START, *([20.4] * PATIENCE))) == 1
    assert still(scores(*START, 12.0, 12.0, 12.0, 22.0)) == 0


def test_small_steps_add_up():
    """Progress is counted from the last mark, not from one result to the next."""
    assert still(scores(*START, 20.2, 20.4, 20.6, 21.5)) == 0


def test_physics_that_stood_still_once_has_half_the_patience():
    """After each standstill that ended, fewer results without progress suffice."""
    first = (*START, 12.0, 12.0, 12.0, 12.0, 30.0)
    assert still(scores(*first, 12.0)) == 0
    assert still(scores(*first, 12.0, 12.0)) == 1
    second = (*first, 12.0, 12.0, 50.0)
    assert still(scores(*second, 12.0)) == 1


def test_what_is_under_way_takes_turns_as_well():
    """Of a batch every second point belongs to the model without physics."""
    standing = scores(*START, *([12.0] * PATIENCE))
    assert [turn_without_physics(standing, 2.0, k) for k in range(4)] == [True, False, True, False]


def test_equal_scores_stand_still():
    """Where all is noise around nothing no step counts as none."""
    assert still(scores(*([1.0] * 12))) > 0
