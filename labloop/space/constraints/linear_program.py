"""A small dense solver of linear programs, because the base install has no SciPy.

The two-phase simplex method on a full tableau, for tens of variables that are scaled to about
1. Method: G. B. Dantzig, Linear Programming and Extensions, Princeton 1963; the rule against
cycling: R. G. Bland, Mathematics of Operations Research 2, 1977, 103.
"""

import numpy as np
import numpy.typing as npt

from labloop.records import FloatArray

_EPS = 1e-10
"""Reduced costs and pivot elements that are smaller count as 0."""
_FEASIBLE = 1e-9
"""The sum of artificial variables, relative to the right-hand side, that counts as 0."""


def minimise(
    cost: FloatArray,
    upper_rows: tuple[FloatArray, FloatArray],
    equal_rows: tuple[FloatArray, FloatArray],
    upper: FloatArray,
) -> FloatArray | None:
    """Return ``x`` that minimises ``cost @ x``, or None where no ``x`` is feasible.

    Args:
        cost: ``v``.
        upper_rows: ``A`` (``m x v``) and ``b`` (``m``) of ``A x <= b``.
        equal_rows: ``E`` and ``f`` of ``E x == f``.
        upper: ``v``; ``0 <= x <= upper``.
    """
    size = len(cost)
    matrix = np.vstack([upper_rows[0], np.eye(size)])
    right = np.concatenate([upper_rows[1], upper])
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
    tableau, basis = _initial_tableau(body, right, flip, size)
    if not _first_phase(tableau, basis, body.shape[1]):
        return None
    return _second_phase(tableau, basis, cost, body.shape[1])


def _initial_tableau(
    body: FloatArray, right: FloatArray, flip: npt.NDArray[np.bool_], size: int
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return a tableau and its basis: slack variables, and artificial ones in the other rows."""
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


def _first_phase(tableau: FloatArray, basis: npt.NDArray[np.int64], real: int) -> bool:
    """Minimise the sum of the artificial variables; return whether it reaches 0 (feasible)."""
    cost = np.zeros(tableau.shape[1] - 1)
    cost[real:] = 1.0
    _pivot_to_optimum(tableau, basis, cost, tableau.shape[1] - 1)
    inside = basis >= real
    if tableau[inside, -1].sum() > _FEASIBLE * max(1.0, float(np.abs(tableau[:, -1]).max())):
        return False
    for row in np.flatnonzero(inside):
        # An artificial variable at 0 leaves the basis, so that phase two cannot raise it again.
        candidates = np.flatnonzero(np.abs(tableau[row, :real]) > 1e-7)
        if len(candidates):
            _pivot(tableau, basis, int(row), int(candidates[0]))
        else:
            tableau[row] = 0.0
    return True


def _second_phase(
    tableau: FloatArray, basis: npt.NDArray[np.int64], cost: FloatArray, real: int
) -> FloatArray:
    """Minimise ``cost`` from a feasible basis and return the solution."""
    full = np.zeros(tableau.shape[1] - 1)
    full[: len(cost)] = cost
    _pivot_to_optimum(tableau, basis, full, real)
    solution = np.zeros(tableau.shape[1] - 1)
    solution[basis] = tableau[:, -1]
    return solution[: len(cost)]


def _pivot_to_optimum(
    tableau: FloatArray, basis: npt.NDArray[np.int64], cost: FloatArray, allowed: int
) -> None:
    """Pivot until no reduced cost is negative, which is optimal, or the problem is unbounded."""
    patience = 20 * (tableau.shape[0] + 10)
    for turn in range(50 * patience):
        reduced = (cost - cost[basis] @ tableau[:, :-1])[:allowed]
        falling = np.flatnonzero(reduced < -_EPS)
        if len(falling) == 0:
            return
        # Dantzig's rule (the most negative cost) is quick, Bland's (the first) cannot cycle.
        column = int(np.argmin(reduced)) if turn < patience else int(falling[0])
        rising = np.flatnonzero(tableau[:, column] > _EPS)
        if len(rising) == 0:
            return
        ratios = tableau[rising, -1] / tableau[rising, column]
        ties = rising[ratios <= ratios.min() + 1e-12]
        row = int(ties[np.argmin(basis[ties])])
        _pivot(tableau, basis, row, column)


def _pivot(tableau: FloatArray, basis: npt.NDArray[np.int64], row: int, column: int) -> None:
    tableau[row] /= tableau[row, column]
    factors = tableau[:, column].copy()
    factors[row] = 0.0
    tableau -= np.outer(factors, tableau[row])
    basis[row] = column
