"""The proof that a space has a legal point: one for every row of its pool that has any."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import BoolArray
from labloop.space.parameters import Numeric
from labloop.space.sampling.branch_and_bound import infeasibility_error
from labloop.space.sampling.columns import SpaceColumns
from labloop.space.sampling.listing import count_combinations, list_points
from labloop.space.sampling.rule_walk import walk_under_rules

_TURNS, _AT_ONCE = 48, 2048
"""Turns in which points are drawn until one keeps all rules, and draws of a turn."""
_MENDED = 24
"""Draws of a turn that are moved to keep the linear constraints, where none does by itself."""
_GENERATIONS, _PARENTS = 60, 32
_LISTABLE = 1_000_000
_SEED = 20261130


@dataclass(frozen=True, slots=True)
class LegalPoints:
    """Legal points: one for each pool row that can be completed, or a single one."""

    rows: npt.NDArray[np.int64]
    """The pool rows that can be completed; ``[0]`` without a pool."""
    codes: FloatArray
    """``rows x p``."""


def find_legal_points(structure: SpaceColumns) -> LegalPoints:
    """Return a legal point for every pool row that has one.

    Exact for linear constraints, and for all others where the space can be listed; else by
    draws and a descent.

    Raises:
        SpaceError: there is none at all; the message names constraints that exclude each other.
    """
    rows = np.arange(1 if structure.pool is None else len(structure.pool.codes))
    targets = np.tile(structure.middle, (len(rows), 1))
    targets[:, list(structure.pool_columns)] = structure.row_codes(rows)
    if structure.rules:
        for block, columns in structure.blocks:
            targets[:, list(columns)] = block.project(targets[:, list(columns)])
        structure.rules.settle(targets)
    kept = _linear(structure, targets) if len(structure.system) else LegalPoints(rows, targets)
    return _under_rules(structure, kept) if structure.rules else kept


def _linear(structure: SpaceColumns, targets: FloatArray) -> LegalPoints:
    """Return points near ``targets``, one a row, that keep the linear constraints."""
    open_rows = _reachable(structure, targets)
    done = np.zeros(len(targets), dtype=bool)
    columns = structure.search.columns
    # Rows that contribute the same to every constraint are feasible together or not at all.
    contributions = _pool_contributions(structure, targets)
    for index in np.sort(np.unique(contributions, axis=0, return_index=True)[1]):
        if done[index] or not open_rows[index]:
            continue
        found = structure.search_at(targets[index]).nearest(targets[index])
        if found is None:
            continue
        # The same values often complete other rows as well.
        trial = targets.copy()
        trial[:, columns] = found[columns]
        fits = open_rows & ~done & structure.system.legal(trial)
        fits[index] = True
        targets[fits] = trial[fits]
        done |= fits
    if not done.any() and not structure.rules.conditionals:
        raise infeasibility_error(structure.search, _subsample(targets))
    # What a conditional parameter contributes hangs on others, so no row is given up for it.
    kept = np.ones_like(done) if structure.rules.conditionals else done
    return LegalPoints(np.flatnonzero(kept), targets[kept])


def _pool_contributions(structure: SpaceColumns, targets: FloatArray) -> FloatArray:
    """Return what the columns of the pool contribute to every constraint, ``n x m``."""
    columns = list(structure.pool_columns)
    return np.asarray(np.round(targets[:, columns] @ structure.system.weights[:, columns].T, 12))


def _reachable(structure: SpaceColumns, targets: FloatArray) -> BoolArray:
    """Return which pool rows no single constraint excludes, by the bounds of its other terms."""
    if structure.rules:
        return np.ones(len(targets), dtype=bool)
    columns = structure.search.columns
    numbers = [p for c in columns if isinstance(p := structure.parameters[c], Numeric)]
    weights = structure.system.weights[:, columns]
    low = weights * np.array([p.bounds[0] for p in numbers])
    high = weights * np.array([p.bounds[1] for p in numbers])
    least = np.minimum(low, high).sum(axis=1)
    most = np.maximum(low, high).sum(axis=1)
    left = structure.system.bounds - _pool_contributions(structure, targets)
    misses = (left < least - 1e-9) | (structure.system.equal & (left > most + 1e-9))
    return np.asarray(~misses.any(axis=1))


def _subsample(targets: FloatArray) -> list[FloatArray]:
    """Return at most about 50 of the targets, to name the constraints at fault quickly."""
    return list(targets[:: max(1, len(targets) // 50)])


def _under_rules(structure: SpaceColumns, known: LegalPoints) -> LegalPoints:
    """Return the rows of ``known`` that have a point under all rules, with it."""
    rows, codes = known.rows, structure.rules.settle(known.codes.copy())
    own = [r for r in structure.rules.every if r.columns <= set(structure.pool_columns)]
    if own:
        kept = ~np.logical_or.reduce([rule.broken(codes) for rule in own])
        if not kept.any():
            raise _no_row(len(rows), [rule.label for rule in own])
        rows, codes = rows[kept], codes[kept]
    done = structure.legal(codes)
    completed, found = _completed(structure, codes[~done])
    codes[~done] = completed
    done[~done] = found
    if done.any():
        return LegalPoints(rows[done], codes[done])
    raw = count_combinations(structure, len(rows))
    if raw is not None and raw <= _LISTABLE:
        listed = list_points(structure, rows, raw)
        if len(listed):
            return first_of_each_row(structure, listed)
        raise _nothing(structure, f"none of the {raw} combinations", listed)
    return LegalPoints(rows[:1], _descended(structure, codes))


def _no_row(rows: int, labels: list[str]) -> SpaceError:
    return SpaceError(
        f"none of the {rows} rows of the pool keeps {_quoted(labels)}; loosen one of them"
    )


def first_of_each_row(structure: SpaceColumns, listed: FloatArray) -> LegalPoints:
    """Return the first of ``n x p`` legal codes in each row of the pool that they stand in."""
    if structure.pool is None:
        return LegalPoints(np.zeros(1, dtype=np.int64), listed[:1])
    of = np.array([structure.row_of(codes) for codes in listed], dtype=np.int64)
    rows, first = np.unique(of, return_index=True)
    return LegalPoints(rows, listed[first])


def _completed(structure: SpaceColumns, targets: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return legal codes in the pool rows of ``targets``, and for which of them any was found."""
    codes, found = targets.copy(), np.zeros(len(targets), dtype=bool)
    rng = np.random.Generator(np.random.PCG64(_SEED))
    for turn in range(_TURNS):
        left = np.flatnonzero(~found)
        if not len(left):
            break
        index = np.repeat(left, max(1, _AT_ONCE // len(left)))
        trial = targets[index]
        structure.spread(trial, rng.random((len(trial), structure.width)))
        legal = structure.legal(trial)
        if not legal.any() and len(structure.system) and turn % 8 == 0:
            trial, index = _kept_linear(structure, trial[:_MENDED]), index[:_MENDED]
            legal = structure.legal(trial)
        codes[index[legal]] = trial[legal]
        found[index[legal]] = True
    return codes, found


def _kept_linear(structure: SpaceColumns, codes: FloatArray) -> FloatArray:
    """Return codes moved to keep the linear constraints, where that can be."""
    moved = codes.copy()
    for i, row in enumerate(codes):
        try:
            near = structure.search_at(row).nearest(row)
        except SpaceError:
            near = None  # the search was given up; another draw is tried
        if near is not None:
            moved[i] = near
    return structure.rules.settle(moved)


def _descended(structure: SpaceColumns, codes: FloatArray) -> FloatArray:
    """Return a legal point, ``1 x p``, found by going down how far the rules are broken.

    Raises:
        SpaceError: none was found.
    """
    rng = np.random.Generator(np.random.PCG64(_SEED + 1))
    pool = codes[rng.integers(0, len(codes), _AT_ONCE)]
    structure.spread(pool, rng.random((len(pool), structure.width)))
    step = 0.25
    for _ in range(_GENERATIONS):
        wrong = _wrongness(structure, pool)
        if (wrong <= 0.0).any() and structure.legal(pool[wrong <= 0.0]).any():
            good = pool[wrong <= 0.0]
            return good[structure.legal(good)][:1]
        best = pool[np.argsort(wrong, kind="stable")[:_PARENTS]]
        pool = np.vstack([best, _children(structure, best, step, rng)])
        step *= 0.9
    tried = _AT_ONCE * (_TURNS + 1) + _GENERATIONS * 8 * _PARENTS
    raise _nothing(structure, f"none of {tried} points that were tried", pool)


def _wrongness(structure: SpaceColumns, codes: FloatArray) -> FloatArray:
    system = structure.system
    excess = codes @ system.weights.T - system.bounds
    excess = np.where(system.equal, np.abs(excess), excess)
    return np.asarray(np.maximum(excess - 1e-9, 0.0).sum(axis=1) + structure.rules.excess(codes))


def _children(
    structure: SpaceColumns, parents: FloatArray, step: float, rng: np.random.Generator
) -> FloatArray:
    """Return eight changed copies of each parent, on their grids and mixtures."""
    children = np.repeat(parents, 8, axis=0)
    fresh = children.copy()
    structure.spread(fresh, rng.random((len(fresh), structure.width)))
    for column, parameter in enumerate(structure.parameters):
        if column in structure.pool_columns:
            continue
        given = rng.random(len(children)) < 0.15
        children[given, column] = fresh[given, column]
        if isinstance(parameter, Numeric):
            low, high = parameter.span
            moved = children[:, column] + step * (high - low) * rng.standard_normal(len(children))
            children[:, column] = parameter.snap(moved)
    for block, columns in structure.blocks:
        children[:, list(columns)] = block.project(children[:, list(columns)])
    return structure.rules.settle(children)


def _nothing(structure: SpaceColumns, tried: str, codes: FloatArray) -> SpaceError:
    """Return the error of a space without a legal point, with the rules at fault."""
    rules = structure.rules.every
    labels, without_number = [rule.label for rule in rules], []
    if len(codes):
        never = [rule for rule in rules if rule.broken(codes).all()]
        labels = [rule.label for rule in never] or labels
        without_number = [r.label for r in never if np.isinf(r.excess(codes)).all()]
    if len(structure.system):
        labels = [*labels, *structure.system.labels] if len(labels) == len(rules) else labels
    together = " together" if len(labels) > 1 else ""
    if without_number:
        return SpaceError(
            f"{tried} keeps {_quoted(labels)}{together}: {_quoted(without_number)} gives no finite "
            "number anywhere; mend the function"
        )
    return SpaceError(
        f"{tried} keeps {_quoted(labels)}{together}; loosen one of them, or widen the ranges of "
        "its parameters"
    )


def _quoted(labels: list[str]) -> str:
    return " and ".join(f"'{label}'" for label in labels)


def draw_legal(structure: SpaceColumns, known: FloatArray, count: int) -> FloatArray:
    """Return up to ``count`` different legal points of a space without a pool, ``n x p``.

    ``known`` are legal codes, one or more.
    """
    rng = np.random.Generator(np.random.PCG64(_SEED + 2))
    found = known[:1]
    for _ in range(_TURNS // 3):
        trial = np.tile(found[:1], (_AT_ONCE, 1))
        structure.spread(trial, rng.random((len(trial), structure.width)))
        found = np.unique(np.vstack([found, trial[structure.legal(trial)]]), axis=0)
        if len(found) >= count:
            return found[rng.permutation(len(found))[:count]]
    starts = found[rng.integers(0, len(found), count // 2)]
    return np.unique(np.vstack([found, walk_under_rules(structure, starts, rng)]), axis=0)
