"""Where and with what a round solves its physics."""

from labloop.surrogates.solving.device import (
    check_device,
    choose,
    estimated_solves,
    points_looked_at,
)
from labloop.surrogates.solving.physics_inputs import (
    Channels,
    MeasuredData,
    PhysicsFailureError,
    SingularMatrixError,
)
from labloop.surrogates.solving.solver import Solver, Solving

__all__ = [
    "Channels",
    "MeasuredData",
    "PhysicsFailureError",
    "SingularMatrixError",
    "Solver",
    "Solving",
    "check_device",
    "choose",
    "estimated_solves",
    "points_looked_at",
]
