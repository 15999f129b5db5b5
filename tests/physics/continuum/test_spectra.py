"""Absorption spectra of solutions obey Beer and Lambert."""

import numpy as np
import pytest
import torch

from labloop.physics import (
    At,
    Band,
    CurveAxis,
    Molar,
    Peak,
    PeakAt,
    Prior,
    Rate,
    absorption,
    check_physics,
    kinetics,
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
