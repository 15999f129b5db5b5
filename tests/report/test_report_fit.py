"""What a model says about itself is read from JSON, and strange JSON does no harm."""

import pytest

from labloop.report._fit import learned, slices, weights

SLICE = {
    "parameter": "temperature",
    "unit": "degC",
    "output": "product_yield",
    "x": [30, 40],
    "mean": [1, 2],
    "low": [0, 1],
    "high": [2, 3],
}


def test_slices_are_read_in_order():
    """Numbers and categories are both places along a parameter."""
    read = slices({"slices": [SLICE, {**SLICE, "x": ["DMF", "water"]}]})
    assert read is not None
    assert read[0].x == (30.0, 40.0)
    assert read[1].x == ("DMF", "water")


def test_nothing_stored_is_nothing_to_show():
    """A report without the keys has no slices, constants or weights."""
    assert (slices({}), learned({}), weights({})) == ((), (), {})


@pytest.mark.parametrize(
    "strange",
    [7, [7], [{"parameter": "x"}], [{**SLICE, "mean": [1]}], [{**SLICE, "low": ["?", "?"]}]],
)
def test_slices_of_another_form_are_refused_as_a_whole(strange):
    """A form that is not the agreed one is told apart from no slices at all."""
    assert slices({"slices": strange}) is None


def test_constants_may_come_without_a_prior():
    """A constant that nobody knew anything about has no earlier range."""
    (constant,) = learned({"parameters": [{"name": "k", "mean": 1, "low": 0.5, "high": 2}]})
    assert (constant.unit, constant.prior_low) == ("1", None)
    assert learned({"parameters": [{"name": "k"}]}) is None


def test_weights_come_heaviest_first():
    """The member that counts most is named first."""
    assert list(weights({"weights": {"gp": 0.2, "physics": 0.8}})) == ["physics", "gp"]
