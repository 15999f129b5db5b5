"""A strategy: the best of what was not tried lies near the best so far.

In a package of your own, ``CampaignSpec(..., strategy=Nearby())`` is enough. To ship it, copy
into ``labloop/brain/strategies/``, and tell these of it: ``labloop/brain/_resolve.py`` (its
name), the face ``labloop/brain/__init__.py``, ``docs/how-to/strategies.md``, CHANGELOG.md; and
run the contract: ``labloop.testing.strategies.check_strategy``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labloop.errors import SpaceExhaustedError
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Proposal, ProposalBatch
from labloop.space import SearchSpace


@dataclass(frozen=True, slots=True)
class Nearby:
    """Tries what is nearest to the best point so far; keeps no state."""

    name: str = "nearby"

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return ``n`` proposals; see ``labloop.brain.Strategy``."""
        taken = [o.point for o in data.observations] + list(pending)
        points = self._open_points(space, taken, n, seed)
        best = objective.best_seen(data)
        if best is not None:
            here = space.encode([best.point])[0]
            distance = ((space.encode(points) - here) ** 2).sum(axis=1)
            points = [points[i] for i in distance.argsort(kind="stable")]
        reason = "nothing is known yet" if best is None else "near the best so far"
        return ProposalBatch(
            tuple(Proposal(p, strategy=self.name, reason=reason, seed=seed) for p in points[:n])
        )

    def _open_points(
        self, space: SearchSpace, taken: Sequence[Point], n: int, seed: int
    ) -> list[Point]:
        listed = space.candidates()
        if listed is None:  # a continuum, or too many to list
            return space.sample(64 * n, seed, exclude=taken)
        order = np.random.default_rng(seed).permutation(len(listed))
        points = [listed.point(int(i)) for i in order]
        untried = [p for p in points if p not in taken]
        if not untried and space.nonrepeatable:
            raise SpaceExhaustedError("every legal point was used; widen the space or stop")
        return untried or points
