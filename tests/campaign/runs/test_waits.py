"""Who waits for whom in the lab is stored while it waits, so that another process can tell it."""

import threading
import time

import pytest
from campaign_toys import bake, create

from labloop.records import CampaignState, ExperimentState
from labloop.report import Brief, summary
from labloop.store import open_database

OVEN = "\n[stations.oven]\ncount = 1\n"
RECIPE = """    async with lab.any("oven"):
        for _ in range(50):
            await lab.wait(quantity(1, "min"))
    return {"shown": 1.0}
"""


def seen(repositories, campaign_id):
    """Return what another reader of the database is told; waits until somebody waits."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = summary(repositories, campaign_id)
        if any("min of lab time" in words for words in found.waits.values()):
            return found
        time.sleep(0.02)
    pytest.fail("nobody was seen to wait")


def test_another_process_reads_who_waits_for_whom(repositories, tmp_path):
    """Promise: for what, who has it, and since when, in words; it is gone when it is over."""
    path = bake(tmp_path, "budget=Budget(experiments=2), batch=2, parallel=2", RECIPE, OVEN)
    campaign = create(repositories, path, speed=1500.0)
    running = threading.Thread(target=campaign.run)
    running.start()
    with open_database(tmp_path / "x.db", read_only=True) as reader:
        found = seen(reader, campaign.record.id)
        page = Brief(reader, campaign.record.id)
        page.look()
        told = page.page()
    running.join(120)
    [(number, words)] = found.waits.items()
    other = 3 - number
    assert words.startswith(f"waits for oven, which experiment {other} has, since ")
    assert f"- experiment {number} waits for oven, which experiment {other} has" in told
    assert campaign.record.state is CampaignState.FINISHED
    ended = repositories.experiments.all(campaign.record.id)
    assert [(row.state, row.reason) for row in ended] == [(ExperimentState.DONE, "")] * 2
    assert campaign.snapshot().waits == ()
    assert summary(repositories, campaign.record.id).waits == {}


def test_only_a_running_experiment_waits_in_the_lab(repositories, tmp_path):
    """Promise: a note that comes late changes no end, and is in no history."""
    path = bake(tmp_path, "budget=Budget(experiments=1)", RECIPE, OVEN)
    campaign = create(repositories, path)
    campaign.run()
    [row] = repositories.experiments.all(campaign.record.id)
    repositories.experiments.note(row.id, "waits for oven").result()
    assert repositories.experiments.get(row.id) == row
