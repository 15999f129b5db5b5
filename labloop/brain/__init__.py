"""The brain: proposes experiments from past experiments."""

from labloop.brain._acquisition import Acquisition, AcquisitionContext, LogNoisyEI, improvement
from labloop.brain._auto import AutoStrategy
from labloop.brain._botorch import BotorchStrategy
from labloop.brain._brain import Brain
from labloop.brain._physics import PhysicsStrategy
from labloop.brain._resolve import resolve_strategy, strategy_names
from labloop.brain._sampling import RandomStrategy, SobolStrategy
from labloop.brain._skopt import SkoptStrategy
from labloop.brain._strategy import Strategy

__all__ = [
    "Acquisition",
    "AcquisitionContext",
    "AutoStrategy",
    "BotorchStrategy",
    "Brain",
    "LogNoisyEI",
    "PhysicsStrategy",
    "RandomStrategy",
    "SkoptStrategy",
    "SobolStrategy",
    "Strategy",
    "improvement",
    "resolve_strategy",
    "strategy_names",
]
