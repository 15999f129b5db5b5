"""Self-tests of a model, told in sentences: is it sound, identifiable, fast.

They call a model only through its protocol. Read ``self_test`` first.
"""

from labloop.physics.checks.finding import Finding
from labloop.physics.checks.identifiability import Identified, identify, teaching_points
from labloop.physics.checks.informative_experiments import most_informative
from labloop.physics.checks.response_curves import ResponseCurve, response_curves
from labloop.physics.checks.self_test import Conservative, PhysicsCheck, check_physics
from labloop.physics.checks.steps_and_speed import Stepped, speed

__all__ = [
    "Conservative",
    "Finding",
    "Identified",
    "PhysicsCheck",
    "ResponseCurve",
    "Stepped",
    "check_physics",
    "identify",
    "most_informative",
    "response_curves",
    "speed",
    "teaching_points",
]
