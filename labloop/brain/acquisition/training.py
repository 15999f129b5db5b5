"""What the models learn from, as tensors."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from labloop.brain.observations import usable
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset
from labloop.space import SearchSpace
from labloop.surrogates import SurrogateFactory, TrainingData

_LEAST, _MOST = 1e-140, 1e140
"""Results that are smaller are learned as 0, larger ones are refused: squares must be numbers."""


def training_data(
    space: SearchSpace,
    objective: Objectives,
    data: Dataset,
    seed: int,
    *,
    incomplete: bool = False,
) -> TrainingData | None:
    """Return what a surrogate learns from, or None before the first usable experiment.

    Args:
        space: where the experiments lie.
        objective: the outputs that it reads are learned.
        data: every experiment.
        seed: of every random draw of a fit.
        incomplete: take also experiments that have some of the outputs; the others are NaN.

    Raises:
        BrainError: a result is so large that no variance of it can be held.
    """
    known = usable(space, objective, data, incomplete=incomplete)
    if not known:
        return None
    names = tuple(objective.outputs)
    outputs = [[o.outputs.get(name, math.nan) for name in names] for o in known]
    sds = [[o.sd.get(name, math.nan) for name in names] for o in known]
    variance = torch.tensor(sds, dtype=torch.float64).square()
    return TrainingData(
        encoded=torch.as_tensor(space.encode([o.point for o in known]), dtype=torch.float64),
        outputs=_squarable(torch.tensor(outputs, dtype=torch.float64), names),
        names=names,
        objective=objective,
        features=tuple(space.features),
        space=space,
        variance=None if bool(torch.isnan(variance).all()) else variance,
        seed=seed,
    )


def _squarable(outputs: Tensor, names: Sequence[str]) -> Tensor:
    """Return ``n x m`` outputs whose squares are numbers: what is next to nothing is 0.

    Raises:
        BrainError: a result is too large.
    """
    for name, values in zip(names, outputs.T.tolist(), strict=True):
        large = max((abs(v) for v in values if not math.isnan(v)), default=0.0)
        if large > _MOST:
            raise BrainError(
                f"a result of {name!r} has the size {large:g}, and a model squares results, which "
                f"works up to {_MOST:g}; correct it, or tell the output in another unit"
            )
    return torch.where(outputs.abs() < _LEAST, 0.0, outputs)


def learned_data(
    model: SurrogateFactory, training: TrainingData | None, data: Dataset
) -> TrainingData | None:
    """Return what a model is fitted to: also results that lack an output, where it takes them.

    Args:
        model: takes them where it has the attribute ``takes_incomplete``.
        training: the results that have every output; None where there is none.
        data: every experiment.
    """
    if training is None or not getattr(model, "takes_incomplete", False):
        return training
    return training_data(training.space, training.objective, data, training.seed, incomplete=True)


def finished(data: Dataset, training: TrainingData) -> int:
    """Return how many experiments tell something: results to learn from, and failures.

    Of results that lack an output as many count as there are of the rarest output.
    """
    results = int((~training.outputs.isnan()).sum(0).min())
    return results + sum(o.failed for o in data.observations)
