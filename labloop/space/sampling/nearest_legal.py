"""From any point of the unit cube to a legal point near it."""

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.sampling.structure import Frame

_CHUNK = 4_000_000


def decode(frame: Frame, columns: FloatArray) -> FloatArray:
    """Return legal codes (``n x p``) near encoded points (``n x d``)."""
    codes = np.zeros((len(columns), len(frame.parameters)))
    for i, (parameter, part) in enumerate(zip(frame.parameters, frame.slices, strict=True)):
        if i not in frame.pool_columns:
            codes[:, i] = parameter.decode(columns[:, part])
    if frame.pool is not None:
        rows = frame.proof.rows[_nearest_rows(frame, columns)]
        codes[:, list(frame.pool_columns)] = frame.row_codes(rows)
    return repair(frame, codes)


def repair(frame: Frame, codes: FloatArray) -> FloatArray:
    """Return ``codes`` moved into the constraints; a pool's columns stay as they are."""
    codes = codes.copy()
    for simplex, columns in frame.simplexes:
        codes[:, list(columns)] = simplex.project(codes[:, list(columns)])
    for index in np.flatnonzero(~frame.system.legal(codes)):
        codes[index] = _near(frame, codes[index])
    return polished(frame, codes)


def polished(frame: Frame, codes: FloatArray) -> FloatArray:
    """Return ``codes`` with the dust of mixtures' sums taken out."""
    for simplex, columns in frame.simplexes:
        codes[:, list(columns)] = simplex.exact(codes[:, list(columns)])
    return codes


def _near(frame: Frame, target: FloatArray) -> FloatArray:
    try:
        found = frame.search.nearest(target)
    except SpaceError:
        # Given up near this target: the point of the proof is legal everywhere.
        found = None
    return found if found is not None else frame.witnesses(target[None])[0]


def _nearest_rows(frame: Frame, columns: FloatArray) -> FloatArray:
    """Return, for each point, the place in ``proof.rows`` of the nearest pool row."""
    part = np.hstack([columns[:, frame.slices[c]] for c in frame.pool_columns])
    table = frame.pool_encoded
    lengths = (table**2).sum(axis=1)
    chunk = max(1, _CHUNK // len(table))
    nearest = [
        np.argmin(lengths - 2.0 * part[i : i + chunk] @ table.T, axis=1)
        for i in range(0, len(part), chunk)
    ]
    return np.concatenate(nearest) if nearest else np.zeros(0, dtype=np.int64)
