"""Hours and cost are counted the same by the process that uses them and by the next one."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from campaign_toys import PLANNER, create, slow_planner, write

from labloop.campaign import Campaign, PlainHooks, lab_seconds
from labloop.campaign.loop.reconciliation import reconcile
from labloop.campaign.progress.lab_time import LabTime
from labloop.records import CampaignState, ExperimentState, Mode

HERE = Path(__file__).resolve().parents[1]
COSTS = "budget=Budget(experiments=4, cost=100), cost=lambda point: 2"
RUN = """
import sys
from campaign_toys import create
from pathlib import Path
from labloop.campaign import PlainHooks
from labloop.store import open_database

def told(snapshot):
    print(snapshot.finished, snapshot.lab_hours, snapshot.budget, sep="|", flush=True)

with open_database(sys.argv[1]) as repositories:
    create(repositories, Path(sys.argv[2])).run(PlainHooks(told))
"""
KILL = """
    if x.level.magnitude == 1:
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
"""


def counted(repositories, campaign):
    """Return (lab hours, cost) as the next process would count them."""
    state = reconcile(repositories, campaign.record, campaign.definition.spec, "me").state
    return state.lab_hours, state.cost


def live(campaign):
    """Return (lab hours, cost) as the process that ran it has counted them."""
    snapshot = campaign.snapshot()
    return snapshot.lab_hours, float(snapshot.budget.split(", ")[-1].split("/")[0])


def test_every_second_counts_once_in_whichever_order():
    """Parallel experiments share their time, and the order of their ends changes nothing."""
    spans = [(0.1, 10.3), (5.2, 12.7), (20.1, 30.9), (12.7, 13.3), (40.0, 40.0)]
    totals = set()
    for order in itertools.permutations(spans):
        time_used = LabTime()
        for start, end in order:
            time_used.add(start, end)
        totals.add(time_used.seconds())
    assert len(totals) == 1
    assert totals.pop() == pytest.approx(13.2 + 10.8)
    assert LabTime().seconds(since=3.0, now=5.0) == 2.0
    time_used.add(None, 50.0)
    time_used.add(60.0, None)
    assert time_used.seconds() == pytest.approx(24.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends POSIX signals")
def test_killed_and_resumed_the_count_goes_on(repositories, tmp_path):
    """After SIGKILL in the third experiment: what had ended counts as before, the third is paid."""
    path = write(tmp_path, COSTS)
    text = path.read_text()
    wait = '    await lab.wait(quantity(SECONDS, "s"))\n'
    path.write_text(text.replace(wait, wait + KILL))
    child = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path / "x.db"), str(path)],
        env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parent / 'support/tiny_lab'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    finished, hours, budget = child.stdout.splitlines()[-1].split("|")
    assert (finished, float(hours) * 3600) == ("2", pytest.approx(10.0, abs=0.5))
    assert budget.endswith("4/100 cost")

    campaign = Campaign.resume(repositories, "tiny", mode=Mode.SIMULATED, actor="me")
    again = counted(repositories, campaign)
    assert again == (pytest.approx(float(hours), abs=0.5 / 3600), 6.0)
    lost = repositories.experiments.all(campaign.record.id, {ExperimentState.ABANDONED})
    assert [row.number for row in lost] == [3]
    campaign.extend(2)
    assert campaign.run().state is CampaignState.FINISHED
    assert live(campaign) == counted(repositories, campaign) == again


def test_a_later_opening_is_added(repositories, tmp_path):
    """A second opening that works longer than the first counts from where that one ended."""
    path = write(tmp_path, "budget=Budget(experiments=1, cost=100), cost=lambda point: 2")
    first = create(repositories, path)
    first.run()
    again = Campaign.resume(repositories, "tiny", actor="me")
    again.extend(4)
    again.run()
    rows = repositories.experiments.all(again.record.id)
    assert lab_seconds(rows) == pytest.approx(4 * 5.0, abs=0.5)
    assert [row.lab_started for row in rows] == sorted(row.lab_started for row in rows)
    assert live(again) == counted(repositories, again)


def test_a_cancelled_experiment_has_used_the_lab(repositories, tmp_path):
    """A stop in the middle: its time up to there counts, and what was begun is paid."""
    campaign = create(repositories, write(tmp_path, COSTS), speed=10.0)

    def watch(snapshot):
        if snapshot.running and snapshot.finished == 1:
            threading.Timer(0.2, lambda: campaign.stop("enough")).start()

    assert campaign.run(PlainHooks(watch)).state is CampaignState.STOPPED
    rows = repositories.experiments.all(campaign.record.id)
    assert [row.state for row in rows] == [ExperimentState.DONE, ExperimentState.ABANDONED]
    assert rows[1].lab_finished - rows[1].lab_started > 0.5
    assert live(campaign) == counted(repositories, campaign)
    assert live(campaign)[1] == 4.0
    assert live(campaign)[0] * 3600 == pytest.approx(lab_seconds(rows))


def test_thinking_in_real_time_is_no_lab_time(repositories, tmp_path):
    """Where the lab's clock cannot stand still, the brain's pause is not counted either."""
    path = write(tmp_path, COSTS, seconds=0.1)
    campaign = create(repositories, path, speed="real")
    with slow_planner():

        def end():
            PLANNER.thinks.wait(30)
            time.sleep(1.5)
            PLANNER.slow.clear()
            PLANNER.done.set()

        threading.Thread(target=end, daemon=True).start()
        campaign.run()
    assert 0.4 <= live(campaign)[0] * 3600 < 1.5
    assert live(campaign) == counted(repositories, campaign)
