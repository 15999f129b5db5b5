"""What a proposal is for, in words."""

from collections.abc import Mapping, Sequence

import numpy as np

from labloop.brain.observations import failure_rule
from labloop.objectives import Objectives
from labloop.records import Observation, Prediction
from labloop.space import SearchSpace


def purpose_of(
    objective: Objectives, known: Sequence[Observation], predicted: Mapping[str, Prediction]
) -> str:
    """Return what a proposal is for: to improve, to find the allowed region, or to learn.

    Args:
        objective: what is wanted.
        known: the results so far, each with every output.
        predicted: what is expected of the proposal, by output.
    """
    outputs = np.array([[o.outputs[name] for name in objective.outputs] for o in known])
    feasible = objective.feasible(outputs)
    if not feasible.any():
        return f"to find where results have {objective.demands}"
    if any(name not in predicted for name in objective.outputs):
        return "to learn where the model is unsure"
    mean = np.array([[predicted[name].mean for name in objective.outputs]])
    scores, expected = objective.scores(outputs[feasible]), objective.scores(mean)[0]
    if (scores >= expected).all(axis=1).any():
        return "to learn: worse than the best is expected, but not surely"
    if not objective.keeps(mean)[0]:
        return "to learn: better than the best is expected, but perhaps not allowed"
    return "to improve: better than the best is expected"


def failures_told(space: SearchSpace, observations: Sequence[Observation]) -> str:
    """Return how many experiments failed and where; empty where none did."""
    failed = sum(o.failed for o in observations)
    if not failed:
        return ""
    rule = failure_rule(space, observations)
    return f"; stays away from {failed} that failed" + (f": it {rule}" if rule else "")
