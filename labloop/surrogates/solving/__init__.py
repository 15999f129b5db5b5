"""Where and with what a round solves its physics."""

from labloop.surrogates.solving.channels import (
    Channels,
    MeasuredData,
    PhysicsFailureError,
    SingularMatrixError,
)
from labloop.surrogates.solving.device import (
    check_device,
    choose_device,
    estimated_solves,
    search_points,
)
from labloop.surrogates.solving.device_solver import DeviceSolver, RoundSolvers

__all__ = [
    "Channels",
    "DeviceSolver",
    "MeasuredData",
    "PhysicsFailureError",
    "RoundSolvers",
    "SingularMatrixError",
    "check_device",
    "choose_device",
    "estimated_solves",
    "search_points",
]
