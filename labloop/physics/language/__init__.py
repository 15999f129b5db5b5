"""What models are written in: priors, units, coefficients, expressions, curves, and the binding.

A model itself does not belong here. Read ``model`` first (the protocol), then ``coefficients`` and
``binding``.
"""

from labloop.physics.language.binding import BoundPhysics, bind
from labloop.physics.language.coefficients import (
    Coefficient,
    CoefficientLike,
    Coefficients,
)
from labloop.physics.language.curves import (
    CURVE_SCALARS,
    At,
    Course,
    CurveAxis,
    CurveScalar,
    Mean,
    Peak,
    PeakAt,
    Rms,
)
from labloop.physics.language.expression import Expression
from labloop.physics.language.formula import (
    GAS,
    GAS_CONSTANT,
    By,
    Constant,
    Formula,
    Shared,
    given_unit,
)
from labloop.physics.language.known_values import (
    check_dimension,
    evaluate,
    parse_known_value,
    sample_quantities,
)
from labloop.physics.language.model import PhysicsInput, PhysicsModel, as_physics
from labloop.physics.language.prior import PhysicsParameter, Prior, Whitening
from labloop.physics.language.profile import (
    PiecewiseLinear,
    Profile,
    ProfileCoefficients,
    profile_coefficients,
)
from labloop.physics.language.shapes import broadcast_shape, stack_last
from labloop.physics.language.units import mixed_units, si_conversion

__all__ = [
    "CURVE_SCALARS",
    "GAS",
    "GAS_CONSTANT",
    "At",
    "BoundPhysics",
    "By",
    "Coefficient",
    "CoefficientLike",
    "Coefficients",
    "Constant",
    "Course",
    "CurveAxis",
    "CurveScalar",
    "Expression",
    "Formula",
    "Mean",
    "Peak",
    "PeakAt",
    "PhysicsInput",
    "PhysicsModel",
    "PhysicsParameter",
    "PiecewiseLinear",
    "Prior",
    "Profile",
    "ProfileCoefficients",
    "Rms",
    "Shared",
    "Whitening",
    "as_physics",
    "bind",
    "broadcast_shape",
    "check_dimension",
    "evaluate",
    "given_unit",
    "mixed_units",
    "parse_known_value",
    "profile_coefficients",
    "sample_quantities",
    "si_conversion",
    "stack_last",
]
