"""Random walks inside the constraints, for spaces that rejection cannot fill.

Continuous columns move by hit and run along chords of the polytope (R. L. Smith, Operations
Research 32, 1984, 1296), inside the subspace that the equalities leave; columns on a grid
move by steps that are taken where they stay legal.
"""

import numpy as np

from labloop.records import FloatArray
from labloop.space.constraints import System
from labloop.space.parameters import Numeric
from labloop.space.sampling.search import Search


def scatter(search: Search, codes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return ``n x p`` legal codes, each moved at random from the legal ones given."""
    columns = search.columns
    numbers = {c: p for c in columns if isinstance(p := search.parameters[c], Numeric)}
    smooth = [c for c, p in numbers.items() if p.count is None]
    grid = {c: p for c, p in numbers.items() if p.count is not None}
    system = search.system
    # In shares of the ranges the directions are alike.
    ranges = np.array([numbers[c].span[1] - numbers[c].span[0] for c in smooth])
    basis = _free_directions(system.weights[system.equal][:, smooth] * ranges)
    guides = codes[:, smooth] / ranges
    codes = codes.copy()
    for turn in range(16 + 3 * len(columns)):
        if len(basis):
            direction = rng.standard_normal((len(codes), len(basis))) @ basis
            if turn % 2:
                # In a thin set few directions lead far: those between its known points do.
                pair = rng.integers(0, len(codes), (2, len(codes)))
                direction = (guides[pair[0]] - guides[pair[1]]) @ basis.T @ basis
            _chord(search, codes, smooth, direction, rng)
        if grid:
            _hop(system, codes, grid, rng)
    return codes


def _free_directions(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis, one a row, of what the equality rows leave free."""
    if rows.shape[1] == 0 or len(rows) == 0:
        return np.eye(rows.shape[1])
    _, values, vectors = np.linalg.svd(rows)
    rank = int((values > 1e-10).sum())
    return np.asarray(vectors[rank:])


def _chord(
    search: Search,
    codes: FloatArray,
    smooth: list[int],
    direction: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Move the smooth columns to a random place on the chord along ``direction``, in place.

    Directions are in shares of the ranges.
    """
    system = search.system
    numbers = [p for c in smooth if isinstance(p := search.parameters[c], Numeric)]
    low = np.array([p.bounds[0] for p in numbers])
    high = np.array([p.bounds[1] for p in numbers])
    span = high - low
    rows = ~system.equal
    speed = direction @ (system.weights[rows][:, smooth] * span).T
    slack = system.bounds[rows] - codes @ system.weights[rows].T
    here = codes[:, smooth]
    speeds = np.hstack([speed, direction, -direction])
    slacks = np.maximum(np.hstack([slack, (high - here) / span, (here - low) / span]), 0.0)
    # What moves along a face only by rounding must not stop at it.
    dust = 1e-12 * np.abs(direction).max(axis=1, keepdims=True)
    ratio = slacks / np.where(np.abs(speeds) > dust, speeds, 1.0)
    forth = np.where(speeds > dust, ratio, np.inf).min(axis=1)
    back = np.where(speeds < -dust, ratio, -np.inf).max(axis=1)
    still = ~np.isfinite(forth) | ~np.isfinite(back)
    forth, back = np.where(still, 0.0, forth), np.where(still, 0.0, back)
    length = back + rng.random(len(codes)) * (forth - back)
    codes[:, smooth] = np.clip(here + length[:, None] * direction * span, low, high)


def _hop(
    system: System, codes: FloatArray, grid: dict[int, Numeric], rng: np.random.Generator
) -> None:
    """Move one or two grid columns by a step each where that stays legal, in place."""
    columns = list(grid)
    moved = codes.copy()
    chosen = rng.permutation(len(columns))[: int(rng.integers(1, 3))]
    for k, index in enumerate(chosen):
        column = columns[int(index)]
        parameter = grid[column]
        step = rng.integers(0, 2, size=len(codes)) * 2.0 - 1.0
        if k:
            step = -np.sign(rng.random(len(codes)) - 0.1) * step
        here = parameter.index_below(moved[:, column])
        there = np.clip(here + step, 0, (parameter.count or 1) - 1)
        moved[:, column] = parameter.level(there)
    legal = system.legal(moved)
    codes[legal] = moved[legal]
