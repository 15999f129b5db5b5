"""Log densities of measured scores under predicted outputs, and weights from their sums."""

import numpy as np
import torch
from botorch.utils.sampling import draw_sobol_normal_samples
from torch import Tensor

from labloop.records import FloatArray
from labloop.surrogates._base import TrainingData

_DRAWS = 64
_RELATIVE_FLOOR, _ROUNDING = 1e-6, 1e-14
"""Floors of a score's standard deviation, over the scores' spread and over its own size."""
_FLOOR = -8.0
"""Clips the log density of one experiment, so that no single one decides the weights."""


def log_density_of_scores(data: TrainingData, mean: Tensor, sd: Tensor) -> Tensor:
    """Return ``n`` log densities of the measured scores under predicted outputs.

    The outputs' normal distributions (``mean`` and ``sd``, both ``n x m``) are propagated through
    the objective by 64 quasi-random draws, to which a normal is fitted. The draws are scaled to
    mean 0 and variance 1, so that a linear objective has no error.
    """
    draws = _normal_draws(mean.shape[1])
    pushed = data.objective.scores((mean + sd * draws[:, None, :]).reshape(-1, mean.shape[1]))
    pushed = pushed.reshape(_DRAWS, len(mean), -1)
    centre = pushed.mean(0)
    variance = (pushed - centre).square().mean(0)
    size = spread_of(data.scores)
    floor = (_RELATIVE_FLOOR * size).square() + (_ROUNDING * data.scores).square()
    variance = torch.maximum(variance, floor)
    away = (data.scores - centre).square() / variance
    density = -0.5 * (away + variance.log() + np.log(2.0 * np.pi))
    # The floor is relative to the spread of the scores: a density has the inverse unit.
    least = _FLOOR - size.log()
    return torch.maximum(density, least).sum(-1).to(torch.float64)


def spread_of(scores: Tensor) -> Tensor:
    """Return ``k`` standard deviations of ``n x k`` scores; of equal scores, their size."""
    spread = scores.std(0) if len(scores) > 1 else torch.zeros_like(scores[0])
    size = scores.abs().amax(0)
    spread = torch.where(spread > _ROUNDING * size, spread, size)
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def log_density_of_channel(values: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    """Return ``n`` log densities of standardised measurements, clipped at the floor."""
    density = -0.5 * ((values - mean) / sd).square() - sd.log() - 0.5 * np.log(2.0 * np.pi)
    found: Tensor = density.clamp_min(_FLOOR)
    return found


def _normal_draws(columns: int) -> Tensor:
    normal: Tensor = draw_sobol_normal_samples(columns, _DRAWS, dtype=torch.float64, seed=0)
    centred = normal - normal.mean(0)
    return centred / centred.square().mean(0).sqrt()


def softmax_weights(log_density: FloatArray) -> FloatArray:
    """Return the weights of models from their summed log densities (pseudo-BMA)."""
    shifted = np.exp(log_density - log_density.max())
    weights: FloatArray = shifted / shifted.sum()
    return weights
