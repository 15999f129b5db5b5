"""Random walks inside of the constraints, where rejection sampling finds too few points.

Continuous columns move by hit-and-run along chords of the polytope (R. L. Smith, Operations
Research 32, 1984, 1296), in the null space of the equalities; columns on a grid move by one step
where the result is legal.
"""

import numpy as np

from labloop.records import FloatArray
from labloop.space.constraints import LinearSystem
from labloop.space.parameters import Numeric
from labloop.space.sampling.branch_and_bound import FeasibilitySearch


def random_walk(
    search: FeasibilitySearch, codes: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return ``n x p`` legal codes, the ends of random walks that begin at legal ``codes``."""
    columns = search.columns
    numbers = {c: p for c in columns if isinstance(p := search.parameters[c], Numeric)}
    continuous = [c for c, p in numbers.items() if p.count is None]
    grid = {c: p for c, p in numbers.items() if p.count is not None}
    system = search.system
    # Directions are drawn in shares of the ranges, so that no unit is preferred.
    ranges = np.array([numbers[c].span[1] - numbers[c].span[0] for c in continuous])
    basis = null_space(system.weights[system.equal][:, continuous] * ranges)
    known = codes[:, continuous] / ranges
    codes = codes.copy()
    for turn in range(16 + 3 * len(columns)):
        if len(basis):
            direction = rng.standard_normal((len(codes), len(basis))) @ basis
            if turn % 2:
                # In a thin polytope few directions lead far; those between known points do.
                pair = rng.integers(0, len(codes), (2, len(codes)))
                direction = (known[pair[0]] - known[pair[1]]) @ basis.T @ basis
            _hit_and_run_step(search, codes, continuous, direction, rng)
        if grid:
            _grid_step(system, codes, grid, rng)
    return codes


def null_space(rows: FloatArray) -> FloatArray:
    """Return an orthonormal basis (rows) of the null space of the equality rows."""
    if rows.shape[1] == 0 or len(rows) == 0:
        return np.eye(rows.shape[1])
    _, values, vectors = np.linalg.svd(rows)
    rank = int((values > 1e-10).sum())
    return np.asarray(vectors[rank:])


def _hit_and_run_step(
    search: FeasibilitySearch,
    codes: FloatArray,
    continuous: list[int],
    direction: FloatArray,
    rng: np.random.Generator,
) -> None:
    """Move the continuous columns to a random point of the chord along ``direction``, in place.

    Directions are in shares of the ranges.
    """
    system = search.system
    numbers = [p for c in continuous if isinstance(p := search.parameters[c], Numeric)]
    low = np.array([p.bounds[0] for p in numbers])
    high = np.array([p.bounds[1] for p in numbers])
    span = high - low
    rows = ~system.equal
    speed = direction @ (system.weights[rows][:, continuous] * span).T
    slack = system.bounds[rows] - codes @ system.weights[rows].T
    here = codes[:, continuous]
    speeds = np.hstack([speed, direction, -direction])
    slacks = np.maximum(np.hstack([slack, (high - here) / span, (here - low) / span]), 0.0)
    # A direction parallel to a face but for rounding errors must not be stopped by it.
    negligible = 1e-12 * np.abs(direction).max(axis=1, keepdims=True)
    ratio = slacks / np.where(np.abs(speeds) > negligible, speeds, 1.0)
    forth = np.where(speeds > negligible, ratio, np.inf).min(axis=1)
    back = np.where(speeds < -negligible, ratio, -np.inf).max(axis=1)
    still = ~np.isfinite(forth) | ~np.isfinite(back)
    forth, back = np.where(still, 0.0, forth), np.where(still, 0.0, back)
    length = back + rng.random(len(codes)) * (forth - back)
    codes[:, continuous] = np.clip(here + length[:, None] * direction * span, low, high)


def _grid_step(
    system: LinearSystem, codes: FloatArray, grid: dict[int, Numeric], rng: np.random.Generator
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
