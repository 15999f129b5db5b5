"""Where the loop stands, in words: no number that does not fit the other."""

from dataclasses import replace

import pytest

from labloop.campaign.decisions import Budget, FailurePolicy
from labloop.campaign.decisions.state import MachineConfig, MachineState
from labloop.campaign.progress.descriptions import budget_fraction, describe_budget

CONFIG = MachineConfig(budget=Budget(experiments=15, hours=2.0), policy=FailurePolicy())


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        (3, "3/15 experiments, 0.5/2 h of lab time"),
        (15, "15/15 experiments, 0.5/2 h of lab time"),
        (20, "20 experiments (budget 15), 0.5/2 h of lab time"),
    ],
)
def test_a_budget_that_was_cut_is_no_fraction(finished, words):
    """More than the whole is told as two numbers, and the bar is full."""
    state = MachineState(finished=finished, lab_hours=0.5)
    assert describe_budget(CONFIG, state) == words
    assert budget_fraction(CONFIG, state) == {3: 0.25, 15: 1.0, 20: 1.0}[finished]


def test_a_run_of_one_experiment_has_no_budget():
    """Nothing is counted down where nothing limits."""
    config = replace(CONFIG, budget=None)
    assert describe_budget(config, MachineState(finished=1)) == ""
    assert budget_fraction(config, MachineState(finished=1)) == 0.0
