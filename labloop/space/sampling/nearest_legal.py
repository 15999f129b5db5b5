"""Maps any point of the unit cube to a legal point near it."""

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.sampling.structure import SpaceStructure

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
    codes = codes.copy()
    for simplex, columns in structure.simplexes:
        codes[:, list(columns)] = simplex.project(codes[:, list(columns)])
    for index in np.flatnonzero(~structure.system.legal(codes)):
        codes[index] = _near(structure, codes[index])
    return with_exact_sums(structure, codes)


def with_exact_sums(structure: SpaceStructure, codes: FloatArray) -> FloatArray:
    """Return ``codes`` in which the parts of each mixture sum to its total exactly."""
    for simplex, columns in structure.simplexes:
        codes[:, list(columns)] = simplex.exact(codes[:, list(columns)])
    return codes


def _near(structure: SpaceStructure, target: FloatArray) -> FloatArray:
    try:
        found = structure.search.nearest(target)
    except SpaceError:
        # The search was given up near this target; the point of the proof is legal.
        found = None
    return found if found is not None else structure.legal_points_for(target[None])[0]


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
