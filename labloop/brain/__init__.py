"""The brain: proposes experiments from past experiments.

``_brain.py`` is ask and tell around a strategy. ``strategies/`` has one file a strategy,
``peers/`` has those of others, ``acquisition/`` what makes a point worth measuring and how its
maximum is found, ``observations/`` how past experiments are read. What learns is loaded when it
is first used: strategies that only sample need no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from labloop.brain._brain import Brain
from labloop.brain._rank import RankedCandidate, rank_candidates
from labloop.brain._resolve import check_fits, resolve_strategy, strategy_names, with_effort
from labloop.brain._wishes import propose_with
from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.plates import PlateStrategy, on_plate
from labloop.brain.strategies.sampling import RandomStrategy, SobolStrategy

if TYPE_CHECKING:
    from labloop.brain.acquisition.effort import EffortRule
    from labloop.brain.acquisition.functions import (
        Acquisition,
        AcquisitionContext,
        improvement,
    )
    from labloop.brain.acquisition.noisy_improvement import LogNoisyEI
    from labloop.brain.peers import PeerStrategy
    from labloop.brain.strategies.auto import AutoStrategy
    from labloop.brain.strategies.botorch import BotorchStrategy
    from labloop.brain.strategies.physics import PhysicsStrategy
    from labloop.brain.strategies.skopt import SkoptStrategy

_HOME = {
    "Acquisition": "acquisition.functions",
    "AcquisitionContext": "acquisition.functions",
    "AutoStrategy": "strategies.auto",
    "BotorchStrategy": "strategies.botorch",
    "EffortRule": "acquisition.effort",
    "LogNoisyEI": "acquisition.noisy_improvement",
    "PeerStrategy": "peers",
    "PhysicsStrategy": "strategies.physics",
    "SkoptStrategy": "strategies.skopt",
    "improvement": "acquisition.functions",
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
    "EffortRule",
    "LogNoisyEI",
    "PeerStrategy",
    "PhysicsStrategy",
    "PlateStrategy",
    "RandomStrategy",
    "RankedCandidate",
    "SkoptStrategy",
    "SobolStrategy",
    "Strategy",
    "check_fits",
    "improvement",
    "on_plate",
    "propose_with",
    "rank_candidates",
    "resolve_strategy",
    "strategy_names",
    "with_effort",
]
