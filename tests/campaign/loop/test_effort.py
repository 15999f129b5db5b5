"""A campaign that is planned by the hour: durations reach the planner, and stay what they are."""

import pytest

from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
from labloop.errors import CampaignFileError

SPACE = SearchSpace(Continuous("t", 20, 90, unit="degC"))
COMMON = {"outputs": [Scalar("y")], "objective": Maximize("y")}


def price(point):
    """Return what hot experiments cost."""
    return 1.0 + float(point["t"]) / 10


def measure(x):
    """Return the hotter the better, up to 60."""
    return {"y": -abs(x.t.magnitude - 60.0)}


def test_a_budget_of_cost_is_kept_to_the_last_experiment(tmp_path):
    """Near its end only experiments are asked for that what is left can pay."""
    import labloop

    spec = CampaignSpec(
        "prices", SPACE, procedure=measure, cost=price, per="cost", budget=Budget(cost=60), **COMMON
    )
    done = labloop.run(spec, db=tmp_path / "x.db")
    spent = [price(row) for row in done]
    assert sum(spent) - min(spent) < 60 + 1
    assert sum(spent[:-1]) < 60


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"per": "day"}, "per must be 'hour', 'cost' or None, got 'day'"),
        ({"per": "cost"}, "per='cost' needs the function cost="),
        ({"per": "hour"}, "per='hour' learns from the lab time of experiments, and without lab="),
        ({"per": "cost", "cost": price, "strategy": "sobol"}, "'sobol' does not weigh what"),
    ],
)
def test_what_cannot_be_weighed_is_one_sentence(words, sentence):
    """It is told when the campaign is declared."""
    with pytest.raises(CampaignFileError, match=sentence):
        CampaignSpec("prices", SPACE, procedure=measure, **COMMON, **words)
