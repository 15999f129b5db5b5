"""However a campaign ends, its lab is safe, its record says how, and what is not safe is raised."""

import os
import signal
import threading

import pytest
from campaign_toys import create, write

from labloop.campaign import PlainHooks, _campaign
from labloop.errors import CampaignError, NotSafeError
from labloop.lab import LabHost
from labloop.records import CampaignState

posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


LEAVES = """
CALLS = []

def leave():
    # A cost is tried before: when the campaign is stored, and when it is begun.
    CALLS.append(None)
    if len(CALLS) > 2:
        raise ERROR
    return 1.0

class Leaves:
    def met(self, scores):
        leave()

"""


def made(repositories, folder, options="budget=Budget(experiments=2)", **more):
    """Return a campaign that has not begun."""
    return create(repositories, write(folder, options, **more))


def is_safe(campaign):
    """Return whether the box was told its safe state last."""
    told = [line for line in campaign.truth.lines() if " > " in line]
    return told[-1].endswith(b"SET 0\n".hex())


@posix
def test_a_signal_before_the_lab_is_open_leaves_at_once(repositories, tmp_path, monkeypatch):
    """Nothing is opened, and the campaign is stopped, not running for ever."""
    campaign = made(repositories, tmp_path)
    monkeypatch.setattr(_campaign, "reconcile", lambda *_: signal.raise_signal(signal.SIGTERM))
    record = campaign.run()
    assert record.state is CampaignState.STOPPED
    assert record.reason.startswith("SIGTERM received")
    assert campaign.truth is None
    assert repositories.campaigns.get(record.id).state is CampaignState.STOPPED


@posix
def test_a_signal_while_the_lab_is_opened_gives_it_up(repositories, tmp_path, monkeypatch):
    """Nobody waits for a device that does not answer; what had answered is made safe."""
    campaign = made(repositories, tmp_path)

    class Interrupted(LabHost):
        def __enter__(self):
            signal.raise_signal(signal.SIGHUP)
            return super().__enter__()

    monkeypatch.setattr("labloop.campaign.runs.opening.LabHost", Interrupted)
    record = campaign.run()
    assert record.state is CampaignState.STOPPED
    assert record.reason == "SIGHUP received: the terminal was closed"


@posix
@pytest.mark.parametrize("times", [1, 5])
def test_signals_while_experiments_run(repositories, tmp_path, times):
    """The first one ends the campaign; however many follow, the safe state comes once."""
    campaign = made(repositories, tmp_path, "budget=Budget(experiments=50)")
    seen = []

    def changed(snapshot):
        if snapshot.running and not seen:
            seen.append(snapshot)
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    record = campaign.run(PlainHooks(changed))
    assert (record.state, record.reason) == (CampaignState.STOPPED, "SIGINT received: Ctrl-C")
    assert is_safe(campaign)


@pytest.mark.parametrize(
    "options",
    [
        "cost=lambda point: leave(), budget=Budget(experiments=4, cost=9)",
        "stop=[Leaves()], budget=Budget(experiments=4)",
    ],
)
@pytest.mark.parametrize("error", ["SystemExit(0)", "BaseException('mine')"])
def test_a_persons_rule_that_would_end_the_program(repositories, tmp_path, options, error):
    """sys.exit(0) in a cost or a stop rule is a mistake with a sentence, and never exit code 0."""
    path = write(tmp_path, options)
    text = LEAVES.replace("ERROR", error)
    path.write_text(path.read_text().replace("SECONDS = 5\n", f"SECONDS = 5\n{text}"))
    campaign = create(repositories, path)
    with pytest.raises(CampaignError, match=r"failed with (SystemExit|BaseException)"):
        campaign.run()
    if campaign.truth is None:
        # A cost is tried before the lab is opened: nothing has moved, and it can be corrected.
        assert campaign.record.state is CampaignState.PAUSED
        return
    assert campaign.record.state is CampaignState.FAILED
    assert is_safe(campaign)


@pytest.mark.parametrize("error", [RuntimeError("mine"), SystemExit(0), KeyboardInterrupt()])
def test_hooks_that_raise_end_the_campaign_safely(repositories, tmp_path, error):
    """An engine's own mistake leaves no heater on, and the record says how it ended."""
    campaign = made(repositories, tmp_path)

    def changed(snapshot):
        if snapshot.running:
            raise error

    with pytest.raises(type(error)):
        campaign.run(PlainHooks(changed))
    ended = CampaignState.STOPPED if isinstance(error, KeyboardInterrupt) else CampaignState.FAILED
    assert campaign.record.state is ended
    assert is_safe(campaign)


def test_what_is_not_safe_is_raised_stored_and_kept(repositories, tmp_path):
    """The campaign has finished, and says so; the error says what a person must hear first."""
    campaign = made(repositories, tmp_path, faults='[["unplug", 7]]')
    with pytest.raises(NotSafeError, match=r"^NOT SAFE: box is NOT known to be in"):
        campaign.run()
    (raised,) = repositories.alarms.open()
    assert raised.campaign_id == campaign.record.id
    assert raised.alarm.data == {"device": "box"}
    assert campaign.record.state is not CampaignState.RUNNING


def test_a_store_that_fails_at_the_end_hides_nothing(repositories, tmp_path, monkeypatch):
    """Whatever else goes wrong, what is not safe comes first."""
    campaign = made(repositories, tmp_path, faults='[["unplug", 7]]')
    begun = campaign._set_state

    def full(state, reason):
        if state is not CampaignState.RUNNING:
            raise CampaignError("the disk is full")
        return begun(state, reason)

    monkeypatch.setattr(campaign, "_set_state", full)
    with pytest.raises(NotSafeError, match="box is NOT known"):
        campaign.run()


def test_a_campaign_in_another_thread_changes_no_signal(repositories, tmp_path):
    """There a stop comes by a command; the program's own handlers stay."""
    before = signal.getsignal(signal.SIGINT)
    campaign, seen = made(repositories, tmp_path), []

    def changed(snapshot):
        seen.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=lambda: campaign.run(PlainHooks(changed)))
    thread.start()
    thread.join(30)
    assert seen
    assert all(seen)
    assert campaign.record.state is CampaignState.FINISHED
