"""Maps any point of the unit cube to a legal point near it."""

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.parameters import Numeric
from labloop.space.sampling.structure import SpaceStructure

_HALVINGS = 24
"""Bisections of the way from a legal point to one that is not."""
_CHUNK = 4_000_000
"""So many distances to pool rows are held in memory at once."""


def decode(structure: SpaceStructure, columns: FloatArray) -> FloatArray:
    """Return legal codes (``n x p``) near encoded points (``n x d``)."""
    codes = np.zeros((len(columns), len(structure.parameters)))
    for i, (parameter, part) in enumerate(zip(structure.parameters, structure.slices, strict=True)):
        if i not in structure.pool_columns:
            codes[:, i] = parameter.decode(columns[:, part])
    if structure.pool is not None:
        rows = structure.known_legal.rows[_nearest_rows(structure, columns)]
        codes[:, list(structure.pool_columns)] = structure.row_codes(rows)
    return repair(structure, codes)


def repair(structure: SpaceStructure, codes: FloatArray) -> FloatArray:
    """Return ``codes`` changed to legal ones; the columns of a pool are not changed."""
    codes = structure.rules.settle(codes.copy())
    for block, columns in structure.blocks:
        codes[:, list(columns)] = block.project(codes[:, list(columns)])
    if structure.rules:
        structure.rules.settle(codes)
    for index in np.flatnonzero(~structure.system.legal(codes)):
        codes[index] = _near(structure, codes[index])
    if structure.rules:
        structure.rules.settle(codes)
        broken = ~structure.legal(codes)
        if broken.any():
            codes[broken] = _toward(structure, codes[broken])
    return with_exact_sums(structure, codes)


def with_exact_sums(structure: SpaceStructure, codes: FloatArray) -> FloatArray:
    """Return ``codes`` in which the parts of each mixture sum to its total exactly."""
    for block, columns in structure.blocks:
        codes[:, list(columns)] = block.exact(codes[:, list(columns)])
    return codes


def _near(structure: SpaceStructure, target: FloatArray) -> FloatArray:
    try:
        found = structure.search_at(target).nearest(target)
    except SpaceError:
        # The search was given up near this target; the point of the proof is legal.
        found = None
    return found if found is not None else structure.legal_points_for(target[None])[0]


def _toward(structure: SpaceStructure, targets: FloatArray) -> FloatArray:
    """Return legal codes for ``n x p`` others: as far as is legal from a legal point to each.

    Numbers move along the line from the nearest legal point that is known, which ends at the
    edge of what is legal, found by bisection; names stay those of the legal point.
    """
    found = _anchors(structure, targets)
    still = {*structure.pool_columns, *structure.rules.still}
    numbers = {
        c: p
        for c, p in enumerate(structure.parameters)
        if isinstance(p, Numeric) and c not in still
    }
    start, columns = found.copy(), list(numbers)
    low, high, share = np.zeros(len(found)), np.ones(len(found)), np.ones(len(found))
    for _ in range(_HALVINGS):
        trial = start.copy()
        trial[:, columns] += share[:, None] * (targets - start)[:, columns]
        for column, parameter in numbers.items():
            trial[:, column] = parameter.snap(trial[:, column])
        for block, parts in structure.blocks:
            trial[:, list(parts)] = block.project(trial[:, list(parts)])
        structure.rules.settle(trial)
        legal = structure.legal(trial)
        found[legal] = trial[legal]
        low, high = np.where(legal, share, low), np.where(legal, high, share)
        share = (low + high) / 2
    return found


def _anchors(structure: SpaceStructure, targets: FloatArray) -> FloatArray:
    """Return a known legal point for each target: in its pool row, or the nearest one."""
    if structure.pool is not None:
        return structure.legal_points_for(targets)
    library = structure.library
    known, wanted = structure.encode(library), structure.encode(targets)
    lengths = (known**2).sum(axis=1)
    chunk = max(1, _CHUNK // len(known))
    nearest = [
        np.argmin(lengths - 2.0 * wanted[i : i + chunk] @ known.T, axis=1)
        for i in range(0, len(wanted), chunk)
    ]
    return np.asarray(library[np.concatenate(nearest)])


def _nearest_rows(structure: SpaceStructure, columns: FloatArray) -> FloatArray:
    """Return, for each point, the place in ``proof.rows`` of the nearest pool row."""
    part = np.hstack([columns[:, structure.slices[c]] for c in structure.pool_columns])
    table = structure.pool_encoded
    lengths = (table**2).sum(axis=1)
    chunk = max(1, _CHUNK // len(table))
    nearest = [
        np.argmin(lengths - 2.0 * part[i : i + chunk] @ table.T, axis=1)
        for i in range(0, len(part), chunk)
    ]
    return np.concatenate(nearest) if nearest else np.zeros(0, dtype=np.int64)
