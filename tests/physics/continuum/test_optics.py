"""Spectra of solutions and of thin layers, and the scalars that are read off them."""

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
    Rate,
    Rms,
    absorption,
    check_physics,
    kinetics,
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


def test_a_band_absorbs_by_beer_and_lambert():
    """20 umol/L of 2e4 L/mol/cm over 1 cm: 400 mAU at the top, half of it half a width off."""
    found = values(dye())
    shape = 400 * 0.5 ** ((np.array(AXIS.values) - 452) / 30) ** 2
    assert found[3:] == pytest.approx(shape, rel=1e-9)
    assert found[0] == pytest.approx(shape[20], rel=1e-9)
    assert found[1] == pytest.approx(452, abs=0.1)
    assert found[2] == pytest.approx(shape.max(), rel=1e-9)
    assert dye().output_units == ("mAU", "nm", "mAU")
    assert_physics(dye(), SPACE)


def test_bands_known_spectra_and_a_baseline_add_up():
    """Two bands, a table with a factor, and an offset of the detector."""
    table = np.linspace(1e3, 0, 61)
    model = dye(
        spectra={"dye": [BAND, Band("400 nm", "20 nm", "5e3 L/mol/cm")], "salt": Molar(table)},
        of={"dye": "dye", "salt": "10 umol/L"},
        baseline=Prior(0.01, sd=0.01),
        path="2 cm",
    )
    w = np.array(AXIS.values)
    molar = 2e4 * 0.5 ** ((w - 452) / 30) ** 2 + 5e3 * 0.5 ** ((w - 400) / 10) ** 2
    assert values(model)[3:] == pytest.approx(10 + 2e3 * (20e-6 * molar + 10e-6 * table), rel=1e-9)
    assert_physics(model, SPACE)


def test_the_species_of_a_reaction_absorb():
    """Half of the dye is bleached: half of the absorbance, and mass is still kept."""
    bleach = kinetics(feed={"A": "dye"}, time="time", outputs={"y": "P / A0"})(
        type("Bleach", (), {"k": Rate("A -> P", k=Prior(np.log(2) / 10, "1/min", fold=2))})
    )
    model = dye(spectra={"A": BAND}, of=bleach, outputs={**READ, "left": "A / A0"})
    assert [p.name for p in model.parameters][:2] == ["k.k", "A.band.at"]
    found, before = values(model), values(dye())
    assert found[0] == pytest.approx(before[0] / 2, rel=1e-4)
    assert found[3] == pytest.approx(0.5, rel=1e-4)
    assert "A + P is kept" in str(check_physics(model, SPACE))
    assert_physics(model, SPACE)


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


def test_scalars_of_a_curve():
    """Interpolation, means, troughs, places of peaks at the ends, distances."""
    axis = CurveAxis((0.0, 1.0, 3.0, 4.0), "min", y_unit="V")
    y = torch.tensor([[0.0, 1.0, 3.0, 2.0], [5.0, 4.0, 1.0, 0.0]], dtype=torch.float64)
    assert At("c", 120, "s").of(axis, y).tolist() == [2.0, 2.5]
    assert Mean("c").of(axis, y).tolist() == [1.5, 2.5]
    assert Mean("c", 30, 200, "s").of(axis, y).tolist() == [2.0, 2.5]
    assert Peak("c", low=True).of(axis, y).tolist() == [0.0, 0.0]
    assert PeakAt("c").of(axis, y).tolist() == pytest.approx([2.75, 0.0])
    assert Rms("c", [0, 1, 3, 0]).of(axis, y).tolist() == pytest.approx([1.0, np.sqrt(38 / 4)])
    assert (At("c", 4, "min").of(axis, y)).tolist() == [2.0, 0.0]


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
