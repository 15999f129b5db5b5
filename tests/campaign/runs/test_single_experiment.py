"""A run of one experiment carries out that one, whatever the budget of the campaign says."""

from campaign_toys import create, write

from labloop.campaign import PlainHooks
from labloop.records import CampaignState, Origin


def test_one_experiment_is_carried_out_and_no_budget_is_shown(repositories, tmp_path):
    """It is a person's own, nothing is proposed, and it counts against no budget."""
    campaign = create(repositories, write(tmp_path, "budget=Budget(experiments=1)"))
    campaign.run()
    campaign = type(campaign).resume(repositories, "tiny", actor="me")
    campaign.only({"level": 3.0})
    seen = []
    record = campaign.run(PlainHooks(seen.append))
    assert record.state is CampaignState.FINISHED
    assert record.reason == "the experiment by hand has ended"
    first, second = repositories.experiments.all(record.id)
    assert (first.origin, second.origin) == (Origin.PROPOSED, Origin.MANUAL)
    assert second.point == {"level": 3.0}
    assert {snapshot.budget for snapshot in seen} == {""}
