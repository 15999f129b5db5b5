"""What the models learn from, as tensors."""

import math

import torch

from labloop.brain.observations import usable
from labloop.objectives import Objectives
from labloop.records import Dataset
from labloop.space import SearchSpace
from labloop.surrogates import TrainingData


def training_data(
    space: SearchSpace, objective: Objectives, data: Dataset, seed: int
) -> TrainingData | None:
    """Return what a surrogate learns from, or None before the first usable experiment."""
    known = usable(space, objective, data)
    if not known:
        return None
    names = tuple(objective.outputs)
    outputs = [[o.outputs[name] for name in names] for o in known]
    sds = [[o.sd.get(name, math.nan) for name in names] for o in known]
    variance = torch.tensor(sds, dtype=torch.float64).square()
    return TrainingData(
        encoded=torch.as_tensor(space.encode([o.point for o in known]), dtype=torch.float64),
        outputs=torch.tensor(outputs, dtype=torch.float64),
        names=names,
        objective=objective,
        features=tuple(space.features),
        space=space,
        variance=None if bool(torch.isnan(variance).all()) else variance,
        seed=seed,
    )
