"""Schedules: who has which oven when, as a job shop that knows neither lab nor campaign.

``_problem.py``: jobs that hold resources for a while, also several in one another; read it
first. ``_first_come.py`` carries them out first come, first served; ``_solver.py`` asks CP-SAT for
a better order, in a process of its own (``_process.py``, ``_model.py``). Where the numbers come
from, and who follows the order, belongs to campaign and lab.
"""

from labloop.scheduling._first_come import first_come
from labloop.scheduling._problem import Booking, Job, Problem, Resource, Schedule, UnitState, Use
from labloop.scheduling._solver import optimised, solver_missing

__all__ = [
    "Booking",
    "Job",
    "Problem",
    "Resource",
    "Schedule",
    "UnitState",
    "Use",
    "first_come",
    "optimised",
    "solver_missing",
]
