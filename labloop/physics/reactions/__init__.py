"""Reactions: rate laws, kinetics in vessels, and equilibria.

Read ``kinetic_models`` first, then ``reaction_system``, ``network`` and ``integrator``. What is not
chemistry (heat, diffusion, light) belongs to ``continuum``.
"""

from labloop.physics.reactions.decorators import kinetics
from labloop.physics.reactions.dosing import Dose
from labloop.physics.reactions.equilibria import (
    Equilibrium,
    EquilibriumModel,
    VantHoff,
    equilibrium,
)
from labloop.physics.reactions.kinetic_models import Kinetics
from labloop.physics.reactions.network_files import read_network
from labloop.physics.reactions.own_laws import RateLaw
from labloop.physics.reactions.rate_laws import (
    Arrhenius,
    ButlerVolmer,
    Langmuir,
    MichaelisMenten,
    Rate,
)

__all__ = [
    "Arrhenius",
    "ButlerVolmer",
    "Dose",
    "Equilibrium",
    "EquilibriumModel",
    "Kinetics",
    "Langmuir",
    "MichaelisMenten",
    "Rate",
    "RateLaw",
    "VantHoff",
    "equilibrium",
    "kinetics",
    "read_network",
]
