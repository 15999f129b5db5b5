"""An experiment that is a plain function: the same states, records and ends as in a lab."""

import threading
import time

import pytest
from campaign_toys import answer_of, ask, create

from labloop.campaign import Campaign, load_campaign
from labloop.errors import NameTakenError
from labloop.records import CampaignState, CommandKind, ExperimentState, Mode
from labloop.store import open_database

HEAD = """
import asyncio, sys, threading, time
from labloop import (
    Budget, CampaignSpec, Continuous, FailurePolicy, Maximize, Reached, Scalar, ScalarValue,
    SearchSpace
)
from labloop.errors import UncertainError
from labloop.records import Proposal, ProposalBatch

"""
TAIL = """
campaign = CampaignSpec(
    "first", SearchSpace(Continuous("heat", 20, 90, unit="degC")),
    outputs=[Scalar("gain", unit="%")], objective=Maximize("gain"), procedure=measure,
    seed=3, OPTIONS
)
"""
PLAIN = """
def measure(x):
    return {"gain": 90 - (x.heat.magnitude - 62) ** 2 / 30, "remark": "fine"}
"""
GATED = """
def measure(x):
    with open("begun", "w"):
        pass
    GATE.wait(30)
    return {"gain": 1.0}
GATE = threading.Event()
"""


def write(folder, function, options="budget=Budget(experiments=6)"):
    """Write a campaign of a plain function and return its path."""
    path = folder / "first.py"
    if "strategy" not in options:
        options += ', strategy="random"'
    path.write_text(HEAD + function + TAIL.replace("OPTIONS", options))
    return path


def run(repositories, folder, function, options="budget=Budget(experiments=6)"):
    """Run a campaign to its end; return its record and its experiments."""
    record = create(repositories, write(folder, function, options)).run()
    return record, repositories.experiments.all(record.id)


def test_a_function_is_an_experiment(repositories, tmp_path):
    """It is run, kept and analysed as in a lab; its results count as real ones."""
    record, rows = run(repositories, tmp_path, PLAIN)
    assert (record.state, record.mode) == (CampaignState.FINISHED, Mode.REAL)
    assert [row.state for row in rows] == [ExperimentState.DONE] * 6
    outputs = repositories.experiments.outputs(record.id)
    for row in rows:
        heat = row.point["heat"]
        assert outputs[row.id]["gain"].value == pytest.approx(90 - (heat - 62) ** 2 / 30)
        assert outputs[row.id]["gain"].unit == "%"
        assert repositories.experiments.raw(row.id).raw["remark"] == "fine"
        assert 0 <= row.lab_started <= row.lab_finished


SLOW = """
class Learner:
    name = "learner"
    def propose(self, space, objective, data, pending, n, seed):
        learned = int(data.fingerprint()[:8], 16) % 1000 + len(pending)
        points = [{"heat": 20 + 0.01 * learned + 10 * i} for i in range(n)]
        return ProposalBatch(tuple(Proposal(p, self.name, "next") for p in points))

def measure(x):
    t = x.heat.magnitude
    time.sleep(0.01 * (FACTOR * t % 5))
    return {"gain": 90 - (t - 62) ** 2 / 30}
"""


def test_what_is_proposed_does_not_depend_on_who_returns_first(tmp_path):
    """Four at once in threads, in two orders, and one after the other: the same to the bit."""
    proposed = []
    for number, (parallel, factor) in enumerate([(1, 0), (4, 7), (4, 11)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        options = f"strategy=Learner(), budget=Budget(experiments=12), batch=4, parallel={parallel}"
        with open_database(folder / "x.db") as repositories:
            record, _ = run(repositories, folder, SLOW.replace("FACTOR", str(factor)), options)
            assert record.state is CampaignState.FINISHED
            rounds = repositories.rounds.all(record.id)
            proposed.append([[dict(p.point) for p in r.proposals] for r in rounds])
    assert len(proposed[0]) == 3
    assert proposed[0] == proposed[1] == proposed[2]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    raise ValueError('no sample')", "ValueError: no sample (first.py line 12)"),
        ("    sys.exit('gone')", "SystemExit: gone (first.py line 12)"),
        ("    x.cold", "the space has no parameter 'cold'; it has heat (first.py line 12)"),
        ("    raise KeyboardInterrupt", "KeyboardInterrupt (first.py line 12)"),
        ("    return None", "must return a mapping of names to measured values, got None"),
        ("    return {'loss': 1.0}", "returned loss and not the declared output gain"),
        ("    return {'gain': float('nan')}", "must be finite"),
        ("    raise asyncio.CancelledError", "CancelledError (first.py line 12)"),
    ],
)
def test_what_goes_wrong_is_a_failure_with_its_line(repositories, tmp_path, body, reason):
    """Whatever a function raises fails its experiment; three in a row end the campaign."""
    record, rows = run(repositories, tmp_path, f"\ndef measure(x):\n{body}\n")
    assert record.state is CampaignState.FAILED
    assert "3 experiments in a row failed" in record.reason
    assert [row.state for row in rows] == [ExperimentState.FAILED] * 3
    assert all(reason in row.reason for row in rows), rows[0].reason


def test_the_line_of_an_awaited_function_is_told(repositories, tmp_path):
    """An ``async def`` fails with the line of its own, not with one of the event loop."""
    function = "\nasync def measure(x):\n    await asyncio.sleep(0)\n    raise OSError('x')\n"
    _, rows = run(repositories, tmp_path, function)
    assert rows[0].reason == "OSError: x (first.py line 13)"


