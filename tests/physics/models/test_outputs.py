"""Outputs of a block are arithmetic in their units, scalars of curves, or time courses."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import Course, CurveAxis, Peak
from labloop.physics.models.outputs import OutputDefinitions

AXIS = CurveAxis((0.0, 1.0, 2.0), "min", y_unit="mol/L")
MODEL = "kinetics 'toy'"


def definitions(outputs, curves=None, courses=None):
    """Return the outputs of a model that solves for P and A."""
    return OutputDefinitions(MODEL, "P / A", outputs, curves or {}, courses or {})


def test_columns_are_outputs_then_the_points_of_curves():
    """Each in the unit that is declared for it, broadcast to the experiments."""
    courses = {"profile": Course("P", AXIS)}
    made = definitions(
        {"share": "P / A", "P": ("P", "mol/L"), "top": Peak("profile")}, None, courses
    )
    values = {"P": torch.tensor([500.0, 250.0]).double(), "A": torch.tensor(1000.0).double()}
    course = made.course("profile", {"P": torch.tensor([[100.0, 500.0, 200.0]]).double()})
    found = made.stacked(values, {"profile": course}, torch.Size([2]))
    wanted = [[0.5, 0.5, 0.5, 0.1, 0.5, 0.2], [0.25, 0.25, 0.5, 0.1, 0.5, 0.2]]
    torch.testing.assert_close(found, torch.tensor(wanted).double())
    assert made.units == {"share": "1", "P": "mol/L", "top": "mol/L"}


@pytest.mark.parametrize(
    ("outputs", "courses", "match"),
    [
        ({}, {}, r"kinetics 'toy' needs outputs=\{'name': 'P / A'\}"),
        ({"y": 3}, {}, "output 'y' of kinetics 'toy' must be arithmetic such as 'P / A'"),
        ({"y": Peak("other")}, {}, "reads the curve 'other'; its curves are none"),
        ({"y": "P"}, {"c": AXIS}, "a curve of kinetics 'toy' must be Course"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(outputs, courses, match):
    """With the model, the output, and what to write."""
    with pytest.raises(PhysicsError, match=match):
        definitions(outputs, None, courses)


def test_curves_are_checked():
    """An output of the same name, a course over something else than time."""
    nanometres = CurveAxis((1.0, 2.0), "nm")
    for made, match in (
        (definitions({"c": "P"}, {"c": AXIS}), "uses c for two things: an output and a curve"),
        (definitions({"y": "P"}, None, {"c": Course("P", nanometres)}), "needs a unit of time"),
    ):
        with pytest.raises(PhysicsError, match=match):
            made.check_curves()
