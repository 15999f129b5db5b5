"""What a model says about itself is read from JSON, and strange JSON does no harm."""

import pytest

from labloop.report.data.fit import (
    LearnedConstant,
    UncertaintyParts,
    learned_constants,
    missing_terms,
    model_slices,
    model_weights,
    uncertainty_parts,
)

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
    read = model_slices({"slices": [SLICE, {**SLICE, "x": ["DMF", "water"]}]})
    assert read is not None
    assert read[0].x == (30.0, 40.0)
    assert read[1].x == ("DMF", "water")


def test_nothing_stored_is_nothing_to_show():
    """A report without the keys has no slices, constants or weights."""
    assert (model_slices({}), learned_constants({}), model_weights({})) == ((), (), {})


@pytest.mark.parametrize(
    "strange",
    [7, [7], [{"parameter": "x"}], [{**SLICE, "mean": [1]}], [{**SLICE, "low": ["?", "?"]}]],
)
def test_slices_of_another_form_are_refused_as_a_whole(strange):
    """A form that is not the agreed one is told apart from no slices at all."""
    assert model_slices({"slices": strange}) is None


def test_constants_may_come_without_a_prior():
    """A constant that nobody knew anything about has no earlier range."""
    (constant,) = learned_constants(
        {"parameters": [{"name": "k", "mean": 1, "low": 0.5, "high": 2}]}
    )
    assert (constant.unit, constant.prior_low) == ("1", None)
    assert learned_constants({"parameters": [{"name": "k"}]}) is None


def test_weights_come_heaviest_first():
    """The member that counts most is named first."""
    assert list(model_weights({"weights": {"gp": 0.2, "physics": 0.8}})) == ["physics", "gp"]


TERM = {
    "parameter": "k1.k",
    "unit": "1/s",
    "effect": 0.3,
    "along": "solvent",
    "along_unit": "1",
    "share": 0.9,
    "x": ["DMF", "water"],
    "value": [1, 2],
}


def test_missing_terms_are_read_along_numbers_and_names():
    """A term over a choice among names is told apart from one over a number."""
    read = missing_terms({"missing": [TERM, {**TERM, "x": [1, 2]}]})
    assert read is not None
    assert [term.categories for term in read] == [True, False]
    assert read[0].value == (1.0, 2.0)


@pytest.mark.parametrize("strange", [7, [7], [{**TERM, "value": [1]}], [{**TERM, "x": []}]])
def test_missing_terms_of_another_form_are_refused_as_a_whole(strange):
    """Half a term is no term."""
    assert missing_terms({"missing": strange}) is None


def test_parts_add_up_by_their_squares():
    """Standard deviations 3 and 4 make 5, and share the variance 9 to 16."""
    (found,) = uncertainty_parts(
        {"uncertainty": [{"y": {"noise": 3, "parameters": 4, "discrepancy": 0, "between": 0}}]}
    )
    assert found["y"].sd == pytest.approx(5)
    assert list(found["y"].shares)[:2] == ["parameters", "noise"]
    assert found["y"].shares["noise"] == pytest.approx(9 / 25)
    assert UncertaintyParts(0, 0, 0, 0).shares["noise"] == 0


@pytest.mark.parametrize("strange", [7, [7], [{"y": 7}], [{"y": {"noise": 1}}]])
def test_strange_parts_are_none(strange):
    """Parts of another form are left out."""
    assert uncertainty_parts({"uncertainty": strange}) == ()


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ((1, 10, 0.1, 10), 0.5),  # one decade of two
        ((-1, 1, -4, 4), 0.25),
        ((1, 2, None, 4), None),
        ((1, 2, 3, 3), None),
    ],
)
def test_how_much_of_the_doubt_is_left(ends, left):
    """Positive constants are compared by their logarithm, others as they are."""
    low, high, prior_low, prior_high = ends
    found = LearnedConstant("k", "1", (low + high) / 2, low, high, prior_low, prior_high).left
    assert found == (left if left is None else pytest.approx(left))
