"""A substitution in flow: two steps are believed, and water takes the starting material besides."""

from collections.abc import Mapping

import numpy as np
from integrate import Array, arrhenius, runge_kutta

from labloop import Continuous, Maximize, SearchSpace
from labloop.physics import Arrhenius, CurveAxis, Prior, kinetics

SPACE = SearchSpace(
    Continuous("temperature", 40, 120, unit="degC"),
    Continuous("residence", 1, 20, unit="min", log=True),
    Continuous("excess", 1, 4),
    Continuous("conc", 0.05, 0.4, unit="mol/L"),
)
AIM = Maximize("product")
NOISE = {"product": 0.01, "bis": 0.01}
CURVES: Mapping[str, CurveAxis] = {}


# fmt: off
@kinetics(feed={"A": "conc", "N": "excess*conc"}, time="residence", temperature="temperature",
          outputs={"product": "P / A0", "bis": "Bis / A0"})
class Substitution:
    """Product, and product that reacts once more."""
    k1 = Arrhenius("A + N -> P", k=Prior(1.0, "L/mol/min", fold=2.7),
                   Ea=Prior(60, "kJ/mol", rel=0.2), at="80 degC")
    k2 = Arrhenius("P + N -> Bis", k=Prior(0.1, "L/mol/min", fold=2.7),
                   Ea=Prior(60, "kJ/mol", rel=0.2), at="80 degC")
# fmt: on


PHYSICS = Substitution
TRUE = {"k1.k": 1.6, "k1.Ea": 66.0, "k2.k": 0.25, "k2.Ea": 58.0}
"""Of the constants that the model has too."""
EXPERIMENTS = 15


def truth(x: Mapping[str, Array]) -> dict[str, Array]:
    """Return what comes out; water in the solvent also takes A, the faster the hotter."""
    k1, k2, k3 = (
        arrhenius(k, energy, x["temperature"], 80)
        for k, energy in ((1.6, 66.0), (0.25, 58.0), (0.15, 80.0))
    )

    def rates(c: Array, _time: float) -> Array:
        a, n, p, _ = c
        first, second, water = k1 * a * n, k2 * p * n, k3 * a
        return np.stack([-first - water, -first - second, first - second, second])

    conc = x["conc"]
    shares = np.array([0.0, 0.1, 0.4, 1.0])
    times = np.multiply.outer(shares, x["residence"])
    _, _, product, bis = runge_kutta(rates, [conc, x["excess"] * conc, 0, 0], times, 80)[-1]
    return {"product": product / conc, "bis": bis / conc}
