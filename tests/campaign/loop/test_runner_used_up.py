"""Promise: a campaign ends with a sentence when its wells are used up; new ones let it go on."""

import pytest
from campaign_toys import create, write

from labloop.campaign import Campaign
from labloop.errors import LabFileError
from labloop.records import CampaignState, ExperimentState

WELLS = "\n[stations.well]\ncount = 2\nused_up = true\n"


def with_wells(folder):
    """Write a campaign whose experiments use a well each, of two."""
    path = write(folder, "budget=Budget(experiments=5)")
    text = path.read_text().replace(
        "    await lab.box.set_level(x.level)",
        '    async with lab.any("well"):\n        await lab.box.set_level(x.level)',
    )
    path.write_text(text)
    lab = folder / "lab.toml"
    lab.write_text(lab.read_text() + WELLS)
    return path


def states(repositories, campaign):
    return [row.state for row in repositories.experiments.all(campaign.record.id)]


def test_the_third_experiment_on_two_wells_gets_no_used_one(repositories, tmp_path):
    """It does not begin, and the reason says what to do."""
    made = create(repositories, with_wells(tmp_path))
    record = made.run()
    assert record.state is CampaignState.FAILED
    assert "every place of [stations.well] is used up; put new ones there" in record.reason
    done = ExperimentState.DONE
    assert states(repositories, made) == [done, done, ExperimentState.PLANNED]
    again = Campaign.resume(repositories, "tiny", actor="me")
    assert "is used up" in again.run().reason
    assert states(repositories, made)[:2] == [done, done]
    fresh = Campaign.resume(repositories, "tiny", actor="me")
    fresh.renew(["well"])
    fresh.run()
    assert states(repositories, made).count(done) == 4


def test_a_kind_that_cannot_be_renewed_is_told(repositories, tmp_path):
    """Before anything is used."""
    made = create(repositories, with_wells(tmp_path))
    made.renew(["plate"])
    with pytest.raises(LabFileError, match="no stations 'plate' are used up"):
        made.run()
