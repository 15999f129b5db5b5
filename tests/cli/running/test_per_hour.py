"""A campaign of the flow lab, planned by the hour of its simulated lab."""

import csv
import shutil
from pathlib import Path

FLOW = Path(__file__).resolve().parents[3] / "examples" / "flow_snar"


def test_hours_are_learned_from_the_lab(shell):
    """From the fourth duration on proposals are worth most of an hour, and their reasons say so."""
    shutil.copytree(FLOW, shell.folder / "flow")
    path = shell.folder / "flow" / "campaign.py"
    text = path.read_text(encoding="utf-8").replace('physics="physics:SNAr",', 'per="hour",')
    path.write_text(text, encoding="utf-8")
    shell.ok("run", "flow/campaign.py", "--engine", "plain", "--experiments", "7")
    shell.ok("export", "snar", "--out", "out")
    (table,) = list((shell.folder / "out").glob("proposals*.csv"))
    with table.open(newline="", encoding="utf-8") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    assert "improvement per hour, learned from 6 durations" in reasons[-1]
    assert "per hour" not in reasons[2]
