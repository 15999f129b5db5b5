"""What every physics model is built on: the base of the building blocks, and a user's function.

A block for one field belongs to ``reactions`` or ``continuum``. Read ``building_block`` first; for
a function of one's own, ``function_physics``.
"""

from labloop.physics.models.algebraic_physics import AlgebraicPhysics, algebraic
from labloop.physics.models.building_block import BuildingBlock
from labloop.physics.models.function_physics import FunctionPhysics
from labloop.physics.models.outputs import Outputs
from labloop.physics.models.prior_updates import with_priors
from labloop.physics.models.valued_physics import ValuedPhysics, with_value

__all__ = [
    "AlgebraicPhysics",
    "BuildingBlock",
    "FunctionPhysics",
    "Outputs",
    "ValuedPhysics",
    "algebraic",
    "with_priors",
    "with_value",
]
