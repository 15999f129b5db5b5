"""Promise: what one more oven would buy is what having one more then saves."""

import pytest
from campaign_toys import bake

from labloop.campaign import forecast, load_campaign

RECIPE = """    async with lab.any("oven"):
        async with lab.exclusive(lab.box):
            await lab.wait(quantity(1, "min"))
        await lab.wait(quantity(2, "h"))
    return {"shown": x.level.magnitude}
"""


def ovens(count):
    return f"\n[stations.oven]\ncount = {count}\n"


@pytest.mark.parametrize(
    "options",
    [
        "budget=Budget(experiments=8), batch=4, parallel=4",
        "budget=Budget(experiments=8), batch=4, parallel=4, asynchronous=True",
    ],
)
def test_one_more_oven_buys_what_it_then_saves(tmp_path, options):
    """In rounds of four with one oven, and without rounds: half of the time."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = forecast(load_campaign(bake(tmp_path / "one", options, RECIPE, ovens(1))), runs=2)
    two = forecast(load_campaign(bake(tmp_path / "two", options, RECIPE, ovens(2))), runs=2)
    assert one.bottleneck == "oven"
    assert one.buys["oven"] == pytest.approx(one.length - two.length, rel=0.01)
    assert one.order_buys == pytest.approx(0.0, abs=0.01)


def test_a_better_order_is_told(tmp_path):
    """1, 1.5 ... 4.5 h in two ovens: 12 h as they come, and 11 h in the best order."""
    recipe = RECIPE.replace("quantity(2,", "quantity(x.level.magnitude + 1,")
    options = "budget=Budget(experiments=8), batch=8, parallel=8"
    found = forecast(load_campaign(bake(tmp_path, options, recipe, ovens(2))), runs=2)
    assert found.order_buys == pytest.approx(1.0, abs=0.1)


def test_what_nobody_waits_for_is_not_bought(tmp_path):
    """Two ovens for one experiment at a time."""
    options = "budget=Budget(experiments=2)"
    found = forecast(load_campaign(bake(tmp_path, options, RECIPE, ovens(2))), runs=2)
    assert found.buys == {}
    assert found.order_buys is None
