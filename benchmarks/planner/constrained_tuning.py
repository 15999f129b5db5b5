"""Problems with outcome constraints by which settings are chosen; no figure reports them.

Sources: g24 and g04 (Liang et al., technical report of CEC 2006, numbers 24 and 4), islands (the
"new Branin" of Sasena, thesis, University of Michigan, 2002), truss (Ray and Saini, Eng. Optim. 33,
2001). The norm around hartmann3 and the flow reactor are our own.
"""

import math

from benchmarks.planner.constrained_problems import Constrained, box, most, numbers_of
from labloop.objectives import Maximize, Minimize, OutcomeConstraint
from labloop.records import Point
from labloop.space import Continuous, SearchSpace


def _g24(point: Point) -> dict[str, float]:
    x, y = numbers_of(point, 2)
    return {
        "y": -x - y,
        "c1": -2 * x**4 + 8 * x**3 - 8 * x**2 + y - 2,
        "c2": -4 * x**4 + 32 * x**3 - 88 * x**2 + 96 * x + y - 36,
    }


def _islands(point: Point) -> dict[str, float]:
    x, y = numbers_of(point, 2)
    branin = (y - 5.1 * x**2 / (4 * math.pi**2) + 5 * x / math.pi - 6) ** 2
    branin += 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    return {"y": -((x - 10) ** 2) - (y - 15) ** 2, "c": branin}


def _truss(point: Point) -> dict[str, float]:
    a, b = numbers_of(point, 2)
    root, load = math.sqrt(2), 2.0
    whole = root * a**2 + 2 * a * b
    return {
        "volume": 100 * (2 * root * a + b),
        "stress1": load * (root * a + b) / whole,
        "stress2": load * b / whole,
        "stress3": load / (a + root * b),
    }


_WEIGHTS = (1.0, 1.2, 3.0, 3.2)
_WIDTHS = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
_CENTRES = (
    (0.3689, 0.1170, 0.2673),
    (0.4699, 0.4387, 0.7470),
    (0.1091, 0.8732, 0.5547),
    (0.0382, 0.5743, 0.8828),
)


def _hartmann3(point: Point) -> dict[str, float]:
    x = numbers_of(point, 3)
    value = 0.0
    for weight, widths, centre in zip(_WEIGHTS, _WIDTHS, _CENTRES, strict=True):
        away = sum(w * (v - c) ** 2 for w, v, c in zip(widths, x, centre, strict=True))
        value -= weight * math.exp(-away)
    return {"y": value, "norm": sum(v**2 for v in x)}


def _g04(point: Point) -> dict[str, float]:
    x1, x2, x3, x4, x5 = numbers_of(point, 5)
    return {
        "y": 5.3578547 * x3**2 + 0.8356891 * x1 * x5 + 37.293239 * x1 - 40792.141,
        "u": 85.334407 + 0.0056858 * x2 * x5 + 0.0006262 * x1 * x4 - 0.0022053 * x3 * x5,
        "v": 80.51249 + 0.0071317 * x2 * x5 + 0.0029955 * x1 * x2 + 0.0021813 * x3**2,
        "w": 9.300961 + 0.0047026 * x3 * x5 + 0.0012547 * x1 * x3 + 0.0019085 * x3 * x4,
    }


def _reactor(point: Point) -> dict[str, float]:
    heat = 1 / 323.15 - 1 / (273.15 + float(point["temperature"]))
    time, ratio = float(point["residence_time"]), float(point["equivalents"])
    k1 = 0.08 * ratio**0.8 * math.exp(55e3 / 8.314 * heat)
    k2 = 0.0012 * ratio * math.exp(82e3 / 8.314 * heat)
    left = math.exp(-k1 * time)
    made = k1 / (k2 - k1) * (left - math.exp(-k2 * time)) if k1 != k2 else k1 * time * left
    return {
        "space_time_yield": 60 * made / time,
        "impurity": 100 * (1 - left - made),
        "conversion": 100 * (1 - left),
    }


def _two_inputs() -> list[Constrained]:
    return [
        Constrained(
            name="g24",
            space=box((0, 3), (0, 4)),
            aim=Minimize("y"),
            constraints=most(c1=0, c2=0),
            measure=_g24,
            best=-5.5080,
            ordinary=-2.61,
            budget=30,
        ),
        Constrained(
            name="islands",
            space=box((-5, 10), (0, 15)),
            aim=Minimize("y"),
            constraints=most(c=5),
            measure=_islands,
            best=-268.79,
            ordinary=-184.6,
            budget=30,
        ),
        Constrained(
            name="truss",
            space=box((0.05, 1), (0.05, 1)),
            aim=Minimize("volume"),
            constraints=most(stress1=2, stress2=2, stress3=2),
            measure=_truss,
            best=263.896,
            ordinary=305.1,
            budget=25,
        ),
    ]


def _more_inputs() -> list[Constrained]:
    return [
        Constrained(
            name="hartmann3",
            space=box((0, 1), (0, 1), (0, 1)),
            aim=Minimize("y"),
            constraints=most(norm=0.6),
            measure=_hartmann3,
            best=-1.6164,
            ordinary=-0.374,
            budget=35,
        ),
        Constrained(
            name="reactor",
            space=SearchSpace(
                Continuous("temperature", 20, 120, unit="degC"),
                Continuous("residence_time", 1, 60, unit="min", log=True),
                Continuous("equivalents", 0.5, 4.0),
            ),
            aim=Maximize("space_time_yield"),
            constraints=(
                OutcomeConstraint("impurity", at_most=2),
                OutcomeConstraint("conversion", at_least=90),
            ),
            measure=_reactor,
            best=2.9252,
            ordinary=1.11,
            budget=35,
        ),
        Constrained(
            name="g04",
            space=box((78, 102), (33, 45), (27, 45), (27, 45), (27, 45)),
            aim=Minimize("y"),
            constraints=(
                OutcomeConstraint("u", at_least=0, at_most=92),
                OutcomeConstraint("v", at_least=90, at_most=110),
                OutcomeConstraint("w", at_least=20, at_most=25),
            ),
            measure=_g04,
            best=-30665.5,
            ordinary=-26551.0,
            budget=40,
        ),
    ]


def tuning_problems() -> dict[str, Constrained]:
    """Return the problems by name."""
    return {problem.name: problem for problem in [*_two_inputs(), *_more_inputs()]}
