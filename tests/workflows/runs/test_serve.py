"""What the form asks for is honoured or refused, never passed over."""

import subprocess
import sys

from labloop_workflows.server.one_time_codes import _code_file, new_code

ASK = """
import json, os, sys
from pathlib import Path
import labloop_workflows.runs.serve as serve
from labloop.campaign import Campaign
from labloop.errors import LabloopError
from labloop.store import open_database

os.environ["LABLOOP_SERVED"] = json.dumps(
    {"paths": {"slow": sys.argv[1]}, "db": sys.argv[2], "codes": os.environ.get("CODES")}
)
# The flow around it is looked at elsewhere: here a request becomes a campaign that runs.
serve.run_inside = lambda campaign, hooks: campaign.run(hooks)
for words in sys.argv[3:]:
    try:
        record = serve.run_request(serve.RunRequest(campaign="slow", **json.loads(words)))
        print(record.generation, record.reason)
    except LabloopError as error:
        print("refused:", str(error).replace(chr(10), " "))
"""


def answers(place, support, *asked, **env):
    """Return a line for each request: what became of it."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            ASK,
            str(support / "slow_campaign" / "campaign.py"),
            str(place.db),
            *asked,
        ],
        env=place.env | env,
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def test_a_resume_raises_the_budget_and_refuses_another_seed(alone, support):
    """Experiments are counted in all, and a seed belongs to a campaign from its begin."""
    asked = (
        '{"experiments": 4}',
        '{"resume": true, "experiments": 8}',
        '{"resume": true, "seed": 5}',
        '{"resume": true}',
    )
    first, second, third, fourth = answers(alone, support, *asked)
    assert first == "0 the budget of 4 experiments is used up"
    assert second == "0 the budget of 8 experiments is used up"
    assert third.startswith("refused: a campaign goes on with the seed that it was begun with")
    assert fourth == "0 the budget of 8 experiments is used up"


def test_a_new_one_is_begun_only_where_it_is_asked_for(alone, support):
    """A name that exists is refused with the ways on; `new` is off unless it is ticked."""
    asked = ("{}", "{}", '{"new": true}', '{"real": true}')
    first, second, third, fourth = answers(alone, support, *asked, SLOW_EXPERIMENTS="2")
    assert first.startswith("0 ")
    assert second.startswith("refused: ")
    assert "slow" in second
    assert third.startswith("1 ")
    assert fourth.startswith("refused: real instruments were not confirmed at the lab's terminal")


def test_real_instruments_need_a_code_that_nobody_used(alone, support):
    """None, wrong, used before: refused before anything is stored."""
    asked = (
        "{}",
        '{"code": " "}',
        '{"code": "AAAA-BBBB"}',
        f'{{"code": "{(code := new_code())}"}}',
    )
    asked = [words.replace("{", '{"real": true, ', 1).replace(", }", "}") for words in asked]
    folder = alone.folder / "codes"
    folder.mkdir()
    _code_file(folder, code).touch()
    none, blank, wrong, right, again = answers(alone, support, *asked, asked[-1], CODES=str(folder))
    assert "none was given" in none
    assert blank == none
    assert "wrong or was used before" in wrong
    # Accepted: what is refused now is a lab without serial numbers.
    assert right.startswith("refused: ")
    assert "code" not in right
    assert again == wrong
