"""Strategies that learn nothing: space-filling points, and plain random ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labloop.brain.observations import (
    EvaluatedPoints,
    check_count,
    evaluated_points,
    exhausted,
    new_points,
    open_candidates,
    small_seed,
)
from labloop.brain.strategies.filling import Drawn, Farthest, Picker, chosen
from labloop.brain.strategies.supply import Allowed, Supply, held_by_controls, supply_of
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray, Point, Proposal, ProposalBatch
from labloop.space import Candidates, Layout, SearchSpace

_DRAWS, _LOTS = 256, 4096


def space_filling(space: SearchSpace, seen: EvaluatedPoints, n: int, seed: int) -> list[Point]:
    """Return up to ``n`` points far from each other and from ``seen``.

    The first points of an empty campaign on a continuous space are a scrambled Sobol sequence
    (Owen 1998); everywhere else each point is, among the open candidates or many Sobol points,
    the one farthest from all others in the encoded space (maximin).

    Raises:
        SpaceExhaustedError: no legal point is left.
    """
    candidates = space.candidates()
    if candidates is not None:
        return _maximin_pool(space, candidates, seen, n, seed)
    if not seen.points:
        points = new_points(space, (), n, small_seed(seed))
    else:
        drawn = new_points(
            space, _excluded(space, seen.points), max(_DRAWS, 4 * n), small_seed(seed)
        )
        encoded = np.asarray(space.encode(drawn)) if drawn else np.zeros((0, space.dimension))
        points = [drawn[i] for i in _maximin(encoded, seen.distances(encoded), n, 0)]
    if not points:
        raise exhausted(space.size or 0)
    return points


def _excluded(space: SearchSpace, seen: Sequence[Point]) -> Sequence[Point]:
    """Return what a draw must leave out: in a continuum nothing is drawn twice."""
    return seen if space.size is not None else ()


def _maximin_pool(
    space: SearchSpace, candidates: Candidates, seen: EvaluatedPoints, n: int, seed: int
) -> list[Point]:
    mask = open_candidates(candidates, seen.points, strict=space.nonrepeatable)
    open_rows = np.flatnonzero(mask)
    # Rows of categories are often equally far away: whichever is drawn first is taken, so that
    # the order of a table decides nothing.
    drawn = np.argsort(_lots(candidates.codes[open_rows], seed), kind="stable")[:_LOTS]
    open_rows = open_rows[drawn]
    encoded = np.asarray(candidates.encoded)[open_rows]
    order = _maximin(encoded, seen.distances(encoded), n, 0)
    return [candidates.point(int(open_rows[i])) for i in order]


def _lots(codes: FloatArray, seed: int) -> NDArray[np.uint64]:
    """Return a number drawn for each of ``n x p`` rows of codes by what it holds.

    So a draw of rows hangs neither on their order nor, but for the new ones, on their number
    (each column is stirred in as by SplitMix64, Steele et al. 2014).
    """
    mixed = np.full(len(codes), seed & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    # 0.0 and -0.0 are one number.
    for column in (codes + 0.0).T:
        mixed = (mixed ^ np.ascontiguousarray(column).view(np.uint64)) + np.uint64(
            0x9E3779B97F4A7C15
        )
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _maximin(encoded: FloatArray, nearest: FloatArray, n: int, first: int) -> list[int]:
    """Return row numbers: each next row is the farthest from what is known and those before.

    ``nearest`` is each row's squared distance to what is known, infinite where nothing is.
    """
    order: list[int] = []
    while len(order) < min(n, len(encoded)):
        best = first if np.isinf(nearest).all() else int(np.argmax(nearest))
        order.append(best)
        nearest = np.minimum(nearest, ((encoded - encoded[best]) ** 2).sum(1))
        nearest[order] = -1.0
    return order


def fill_plate(
    space: SearchSpace, seen: EvaluatedPoints, layout: Layout, seed: int, *, spread: bool = True
) -> list[tuple[int, Point]]:
    """Return points for the places of a plate, far from each other or by lot.

    Raises:
        SpaceExhaustedError: no legal point is left.
    """

    def offer(allowed: Allowed) -> tuple[Supply, Picker]:
        none = np.zeros((0, space.dimension))
        supply = supply_of(space, seen.points, none, layout, allowed, seed)
        lots = _lots(supply.codes, seed)
        if len(supply) > _LOTS:
            kept = np.sort(np.argsort(lots, kind="stable")[:_LOTS])
            supply, lots = supply.taken(kept), lots[kept]
        drawn = np.random.default_rng(small_seed(seed, 8)).random(len(lots))
        if not spread:
            return supply, Drawn(drawn)
        return supply, Farthest(supply.rows, seen.distances(supply.rows), drawn)

    supply, pairs = chosen(offer, layout, lambda name: held_by_controls(space, layout, name))
    if not pairs:
        raise exhausted(space.size or 0)
    points = supply.points([row for _, row in pairs])
    return [(place, point) for (place, _), point in zip(pairs, points, strict=True)]


def _planned(
    pairs: Sequence[tuple[int, Point]], name: str, reason: str, seed: int
) -> tuple[ProposalBatch, list[int]]:
    """Return the proposals of a plate, and in which place of its layout each stands."""
    made = [Proposal(point, strategy=name, reason=reason, seed=seed) for _, point in pairs]
    return ProposalBatch(tuple(made)), [place for place, _ in pairs]


class SobolStrategy:
    """Fills the space evenly, whatever was measured."""

    name = "sobol"

    def propose_plate(
        self,
        space: SearchSpace,
        objective: Objectives,  # noqa: ARG002 - the signature of all strategies
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        """Return the points of a plate, and in which place of its layout each stands."""
        seen = evaluated_points(space, data, pending)
        pairs = fill_plate(space, seen, layout, seed)
        reason = "to fill the plate: far from every point tried so far (space-filling)"
        return _planned(pairs, self.name, reason, seed)

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,  # noqa: ARG002 - the protocol's signature
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return points far from everything tried; see ``Strategy.propose``."""
        check_count(n)
        points = space_filling(space, evaluated_points(space, data, pending), n, seed)
        reason = "to fill the space: far from every point tried so far (space-filling)"
        return ProposalBatch(
            tuple(Proposal(p, strategy=self.name, reason=reason, seed=seed) for p in points)
        )


