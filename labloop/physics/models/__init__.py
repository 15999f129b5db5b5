"""What every model of physics is built on: building blocks, and any torch function."""

from labloop.physics.models.block import Block, Outputs
from labloop.physics.models.function import FunctionPhysics

__all__ = [
    "Block",
    "FunctionPhysics",
    "Outputs",
]
