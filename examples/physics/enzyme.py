"""An enzyme in a batch, its product followed for two hours: it is not believed to die."""

from collections.abc import Mapping

import numpy as np
from integrate import Array, arrhenius, runge_kutta

from labloop import Continuous, Maximize, SearchSpace
from labloop.physics import Course, CurveAxis, MichaelisMenten, Prior, kinetics

SPACE = SearchSpace(
    Continuous("temperature", 25, 65, unit="degC"),
    Continuous("substrate", 20, 300, unit="mmol/L", log=True),
    Continuous("enzyme", 1, 20, unit="umol/L", log=True),
)
AIM = Maximize("gain")
NOISE = {"gain": 1.0, "course": 1.5}

# fmt: off
MINUTES = CurveAxis.even(0, 120, 13, "min", y_unit="mmol/L")
@kinetics(feed={"S": "substrate", "E": "enzyme"}, time="120 min", temperature="temperature",
          curves={"course": Course("P", MINUTES)},
          outputs={"gain": ("P - 0.3*substrate - 3000*enzyme", "mmol/L")})
class Enzyme:
    """Saturated by its substrate, held back by its product."""
    v = MichaelisMenten("S + E -> P + E", vmax=Prior(200, "1/min", fold=2),
                        Km=Prior(30, "mmol/L", fold=2), Ea=Prior(45, "kJ/mol", rel=0.2),
                        at="37 degC", inhibitors={"P": Prior(100, "mmol/L", fold=3)})
# fmt: on


PHYSICS = Enzyme
CURVES: Mapping[str, CurveAxis] = {"course": MINUTES}
TRUE = {"v.vmax": 300.0, "v.Ea": 50.0, "v.Km": 25.0, "v.Ki.P": 80.0}
"""Of the constants that the model has too."""
EXPERIMENTS = 15


def truth(x: Mapping[str, Array]) -> dict[str, Array]:
    """Return gain and course; the enzyme dies in the heat, and much substrate holds it back."""
    kcat = arrhenius(300.0, 50.0, x["temperature"], 37)
    dies = arrhenius(0.004, 220.0, x["temperature"], 45)

    def rates(c: Array, _time: float) -> Array:
        s, p, e = c
        rate = kcat * 1e-3 * e * s / (25.0 * (1 + p / 80.0) + s * (1 + s / 600.0))
        return np.stack([-rate, rate, -dies * e])

    times = np.multiply.outer(np.array(MINUTES.values), 1.0 + 0.0 * x["substrate"])
    course = runge_kutta(rates, [x["substrate"], 0, x["enzyme"]], times, 10)[:, 1]
    gain = course[-1] - 0.3 * x["substrate"] - 3.0 * x["enzyme"]
    return {"gain": gain, "course": np.moveaxis(course, 0, -1)}
