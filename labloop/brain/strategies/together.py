"""Many points at once: shortlisted by what each is worth, chosen by what they are together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from labloop.brain.acquisition import Joint
from labloop.brain.observations import small_seed
from labloop.brain.strategies.filling import Picker, chosen
from labloop.brain.strategies.supply import Allowed, Supply, held_by_controls, supply_of
from labloop.records import FloatArray, Point
from labloop.space import Layout, SearchSpace

_LOOKED_AT, _LOOKED_AT_SLOWLY = 40_000, 8_192
"""So many candidates at most are valued one by one; of more a sample, and what is near its best."""
_SHORT, _MOST_SHORT, _SHORT_SLOWLY = 1_200, 4_500, 600
"""So many are drawn jointly; where physics is solved for each, fewer."""
_NEAR, _LOOKS, _PARENTS = 2_000, 3, 8


@dataclass(frozen=True, slots=True)
class Picked:
    """A point for one place of a layout."""

    place: int
    point: Point
    row: FloatArray


@dataclass(frozen=True, slots=True)
class Together:
    """One large batch under one fitted model.

    Attributes:
        joint: what points are worth together.
        space: where they lie.
        seen: points tried or under way.
        leaders: rows of the best results.
        layout: the places, and the rules between them.
        seed: of everything drawn.
        slow: whether each prediction costs much, as physics does.
    """

    joint: Joint
    space: SearchSpace
    seen: Sequence[Point]
    leaders: FloatArray
    layout: Layout
    seed: int
    slow: bool

    def pick(self) -> list[Picked]:
        """Return a point for each place, best first; none where no point is left."""
        supply, pairs = chosen(
            self._offer, self.layout, lambda name: held_by_controls(self.space, self.layout, name)
        )
        points = supply.points([row for _, row in pairs])
        return [
            Picked(place, point, supply.rows[row])
            for (place, row), point in zip(pairs, points, strict=True)
        ]

    def _offer(self, allowed: Allowed) -> tuple[Supply, Picker]:
        supply = supply_of(self.space, self.seen, self.leaders, self.layout, allowed, self.seed)
        looked_at, worth = self._valued(supply)
        short = looked_at.taken(self._shortlist(looked_at, worth))
        return short, self.joint.picker(torch.from_numpy(np.array(short.rows)))

    def _valued(self, supply: Supply) -> tuple[Supply, FloatArray]:
        """Return candidates with what each is worth alone."""
        most = _LOOKED_AT_SLOWLY if self.slow else _LOOKED_AT
        if len(supply) <= most:
            return supply, self.joint.marginal(torch.from_numpy(np.array(supply.rows)))
        rng = np.random.default_rng(small_seed(self.seed, 6))
        rows = np.sort(rng.choice(len(supply), most // 2, replace=False))
        worth = self.joint.marginal(torch.from_numpy(supply.rows[rows]))
        lengths = np.einsum("ij,ij->i", supply.rows, supply.rows)
        for _ in range(_LOOKS):
            best = supply.rows[rows[np.argsort(-worth, kind="stable")[:_PARENTS]]]
            away = lengths - (supply.rows @ (2.0 * best.T)).max(1)
            away[rows] = np.inf
            near = np.sort(np.argpartition(away, _NEAR)[:_NEAR])
            new = self.joint.marginal(torch.from_numpy(supply.rows[near]))
            rows, worth = np.concatenate([rows, near]), np.concatenate([worth, new])
        return supply.taken(rows), worth

    def _shortlist(self, supply: Supply, worth: FloatArray) -> NDArray[np.int64]:
        """Return rows: half by their worth, a quarter for each value that rules ask for, by lot."""
        n = len(self.layout.places)
        most = max(_SHORT_SLOWLY if self.slow else min(_SHORT + 2 * n, _MOST_SHORT), n)
        if len(supply) <= most:
            return np.arange(len(supply))
        order = np.argsort(-worth, kind="stable")
        kept = np.zeros(len(supply), dtype=bool)
        kept[order[: most // 2]] = True
        ruled = [group.parameters for group in self.layout.groups]
        ruled += [(name,) for name in self.layout.at_most]
        for parameters in ruled:
            level = supply.levels(parameters)[order]
            share = max(1, most // (4 * len(ruled) * (int(level.max()) + 1)))
            # The place of each row among those of its level, best first.
            by_level = np.argsort(level, kind="stable")
            starts = np.searchsorted(level[by_level], level[by_level])
            kept[order[by_level[np.arange(len(level)) - starts < share]]] = True
        rest = np.flatnonzero(~kept)
        more = max(0, most - int(kept.sum()))
        lots = np.random.default_rng(small_seed(self.seed, 7)).permutation(len(rest))
        kept[rest[lots[:more]]] = True
        return np.flatnonzero(kept)
