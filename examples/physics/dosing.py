"""A dosed, exothermic reaction, and two ideas of where its impurity comes from."""

from collections.abc import Mapping

import numpy as np
from integrate import Array, arrhenius, runge_kutta

from labloop import Continuous, Maximize, SearchSpace
from labloop.physics import Arrhenius, CurveAxis, Dose, Prior, kinetics

SPACE = SearchSpace(
    Continuous("jacket", 0, 60, unit="degC"),
    Continuous("dosing", 5, 200, unit="min", log=True),
    Continuous("stock", 0.8, 1.6, unit="mol/L"),
)
AIM = Maximize("product")
NOISE = {"product": 0.01, "impurity": 0.005}
CURVES: Mapping[str, CurveAxis] = {}


# fmt: off
vessel = kinetics(feed={"B": "0.5 mol/L"}, time="240 min", temperature="jacket",
                  dose=Dose({"A": "stock"}, volume="50 mL", over="dosing", into="100 mL"),
                  outputs={"product": "P / B0", "impurity": "D / B0"})
fast, slow = (Prior(k, "L/mol/min", fold=3) for k in (1.0, 0.1))
barrier = Prior(60, "kJ/mol", rel=0.3)
@vessel
class OverReaction:
    """The impurity is made of product."""
    k1 = Arrhenius("A + B -> P", fast, barrier, at="40 degC")
    k2 = Arrhenius("P + A -> D", slow, barrier, at="40 degC")
@vessel
class Dimer:
    """The impurity is made of A alone."""
    k1 = Arrhenius("A + B -> P", fast, barrier, at="40 degC")
    k2 = Arrhenius("A + A -> D", slow, barrier, at="40 degC")
# fmt: on


PHYSICS = [OverReaction, Dimer]

TRUE = {"k1.k": 0.6, "k1.Ea": 50.0, "k2.k": 0.3, "k2.Ea": 68.0}
"""Of the constants that the model has too."""
EXPERIMENTS = 12


def truth(x: Mapping[str, Array]) -> dict[str, Array]:
    """Return product and impurity: A meets itself, P decays in the heat, and the vessel warms."""
    dosing, jacket = x["dosing"], x["jacket"]

    def rates(c: Array, time: Array) -> Array:
        """Amounts by litre of what was there at first, a minute; the last one is degrees."""
        a, b, p, _, warm = c
        filling = time < dosing * (1 - 1e-9)
        volume = 1.0 + 0.5 * np.minimum(time / dosing, 1.0)
        main = arrhenius(0.6, 50.0, jacket + warm, 40) * a * b / volume
        pair = arrhenius(0.3, 68.0, jacket + warm, 40) * a * a / volume
        decay = arrhenius(0.0003, 95.0, jacket + warm, 40) * p
        heating = 40.0 * (main + pair) / volume - 0.1 * warm
        fed = np.where(filling, 0.5 * x["stock"] / dosing, 0.0)
        return np.stack([fed - main - 2 * pair, -main, main - decay, pair, heating])

    waits = np.array([0.0, 0.02, 0.1, 0.3, 1.0])
    after = dosing + np.multiply.outer(waits, 240.0 - dosing)
    times = np.concatenate([0.0 * after[:1], after])
    _, _, product, impurity, _ = runge_kutta(rates, [0, 0.5, 0, 0, 0], times, 100)[-1]
    return {"product": product / 0.5, "impurity": impurity / 0.5}
