"""Looking at a campaign, and sampling one, load nothing that learns."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from labloop.cli import main

for words in json.loads(sys.argv.pop()):
    sys.argv = ["labloop", *words]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, words
heavy = ("torch", "botorch", "gpytorch", "sklearn", "skopt", "numba")
print("loaded", json.dumps([m for m in heavy if m in sys.modules]))
"""


def loaded(shell, *verbs):
    """Return which heavy libraries a process has loaded after some verbs."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(verbs)],
        cwd=shell.folder,
        env=shell.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1].removeprefix("loaded "))


def test_a_sampled_campaign_loads_nothing_that_learns(tiny):
    """Run, status, report and export of a random campaign answer without torch."""
    assert (
        loaded(
            tiny,
            ("run", "campaign.py", "--engine", "plain"),
            ("status", "tiny"),
            ("report", "tiny"),
            ("export", "tiny"),
        )
        == []
    )


def test_a_sampled_campaign_by_hand_loads_nothing_that_learns(shell, by_hand):
    """Ask answers as fast for a person."""
    shell.write("hand.py", by_hand)
    assert loaded(shell, ("ask", "hand.py", "-n", "2")) == []
