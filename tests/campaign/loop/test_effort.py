"""A campaign that is planned by the hour: durations reach the planner, and stay what they are."""

import pytest

from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
from labloop.campaign import Campaign, load_campaign
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


CHANGING = """
from labloop import Budget, CampaignSpec, Categorical, Maximize, Ordered, Scalar, SearchSpace

def euros(point, before):
    return 1.0 + (before is not None and before["solvent"] != point["solvent"]) * 10.0

campaign = CampaignSpec(
    "money", SearchSpace(Ordered("n", list(range(30))), Categorical("solvent", ["a", "b"])),
    outputs=[Scalar("gain")], objective=Maximize("gain"), strategy="random", cost=euros,
    procedure=lambda x: {"gain": x["n"]}, budget=Budget(experiments=4, cost=60),
)
"""


def test_changing_over_is_paid_the_same_after_a_restart(repositories, tmp_path):
    """A budget of cost counts each way as it was gone, in one run or in two."""
    path = tmp_path / "campaign.py"
    path.write_text(CHANGING)
    made = Campaign.create(repositories, load_campaign(path), actor="me")
    made.run()
    again = Campaign.resume(repositories, "money", mode=made.record.mode, actor="me")
    again.extend(100)
    record = again.run()
    assert "the budget of 60 cost is used up" in record.reason
    points = [row.point for row in repositories.experiments.all(record.id)]
    euros = load_campaign(path).spec.cost
    spent = [euros(p, b) for p, b in zip(points, [None, *points], strict=False)]
    assert sum(spent[:-1]) < 60 <= sum(spent)
