"""Records that the tests of the store use."""

from labloop.records import (
    Bundle,
    CampaignRecord,
    CampaignState,
    ExperimentRecord,
    ExperimentState,
    Mode,
    Origin,
    make_campaign_id,
    make_experiment_id,
)

CAMPAIGN = make_campaign_id("test", "simulated", 1)


def bundle(**changes) -> Bundle:
    """A small bundle."""
    values = {
        "spec": {"parameters": [{"name": "temperature", "unit": "degC", "low": 30.0}]},
        "files": {"campaign.py": b"campaign = 1\n", "lab.toml": b"[lab]\n"},
        "entry": "campaign.py",
        "versions": {"python": "3.11"},
        "sha256": "ab" * 32,
    }
    return Bundle(**{**values, **changes})


def campaign(**changes) -> CampaignRecord:
    """A campaign without a past."""
    values = {
        "id": CAMPAIGN,
        "name": "test",
        "mode": Mode.SIMULATED,
        "generation": 0,
        "seed": 1,
        "state": CampaignState.RUNNING,
        "actor": "anna",
    }
    return CampaignRecord(**{**values, **changes})


def experiment(number: int = 1, **changes) -> ExperimentRecord:
    """A planned experiment of the campaign."""
    values = {
        "id": make_experiment_id(CAMPAIGN, number),
        "campaign_id": CAMPAIGN,
        "number": number,
        "mode": Mode.SIMULATED,
        "state": ExperimentState.PLANNED,
        "origin": Origin.MANUAL,
        "point": {"temperature": 50.0, "equivalents": 2, "solvent": "water"},
        "actor": "anna",
    }
    return ExperimentRecord(**{**values, **changes})
