"""What every model of physics is built on: building blocks, and any torch function."""

from labloop.physics.models.building_block import BuildingBlock, Outputs
from labloop.physics.models.function_physics import FunctionPhysics

__all__ = [
    "BuildingBlock",
    "FunctionPhysics",
    "Outputs",
]
