"""Points of a space for tests of a model."""

import torch
from torch import Tensor

from labloop.errors import SpaceExhaustedError
from labloop.space import SearchSpace


def spread_points(space: SearchSpace, most: int, seed: int) -> Tensor:
    """Return up to ``most`` encoded points spread over the space, ``n x d``.

    Fewer where a pool whose rows can be used once has no more.
    """
    count = most
    while True:
        try:
            points = space.encode(space.sample(count, seed))
        except SpaceExhaustedError:
            if count == 1:
                raise
            count = count - 1 if count < 9 else count // 2
        else:
            return torch.as_tensor(points, dtype=torch.float64)


def repeated_points(points: Tensor, count: int) -> Tensor:
    """Return the points over and over until they are ``count``."""
    return points[torch.arange(count) % len(points)]
