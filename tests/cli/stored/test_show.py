"""The verb that shows one experiment, and the logs in the report."""

import json

PROGRAM = """
import json, sys
from labloop import progress
progress(0.5, "half")
print("a licence for two hours", file=sys.stderr)
t = float(sys.argv[1])
if t > 60:
    sys.exit("too hot")
print(json.dumps({"gain": {"value": t / 2, "unit": "%", "sd": 0.5}}))
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Command, Continuous, Maximize, Scalar, SearchSpace

campaign = CampaignSpec(
    "program", SearchSpace(Continuous("heat", 20, 90, unit="degC")),
    outputs=[Scalar("gain", unit="%")], objective=Maximize("gain"),
    procedure=Command(["python", "sim.py", "{heat}"]), strategy="random",
    budget=Budget(experiments=1),
)
"""


def test_an_experiment_is_shown_with_its_log(shell):
    """Conditions, results, attempt, progress and log; as JSON, and in the report."""
    shell.write("sim.py", PROGRAM)
    shell.write("campaign.py", CAMPAIGN)
    said = shell.ok("check", "campaign.py")
    assert "python sim.py is a command that carries experiments out, one after the other" in said
    said = shell.ok("try", "campaign.py", "heat=50")
    assert "(command python sim.py)" in said
    assert "too hot" in shell.refused("try", "campaign.py", "heat=80")
    said = shell.ok("show", "program.try", "1")
    for words in (
        "experiment 1 of program.try: done",
        "heat=50",
        "gain 25 +- 0.5 %",
        "attempt 1: command python sim.py, done, exit code 0",
        "50 % half",
        "| a licence for two hours",
    ):
        assert words in said
    said = shell.ok("show", "program.try", "2")
    assert "because   python sim.py ended with exit code 1: too hot" in said
    found = json.loads(shell.ok("show", "program.try", "1", "--json"))
    assert found["attempts"][0]["progress"][0][1:] == [0.5, "half"]
    assert "its experiments are 1 to 2" in shell.refused("show", "program.try", "7")
    shell.ok("report", "program.try", "--out", "r.html")
    page = (shell.folder / "r.html").read_text(encoding="utf-8")
    assert "experiment 1, attempt 1: command python sim.py, done" in page
    assert "a licence for two hours" in page
    shell.ok("export", "program.try", "--out", "tables")
    texts = [path.read_text(encoding="utf-8") for path in (shell.folder / "tables").iterdir()]
    assert any("a licence for two hours" in text for text in texts)


def test_what_was_said_of_a_result_is_shown(ran):
    """Withdrawn and taken back: by whom, why, and what it gave before."""
    ran.ok("withdraw", "tiny", "2", "--why", "bubble in the cell")
    assert ": withdrawn: bubble in the cell" in ran.ok("show", "tiny", "2")
    ran.ok("correct", "tiny", "2", "shown=1.5", "--why", "cell was fine")
    said = ran.ok("show", "tiny", "2")
    told = [line for line in said.splitlines() if line.startswith("history")]
    assert told[0].startswith("history   abandoned by ")
    assert told[0].endswith(": withdrawn: bubble in the cell")
    assert any("-> 1.5, corrected: cell was fine by " in line for line in told)
    assert json.loads(ran.ok("show", "tiny", "2", "--json"))["history"] == [
        line.removeprefix("history   ") for line in told
    ]
