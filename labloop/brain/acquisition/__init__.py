"""Acquisition functions, their maximisation, and what is said of a proposal.

``functions.py`` chooses the acquisition function, ``noisy_improvement.py`` and
``noisy_hypervolume.py`` are the closed forms for one aim and for two, ``joint.py`` what many
points are worth together, ``failures.py`` models where experiments fail, ``effort.py`` what they
take, ``optimize.py`` and ``few_moves.py`` find the maximum, ``training.py`` makes tensors of
observations; ``fit_report.py`` and ``purpose.py`` say in numbers and words what came of it.
"""

from labloop.brain.acquisition.effort import Effort, EffortRule, learned_effort
from labloop.brain.acquisition.failures import FailureModel, learned_failures
from labloop.brain.acquisition.few_moves import MANY
from labloop.brain.acquisition.fit_report import expected, summarize_fit
from labloop.brain.acquisition.functions import (
    Acquisition,
    AcquisitionContext,
    Weighted,
    constrained,
    improvement,
    knows_constraints,
    log_noisy_ei,
    names_of,
    stack,
)
from labloop.brain.acquisition.joint import Joint
from labloop.brain.acquisition.noisy_improvement import LogNoisyEI
from labloop.brain.acquisition.optimize import Optimum, best_in_list, best_in_space, values_at
from labloop.brain.acquisition.purpose import failures_told, purpose_of
from labloop.brain.acquisition.replicates import worthwhile_repeat
from labloop.brain.acquisition.training import finished, learned_data, training_data

__all__ = [
    "MANY",
    "Acquisition",
    "AcquisitionContext",
    "Effort",
    "EffortRule",
    "FailureModel",
    "Joint",
    "LogNoisyEI",
    "Optimum",
    "Weighted",
    "best_in_list",
    "best_in_space",
    "constrained",
    "expected",
    "failures_told",
    "finished",
    "improvement",
    "knows_constraints",
    "learned_data",
    "learned_effort",
    "learned_failures",
    "log_noisy_ei",
    "names_of",
    "purpose_of",
    "stack",
    "summarize_fit",
    "training_data",
    "values_at",
    "worthwhile_repeat",
]
