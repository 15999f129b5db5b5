"""``labloop devices calibrate | calibrations``: what a person found is kept, shown and required."""

import csv

import pytest

LAB = """
[lab]
name = "bench"
world = "bench"
world_options = { balance = "mettler" }

[devices.balance]
driver = "mettler"
serial_number = "B-1"

[devices.balance.calibrated]
weight = "30 days"
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

async def weigh(lab, x):
    return {"mass": (await lab.balance.weight()).value}

campaign = CampaignSpec(
    "weigh", SearchSpace(Continuous("t", 0, 1)), outputs=[Scalar("mass")],
    objective=Maximize("mass"), procedure=weigh, lab="lab.toml", strategy="random",
    budget=Budget(experiments=1),
)
"""
WORDS = ("devices", "calibrate", "lab.toml", "balance", "weight")


@pytest.fixture
def bench(shell):
    """Return a shell in the folder of a campaign that needs its balance calibrated."""
    shell.write("lab.toml", LAB)
    shell.write("campaign.py", CAMPAIGN)
    return shell


def test_a_campaign_runs_once_its_balance_is_calibrated(bench):
    """Refused before anything is stored; afterwards it is shown, exported and reported."""
    said = bench.refused("run", "campaign.py", "--engine", "plain")
    assert "balance.weight (serial number B-1) needs a calibration not older than 30 days" in said
    assert "labloop devices calibrate" in said
    assert "no campaign yet" in bench.ok("campaigns")
    more = ("--by", "Anna", "--due", "1 year", "--note", "certificate 7")
    said = bench.ok(*WORDS, "100 g=100.02 g", "20 g=20000 mg", *more)
    assert "recorded  balance.weight on " in said
    bench.ok("run", "campaign.py", "--engine", "plain")
    assert "calibrated balance.weight on " in bench.ok("status", "weigh")
    bench.ok("export", "weigh")
    path = bench.folder / "export-weigh" / "calibrations.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(row["reference"], row["shown"], row["unit"]) for row in rows] == [
        ("100.0", "100.02", "g"),
        ("20.0", "20.0", "g"),
    ]
    bench.ok("report", "weigh")
    assert "Calibrations" in (bench.folder / "report-weigh.html").read_text()
    listed = bench.ok("devices", "calibrations")
    assert "Anna" in listed
    assert "certificate 7" in listed
    assert "none      of a real instrument" in bench.ok("devices", "calibrations", "--real")


def test_an_old_calibration_is_refused_and_overdue_ones_are_told(bench):
    """The sentence says of when it is."""
    bench.ok(*WORDS, "--on", "2020-01-01", "--due", "2021-01-01")
    assert "2021-01-01 OVERDUE" in bench.ok("devices", "calibrations")
    said = bench.refused("run", "campaign.py", "--engine", "plain")
    assert "the newest is of 2020-01-01" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("devices", "calibrate", "lab.toml", "balance", "colour"), "no read and no action"),
        ((*WORDS, "--on", "yesterday"), "--on is a day such as"),
        ((*WORDS, "--on", "2999-01-01"), "is still to come"),
        ((*WORDS, "--due", "soon"), "--due is a day, or a time"),
        ((*WORDS, "--on", "2020-01-02", "--due", "2020-01-01"), "is not after the calibration"),
        ((*WORDS, "100 g"), "a comparison is REFERENCE=SHOWN"),
        ((*WORDS, "100 g=3 s"), "g"),
    ],
)
def test_each_mistake_is_a_sentence(bench, words, sentence):
    """It says what came; nothing is written down."""
    said = bench.refused(*words)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
