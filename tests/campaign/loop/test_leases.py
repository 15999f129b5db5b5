"""Who may command what: a real device has one commander, and an old word has no power."""

import threading

import pytest
from campaign_toys import create, write

from labloop.campaign import Campaign
from labloop.campaign.decisions.state import MachineState
from labloop.campaign.loop.inbox import Inbox
from labloop.campaign.loop.leases import campaign_lease, device_leases
from labloop.errors import LeaseError
from labloop.lab import lab_file_of
from labloop.records import (
    Bundle,
    CampaignRecord,
    CampaignState,
    Command,
    CommandKind,
    LeaseGrant,
    Mode,
)
from labloop.space import Continuous, SearchSpace
from labloop.store import open_database, process_owner
from labloop.store.repositories.leasing import beats, leases

LAB = lab_file_of(
    {
        "lab": {"name": "one"},
        "devices": {"pump": {"driver": "new_era", "url": "serial://COM1", "serial_number": "7"}},
    }
)
OTHER_NAME = lab_file_of(
    {
        "lab": {"name": "two"},
        "devices": {"feed": {"driver": "new_era", "url": "serial://COM9", "serial_number": "7"}},
    }
)


@pytest.fixture
def repositories(tmp_path):
    """Return an open database."""
    with open_database(tmp_path / "x.db") as made:
        yield made


@pytest.fixture
def record(repositories):
    """Return a running campaign."""
    made = CampaignRecord(
        id="0123456789abcdef",
        name="c",
        mode=Mode.SIMULATED,
        generation=0,
        seed=0,
        state=CampaignState.PAUSED,
        reason="",
        actor="me",
        bundle_sha256="",
        spec={},
    )
    repositories.campaigns.create(made, Bundle(spec={}, files={}, entry="", versions={})).result()
    return repositories.campaigns.set_state(made.id, CampaignState.RUNNING, "", "me").result()


def test_a_real_device_has_one_commander(repositories):
    """The instrument counts, not the name that a lab file gives it."""
    with device_leases(repositories, LAB, Mode.REAL, "first") as may:
        assert may("pump").result(5) >= 1
        with (
            pytest.raises(LeaseError, match="device:new_era:7 is held by first"),
            device_leases(repositories, OTHER_NAME, Mode.REAL, "second"),
        ):
            pass
    with device_leases(repositories, OTHER_NAME, Mode.REAL, "second") as may:
        assert may("feed").result(5) >= 2


def test_a_lease_that_was_lost_commands_nothing(repositories):
    """Whoever lost the right is told before the next bytes."""
    device = "device:new_era:7"
    with device_leases(repositories, LAB, Mode.REAL, "first") as may:
        token = may("pump").result(5)
        repositories.leases.release(
            LeaseGrant(resource=device, owner=process_owner("first"), token=token)
        )
        repositories.leases.acquire(device, "somebody")
        with pytest.raises(LeaseError, match="pump was taken over"):
            may("pump").result(5)


def test_asking_does_not_wait_for_the_database(repositories, monkeypatch):
    """A database that hangs gives an answer later; whoever asks has a future at once."""
    asked, answer = threading.Event(), threading.Event()
    holds = repositories.leases.holds

    def slow(grant):
        asked.set()
        answer.wait(5)
        return holds(grant)

    monkeypatch.setattr(repositories.leases, "holds", slow)
    with device_leases(repositories, LAB, Mode.REAL, "first") as may:
        token = may("pump")
        assert asked.wait(5)
        assert not token.done()
        answer.set()
        assert token.result(5) >= 1


def test_simulated_labs_are_many(repositories):
    """A simulated device is its process's own."""
    with (
        device_leases(repositories, LAB, Mode.SIMULATED, "a") as one,
        device_leases(repositories, LAB, Mode.SIMULATED, "b") as two,
    ):
        assert one is None
        assert two is None


def test_a_campaign_has_one_owner(repositories, record):
    """Only one process gives numbers to experiments."""
    with (
        campaign_lease(repositories, record, "a"),
        pytest.raises(LeaseError, match="is held by a"),
        campaign_lease(repositories, record, "b"),
    ):
        pass


def test_a_command_to_an_earlier_process_is_too_late(repositories, record):
    """A stop that nobody read must not stop the resume of the next morning."""
    space = SearchSpace(Continuous("x", 0, 1))
    for version in (record.version - 1, record.version):
        asked = Command(
            campaign_id=record.id,
            kind=CommandKind.STOP,
            actor="me",
            arguments={},
            expected_version=version,
        )
        repositories.commands.add(asked).result()
    events = []
    Inbox(repositories, record, space).read(MachineState, events.append)
    answers = [(c.accepted, c.answer) for c in repositories.commands.all(record.id)]
    assert answers[0][0] is False
    assert "the run that this was asked of is over" in answers[0][1]
    assert answers[1] == (True, "accepted")
    assert len(events) == 1


def test_two_points_added_at_once_are_two_experiments(repositories, record):
    """Each answer takes effect before the next number is given."""
    state = [MachineState()]
    for level in (0.2, 0.3):
        asked = Command(
            campaign_id=record.id,
            kind=CommandKind.ADD,
            actor="me",
            arguments={"point": {"x": level}},
        )
        repositories.commands.add(asked).result()

    def apply(event):
        state[0] = MachineState(next_number=event.job.number + 1)

    Inbox(repositories, record, SearchSpace(Continuous("x", 0, 1))).read(lambda: state[0], apply)
    assert all(c.accepted for c in repositories.commands.all(record.id))
    assert [row.number for row in repositories.experiments.all(record.id)] == [1, 2]


GONE = "anna [host=elsewhere/1 boot=b pid=7 start=1]"


@pytest.mark.parametrize(
    ("options", "given"),
    [("", {"take_over": True}), (', failures=FailurePolicy(unattended="stop")', {})],
)
def test_a_campaign_of_a_machine_that_is_gone_goes_on(
    repositories, tmp_path, monkeypatch, options, given
):
    """By a person's word, or where the campaign says that nobody is there; else it is refused."""
    monkeypatch.setattr(beats, "SILENT_SECONDS", 0.0)
    monkeypatch.setattr(leases, "WATCH_SECONDS", 0.1)
    made = create(repositories, write(tmp_path, f"budget=Budget(experiments=2){options}"))
    repositories.leases.acquire(f"campaign:{made.record.id}", GONE)
    if given:
        with pytest.raises(LeaseError, match="resume NAME --take-over"):
            Campaign.resume(repositories, "tiny", actor="me").run()
    # As another process has it: what the old holder wrote through this one would be refused.
    with open_database(repositories.url) as other:
        record = Campaign.resume(other, "tiny", actor="me", **given).run()
    assert record.state is CampaignState.FINISHED
