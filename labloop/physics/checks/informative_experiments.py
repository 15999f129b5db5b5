"""Which experiments would teach most about the parameters of a model.

Bayesian D-optimal design (Chaloner & Verdinelli, Stat. Sci. 10 (1995) 273): experiments are added
one at a time, each the one that lowers the log determinant of the expected posterior covariance
of the whitened parameters most.
"""

import torch
from torch import Tensor

from labloop.physics.checks.sample_points import spread_points
from labloop.physics.language import BoundPhysics
from labloop.records import Point
from labloop.space import SearchSpace

_STEP = 1e-4
_CANDIDATES = 256


def most_informative(
    bound: BoundPhysics,
    space: SearchSpace,
    z: Tensor,
    covariance: Tensor,
    noise: Tensor,
    count: int,
    seed: int = 0,
) -> list[Point]:
    """Return the experiments that teach most, the best first.

    Args:
        bound: the model on its space.
        space: where the experiments lie; 256 points spread over it are candidates.
        z: whitened parameters at which slopes are taken, ``p``.
        covariance: what is known of them already, ``p x p`` (the prior: ones on the diagonal).
        noise: standard deviation of a measurement of every column of
            ``BoundPhysics.predict_all``; infinite where it is not measured.
        count: how many; fewer where no measurement depends on any parameter.
        seed: of the candidates.
    """
    encoded = spread_points(space, _CANDIDATES, seed)
    steps = _STEP * torch.eye(len(z), dtype=torch.float64)
    found = bound.predict_all(encoded, (z + torch.cat([steps, -steps]))[:, None])
    slopes = ((found[: len(z)] - found[len(z) :]) / (2.0 * _STEP) / noise).permute(1, 2, 0)
    slopes = torch.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)
    chosen: list[int] = []
    for _ in range(count):
        spread = slopes @ covariance @ slopes.mT
        eye = torch.eye(spread.shape[-1], dtype=torch.float64)
        gain = torch.linalg.slogdet(eye + spread).logabsdet
        gain[chosen] = 0.0
        best = int(gain.argmax())
        if float(gain[best]) <= 0.0:
            break
        chosen.append(best)
        slope = slopes[best]
        # The rank-m update of a Kalman filter.
        kept = torch.linalg.solve(eye + spread[best], slope @ covariance)
        covariance = covariance - covariance @ slope.mT @ kept
    return space.decode(encoded[chosen].numpy())
