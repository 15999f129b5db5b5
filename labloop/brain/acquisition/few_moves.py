"""Where an acquisition function is largest in a box of many numbers: moves of few of them.

With many parameters nearly all of a box is far from every result, and gradients end at its faces,
where nothing is known and much is hoped for. What is learned from some dozen results lies
near them: a good result of which a few numbers change (as in DYCORS, Regis and Shoemaker 2013).
"""

import torch
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from labloop.brain.observations import small_seed

MANY = 16
"""From so many numbers on a box is searched in this way."""
_TRIALS, _KEPT, _CHUNK = 6144, 8, 1024
_FEW, _SOME = 2.0, 8.0
"""How many numbers are moved, on the average: in one half of the trials and in the other."""


def best_of_few_moves(
    acquisition: AcquisitionFunction, everywhere: Tensor, leaders: Tensor, seed: int
) -> Tensor:
    """Return ``8 x d`` good rows of the unit cube, best first.

    Args:
        acquisition: takes ``b x 1 x d`` encoded points.
        everywhere: ``s x d`` rows that are looked at as well.
        leaders: ``p x d`` good measured rows, best first; a third of the moves are of the first.
        seed: of the moves.
    """
    n = torch.arange(_TRIALS)
    base = leaders[torch.where(n % 3 == 0, 0, n // 3 % len(leaders))]
    generator = torch.Generator().manual_seed(small_seed(seed, 4))
    size = base.shape[1]
    chance = torch.where(n % 2 == 0, _FEW, _SOME).to(base).unsqueeze(-1) / size
    moved = torch.rand(base.shape, generator=generator, dtype=base.dtype) < chance
    moved[n, torch.randint(size, (_TRIALS,), generator=generator)] = True
    anywhere = torch.rand(base.shape, generator=generator, dtype=base.dtype)
    rows = torch.cat([everywhere, torch.where(moved, anywhere, base)])
    with torch.no_grad():
        parts = [acquisition(part.unsqueeze(-2)) for part in torch.split(rows, _CHUNK)]
    values = torch.nan_to_num(torch.cat(parts), nan=-torch.inf)
    return rows[values.argsort(descending=True, stable=True)[:_KEPT]]
