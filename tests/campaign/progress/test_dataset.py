"""What was measured so far is kept beside the database, and always equals what stands in it."""

import random

from labloop.campaign.progress.dataset import LiveDataset
from labloop.objectives import Maximize, Objectives, OutcomeConstraint
from labloop.records import Dataset, Observation


def one(number, value):
    outputs = {} if value is None else {"y": value}
    return Observation(f"e{number}", {"x": 0.5}, outputs, failed=value is None)


def test_the_best_is_the_best_of_all_whatever_came_when():
    """New results, failures, results out of order and corrected ones: the best is never stale."""
    objectives = Objectives.of(Maximize("y"), [OutcomeConstraint("y", at_most=17)])
    rng = random.Random(0)
    measured = LiveDataset(objectives)
    for step in range(200):
        number = rng.randrange(60)
        measured.numbers[f"e{number}"] = number
        value = None if rng.random() < 0.2 else float(rng.randrange(20))
        measured.add(one(number, value))
        assert measured.best == objectives.best_seen(measured.data), step
        results = [o.outputs["y"] for o in measured.data.observations if not o.failed]
        kept = [value if value <= 17 else float("-inf") for value in results]
        assert measured.scores() == kept, step
        assert measured.data.done == Dataset(measured.data.observations).done, step
        many = sum(value <= 17 for value in results)
        assert measured.kept == f"{many} of {len(results)} results have y at most 17", step
    assert measured.data == Dataset(measured.data.observations)


def test_equal_results_keep_the_earlier_experiment():
    """Of equal results the smaller number is the best, in whichever order they came."""
    measured = LiveDataset(Objectives.of(Maximize("y")))
    measured.numbers |= {"e1": 1, "e2": 2}
    measured.add(one(2, 5.0))
    measured.add(one(1, 5.0))
    assert measured.best is not None
    assert measured.best.experiment_id == "e1"
