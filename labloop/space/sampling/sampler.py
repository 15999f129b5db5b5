"""Draws legal points of a space: the same for the same seed.

Points of a scrambled Sobol sequence are kept where they are legal and new (rejection sampling).
Where too few are, points come from the list of all, or from random walks inside the constraints.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceExhaustedError
from labloop.records import FloatArray
from labloop.space.constraints import BoolArray
from labloop.space.sampling.nearest_legal import repair, with_exact_sums
from labloop.space.sampling.random_walk import random_walk
from labloop.space.sampling.rule_walk import walk_under_rules
from labloop.space.sampling.sobol import Sobol
from labloop.space.sampling.structure import SpaceStructure

_DRAWS = 256
"""Draws of one turn of rejection sampling, divided among the points still missing."""
_TURNS = 40
"""Turns of rejection sampling."""
_STARTS = 48
"""Most points from which random walks begin; each costs a search for a legal point."""
_WALKS = 8
"""Most random walks for a point, where they end at excluded ones."""
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws codes; ``finite`` are all legal ones where they could be enumerated."""

    structure: SpaceStructure
    finite: FloatArray | None

    def draw(self, n: int, seed: int, exclude: FloatArray) -> FloatArray:
        """Return ``n x p`` legal codes, none of them among ``exclude``.

        Points repeat only where a finite space has fewer than ``n`` left that may be repeated.

        Raises:
            SpaceExhaustedError: fewer than ``n`` points are left in a pool that is not
                reusable, or none at all in another finite space.
        """
        rng = np.random.Generator(np.random.PCG64(seed))
        taken = {row.tobytes() for row in exclude}
        rows = self._rows(n, rng, exclude)
        codes = np.zeros((n, len(self.structure.parameters)))
        codes[:, list(self.structure.pool_columns)] = self.structure.row_codes(rows)
        unfilled = self._fill_by_rejection(codes, Sobol(self.structure.width, seed), taken)
        if len(unfilled):
            excluded = {row.tobytes() for row in exclude}
            if self._listed is None:
                self._fill_by_random_walk(codes, unfilled, rng, excluded)
            else:
                codes[unfilled] = _remaining(self._listed, len(unfilled), rng, (excluded, taken))
        return codes

    @property
    def _listed(self) -> FloatArray | None:
        """All legal points, where choosing from them cannot use a row of the pool twice."""
        pool = self.structure.pool
        return self.finite if pool is None or pool.reusable or not self.structure.width else None

    def _rows(self, n: int, rng: np.random.Generator, exclude: FloatArray) -> _Rows:
        """Return a pool row for each of ``n`` points, different ones while there are enough."""
        pool, rows = self.structure.pool, self.structure.known_legal.rows
        if pool is None:
            return np.zeros(n, dtype=np.int64)
        if not pool.reusable or self.structure.width == 0:
            used = {self.structure.row_of(codes) for codes in exclude}
            rows = np.array([r for r in rows.tolist() if r not in used], dtype=np.int64)
        if len(rows) == 0 or (not pool.reusable and len(rows) < n):
            raise SpaceExhaustedError(
                f"{n} points were asked for, but {len(rows)} of the pool's "
                f"{len(pool.codes)} rows are left; add rows, or declare the pool reusable=True"
            )
        turns = -(-n // len(rows))
        return np.concatenate([rng.permutation(rows) for _ in range(max(turns, 1))])[:n]

    def _fill_by_rejection(self, codes: FloatArray, sobol: Sobol, taken: set[bytes]) -> _Rows:
        """Fill rows of ``codes`` with legal new points, in place; return the rows without one."""
        slots = np.arange(len(codes))
        for turn in range(_TURNS):
            if not len(slots):
                break
            tries = max(1, _DRAWS // len(slots)) if turn else 1
            many = np.tile(codes[slots], (tries, 1))
            self.structure.spread(many, sobol.draw(len(many)))
            legal = self.structure.legal(many)
            fresh = self._first_new(many, legal, taken, len(slots))
            accepted = np.flatnonzero(fresh >= 0)
            codes[slots[accepted]] = many[fresh[accepted]]
            share = len(accepted) / len(slots)
            slots = slots[fresh < 0]
            if turn and share < 0.02:
                break
        return slots

    def _first_new(
        self, many: FloatArray, legal: BoolArray, taken: set[bytes], slots: int
    ) -> _Rows:
        """Return for each slot the first of its draws that is legal and new, else -1."""
        chosen = np.full(slots, -1, dtype=np.int64)
        for index in np.flatnonzero(legal).tolist():
            slot = index % slots
            if chosen[slot] >= 0:
                continue
            key = many[index].tobytes()
            if key not in taken:
                chosen[slot] = index
                taken.add(key)
        return chosen

    def _fill_by_random_walk(
        self, codes: FloatArray, slots: _Rows, rng: np.random.Generator, excluded: set[bytes]
    ) -> None:
        """Fill rows of ``codes`` by random walks that begin at legal points, in place."""
        for _ in range(_WALKS):
            found = with_exact_sums(self.structure, self._walked(codes[slots].copy(), rng))
            codes[slots] = found
            slots = slots[[row.tobytes() in excluded for row in found]]
            if not len(slots):
                return
        raise SpaceExhaustedError(
            f"no legal point was found that is not among the {len(excluded)} excluded ones; "
            f"loosen a constraint or allow repeats"
        )

    def _walked(self, codes: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return ends of random walks in the pool rows of ``codes``."""
        structure = self.structure
        if structure.rules:
            if structure.pool is not None:
                starts = structure.legal_points_for(codes)
            else:
                starts = structure.library[rng.integers(0, len(structure.library), len(codes))]
            return walk_under_rules(structure, starts, rng)
        structure.spread(codes, rng.random((len(codes), structure.width)))
        moving = structure.search.columns
        codes[:, moving] = self._walk_starts(codes)[:, moving]
        return random_walk(structure.search, codes, rng)

    def _walk_starts(self, target: FloatArray) -> FloatArray:
        """Return legal codes in the same pool rows: some near ``target``, or those of the proof."""
        structure = self.structure
        fixed = list(structure.pool_columns)
        if np.any(structure.system.weights[:, fixed]):
            return structure.legal_points_for(target)
        found = repair(structure, target[:_STARTS])
        return found[np.arange(len(target)) % len(found)]


def _remaining(
    every: FloatArray, n: int, rng: np.random.Generator, gone: tuple[set[bytes], set[bytes]]
) -> FloatArray:
    """Return ``n`` random points of a list: new ones first, then any that is not excluded."""
    excluded, taken = gone
    keys = [row.tobytes() for row in every]
    new = np.flatnonzero([key not in taken for key in keys])
    legal = np.flatnonzero([key not in excluded for key in keys])
    if not len(legal):
        raise SpaceExhaustedError(
            f"all of the {len(every)} legal points are excluded; widen the space or allow repeats"
        )
    order = list(rng.permutation(new))
    while len(order) < n:
        order += list(rng.permutation(legal))
    return every[order[:n]]
