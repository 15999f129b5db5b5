"""A measured curve teaches the physics through its leading modes."""

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import CurveAxis, PhysicsInput, PhysicsParameter, Prior, bind
from labloop.records import CurveData
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MeasuredData
from labloop.surrogates.numerics.leading_modes import curve_modes
from labloop.surrogates.solving.channels import Channels

AXIS = CurveAxis.even(400.0, 600.0, 41, "nm")
SPACE = SearchSpace(Continuous("dose", 0.1, 1))


def band(dose, centre=500.0, unit="nm"):
    """Return a measured spectrum of one band, as high as the dose."""
    x = np.linspace(380.0, 620.0, 121)
    y = dose * np.exp(-0.5 * ((x - centre) / 20.0) ** 2)
    return CurveData(x if unit == "nm" else x / 1000.0, y, unit, "1")


def test_curves_of_one_band_have_one_mode():
    """Its scores rise with the dose, whichever unit the instrument gives the axis in."""
    doses = [0.2, 0.9, 0.4, 0.6]
    modes, scores = curve_modes("spectrum", [band(d) for d in doses], AXIS)
    assert modes.names == ("spectrum mode 1",)
    assert list(np.argsort(scores[:, 0].numpy())) == list(np.argsort(doses))
    again = curve_modes("spectrum", [band(d, unit="um") for d in doses], AXIS)
    assert torch.allclose(again[1], scores, atol=1e-6)


@pytest.mark.parametrize(
    "curves",
    [
        [band(0.1), band(0.2)],
        [band(0.3)] * 5,
        [CurveData(np.array([450.0, 500.0]), np.array([0.0, 1.0]), "nm")] * 4,
        [CurveData(np.array([1.0, 9.0]), np.array([0.0, 1.0]), "s")] * 4,
    ],
    ids=["too few", "all alike", "too short", "another dimension"],
)
def test_curves_that_teach_nothing_are_left_out(curves):
    """No mode is made of them, and nothing breaks."""
    assert curve_modes("spectrum", curves, AXIS) is None


class Dye:
    """Physics with one scalar and one curve: the band's height and the band."""

    name = "dye"
    outputs = ("peak",)
    output_units = ("1",)

    def __init__(self):

        self.curves = {"spectrum": AXIS}
        self.inputs = (PhysicsInput("dose", "1"),)
        self.parameters = (PhysicsParameter("strength", Prior(1.0, "1", fold=2.0)),)

    def check_units(self, units):
        """Take any."""

    def predict(self, x, theta):
        """Return the height, then the curve."""
        height = x["dose"] * theta[..., 0]
        shape = torch.exp(-0.5 * ((AXIS.si() * 1e9 - 500.0) / 20.0) ** 2)
        return torch.cat([height.unsqueeze(-1), height.unsqueeze(-1) * shape], dim=-1)


def test_a_predicted_curve_is_a_channel_beside_the_scalar():
    """Measured and predicted modes agree where the physics is right."""
    doses = torch.tensor([0.2, 0.9, 0.4, 0.6], dtype=torch.float64)
    encoded = torch.as_tensor(SPACE.encode([{"dose": float(d)} for d in doses]))
    data = MeasuredData(
        encoded=encoded,
        outputs=1.7 * doses[:, None],
        names=("peak",),
        objective=Objectives.of(Maximize("peak")),
        features=tuple(SPACE.features),
        space=SPACE,
        curves={"spectrum": [band(1.7 * float(d)) for d in doses]},
    )
    channels = Channels(bind(Dye(), SPACE), data)
    assert channels.names == ("peak", "spectrum mode 1")
    assert channels.covered == (True, True)
    z = torch.tensor([np.log(1.7) / np.log(2.0)])
    assert torch.allclose(channels.predict(encoded, z), channels.values, atol=3e-3)
    value, jacobian = channels.value_and_jacobian(encoded, z[None])
    assert value.shape == (4, 2)
    assert jacobian.shape == (4, 2, 1)
    assert bool((jacobian.abs() > 0).all())
