"""Random walks among legal points, whatever the constraints: only whether a point is legal counts.

Numbers on a continuum move along a random line, by a length drawn from an interval that shrinks
until the point is legal (slice sampling, R. M. Neal, Annals of Statistics 31, 2003, 705); one
column or block at a time is drawn anew where that is legal. Beyond linear constraints nothing is
known of the region, so the walk mixes as well as it is connected along such moves.
"""

import numpy as np

from labloop.records import FloatArray
from labloop.space.constraints import BoolArray
from labloop.space.parameters import Numeric
from labloop.space.sampling.columns import SpaceColumns
from labloop.space.sampling.random_walk import null_space

_SHRINKS = 14


def walk_under_rules(
    structure: SpaceColumns, codes: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return ``n x p`` legal codes, the ends of random walks that begin at legal ``codes``."""
    codes = codes.copy()
    still = {*structure.pool_columns, *structure.rules.still}
    moving = [
        c
        for c, p in enumerate(structure.parameters)
        if isinstance(p, Numeric) and p.count is None and c not in still
    ]
    only = {column for column, _ in structure.rules.fixed}
    groups = [[c] for c in structure.free if c not in only]
    groups += [list(columns) for _, columns in structure.blocks]
    for turn in range(16 + 2 * len(structure.parameters)):
        if moving and (turn % 2 or not groups):
            _line_step(structure, codes, moving, rng)
        elif groups:
            _fresh_step(structure, codes, groups[int(rng.integers(len(groups)))], rng)
    return codes


def _line_step(
    structure: SpaceColumns, codes: FloatArray, moving: list[int], rng: np.random.Generator
) -> None:
    """Move the continuous columns along a line within their bounds, in place."""
    numbers = [p for c in moving if isinstance(p := structure.parameters[c], Numeric)]
    low = np.array([p.bounds[0] for p in numbers])
    high = np.array([p.bounds[1] for p in numbers])
    span = high - low
    system = structure.system
    basis = null_space(system.weights[system.equal][:, moving] * span)
    if not len(basis):
        return
    here = codes[:, moving]
    direction = rng.standard_normal((len(codes), len(basis))) @ basis
    # Half of the lines lead along the difference of two points, which keeps what is 0 at 0.
    other = here[rng.integers(0, len(codes), len(codes))]
    along = ((other - here) / span) @ basis.T @ basis
    use = (rng.random(len(codes)) < 0.5) & (np.abs(along).max(axis=1) > 1e-12)
    direction = np.where(use[:, None], along, direction)
    direction /= np.maximum(np.abs(direction).max(axis=1, keepdims=True), 1e-300)
    back, forth = np.full(len(codes), -1.0), np.full(len(codes), 1.0)
    open_rows = np.ones(len(codes), dtype=bool)
    for _ in range(_SHRINKS):
        index = np.flatnonzero(open_rows)
        if not len(index):
            return
        length = back[index] + rng.random(len(index)) * (forth[index] - back[index])
        trial = codes[index].copy()
        moved = here[index] + length[:, None] * direction[index] * span
        # What is not used lies where it lies, and is set again below.
        trial[:, moving] = moved
        inside = ((moved >= low) & (moved <= high)) | ~_used(structure, trial, moving)
        structure.rules.settle(trial)
        good = inside.all(axis=1)
        good[good] = structure.legal(trial[good])
        codes[index[good]] = trial[good]
        open_rows[index[good]] = False
        back[index] = np.where(length < 0.0, length, back[index])
        forth[index] = np.where(length < 0.0, forth[index], length)


def _used(structure: SpaceColumns, codes: FloatArray, columns: list[int]) -> BoolArray:
    used = np.ones((len(codes), len(columns)), dtype=bool)
    for rule in structure.rules.conditionals:
        if rule.column in columns:
            used[:, columns.index(rule.column)] = ~rule.idle(codes)
    return used


def _fresh_step(
    structure: SpaceColumns, codes: FloatArray, columns: list[int], rng: np.random.Generator
) -> None:
    """Draw some columns anew where that is legal, in place."""
    fresh = codes.copy()
    structure.spread(fresh, rng.random((len(codes), structure.width)))
    trial = codes.copy()
    trial[:, columns] = fresh[:, columns]
    # A parameter that is used only now needs a value, which the draw gave it.
    for rule in structure.rules.conditionals:
        woken = rule.idle(codes) & ~rule.idle(trial)
        trial[woken, rule.column] = fresh[woken, rule.column]
    structure.rules.settle(trial)
    inside = np.ones(len(codes), dtype=bool)
    for rule in structure.rules.conditionals:
        parameter = structure.parameters[rule.column]
        if isinstance(parameter, Numeric):
            first, last = parameter.bounds
            value = trial[:, rule.column]
            inside &= rule.idle(trial) | ((value >= first) & (value <= last))
    good = inside & structure.legal(trial)
    codes[good] = trial[good]
