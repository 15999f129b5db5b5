"""The brain: proposes experiments from past experiments.

What learns is loaded when it is first used: strategies that only sample need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from labloop.brain._brain import Brain
from labloop.brain._resolve import resolve_strategy, strategy_names
from labloop.brain._sampling import RandomStrategy, SobolStrategy
from labloop.brain._strategy import Strategy

if TYPE_CHECKING:
    from labloop.brain._acquisition import (
        Acquisition,
        AcquisitionContext,
        LogNoisyEI,
        improvement,
    )
    from labloop.brain._auto import AutoStrategy
    from labloop.brain._botorch import BotorchStrategy
    from labloop.brain._physics import PhysicsStrategy
    from labloop.brain._skopt import SkoptStrategy

_HOME = {
    "Acquisition": "_acquisition",
    "AcquisitionContext": "_acquisition",
    "AutoStrategy": "_auto",
    "BotorchStrategy": "_botorch",
    "LogNoisyEI": "_acquisition",
    "PhysicsStrategy": "_physics",
    "SkoptStrategy": "_skopt",
    "improvement": "_acquisition",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'labloop.brain' has no attribute {name!r}")
    value = getattr(import_module(f"labloop.brain.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


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
