"""Physics at the experiments: measured channels, the device that solves, and what it costs.

Every solve of a round goes through here, so that it is counted, limited and moved to a GPU in
one place. Read ``channels`` first, then ``device_solver``; ``device`` holds the rule for a GPU.
"""

from labloop.surrogates.solving.channels import (
    Channels,
    MeasuredData,
    PhysicsFailureError,
    SingularMatrixError,
    check_reads,
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
    "check_reads",
    "choose_device",
    "estimated_solves",
    "search_points",
]