def test_a_doubt_of_the_function_waits_for_a_person(repositories, tmp_path):
    """An UncertainError is a question, and a person's answer lets the campaign go on."""
    function = """
def measure(x):
    if not SEEN:
        SEEN.append(1)
        raise UncertainError("the shaker did not answer")
    return {"gain": 1.0}
SEEN = []
"""
    campaign = create(repositories, write(tmp_path, function, "budget=Budget(experiments=2)"))
    thread = threading.Thread(target=campaign.run)
    thread.start()
    wait_until(lambda: "shaker" in campaign.snapshot().question)
    asked = ask(
        repositories, campaign.record.id, CommandKind.RESOLVE, experiment="1", outcome="failed"
    )
    thread.join(20)
    assert answer_of(repositories, campaign.record.id, asked) == (True, "accepted")
    assert campaign.record.state is CampaignState.FINISHED


def test_a_function_with_its_spread_keeps_it(repositories, tmp_path):
    """A standard deviation that the function returns stands in the output."""
    function = "\ndef measure(x):\n    return {'gain': ScalarValue(5.0, '%', sd=0.5)}\n"
    record, rows = run(repositories, tmp_path, function, "budget=Budget(experiments=1)")
    assert repositories.experiments.outputs(record.id)[rows[0].id]["gain"].sd == 0.5


def test_so_many_run_at_once(repositories, tmp_path):
    """``parallel`` functions run at the same time, and never more."""
    function = """
BUSY, MOST, LOCK = set(), [0], threading.Lock()
def measure(x):
    with LOCK:
        BUSY.add(threading.get_ident())
        MOST[0] = max(MOST[0], len(BUSY))
    time.sleep(0.1)
    with LOCK:
        BUSY.discard(threading.get_ident())
    return {"gain": float(MOST[0])}
"""
    options = "budget=Budget(experiments=6), batch=6, parallel=3"
    record, _ = run(repositories, tmp_path, function, options)
    outputs = repositories.experiments.outputs(record.id).values()
    assert max(found["gain"].value for found in outputs) == 3


def test_a_stop_rule_and_approval_hold_for_functions(repositories, tmp_path):
    """A rule ends the campaign early, and a proposal waits for a person's yes."""
    options = "budget=Budget(experiments=6), stop=[Reached(-1e9)], approval=True"
    campaign = create(repositories, write(tmp_path, PLAIN, options))
    thread = threading.Thread(target=campaign.run)
    thread.start()
    wait_until(lambda: "approval" in campaign.snapshot().question)
    ask(repositories, campaign.record.id, CommandKind.APPROVE, experiment="1")
    thread.join(20)
    assert campaign.record.state is CampaignState.FINISHED
    assert "was reached" in campaign.record.reason


def test_a_coroutine_is_cancelled_by_a_stop(repositories, tmp_path):
    """An ``async def`` ends at once, its clean-up runs, and its experiment is abandoned."""
    function = """
async def measure(x):
    try:
        await asyncio.sleep(60)
    finally:
        x.numbers  # clean-up runs
    return {"gain": 1.0}
"""
    record = stopped(repositories, write(tmp_path, function))
    (row,) = repositories.experiments.all(record.id)
    assert record.state is CampaignState.STOPPED
    assert (row.state, row.reason) == (ExperimentState.ABANDONED, "enough")


def test_what_cannot_be_interrupted_is_uncertain(repositories, tmp_path, monkeypatch):
    """A ``def`` that does not return after a stop is waited for, then put to a person."""
    monkeypatch.setattr("labloop.campaign.loop.runner.ABORT_SECONDS", 0.3)
    monkeypatch.chdir(tmp_path)
    record = stopped(repositories, write(tmp_path, GATED))
    (row,) = repositories.experiments.all(record.id)
    assert record.state is CampaignState.STOPPED
    assert row.state is ExperimentState.UNCERTAIN
    assert "did not end within" in row.reason
    again = Campaign.resume(repositories, "first")
    thread = threading.Thread(target=again.run)
    thread.start()
    wait_until(lambda: "what became of experiment 1" in again.snapshot().question)
    again.stop("enough")
    thread.join(20)


def test_a_campaign_of_a_function_is_found_whatever_mode_is_asked(repositories, tmp_path):
    """There is one of a name: it is gone on with, and not begun twice, in either mode."""
    record, _ = run(repositories, tmp_path, PLAIN)
    for mode in Mode:
        assert Campaign.resume(repositories, "first", mode=mode).record.id == record.id
        with pytest.raises(NameTakenError, match="labloop resume first --db"):
            Campaign.create(repositories, load_campaign(tmp_path / "first.py"), mode=mode)


def stopped(repositories, path):
    """Return a campaign's record after a stop while its first experiment runs."""
    campaign = create(repositories, path)
    thread = threading.Thread(target=campaign.run)
    thread.start()
    running = {ExperimentState.RUNNING}
    wait_until(lambda: repositories.experiments.all(campaign.record.id, running))
    time.sleep(0.1)
    campaign.stop("enough")
    thread.join(20)
    assert not thread.is_alive()
    return campaign.record


def wait_until(met):
    """Wait for something at most twenty seconds."""
    until = time.monotonic() + 20
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)
