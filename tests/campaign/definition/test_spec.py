"""A definition that cannot work is refused with one sentence that says what to change."""

import pytest

from labloop.brain import SobolStrategy
from labloop.campaign import Budget, CampaignSpec, FailurePolicy, NoImprovement, Reached
from labloop.errors import CampaignFileError, LabloopError
from labloop.objectives import Maximize, Minimize
from labloop.records import Curve, Scalar
from labloop.space import Continuous, SearchSpace


async def procedure(lab, x):
    return {"y": 1.0}


def plain(lab, x):
    return {"y": 1.0}


def nothing():
    return {"y": 1.0}


async def alone(lab):
    return {"y": 1.0}


def spec(**changes):
    given = {
        "name": "one",
        "space": SearchSpace(Continuous("x", 0, 1)),
        "outputs": [Scalar("y")],
        "objective": Maximize("y"),
    }
    return CampaignSpec(**(given | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "a b"}, "made of letters"),
        ({"space": "x"}, "must be a SearchSpace"),
        ({"outputs": []}, "must name what is measured"),
        ({"outputs": [Scalar("y"), Scalar("y")]}, "declared twice"),
        ({"outputs": [Scalar("x"), Scalar("y")]}, "x"),
        ({"objective": Minimize("z")}, "z"),
        ({"outputs": [Curve("y")]}, "y"),
        ({"batch": 0}, "batch must be a whole number from 1"),
        ({"parallel": True}, "parallel must be a whole number"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**63}, "seed must be a whole number from 0 to 9223372036854775807"),
        ({"budget": 30}, "budget must be a Budget such as"),
        ({"failures": "stop"}, "failures must be a FailurePolicy"),
        ({"stop": NoImprovement(5)}, "stop must be a list of rules"),
        ({"stop": ["early"]}, "stop must be a list of rules"),
        ({"cost": 5}, "cost must be a function of a point"),
        ({"strategy": object()}, "strategy must be a name such as 'auto', or an object"),
        ({"strategy": SobolStrategy}, "strategy must be a name such as 'auto', or an object"),
        ({"analyse": procedure}, "must be a plain 'def'"),
        ({"analyse": nothing}, "must take one argument, the raw data"),
        ({"analyse": "mean"}, "analyse must be a function"),
        ({"procedure": alone, "lab": "lab.toml"}, "must take two arguments"),
        ({"budget": Budget(cost=5)}, "needs the function cost"),
        ({"procedure": plain, "lab": "lab.toml"}, "must be written 'async def'"),
        ({"procedure": procedure}, "takes a lab: add lab="),
        ({"procedure": nothing}, r"def measure\(x\), or with a lab two"),
        ({"procedure": alone, "lab": "lab.toml"}, "needs no lab: leave lab= out"),
        ({"procedure": "react"}, "must be a function of the conditions"),
        ({"procedure": procedure, "lab": "../lab.toml"}, "beside or below"),
    ],
)
def test_mistakes_are_refused_in_a_sentence(changes, words):
    """Each mistake is told when the spec is built, by what to change."""
    with pytest.raises(LabloopError, match=words):
        spec(**changes)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "at least one of"),
        ({"experiments": 0}, "above 0"),
        ({"experiments": "x"}, "must be a number"),
        ({"experiments": 10**400}, "must be a number"),
        ({"hours": float("nan")}, "finite"),
        ({"experiments": 2.5}, "whole number"),
    ],
)
def test_a_budget_that_limits_nothing_is_refused(arguments, words):
    """A budget needs a limit that can be reached."""
    with pytest.raises(CampaignFileError, match=words):
        Budget(**arguments)


def test_a_failure_policy_is_checked():
    """An unknown policy is refused."""
    with pytest.raises(CampaignFileError, match="on_uncertain"):
        FailurePolicy(on_uncertain="shrug")
    with pytest.raises(CampaignFileError, match="stop_after"):
        FailurePolicy(stop_after=0)


def test_a_stop_rule_that_cannot_count_is_refused():
    """No improvement in none of the experiments says nothing."""
    with pytest.raises(CampaignFileError, match="from 1, got 0"):
        NoImprovement(0)


def test_stop_rules_say_why():
    """A rule is met at its score, or after experiments without improvement."""
    assert Reached(0.9).met([0.5, 0.8]) is None
    assert "0.9" in (Reached(0.9).met([0.5, 0.95]) or "")
    assert NoImprovement(2).met([0.5, 0.4]) is None
    assert NoImprovement(2).met([0.5, 0.4, 0.6]) is None
    assert "2 experiments" in (NoImprovement(2).met([0.5, 0.6, 0.4, 0.6]) or "")


def test_the_spec_as_json_names_everything_a_report_needs():
    """What is stored can be read without the campaign file."""
    told = spec().to_json()
    assert told["outputs"] == [{"kind": "scalar", "name": "y", "unit": "1"}]
    assert SearchSpace.from_spec(told["space"]).names == ("x",)
    assert told["budget"]["experiments"] == 30
