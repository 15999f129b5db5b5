"""What a model expects where nobody has measured yet."""

from collections.abc import Mapping, Sequence

import torch

from labloop.brain.acquisition import expected, learned_data
from labloop.brain.observations import isolated
from labloop.brain.strategies.auto import AutoStrategy
from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.botorch import BotorchStrategy
from labloop.brain.strategies.physics import PhysicsStrategy, measured_data
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Prediction
from labloop.space import SearchSpace
from labloop.surrogates import GPFactory, SurrogateFactory


def predict(
    strategy: Strategy,
    space: SearchSpace,
    objective: Objectives,
    data: Dataset,
    points: Sequence[Point],
    seed: int,
) -> list[Mapping[str, Prediction]]:
    """Return what a measurement at each point should give, its noise included.

    The model is the strategy's, a plain Gaussian process where it has none.

    Raises:
        BrainError: no result that a model could learn from.
        SpaceError: a point has no place in the space.
    """
    training = measured_data(space, objective, data, seed)
    if training is None:
        raise BrainError(
            f"nothing is known yet that a model could learn from; tell a result with "
            f"{', '.join(objective.outputs)} first"
        )
    rows = torch.as_tensor(
        space.encode([space.placed(point) for point in points]), dtype=torch.float64
    )
    model = _model(strategy, space, objective)
    learned = learned_data(model, training, data) or training
    with isolated(seed):
        return expected(training, model.fit(learned), rows)


def _model(strategy: Strategy, space: SearchSpace, objective: Objectives) -> SurrogateFactory:
    if isinstance(strategy, AutoStrategy):
        row = strategy.row_for(space, objective)
        strategy = row.make(strategy.physics, strategy.device)
    if isinstance(strategy, (BotorchStrategy, PhysicsStrategy)):
        return strategy.model
    return GPFactory()
