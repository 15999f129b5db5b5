"""All combinations of a space that has finitely many."""

import math

import numpy as np
import numpy.typing as npt

from labloop.records import FloatArray
from labloop.space.sampling.columns import SpaceColumns


def count_combinations(structure: SpaceColumns, rows: int) -> int | None:
    """Return how many combinations there are before constraints; None for a continuum.

    ``rows`` is the number of rows of the pool that are combined, 1 without a pool. What a
    conditional parameter does not use is counted as often as it has values.
    """
    if not structure.discrete:
        return None
    fixed = {column for column, _ in structure.rules.fixed}
    counts = [1 if c in fixed else structure.parameters[c].count or 1 for c in structure.free]
    for block, _ in structure.blocks:
        if block.count is None:
            return None
        counts.append(block.count)
    return math.prod(counts) * rows


def list_points(structure: SpaceColumns, rows: npt.NDArray[np.int64], raw: int) -> FloatArray:
    """Return the codes of all legal points in ``rows`` of the pool, ``n x p``.

    ``raw`` is what ``count_combinations`` says.
    """
    fixed = dict(structure.rules.fixed)
    blocks: list[tuple[tuple[int, ...], FloatArray]] = []
    if structure.pool is not None:
        blocks.append((structure.pool_columns, structure.row_codes(rows)))
    for column in structure.free:
        only = np.array([fixed[column]]) if column in fixed else None
        codes = structure.parameters[column].all_codes() if only is None else only
        blocks.append(((column,), codes[:, None]))
    blocks += [(columns, block.all_points()) for block, columns in structure.blocks]
    raw = math.prod(len(values) for _, values in blocks) if structure.rules else raw
    codes = np.empty((raw, len(structure.parameters)))
    repeats = raw
    for columns, values in blocks:
        repeats //= max(len(values), 1)
        if raw:
            index = (np.arange(raw) // repeats) % len(values)
            codes[:, list(columns)] = values[index]
    if structure.rules.conditionals:
        codes = _without_twins(structure.rules.settle(codes))
    if len(structure.system) or structure.rules:
        codes = codes[structure.legal(codes)]
    return codes


def _without_twins(codes: FloatArray) -> FloatArray:
    """Return the first of each of the rows that are equal, in their order."""
    _, first = np.unique(codes, axis=0, return_index=True)
    return codes[np.sort(first)]
