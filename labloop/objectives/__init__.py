"""What is wanted of the measured outputs: one aim or several, as scores to be maximised.

Read ``_objectives.py`` first; ``_aims.py`` declares single aims, ``_constraints.py`` what an output
must keep, ``_front.py`` has the mathematics of several aims.
How a model reaches for them (acquisition) belongs to ``labloop.brain``.
"""

from labloop.objectives._aims import Aim, Maximize, Minimize, Target
from labloop.objectives._constraints import OutcomeConstraint
from labloop.objectives._front import hypervolume, unbeaten
from labloop.objectives._objectives import Objectives

__all__ = [
    "Aim",
    "Maximize",
    "Minimize",
    "Objectives",
    "OutcomeConstraint",
    "Target",
    "hypervolume",
    "unbeaten",
]
