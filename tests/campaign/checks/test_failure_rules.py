"""Promise: a rule that speaks of what the lab has not is refused before anything moves."""

import pytest

from labloop.campaign import CampaignSpec, FailurePolicy, FailureRule
from labloop.campaign.checks.failure_rules import require_known_devices
from labloop.errors import CampaignError, CampaignFileError
from labloop.lab import load_lab_file
from labloop.objectives import Maximize
from labloop.records import Scalar
from labloop.space import Continuous, SearchSpace

LAB = """
[lab]
name = "two"

[devices.pump]
driver = "tiny_lab:Box"

[stations.oven]
names = ["oven_1", "oven_2"]

[stations.arm]
names = ["arm"]
"""


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (FailureRule(device="pmup"), "has no device or station 'pmup'; it has: pump, oven_1"),
        (FailureRule(device="arm", then="other station"), r"the only one of \[stations.arm\]"),
    ],
)
def test_a_rule_names_what_the_lab_has(rule, told):
    """One sentence, with the names that there are."""
    with pytest.raises(CampaignError, match=told):
        require_known_devices(FailurePolicy(rules=[rule]), load_lab_file(LAB))


def test_another_station_needs_two_alike():
    """A lab without any has nowhere to go."""
    lab = load_lab_file(LAB.split("[stations.oven]", maxsplit=1)[0])
    policy = FailurePolicy(rules=[FailureRule(then="other station")])
    with pytest.raises(CampaignError, match="no two stations that are alike"):
        require_known_devices(policy, lab)


def test_rules_that_fit_are_taken():
    """Devices, stations and what is said of any failure."""
    rules = [FailureRule(device="pump"), FailureRule(device="oven_1", then="other station")]
    require_known_devices(FailurePolicy(rules=rules), load_lab_file(LAB))


@pytest.mark.parametrize(
    "policy",
    [FailurePolicy(rules=[FailureRule(device="pump")]), FailurePolicy(pause_device_after=2)],
)
def test_without_a_lab_no_device_is_spoken_of(policy):
    """A plain function has none."""
    with pytest.raises(CampaignFileError, match="speaks of devices, and the campaign has no lab"):
        CampaignSpec(
            "plain",
            SearchSpace(Continuous("x", 0, 1)),
            outputs=[Scalar("y")],
            objective=Maximize("y"),
            procedure=lambda x: {"y": x.x},
            failures=policy,
        )
