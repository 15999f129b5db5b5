"""Linear programs are solved as another solver solves them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.space.constraints.linear_program import minimise

SMALL = st.integers(-4, 4).map(float)


@st.composite
def programs(draw):
    """Linear programs of all sorts: feasible, infeasible, degenerate."""
    size = draw(st.integers(1, 5))
    row = st.lists(SMALL, min_size=size, max_size=size)
    upper = draw(st.lists(st.tuples(row, SMALL), max_size=5))
    equal = draw(st.lists(st.tuples(row, SMALL), max_size=2))
    top = draw(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=size, max_size=size))
    return np.array(draw(row)), upper, equal, np.array(top)


def _matrix(rows, size):
    return (
        np.array([r[0] for r in rows], float).reshape(len(rows), size),
        np.array([r[1] for r in rows], float),
    )


@settings(max_examples=150, deadline=None)
@given(programs())
def test_linear_programs_are_solved_as_a_library_solves_them(program):
    """LegalPoints or not, and how good the best is: the same verdict as SciPy's HiGHS."""
    optimize = pytest.importorskip("scipy.optimize")
    cost, upper, equal, top = program
    size = len(cost)
    a, b = _matrix(upper, size)
    e, f = _matrix(equal, size)
    found = minimise(cost, (a, b), (e, f), top)
    theirs = optimize.linprog(cost, a, b, e, f, [(0, t) for t in top])
    assert (found is not None) == (theirs.status == 0)
    if found is not None:
        assert cost @ found == pytest.approx(theirs.fun, abs=1e-7)
        assert (a @ found <= b + 1e-8).all()
        assert np.abs(e @ found - f).max(initial=0.0) < 1e-8
        assert (found >= -1e-9).all()
        assert (found <= top + 1e-9).all()
