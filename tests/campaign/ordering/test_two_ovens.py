"""Promise: a plan is looked after a few times, and made anew only where something is late."""

from unittest.mock import patch

import pytest

from benchmarks.schedule.orders import definition, planned_by
from labloop.campaign.forecasting.simulated_run import simulate
from labloop.lab.procedure import Queue
from labloop.scheduling import first_come


@pytest.mark.parametrize("seed", [0, 1])
def test_two_ovens_are_looked_at_a_few_times(seed):
    """Looks once multiplied, and stood the lab still; then every look asked for a new plan."""
    looks, plans = [], []
    look, follow = Queue._look_for_late, Queue.follow

    def counted_look(queue, due):
        looks.append(due)
        return look(queue, due)

    def counted_plan(queue, plan):
        plans.append(plan)
        return follow(queue, plan)

    with (
        patch.object(Queue, "_look_for_late", counted_look),
        patch.object(Queue, "follow", counted_plan),
        planned_by(lambda problem, **_: first_come(problem)),
    ):
        run = simulate(definition(6, schedule="optimised"), seed)
    assert run.experiments == 6
    assert len(looks) <= len(run.holds) / 2
    # One before the batch; nothing is late where all is as it was run ahead.
    assert len(plans) == 1
