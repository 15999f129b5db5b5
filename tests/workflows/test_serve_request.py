"""What the form asks for is honoured or refused, never passed over."""

import subprocess
import sys

ASK = """
import json, os, sys
from pathlib import Path
import labloop_workflows._serve as serve
from labloop.campaign import Campaign
from labloop.errors import LabloopError
from labloop.store import open_database

os.environ["LABLOOP_SERVED"] = json.dumps(
    {"paths": {"slow": sys.argv[1]}, "db": sys.argv[2], "real": False}
)
# The flow around it is looked at elsewhere: here a request becomes a campaign that runs.
serve.run_inside = lambda campaign, hooks: campaign.run(hooks)
for words in sys.argv[3:]:
    try:
        record = serve.run_request(serve.RunRequest(campaign="slow", **json.loads(words)))
        print(record.generation, record.reason)
    except LabloopError as error:
        print("refused:", error)
"""


def test_a_resume_raises_the_budget_and_refuses_another_seed(alone, support):
    """Experiments are counted in all, and a seed belongs to a campaign from its begin."""
    asked = (
        '{"experiments": 4}',
        '{"resume": true, "experiments": 8}',
        '{"resume": true, "seed": 5}',
        '{"resume": true}',
    )
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            ASK,
            str(support / "slow_campaign" / "campaign.py"),
            str(alone.db),
            *asked,
        ],
        env=alone.env,
        cwd=alone.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    first, second, third, fourth = told.stdout.splitlines()
    assert first == "0 the budget of 4 experiments is used up"
    assert second == "0 the budget of 8 experiments is used up"
    assert third.startswith("refused: a campaign goes on with the seed that it was begun with")
    assert fourth == "0 the budget of 8 experiments is used up"
