"""Self-tests of a model, in words: is it sound, can its parameters be identified, is it fast."""

from labloop.physics.checks.finding import Finding
from labloop.physics.checks.identifiability import Identified, identify
from labloop.physics.checks.self_test import Conservative, PhysicsCheck, check_physics
from labloop.physics.checks.steps_and_speed import Stepped, speed

__all__ = [
    "Conservative",
    "Finding",
    "Identified",
    "PhysicsCheck",
    "Stepped",
    "check_physics",
    "identify",
    "speed",
]
