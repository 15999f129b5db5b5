"""The words of a model: parameters with priors, units, expressions, curves and their binding."""

from labloop.physics.language.binding import BoundPhysics, bind
from labloop.physics.language.coefficients import Book, By, Given, Term
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
from labloop.physics.language.model import PhysicsInput, PhysicsModel, as_physics
from labloop.physics.language.prior import PhysicsParameter, Prior, Whitening
from labloop.physics.language.shapes import common_shape, stack_last
from labloop.physics.language.sources import check_dimension, evaluate, source
from labloop.physics.language.units import si_line

__all__ = [
    "CURVE_SCALARS",
    "At",
    "Book",
    "BoundPhysics",
    "By",
    "Course",
    "CurveAxis",
    "CurveScalar",
    "Expression",
    "Given",
    "Mean",
    "Peak",
    "PeakAt",
    "PhysicsInput",
    "PhysicsModel",
    "PhysicsParameter",
    "Prior",
    "Rms",
    "Term",
    "Whitening",
    "as_physics",
    "bind",
    "check_dimension",
    "common_shape",
    "evaluate",
    "si_line",
    "source",
    "stack_last",
]
