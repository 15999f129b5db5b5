"""Estimation: the parameters of one physics model from a table of results, without a campaign.

Classical regression with the priors as further data: no discrepancy is learned, what the physics
misses is told. For the models that propose experiments see ``members``. Read ``estimate`` first.
"""

from labloop.surrogates.estimation.estimate import fit_physics
from labloop.surrogates.estimation.physics_fit import (
    FittedOutput,
    FittedParameter,
    PhysicsFit,
    describe_output,
)

__all__ = ["FittedOutput", "FittedParameter", "PhysicsFit", "describe_output", "fit_physics"]
