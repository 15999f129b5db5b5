"""Whose turn it is: where a search led by physics stands still, the model without it takes turns.

A physics can predict well and still keep the search from the best place: wrong about one input,
it sees nothing to be gained along it. Right physics, precise or not, makes progress within a few
experiments, or has arrived.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Sampled strategies do without.
    from torch import Tensor

PATIENCE = 4
"""So many results without progress stand the search still; at each standstill half as many."""
_PROGRESS = 0.05
"""Progress counts from this share of the way from the first results' median to the best one."""
_CLEAR = 10.0
"""From this lead in log density on the results speak clearly for the physics."""
_FIRST = 5
"""Results that lie where nobody proposed them yet."""


def still(scores: "Tensor") -> int:
    """Return for how many results the search has stood still; 0 while it moves.

    Args:
        scores: ``n`` scores in the order of completion, to be maximised.
    """
    patience, since = PATIENCE, 0
    count = min(_FIRST, len(scores))
    mark = float(scores[:count].max()) if count else 0.0
    usual = float(scores[:count].median()) if count else 0.0
    for i in range(count, len(scores)):
        if float(scores[i]) > mark + _PROGRESS * (mark - usual):
            if since >= patience:
                patience = max(patience // 2, 1)
            mark, since = float(scores[i]), 0
        else:
            since += 1
    return max(since - patience + 1, 0)


def turn_without_physics(scores: "Tensor", lead: float, proposal: int = 0) -> bool:
    """Return whether the model without physics proposes next: at first, and at every second turn.

    At every fourth one where the results speak clearly for the physics.

    Args:
        scores: ``n`` scores in the order of completion, to be maximised.
        lead: by how much the physics surely leads in log density.
        proposal: which one of a batch it is, counted from 0, or how many are under way.
    """
    standing, every = still(scores), 4 if lead > _CLEAR else 2
    return standing > 0 and (standing - 1 + proposal) % every == 0
