"""Physics beside a campaign predicts what is measured, in the unit in which it is measured."""

import pytest

from labloop.campaign import CampaignSpec
from labloop.errors import CampaignFileError
from labloop.objectives import Maximize
from labloop.physics import FunctionPhysics, Prior, Rate, kinetics, with_value
from labloop.records import Scalar
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min"), Continuous("amount", 0.1, 1, unit="mol/L")
)


def decay(**outputs):
    """Return a first-order decay with these outputs."""
    made = kinetics(feed={"A": "amount"}, time="minutes", outputs=outputs)
    return made(type("Decay", (), {"k": Rate("A -> P", k=Prior(0.1, "1/min", fold=3))}))


def function(outputs):
    """Return physics of a function, with outputs as a list of names or a mapping to units."""
    return FunctionPhysics(
        lambda x, theta: {"y": theta["k"] * x["minutes"]},
        {"k": Prior(1, "1/min", fold=2)},
        {"minutes": "min"},
        outputs,
    )


def spec(physics, unit, name="y"):
    """Return a campaign that measures ``name`` in ``unit``."""
    outputs = [Scalar(name, unit=unit)]
    return CampaignSpec("units", SPACE, outputs, Maximize(name), physics=physics)


@pytest.mark.parametrize(
    ("physics", "unit", "words"),
    [
        (decay(y="P / A0"), "%", "in '1', and the campaign measures it in '%', of which 100 are 1"),
        (decay(y=("P", "mol/L")), "mmol/L", "of which 1000 are 1 mol/L: declare it in 'mmol/L'"),
        (decay(y=("P", "mol/L")), "%", "another dimension"),
        (function({"y": "1"}), "%", "of which 100 are 1"),
        (with_value(decay(z="P / A0"), {"y": "z / 2"}), "%", "of which 100 are 1"),
    ],
)
def test_a_number_in_another_unit_is_refused(physics, unit, words):
    """A share beside a percentage would be wrong by a hundred, without a word."""
    with pytest.raises(CampaignFileError, match="predicts 'y'") as refused:
        spec(physics, unit)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("physics", "unit"),
    [
        (decay(y=("P / A0", "%")), "%"),
        (decay(y=("P", "mol/L")), "M"),
        (function({"y": "%"}), "%"),
        (function(["y"]), "%"),
    ],
)
def test_the_same_unit_is_taken_and_so_is_a_function_without_one(physics, unit):
    """A function that names outputs alone returns them as they are measured."""
    assert spec(physics, unit).resolve().name == "auto"


def test_what_a_value_is_calculated_from_need_not_be_measured():
    """Where profit alone is known of old experiments, physics of the yield still serves."""
    profit = with_value(decay(share="P / A0"), {"profit": "share - 0.01 1/min * minutes"})
    assert spec(profit, "1", "profit").resolve().name == "auto"
    with pytest.raises(CampaignFileError, match="does not declare"):
        spec(decay(share="P / A0", y="A / A0"), "1")
