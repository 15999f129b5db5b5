"""Thin layers are the textbook cases, and conserve light; a definition that is none is refused."""

import numpy as np
import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    At,
    Band,
    Cauchy,
    CurveAxis,
    Layer,
    Mean,
    Molar,
    Peak,
    PeakAt,
    Prior,
    Rms,
    absorption,
    check_physics,
    multilayer,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("dye", 1, 50, unit="umol/L"),
    Continuous("top", 20, 300, unit="nm"),
    Continuous("below", 20, 300, unit="nm"),
    Continuous("time", 1, 60, unit="min"),
)
AXIS = CurveAxis.even(350, 650, 61, "nm", y_unit="mAU")
LIGHT = CurveAxis.even(400, 800, 33, "nm")
BAND = Band(
    at=Prior(452, "nm", sd=5),
    width=Prior(60, "nm", rel=0.1),
    strength=Prior(2e4, "L/mol/cm", fold=2),
)
READ = {"a450": At("spectrum", 450, "nm"), "top_at": PeakAt("spectrum"), "most": Peak("spectrum")}


def values(model, point=None):
    """Return scalars and curves at a point, at the prior's median."""
    bound = model.bind(SPACE)
    point = {"dye": 20.0, "top": 90.0, "below": 110.0, "time": 10.0, **(point or {})}
    encoded = torch.tensor(SPACE.encode([point]))
    found = bound.predict_all(encoded, torch.zeros(bound.dimension, dtype=torch.float64))[0]
    return found.numpy()


def dye(**more):
    """Return the spectrum of a dye of one band."""
    arguments = {"of": {"dye": "dye"}, "axis": AXIS, "outputs": READ, **more}
    return absorption(arguments.pop("spectra", {"dye": BAND}), **arguments)


def stack(layers=None, **more):
    """Return a coating on glass."""
    layers = layers or [
        Layer("top", Cauchy(Prior(1.46, rel=0.02))),
        Layer("below", Cauchy(Prior(2.3, rel=0.03), b="0.02 um^2")),
    ]
    arguments = {
        "substrate": 1.52,
        "axis": LIGHT,
        "curves": {"r": "reflectance", "t": "transmittance"},
        "outputs": {"glare": Mean("r", 450, 650, "nm")},
    }
    return multilayer(layers, **{**arguments, **more})


def test_a_quarter_wave_layer_is_the_textbook_case():
    """R = ((n0 ns - n1^2) / (n0 ns + n1^2))^2 at its wavelength, the bare glass at half of it."""
    model = stack([Layer("top", 1.5)], outputs={"r600": At("r", 600, "nm")}, substrate=2.0)
    exact = ((2 - 1.5**2) / (2 + 1.5**2)) ** 2
    assert values(model, {"top": 100.0})[0] == pytest.approx(exact, rel=1e-9)
    bare = stack([Layer("top - top", 1.5)], outputs={"r600": At("r", 600, "nm")})
    assert values(bare)[0] == pytest.approx((0.52 / 2.52) ** 2, rel=1e-9)


def test_light_is_neither_lost_nor_made():
    """R + T = 1 in clear layers, to rounding; below 1 in absorbing ones."""
    check = check_physics(stack(), SPACE)
    assert check.passed, str(check)
    assert "light (R + T = 1) is kept" in str(check)
    dark = stack([Layer("top", Cauchy(2.0, k=Prior(0.05, fold=2))), Layer("below", 1.4)])
    found = values(dark)
    assert (found[1:34] + found[34:] < 0.97).all()
    assert_physics(dark, SPACE)


def test_an_absorbing_film_obeys_beer_and_lambert():
    """Without reflections light decays as exp(-4 pi k d / wavelength)."""
    film = stack(
        [Layer("top", Cauchy(1.5, k=0.001))],
        substrate=1.5,
        ambient=1.5,
        outputs={"clear": At("t", 600, "nm")},
    )
    assert values(film)[0] == pytest.approx(np.exp(-4 * np.pi * 0.001 * 90 / 600), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: dye(spectra={"Z": BAND}), "spectra of Z"),
        (lambda: dye(spectra={}), "spectra of nothing"),
        (lambda: dye(spectra={"dye": 3}), "needs Band"),
        (lambda: dye(spectra={"dye": Molar([1, 2])}), "has 2 values"),
        (lambda: dye(spectra={"dye": Molar([1] * 61, "g")}), "needs a unit like 'L/mol/cm'"),
        (lambda: dye(path="3 s"), "expected a quantity like 'm'"),
        (lambda: dye(axis=CurveAxis.even(0, 1, 5, "min")), "axis of wavelengths"),
        (lambda: dye(axis=CurveAxis.even(350, 650, 5, "nm", y_unit="V")), "'AU', 'mAU' or '1'"),
        (lambda: dye(outputs={"a": At("spectrum", 900, "nm")}), "not on the axis"),
        (lambda: dye(outputs={"a": At("spectrum", 9, "s")}), "on an axis in 'nm'"),
        (lambda: dye(outputs={"a": At("curve", 500, "nm")}), "its curves are spectrum"),
        (lambda: dye(outputs={"a": Rms("spectrum", [1])}), "has 1 values"),
        (lambda: dye(outputs={"a": Mean("spectrum", 400)}), "both low= and high="),
        (lambda: dye(outputs={"a": Mean("spectrum", 9, 10, "nm")}), "no point of the curve"),
        (lambda: dye(outputs={"spectrum": Peak("spectrum")}), "for two things"),
        (lambda: dye(outputs={}), "needs outputs="),
        (lambda: CurveAxis((1.0,)), "2 to 10000 finite rising"),
        (lambda: CurveAxis((1.0, 1.0)), "2 to 10000 finite rising"),
        (lambda: CurveAxis.even(0, 1, 1), "2 to 10000 points"),
        (lambda: stack([3]), "needs layers="),
        (lambda: stack([Layer("9 nm", 2)]), "reads no parameter of the space"),
        (lambda: stack(curves={"r": "colour"}), "'reflectance'"),
        (lambda: stack(axis=CurveAxis.even(0, 1, 5, "s")), "axis of wavelengths"),
        (lambda: stack([Layer("top", Cauchy(1.5, b="3 nm"))]), "like 'm\\^2'"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(make, match):
    """Where it is written, with a sentence."""
    with pytest.raises(PhysicsError, match=match):
        make()
