"""Physics: mechanistic knowledge that a surrogate starts from and corrects with data.

Inside are plain SI floats; units are checked once, where a model meets a space.
"""

from importlib.util import find_spec

from labloop.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("labloop.physics", "brain")

from labloop.physics._binding import BoundPhysics, bind
from labloop.physics._checks import Conservative, Finding, PhysicsCheck, check_physics
from labloop.physics._decorator import kinetics
from labloop.physics._function import FunctionPhysics
from labloop.physics._kinetics import Arrhenius, Kinetics, Rate
from labloop.physics._model import PhysicsInput, PhysicsModel, as_physics
from labloop.physics._prior import PhysicsParameter, Prior, Whitening

__all__ = [
    "Arrhenius",
    "BoundPhysics",
    "Conservative",
    "Finding",
    "FunctionPhysics",
    "Kinetics",
    "PhysicsCheck",
    "PhysicsInput",
    "PhysicsModel",
    "PhysicsParameter",
    "Prior",
    "Rate",
    "Whitening",
    "as_physics",
    "bind",
    "check_physics",
    "kinetics",
]
