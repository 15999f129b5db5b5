"""A small dense linear-programming solver, so that the base install can prove feasibility.

The two-phase simplex method on a full tableau. Meant for tens of variables of size about 1;
callers scale. Method: G. B. Dantzig, Linear Programming and Extensions, 1963; the rule
against cycling: R. G. Bland, Mathematics of Operations Research 2, 1977, 103.
"""

import numpy as np
import numpy.typing as npt

from labloop.records import FloatArray

_EPS = 1e-10
_FEASIBLE = 1e-9


def minimise(
    cost: FloatArray,
    upper_rows: tuple[FloatArray, FloatArray],
    equal_rows: tuple[FloatArray, FloatArray],
    top: FloatArray,
) -> FloatArray | None:
    """Return ``x`` that minimises ``cost @ x``, or None where no ``x`` is feasible.

    Args:
        cost: ``v``.
        upper_rows: ``A`` (``m x v``) and ``b`` (``m``) of ``A x <= b``.
        equal_rows: ``E`` and ``f`` of ``E x == f``.
        top: ``v``; ``0 <= x <= top``.
    """
    size = len(cost)
    matrix = np.vstack([upper_rows[0], np.eye(size)])
    right = np.concatenate([upper_rows[1], top])
    slack = np.eye(len(right))
    body = np.vstack(
        [
            np.hstack([matrix, slack]),
            np.hstack([equal_rows[0], np.zeros((len(equal_rows[1]), len(right)))]),
        ]
    )
    right = np.concatenate([right, equal_rows[1]])
    flip = right < 0
    body[flip] *= -1.0
    right = np.abs(right)
    table, basis = _start(body, right, flip, size)
    if not _first_phase(table, basis, body.shape[1]):
        return None
    return _second_phase(table, basis, cost, body.shape[1])


def _start(
    body: FloatArray, right: FloatArray, flip: npt.NDArray[np.bool_], size: int
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return a tableau with a basis of slacks, and artificials where a slack cannot serve."""
    rows, columns = body.shape
    slacks = columns - size
    basis = np.arange(rows) + size
    needs = flip.copy()
    needs[slacks:] = True
    wanting = np.flatnonzero(needs)
    artificial = np.zeros((rows, len(wanting)))
    artificial[wanting, np.arange(len(wanting))] = 1.0
    basis[wanting] = columns + np.arange(len(wanting))
    return np.hstack([body, artificial, right[:, None]]), basis


def _first_phase(table: FloatArray, basis: npt.NDArray[np.int64], real: int) -> bool:
    """Drive the artificials to zero; return whether that is possible."""
    cost = np.zeros(table.shape[1] - 1)
    cost[real:] = 1.0
    _pivot_down(table, basis, cost, table.shape[1] - 1)
    inside = basis >= real
    if table[inside, -1].sum() > _FEASIBLE * max(1.0, float(np.abs(table[:, -1]).max())):
        return False
    for row in np.flatnonzero(inside):
        # A zero artificial is exchanged, so that the second phase cannot raise it again.
        candidates = np.flatnonzero(np.abs(table[row, :real]) > 1e-7)
        if len(candidates):
            _pivot(table, basis, int(row), int(candidates[0]))
        else:
            table[row] = 0.0
    return True


def _second_phase(
    table: FloatArray, basis: npt.NDArray[np.int64], cost: FloatArray, real: int
) -> FloatArray:
    full = np.zeros(table.shape[1] - 1)
    full[: len(cost)] = cost
    _pivot_down(table, basis, full, real)
    solution = np.zeros(table.shape[1] - 1)
    solution[basis] = table[:, -1]
    return solution[: len(cost)]


def _pivot_down(
    table: FloatArray, basis: npt.NDArray[np.int64], cost: FloatArray, allowed: int
) -> None:
    """Exchange basic columns until no reduced cost is negative."""
    patience = 20 * (table.shape[0] + 10)
    for turn in range(50 * patience):
        reduced = (cost - cost[basis] @ table[:, :-1])[:allowed]
        falling = np.flatnonzero(reduced < -_EPS)
        if len(falling) == 0:
            return
        # The steepest column is quick; the first one can never cycle.
        column = int(np.argmin(reduced)) if turn < patience else int(falling[0])
        rising = np.flatnonzero(table[:, column] > _EPS)
        if len(rising) == 0:
            return
        ratios = table[rising, -1] / table[rising, column]
        ties = rising[ratios <= ratios.min() + 1e-12]
        row = int(ties[np.argmin(basis[ties])])
        _pivot(table, basis, row, column)


def _pivot(table: FloatArray, basis: npt.NDArray[np.int64], row: int, column: int) -> None:
    table[row] /= table[row, column]
    factors = table[:, column].copy()
    factors[row] = 0.0
    table -= np.outer(factors, table[row])
    basis[row] = column
