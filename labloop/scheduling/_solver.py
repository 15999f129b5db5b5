"""The order of jobs by CP-SAT, the constraint solver of OR-Tools.

The same problem gives the same schedule on every run: one worker, a fixed seed, and a limit in the
solver's own deterministic time, never in seconds of the machine.
"""

from collections.abc import Mapping
from importlib.util import find_spec

from labloop.errors import DefinitionError
from labloop.scheduling._first_come import first_come
from labloop.scheduling._problem import Problem, Schedule
from labloop.scheduling._process import SOLVER

EFFORT = 0.15
"""Deterministic seconds of the solver: about half a second of one core of 2020."""


def solver_missing() -> str:
    """Return why there is no optimised order, with the install line; empty where there is one."""
    if find_spec("ortools") is not None:
        return ""
    return (
        "first come, first served: the solver OR-Tools is not installed; install it with: "
        "pip install 'labloop-sdl[schedule]'"
    )


def optimised(
    problem: Problem,
    *,
    effort: float = EFFORT,
    gap: float = 0.0,
    seed: int = 0,
    planned: Mapping[tuple[int, int], float] | None = None,
) -> Schedule:
    """Return the shortest schedule that is found, never a longer one than first come, first served.

    Args:
        problem: the jobs.
        effort: deterministic seconds that the solver takes at most.
        gap: it may end where none is shorter by more than this share.
        seed: of its search.
        planned: job and use -> second for which an earlier plan had it. The search begins with
            that order where it ends sooner than first come, first served.

    Returns:
        First come, first served itself where the solver is not installed, ends in the midst of
        it, or finds none shorter.

    Raises:
        DefinitionError: without the solver, where jobs would wait for each other for ever.
    """
    known = _shorter(_carried_out(problem), _carried_out(problem, planned) if planned else None)
    if solver_missing() or not problem.jobs:
        return first_come(problem) if known is None else known
    try:
        found = SOLVER.solve(problem, known, effort, gap, seed)
    except DefinitionError:
        if known is None:
            raise
        return known
    if known is not None and (found is None or found.makespan >= known.makespan):
        bound = known.makespan if found is None else found.bound
        return Schedule(known.bookings, known.ends, min(bound, known.makespan), known.basis)
    return first_come(problem) if found is None else found


def _carried_out(
    problem: Problem, planned: Mapping[tuple[int, int], float] | None = None
) -> Schedule | None:
    """Return what happens in an order; None where jobs would wait for each other for ever."""
    try:
        return first_come(problem, planned)
    except DefinitionError:
        return None


def _shorter(first: Schedule | None, second: Schedule | None) -> Schedule | None:
    both = [each for each in (first, second) if each is not None]
    return min(both, key=lambda each: each.makespan, default=None)
