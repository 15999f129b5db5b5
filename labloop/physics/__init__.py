"""Physics: mechanistic models that a surrogate starts from and corrects with data.

Inside are SI floats; units are checked once, where a model is bound to a space. Wings, from top
to bottom: ``checks``, ``reactions`` and ``continuum``, ``models``, ``language``. Read
``language.model`` first: it is what every model fulfils.
"""

from importlib.util import find_spec

from labloop.errors import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError("labloop.physics", "brain")

from labloop.physics.checks import (
    Conservative,
    Finding,
    Identified,
    PhysicsCheck,
    Stepped,
    check_physics,
    identify,
    speed,
)
from labloop.physics.continuum import (
    Absorption,
    Band,
    Cauchy,
    Convection,
    Fixed,
    Flux,
    Insulated,
    Layer,
    Molar,
    Pulse,
    Stack,
    Transport,
    absorption,
    diffusion,
    heat,
    multilayer,
)
from labloop.physics.language import (
    At,
    BoundPhysics,
    By,
    Course,
    CurveAxis,
    Mean,
    Peak,
    PeakAt,
    PhysicsInput,
    PhysicsModel,
    PhysicsParameter,
    Prior,
    Rms,
    Whitening,
    as_physics,
    bind,
)
from labloop.physics.models import FunctionPhysics
from labloop.physics.reactions import (
    Arrhenius,
    ButlerVolmer,
    Dose,
    Equilibrium,
    EquilibriumModel,
    Kinetics,
    Langmuir,
    MichaelisMenten,
    Rate,
    VantHoff,
    equilibrium,
    kinetics,
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
