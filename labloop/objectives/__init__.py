"""What is wanted of the measured outputs: one aim or several."""

from labloop.objectives._aims import Aim, Maximize, Minimize, Target
from labloop.objectives._front import hypervolume, unbeaten
from labloop.objectives._objectives import Objectives

__all__ = [
    "Aim",
    "Maximize",
    "Minimize",
    "Objectives",
    "Target",
    "hypervolume",
    "unbeaten",
]
