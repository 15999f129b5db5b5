"""Three layers against glare on glass: the balance that reads the thickness is believed."""

from collections.abc import Mapping

import numpy as np
from integrate import Array

from labloop import Continuous, Minimize, SearchSpace
from labloop.physics import Cauchy, CurveAxis, Layer, Mean, Prior, multilayer

SPACE = SearchSpace(
    Continuous("fluoride", 50, 150, unit="nm"),
    Continuous("titania", 20, 180, unit="nm"),
    Continuous("alumina", 30, 150, unit="nm"),
)
AIM = Minimize("glare")
NOISE = {"glare": 0.02, "spectrum": 0.05}

# fmt: off
VISIBLE = CurveAxis.even(420, 680, 27, "nm", y_unit="%")
COATING = multilayer(
    [Layer("fluoride", Cauchy(Prior(1.38, rel=0.02))),
     Layer("titania", Cauchy(Prior(2.25, rel=0.04), b="0.02 um^2")),
     Layer("alumina", Cauchy(Prior(1.65, rel=0.03)))],
    substrate=1.52, axis=VISIBLE, curves={"spectrum": "reflectance"},
    outputs={"glare": Mean("spectrum")}, name="Coating")
# fmt: on


PHYSICS = COATING
CURVES: Mapping[str, CurveAxis] = {"spectrum": VISIBLE}
TRUE = {"n1.n": 1.385, "n2.n": 2.17, "n3.n": 1.63}
"""Of the constants that the model has too."""
EXPERIMENTS = 15


def truth(x: Mapping[str, Array]) -> dict[str, Array]:
    """Return glare and spectrum in %: thicknesses are off, and titania absorbs.

    Matrices of Abeles (Macleod, Thin-Film Optical Filters), from the glass upwards.
    """
    wave = np.array(VISIBLE.values)
    layers = (
        (1.04 * x["alumina"], 1.63 + 0.003 * (550 / wave) ** 2),
        (1.12 * x["titania"] - 4.0, 2.17 + 0.028e6 / wave**2 - 0.004j * (550 / wave) ** 3),
        (0.96 * x["fluoride"], 1.385 + 0j),
    )
    field, drive = 1.0 + 0j, 1.52 + 0j
    for thick, index in layers:
        phase = 2 * np.pi * index * np.asarray(thick)[..., None] / wave
        cosine, sine = np.cos(phase), 1j * np.sin(phase)
        field, drive = cosine * field + sine / index * drive, index * sine * field + cosine * drive
    spectrum = 100 * np.abs((field - drive) / (field + drive)) ** 2
    return {"glare": spectrum.mean(-1), "spectrum": spectrum}
