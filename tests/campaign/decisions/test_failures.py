"""Promise: a rule about failures says what it covers, and one that can do nothing is refused."""

import pytest

from labloop.campaign import FailurePolicy, FailureRule
from labloop.campaign.decisions.failures import Trouble, rule_for
from labloop.errors import (
    CampaignFileError,
    DeviceError,
    DeviceTimeoutError,
    ExperimentCancelled,
    UncertainError,
)
from labloop.records import ExperimentResult, ExperimentState, Failure

QUIET = Trouble(attempts={}, withdrawn=frozenset(), alike={})


def failed(*, kinds=(), device="", reason="", tries=1, state=ExperimentState.FAILED):
    names = frozenset(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    failure = Failure(kinds=names, device=device, tries=tries)
    return ExperimentResult(experiment_id="e1", state=state, reason=reason, failure=failure)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"then": "again"}, "then must be one of retry, other station, skip, ask, stop"),
        ({"then": "retry", "wait": "soon"}, "wait is a time such as '30 s', got 'soon'"),
        ({"then": "retry", "wait": "3 mL"}, "wait is a time such as '30 s', got '3 mL'"),
        ({"then": "retry", "wait": "-3 s"}, "wait is 0 s to 7 days"),
        ({"then": "retry", "times": 0}, "times must be a whole number from 1"),
        ({"then": "skip", "times": 2}, "times and wait belong to then='retry'"),
        ({"match": 3}, "matches an exception class or a text of the message, got 3"),
        ({"match": ""}, "matches an exception class or a text"),
        ({"match": KeyboardInterrupt}, "matches an exception class or a text"),
        ({"match": ExperimentCancelled}, "never matches: what a stop ends has not failed"),
        ({"match": UncertainError, "then": "retry"}, "what may have happened is never done again"),
        ({"device": 3}, "device is a name of the lab file, got 3"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(given, told):
    """With one sentence, when it is made."""
    with pytest.raises(CampaignFileError, match=told):
        FailureRule(**given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rules": [FailureRule(), FailureRule("no signal")]}, "is never reached: FailureRule"),
        ({"rules": [FailureRule("a"), FailureRule("a")]}, "stands in the list twice"),
        ({"rules": ["skip"]}, "rules must be a list of FailureRule"),
        ({"pause_device_after": 0}, "pause_device_after must be a whole number from 1"),
    ],
)
def test_a_policy_with_a_rule_that_is_never_reached_is_refused(given, told):
    """With the rule that hides it."""
    with pytest.raises(CampaignFileError, match=told):
        FailurePolicy(**given)


def test_the_first_rule_that_can_do_something_is_followed():
    """By class with its subclasses, by device, by text; used-up retries give way to the next."""
    slow = FailureRule(DeviceError, then="retry", times=2, wait="30 s")
    hot = FailureRule(device="plate", then="stop")
    blank = FailureRule("no signal", then="skip")
    policy = FailurePolicy(rules=[slow, hot, blank, FailureRule()])
    kinds = DeviceTimeoutError.__mro__[:-2]

    def rule(**given):
        return rule_for(policy, QUIET, failed(**given))

    assert rule(kinds=kinds) == slow
    assert rule(kinds=kinds, tries=3) == FailureRule()
    assert rule(kinds=kinds, tries=3, device="plate") == hot
    assert rule(reason="ValueError: No Signal at 254 nm") == blank
    assert rule(kinds=kinds, state=ExperimentState.UNCERTAIN) == FailureRule()
    assert rule(state=ExperimentState.DONE) is None


def test_waits_grow_and_end():
    """The second retry waits twice as long; then no further one comes."""
    policy = FailurePolicy(rules=[FailureRule("busy", then="retry", times=2, wait="30 s")])
    waits = [policy.seconds_to_retry(Failure(), "it is busy", done) for done in range(3)]
    assert waits == [30.0, 60.0, None]
    assert policy.seconds_to_retry(Failure(), "another thing", 0) is None


def test_another_station_must_be_there():
    """Where all others are left out as well, the next rule counts."""
    policy = FailurePolicy(rules=[FailureRule(then="other station"), FailureRule(then="ask")])
    alike = {"a": frozenset({"b"}), "b": frozenset({"a"})}
    both = Trouble(attempts={}, withdrawn=frozenset(), alike=alike)
    one = Trouble(attempts={}, withdrawn=frozenset({"a"}), alike=alike)
    assert rule_for(policy, both, failed(device="b")).then == "other station"
    assert rule_for(policy, one, failed(device="b")).then == "ask"
    assert rule_for(policy, both, failed(device="pump")).then == "ask"


def test_a_policy_is_told_as_json():
    """For the bundle, in which a campaign's definition is compared."""
    rules = [FailureRule(DeviceTimeoutError, device="pump", then="retry"), FailureRule("x")]
    assert FailurePolicy(rules=rules).spec()["rules"] == [
        {
            "error": "labloop.errors.DeviceTimeoutError",
            "device": "pump",
            "then": "retry",
            "times": 1,
            "wait": "0 s",
        },
        {"message": "x", "then": "ask"},
    ]
