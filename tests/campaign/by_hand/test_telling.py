"""What a person asks or tells is stored whole or not at all."""

import pytest
from campaign_toys import create, write

from labloop.campaign import Campaign
from labloop.campaign.by_hand.row_reader import ResultRow
from labloop.campaign.by_hand.telling import tell
from labloop.errors import LabloopError
from labloop.records import ExperimentState, ScalarValue


@pytest.fixture
def campaign(repositories, tmp_path) -> Campaign:
    """Return a campaign that has not begun."""
    return create(repositories, write(tmp_path, "budget=Budget(experiments=4)"))


def test_a_results_file_is_stored_whole_or_not_at_all(repositories, campaign):
    """A line that the records refuse takes the lines before it with it."""
    good = ResultRow("", {"level": 1.0}, {"shown": ScalarValue(1.0, "1")}, 2)
    bad = ResultRow("", {"level": 2.0}, {"shown": ScalarValue(1.0, "a\0b")}, 3)
    with pytest.raises(LabloopError):
        tell(repositories, campaign.record, [good, bad], actor="me")
    assert repositories.experiments.all(campaign.record.id) == []
    failed = ResultRow("", {"level": 2.0}, {}, 3)
    assert tell(repositories, campaign.record, [good, failed], actor="me").stored == 2
    rows = repositories.experiments.all(campaign.record.id)
    assert [row.state for row in rows] == [ExperimentState.DONE, ExperimentState.FAILED]
    assert rows[1].reason == "told as failed"
