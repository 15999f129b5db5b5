"""Whether a repeat of an experiment tells more of which one is best than a new point does.

Both are compared in one currency, the knowledge gradient among what was tried (Frazier, Powell and
Dayanik 2009): how much the greatest expected score rises, on average, with one more result.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.brain.acquisition.functions import AcquisitionContext
from labloop.surrogates import Parted

_TRIED = 32
"""So many of the best points tried are looked at."""
_DRAWS, _LEVELS = 256, 64
_WORTH = 1e-3
"""A repeat that raises the best by less than this share of the spread of scores is not worth it."""
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Repeat:
    """A point tried that is worth a repeat."""

    row: Tensor
    gain: float
    """How much the greatest expected score rises."""


def worthwhile_repeat(
    context: AcquisitionContext, tried: Tensor, new: Tensor | None, waiting: Sequence[Tensor]
) -> Repeat | None:
    """Return the point whose repeat tells more than a new point; None where none does.

    Args:
        context: of the round.
        tried: ``n x d``, the points that may be best.
        new: ``d``, the new point that would be asked for. None: whatever that tells, the point
            that is expected to be the best is wanted once more.
        waiting: what is under way; nothing is repeated while its repeat is.
    """
    model, slope = context.model, context.slope
    if slope is None or not isinstance(model, Parted) or not len(tried):
        return None
    tried = torch.unique(tried, dim=0)
    with torch.no_grad():
        expected = slope * model.variance_parts(tried).mean[:, 0]
        tried = tried[expected.argsort(descending=True, stable=True)[:_TRIED]]
        if new is None:
            return Repeat(tried[0], 0.0)
        rows = torch.cat([tried, new.unsqueeze(0)])
        draws = context.scores_of(context.sampler(_DRAWS)(model.posterior(rows)))[..., 0]
        noise = slope**2 * model.variance_parts(rows).noise[:, 0]
    mean, covariance, count = draws.mean(0), torch.cov(draws.T), len(tried)
    known = mean[:count]
    gains = torch.stack(
        [_gain(known, covariance[:count, i], covariance[i, i], noise[i]) for i in range(count)]
    )
    best = int(gains.argmax())
    fresh = _gain(mean, covariance[:, count], covariance[count, count], noise[count])
    fresh = fresh + mean.max() - known.max()
    enough = float(gains[best]) > max(float(fresh), _WORTH * float(context.unit[0]))
    repeated = any(bool((tried[best] - row).abs().amax() < _SAME) for row in waiting)
    return Repeat(tried[best], float(gains[best])) if enough and not repeated else None


def _gain(mean: Tensor, covariance: Tensor, variance: Tensor, noise: Tensor) -> Tensor:
    """Return how much the greatest mean rises with one result, on average over that result.

    Args:
        mean: ``n`` expected scores.
        covariance: ``n``, of each with the one that is measured.
        variance: of that one.
        noise: of its measurement.
    """
    levels = (torch.arange(_LEVELS, dtype=mean.dtype) + 0.5) / _LEVELS
    z = torch.special.ndtri(levels)
    step = covariance / (variance + noise).clamp_min(1e-300).sqrt()
    gain: Tensor = (mean + z.unsqueeze(1) * step).amax(1).mean() - mean.max()
    return gain
