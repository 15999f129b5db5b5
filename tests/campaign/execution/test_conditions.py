"""A procedure sees its conditions with the units that were declared."""

import pytest

from labloop.campaign.execution.conditions import Conditions


def test_conditions_carry_the_declared_unit():
    """x.temperature is a quantity, a number of unit 1 is a number, a category a text."""
    x = Conditions({"temperature": 80.0, "ratio": 2.0, "base": "KOAc"}, {"temperature": "degC"})
    assert x.temperature.to("kelvin").magnitude == pytest.approx(353.15)
    assert x.ratio == 2.0
    assert x["base"] == "KOAc"
    assert x.numbers["temperature"] == 80.0
    with pytest.raises(AttributeError, match="no parameter 'pressure'; it has temperature"):
        x.pressure  # noqa: B018 - the access is what is tested