class RandomStrategy:
    """Draws points uniformly: what every other strategy has to beat."""

    name = "random"

    def propose_plate(
        self,
        space: SearchSpace,
        objective: Objectives,  # noqa: ARG002 - the signature of all strategies
        data: Dataset,
        pending: Sequence[Point],
        layout: Layout,
        seed: int,
    ) -> tuple[ProposalBatch, list[int]]:
        """Return the points of a plate, and in which place of its layout each stands."""
        seen = evaluated_points(space, data, pending)
        pairs = fill_plate(space, seen, layout, seed, spread=False)
        reason = "uniformly random"
        return _planned(pairs, self.name, reason, seed)

    def propose(
        self,
        space: SearchSpace,
        objective: Objectives,  # noqa: ARG002 - the protocol's signature
        data: Dataset,
        pending: Sequence[Point],
        n: int,
        seed: int,
    ) -> ProposalBatch:
        """Return independent uniform points; see ``Strategy.propose``."""
        check_count(n)
        points = self._draw(space, evaluated_points(space, data, pending).points, n, seed)
        if not points:
            raise exhausted(space.size or 0)
        return ProposalBatch(
            tuple(
                Proposal(p, strategy=self.name, reason="uniformly random", seed=seed)
                for p in points
            )
        )

    def _draw(self, space: SearchSpace, seen: Sequence[Point], n: int, seed: int) -> list[Point]:
        candidates = space.candidates()
        if candidates is not None:
            rows = np.flatnonzero(open_candidates(candidates, seen, strict=space.nonrepeatable))
            rng = np.random.default_rng(seed)
            picked = rng.permutation(rows)[:n]
            return [candidates.point(int(i)) for i in picked]
        drawn: list[Point] = []
        for k in range(n):
            drawn += new_points(space, [*_excluded(space, seen), *drawn], 1, small_seed(seed, k))
        return drawn
