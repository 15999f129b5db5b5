"""Promise: experiments that would spoil each other are told apart, never mixed without a word."""

from campaign_toys import create, write

from labloop.records import CampaignState, ExperimentState

AT_ONCE = "budget=Budget(experiments=4), batch=2, parallel=2"


def run(repositories, path):
    """Run the campaign of a file; return its experiments and the kinds of its alarms."""
    made = create(repositories, path)
    assert made.run().state is CampaignState.FINISHED
    alarms = repositories.alarms.all(made.record.id)
    return repositories.experiments.all(made.record.id), [a.alarm.kind for a in alarms]


def test_the_one_that_comes_second_fails_with_the_reason_and_a_person_is_told_once(
    repositories, tmp_path
):
    """One of each two is measured as it was meant to be; the other one changed nothing."""
    rows, alarms = run(repositories, write(tmp_path, AT_ONCE))
    states = [row.state for row in rows]
    assert states == [ExperimentState.DONE, ExperimentState.FAILED] * 2
    assert f"{rows[0].id} uses it and still runs" in rows[1].reason
    assert "shared = true in [devices.box]" in rows[1].reason
    assert alarms == ["device-in-use"]


def test_a_device_that_the_lab_file_shares_serves_both(repositories, tmp_path):
    """Who writes it down has thought about it."""
    path = write(tmp_path, AT_ONCE)
    lab = tmp_path / "lab.toml"
    lab.write_text(lab.read_text().replace("[devices.box]", "[devices.box]\nshared = true", 1))
    rows, alarms = run(repositories, path)
    assert {row.state for row in rows} == {ExperimentState.DONE}
    assert alarms == []
