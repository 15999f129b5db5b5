"""Physics: mechanistic knowledge that a surrogate starts from and corrects with data.

Inside are plain SI floats; units are checked once, where a model meets a space.
"""

from importlib.util import find_spec

from labloop.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("labloop.physics", "brain")

from labloop.physics._absorption import Absorption, Band, Molar, absorption
from labloop.physics._binding import BoundPhysics, bind
from labloop.physics._book import By
from labloop.physics._checks import Conservative, PhysicsCheck, check_physics
from labloop.physics._curves import At, Course, CurveAxis, Mean, Peak, PeakAt, Rms
from labloop.physics._decorator import kinetics
from labloop.physics._equilibrium import Equilibrium, EquilibriumModel, VantHoff, equilibrium
from labloop.physics._finding import Finding
from labloop.physics._function import FunctionPhysics
from labloop.physics._identify import Identified, identify
from labloop.physics._kinetics import Dose, Kinetics
from labloop.physics._laws import Arrhenius, ButlerVolmer, Langmuir, MichaelisMenten, Rate
from labloop.physics._layers import Cauchy, Layer, Stack, multilayer
from labloop.physics._model import PhysicsInput, PhysicsModel, as_physics
from labloop.physics._numerics import Stepped, speed
from labloop.physics._prior import PhysicsParameter, Prior, Whitening
from labloop.physics._transport import (
    Convection,
    Fixed,
    Flux,
    Insulated,
    Pulse,
    Transport,
    diffusion,
    heat,
)

__all__ = [
    "Absorption",
    "Arrhenius",
    "At",
    "Band",
    "BoundPhysics",
    "ButlerVolmer",
    "By",
    "Cauchy",
    "Conservative",
    "Convection",
    "Course",
    "CurveAxis",
    "Dose",
    "Equilibrium",
    "EquilibriumModel",
    "Finding",
    "Fixed",
    "Flux",
    "FunctionPhysics",
    "Identified",
    "Insulated",
    "Kinetics",
    "Langmuir",
    "Layer",
    "Mean",
    "MichaelisMenten",
    "Molar",
    "Peak",
    "PeakAt",
    "PhysicsCheck",
    "PhysicsInput",
    "PhysicsModel",
    "PhysicsParameter",
    "Prior",
    "Pulse",
    "Rate",
    "Rms",
    "Stack",
    "Stepped",
    "Transport",
    "VantHoff",
    "Whitening",
    "absorption",
    "as_physics",
    "bind",
    "check_physics",
    "diffusion",
    "equilibrium",
    "heat",
    "identify",
    "kinetics",
    "multilayer",
    "speed",
]
