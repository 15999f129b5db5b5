"""Promise: what a campaign needs calibrated is, or it is refused before anything moves."""

from datetime import UTC, datetime, timedelta

import pytest

from labloop.campaign import load_campaign
from labloop.campaign.checks import require_calibrations
from labloop.errors import CampaignError, CampaignFileError, LabFileError
from labloop.lab import load_lab_file, plan_lab
from labloop.records import Calibration, Mode, calibration_age
from labloop.store import open_database

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
    budget=Budget(experiments=1), calibrated={},
)
"""
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def weigh(tmp_path):
    """Return what makes the campaign, with other calibrations where they are given."""

    def make(calibrated="{}", lab=LAB):
        (tmp_path / "lab.toml").write_text(lab)
        text = CAMPAIGN.replace("calibrated={}", f"calibrated={calibrated}")
        (tmp_path / "campaign.py").write_text(text)
        return load_campaign(tmp_path / "campaign.py")

    return make


@pytest.fixture
def database(tmp_path):
    """Return an empty database."""
    with open_database(str(tmp_path / "lab.db")) as made:
        yield made


def calibrated(database, days=1, number="B-1", mode=Mode.SIMULATED, due=None):
    """Write down a calibration of the balance, so many days ago."""
    database.calibrations.add(
        Calibration(
            device="balance",
            quantity="weight",
            mode=mode,
            performed=NOW - timedelta(days=days),
            serial_number=number,
            due=due,
            performed_by="anna",
        )
    ).result()


def test_a_calibration_that_is_young_enough_counts(database, weigh):
    """It is looked at in the mode of the campaign alone."""
    definition = weigh()
    calibrated(database, days=29)
    require_calibrations(database, definition, Mode.SIMULATED, NOW)
    with pytest.raises(CampaignError, match=r"and none is recorded.*balance weight --real"):
        require_calibrations(database, definition, Mode.REAL, NOW)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"days": 31}, "not older than 30 days, and the newest is of 2026-10-30, 31 days ago"),
        ({"number": "B-2"}, "and none is recorded"),
        ({"due": NOW - timedelta(days=1)}, "was due on 2026-11-29"),
    ],
)
def test_another_one_is_refused_in_a_sentence(database, weigh, made, sentence):
    """Too old, of another instrument of the same name, or past its own due."""
    calibrated(database, **made)
    with pytest.raises(CampaignError, match=sentence) as caught:
        require_calibrations(database, weigh(), Mode.SIMULATED, NOW)
    assert "balance.weight (serial number B-1)" in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


def test_the_newest_one_counts(database, weigh):
    """By the day on which it was done, in whatever order they were written down."""
    calibrated(database, days=2)
    calibrated(database, days=200)
    require_calibrations(database, weigh(), Mode.SIMULATED, NOW)


def test_a_procedure_may_ask_for_a_younger_one(database, weigh):
    """The spec's ages count beside those of the lab file, the shortest one."""
    calibrated(database, days=29)
    definition = weigh('{"balance.weight": "1 week"}')
    with pytest.raises(CampaignError, match="not older than 1 week"):
        require_calibrations(database, definition, Mode.SIMULATED, NOW)
    assert definition.bundle.spec["calibrated"] == {"balance.weight": "1 week"}
    with pytest.raises(CampaignError, match="has no device 'scale'; it has: balance"):
        require_calibrations(database, weigh('{"scale.weight": "1 week"}'), Mode.SIMULATED, NOW)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("3", "a table such as"),
        ('{"balance": "30 days"}', 'entries such as "balance.weight"'),
        ('{"balance.weight": "soon"}', "calibrated\\['balance.weight'\\]"),
        ('{"balance.weight": "0 days"}', "above 0"),
    ],
)
def test_a_spec_that_cannot_be_read_is_told(weigh, given, sentence):
    """When the file is loaded."""
    with pytest.raises(CampaignFileError, match=sentence):
        weigh(given)


def test_a_lab_file_that_cannot_be_read_is_told():
    """An unknown quantity or age, with table and key."""
    wrong = LAB.replace('weight = "30 days"', 'colour = "30 days"\nweight = "3 m"')
    with pytest.raises(LabFileError) as caught:
        plan_lab(load_lab_file(wrong), Mode.SIMULATED)
    assert "[devices.balance.calibrated] colour is no read and no action" in str(caught.value)
    assert "[devices.balance.calibrated] weight: " in str(caught.value)


def test_ages_are_days_weeks_and_years():
    """A year has 365 days; units of time are known, too."""
    assert calibration_age("1 year") == timedelta(days=365)
    assert calibration_age("2 weeks") == calibration_age("336 h") == timedelta(days=14)
