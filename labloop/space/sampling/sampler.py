"""Legal points spread over a space: the same for the same seed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceExhaustedError
from labloop.records import FloatArray
from labloop.space.constraints import BoolArray
from labloop.space.sampling.nearest_legal import polished, repair
from labloop.space.sampling.random_walk import scatter
from labloop.space.sampling.sobol import Sobol
from labloop.space.sampling.structure import Frame

_DRAWS = 256
_ROUNDS = 40
_STARTS = 48
_WALKS = 8
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws codes; ``finite`` are all legal ones where they could be enumerated."""

    frame: Frame
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
        codes = np.zeros((n, len(self.frame.parameters)))
        codes[:, list(self.frame.pool_columns)] = self.frame.row_codes(rows)
        open_places = self._fill(codes, Sobol(self._width, seed), taken)
        if len(open_places):
            excluded = {row.tobytes() for row in exclude}
            if self._listed is None:
                self._wander(codes, open_places, rng, excluded)
            else:
                codes[open_places] = _remaining(
                    self._listed, len(open_places), rng, (excluded, taken)
                )
        return codes

    @property
    def _listed(self) -> FloatArray | None:
        """All points, where picking from the list keeps a pool's rows apart."""
        pool = self.frame.pool
        return self.finite if pool is None or pool.reusable or not self._width else None

    @property
    def _width(self) -> int:
        return len(self.frame.free) + sum(len(c) - 1 for _, c in self.frame.simplexes)

    def _rows(self, n: int, rng: np.random.Generator, exclude: FloatArray) -> _Rows:
        """Return a pool row for each place: all different as long as there are enough."""
        pool, rows = self.frame.pool, self.frame.proof.rows
        if pool is None:
            return np.zeros(n, dtype=np.int64)
        if not pool.reusable or self._width == 0:
            used = {self.frame.row_of(codes) for codes in exclude}
            rows = np.array([r for r in rows.tolist() if r not in used], dtype=np.int64)
        if len(rows) == 0 or (not pool.reusable and len(rows) < n):
            raise SpaceExhaustedError(
                f"{n} points were asked for, but {len(rows)} of the pool's "
                f"{len(pool.codes)} rows are left; add rows, or declare the pool reusable=True"
            )
        turns = -(-n // len(rows))
        return np.concatenate([rng.permutation(rows) for _ in range(max(turns, 1))])[:n]

    def _fill(self, codes: FloatArray, sobol: Sobol, taken: set[bytes]) -> _Rows:
        """Draw until every place has a legal new point; return the places that have none."""
        places = np.arange(len(codes))
        for turn in range(_ROUNDS):
            if not len(places):
                break
            tries = max(1, _DRAWS // len(places)) if turn else 1
            many = np.tile(codes[places], (tries, 1))
            self._spread(many, sobol.draw(len(many)))
            legal = self.frame.system.legal(many)
            fresh = self._fresh(many, legal, taken, len(places))
            accepted = np.flatnonzero(fresh >= 0)
            codes[places[accepted]] = many[fresh[accepted]]
            share = len(accepted) / len(places)
            places = places[fresh < 0]
            if turn and share < 0.02:
                break
        return places

    def _spread(self, codes: FloatArray, unit: FloatArray) -> None:
        frame = self.frame
        for i, column in enumerate(frame.free):
            codes[:, column] = frame.parameters[column].at(unit[:, i])
        start = len(frame.free)
        for simplex, columns in frame.simplexes:
            stop = start + len(columns) - 1
            codes[:, list(columns)] = simplex.spread(unit[:, start:stop])
            start = stop

    def _fresh(self, many: FloatArray, legal: BoolArray, taken: set[bytes], places: int) -> _Rows:
        """Return, for each place, the first of its draws that is legal and new, else -1."""
        chosen = np.full(places, -1, dtype=np.int64)
        for index in np.flatnonzero(legal).tolist():
            place = index % places
            if chosen[place] >= 0:
                continue
            key = many[index].tobytes()
            if key not in taken:
                chosen[place] = index
                taken.add(key)
        return chosen

    def _wander(
        self, codes: FloatArray, places: _Rows, rng: np.random.Generator, excluded: set[bytes]
    ) -> None:
        """Fill places by random walks from known legal points, in place."""
        for _ in range(_WALKS):
            starts = codes[places].copy()
            self._spread(starts, rng.random((len(places), self._width)))
            moving = self.frame.search.columns
            starts[:, moving] = self._starts(starts)[:, moving]
            found = polished(self.frame, scatter(self.frame.search, starts, rng))
            codes[places] = found
            places = places[[row.tobytes() in excluded for row in found]]
            if not len(places):
                return
        raise SpaceExhaustedError(
            f"no legal point was found that is not among the {len(excluded)} excluded ones; "
            f"loosen a constraint or allow repeats"
        )

    def _starts(self, wish: FloatArray) -> FloatArray:
        """Return legal codes in the same pool rows: a few near ``wish``, or the proof's."""
        frame = self.frame
        fixed = list(frame.pool_columns)
        if np.any(frame.system.weights[:, fixed]):
            return frame.witnesses(wish)
        few = repair(frame, wish[:_STARTS])
        return few[np.arange(len(wish)) % len(few)]


def _remaining(
    every: FloatArray, n: int, rng: np.random.Generator, gone: tuple[set[bytes], set[bytes]]
) -> FloatArray:
    """Return points of a list: new ones while there are, then any that is not excluded."""
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
