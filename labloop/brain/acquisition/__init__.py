"""What makes a point worth measuring, where that is largest, and what the model expects."""

from labloop.brain.acquisition.failures import chance_of_success
from labloop.brain.acquisition.fit_report import expected, tell
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
from labloop.brain.acquisition.noisy_improvement import LogNoisyEI
from labloop.brain.acquisition.optimize import Optimum, best_in_list, best_in_space, values_at
from labloop.brain.acquisition.training import training_data

__all__ = [
    "Acquisition",
    "AcquisitionContext",
    "LogNoisyEI",
    "Optimum",
    "Weighted",
    "best_in_list",
    "best_in_space",
    "chance_of_success",
    "constrained",
    "expected",
    "improvement",
    "knows_constraints",
    "log_noisy_ei",
    "names_of",
    "stack",
    "tell",
    "training_data",
    "values_at",
]
