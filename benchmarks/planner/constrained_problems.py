"""Problems with outcome constraints whose answers are known, two to eight inputs.

Sources: gardner (Gardner et al., ICML 2014, second simulation), gramacy (Gramacy et al.,
Technometrics 58, 2016), townsend (A. Townsend, Chebfun example "Constrained optimization",
2014), spring, vessel, beam and reducer (Coello Coello and Mezura-Montes, Adv. Eng. Inform. 16,
2002). The coupling is our own: consecutive reactions with a base and a solvent. Figures report
these; settings are chosen by those of ``constrained_tuning``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labloop.objectives import Aim, Maximize, Minimize, OutcomeConstraint
from labloop.records import Point
from labloop.space import Categorical, Continuous, Ordered, SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class Constrained:
    """Something to optimise within what other outputs allow."""

    name: str
    space: SearchSpace
    aim: Aim
    constraints: tuple[OutcomeConstraint, ...]
    measure: Callable[[Point], Mapping[str, float]]
    best: float
    """The best value of the aim's output that is known."""
    ordinary: float
    """Median of the aim's output over feasible points: where regret is counted from."""
    budget: int

    def regret(self, value: float) -> float:
        """Return how far a value is from the best, as a share of the way from the ordinary."""
        sign = 1.0 if isinstance(self.aim, Maximize) else -1.0
        return max(0.0, sign * (self.best - value) / abs(self.best - self.ordinary))

    def feasible(self, outputs: Mapping[str, float]) -> bool:
        """Return whether all constraints are kept."""
        return all(
            low <= outputs[c.output] <= high for c in self.constraints for low, high in [c.bounds]
        )


def numbers_of(point: Point, count: int) -> list[float]:
    """Return x1, x2 and so on of a point."""
    return [float(point[f"x{i}"]) for i in range(1, count + 1)]


def box(*bounds: tuple[float, float]) -> SearchSpace:
    """Return numbers x1, x2 and so on between bounds."""
    return SearchSpace(*[Continuous(f"x{i}", *b) for i, b in enumerate(bounds, start=1)])


def _gardner(point: Point) -> dict[str, float]:
    x, y = numbers_of(point, 2)
    return {"y": math.sin(x) + y, "c": math.sin(x) * math.sin(y)}


def _gramacy(point: Point) -> dict[str, float]:
    x, y = numbers_of(point, 2)
    wave = 0.5 * math.sin(2 * math.pi * (x**2 - 2 * y))
    return {"y": x + y, "c1": 1.5 - x - 2 * y - wave, "c2": x**2 + y**2 - 1.5}


def _townsend(point: Point) -> dict[str, float]:
    x, y = numbers_of(point, 2)
    t = math.atan2(x, y)
    edge = 2 * math.cos(t) - math.cos(2 * t) / 2 - math.cos(3 * t) / 4 - math.cos(4 * t) / 8
    return {
        "y": -(math.cos((x - 0.1) * y) ** 2) - x * math.sin(3 * x + y),
        "c": x**2 + y**2 - edge**2 - (2 * math.sin(t)) ** 2,
    }


def _spring(point: Point) -> dict[str, float]:
    d, w, n = numbers_of(point, 3)
    shear = (4 * w**2 - d * w) / (12566 * (w * d**3 - d**4)) + 1 / (5108 * d**2) - 1
    return {
        "weight": (n + 2) * w * d**2,
        "deflection": 1 - w**3 * n / (71785 * d**4),
        "shear": shear,
        "frequency": 1 - 140.45 * d / (w**2 * n),
        "diameter": (w + d) / 1.5 - 1,
    }


def _vessel(point: Point) -> dict[str, float]:
    shell, head, r, length = numbers_of(point, 4)
    cost = 0.6224 * shell * r * length + 1.7781 * head * r**2
    cost += 3.1661 * shell**2 * length + 19.84 * shell**2 * r
    return {
        "cost": cost,
        "shell_margin": shell - 0.0193 * r,
        "head_margin": head - 0.00954 * r,
        "volume": math.pi * r**2 * length + 4 / 3 * math.pi * r**3,
    }


def _beam(point: Point) -> dict[str, float]:
    h, length, t, b = numbers_of(point, 4)
    load, span = 6000.0, 14.0
    young, shear_modulus = 30e6, 12e6
    primary = load / (math.sqrt(2) * h * length)
    moment = load * (span + length / 2)
    radius = math.sqrt(length**2 / 4 + ((h + t) / 2) ** 2)
    polar = 2 * math.sqrt(2) * h * length * (length**2 / 12 + ((h + t) / 2) ** 2)
    secondary = moment * radius / polar
    tau = math.sqrt(primary**2 + primary * secondary * length / radius + secondary**2)
    buckling = 4.013 * young * math.sqrt(t**2 * b**6 / 36) / span**2
    buckling *= 1 - t / (2 * span) * math.sqrt(young / (4 * shear_modulus))
    return {
        "cost": 1.10471 * h**2 * length + 0.04811 * t * b * (14 + length),
        "shear": tau,
        "bending": 6 * load * span / (b * t**2),
        "thickness": h - b,
        "deflection": 4 * load * span**3 / (young * t**3 * b),
        "buckling": buckling,
    }


def _reducer(point: Point) -> dict[str, float]:
    x1, x2, x3, x4, x5, x6, x7 = numbers_of(point, 7)
    weight = 0.7854 * x1 * x2**2 * (3.3333 * x3**2 + 14.9334 * x3 - 43.0934)
    weight += -1.508 * x1 * (x6**2 + x7**2) + 7.4777 * (x6**3 + x7**3)
    weight += 0.7854 * (x4 * x6**2 + x5 * x7**2)
    bend1 = math.sqrt((745 * x4 / (x2 * x3)) ** 2 + 16.9e6) / (110 * x6**3)
    bend2 = math.sqrt((745 * x5 / (x2 * x3)) ** 2 + 157.5e6) / (85 * x7**3)
    return {
        "weight": weight,
        "teeth": 27 / (x1 * x2**2 * x3),
        "contact": 397.5 / (x1 * x2**2 * x3**2),
        "shaft1": 1.93 * x4**3 / (x2 * x3 * x6**4),
        "shaft2": 1.93 * x5**3 / (x2 * x3 * x7**4),
        "stress1": bend1,
        "stress2": bend2,
        "pitch": x2 * x3 / 40,
        "face": x1 / x2,
        "fit1": (1.5 * x6 + 1.9) / x4,
        "fit2": (1.1 * x7 + 1.9) / x5,
    }


_SOLVENTS = {"DMF": (1.0, 0.0), "DMSO": (1.6, 4.0), "MeCN": (0.7, -3.0), "THF": (0.35, -2.0)}
_BASES = {"K2CO3": (1.0, 0.05), "Cs2CO3": (1.7, 0.16), "DIPEA": (0.55, 0.01)}


def _coupling(point: Point) -> dict[str, float]:
    """Yield, over-alkylated impurity and residual colour of a substitution in a flow reactor."""
    speed, shift = _SOLVENTS[str(point["solvent"])]
    strength, harm = _BASES[str(point["base"])]
    heat = 1 / 298.15 - 1 / (273.15 + float(point["temperature"]))
    base = float(point["base_equivalents"])
    share = base / (base + 0.6)
    k1 = 0.02 * speed * strength * share * math.exp(62e3 / 8.314 * heat)
    k2 = 0.0012 * speed * strength * math.exp((78e3 + 1e3 * shift) / 8.314 * heat)
    k3 = harm * 0.002 * math.exp(88e3 / 8.314 * heat)
    concentration, excess = float(point["concentration"]), float(point["equivalents"])
    water = float(point["water"])
    end = float(point["residence_time"])
    a, b, p, i, decayed = concentration, excess * concentration, 0.0, 0.0, 0.0
    step = end / 400
    for _ in range(400):
        made, over = k1 * a * b * step, k2 * p * b * step
        lost = (k3 + 0.0008 * water) * b * step
        made, over = min(made, a, b), min(over, p)
        a, p, i = a - made, p + made - over, i + over
        b, decayed = max(b - made - over - lost, 0.0), decayed + lost
    return {
        "product_yield": 100 * p / concentration,
        "impurity": 100 * i / concentration,
        "colour": 40 * decayed / concentration + 6 * concentration * excess,
    }


def _coupling_space() -> SearchSpace:
    return SearchSpace(
        Continuous("temperature", 20, 120, unit="degC"),
        Continuous("residence_time", 1, 60, unit="min", log=True),
        Continuous("concentration", 0.05, 0.6, unit="mol/L"),
        Continuous("equivalents", 1.0, 4.0),
        Continuous("base_equivalents", 0.5, 4.0),
        Continuous("water", 0.0, 5.0),
        Categorical("solvent", list(_SOLVENTS)),
        Categorical("base", list(_BASES)),
    )


def most(**bounds: float) -> tuple[OutcomeConstraint, ...]:
    """Return a constraint for each output: at most so much."""
    return tuple(OutcomeConstraint(name, at_most=bound) for name, bound in bounds.items())


def _formulas() -> list[Constrained]:
    return [
        Constrained(
            name="gardner",
            space=box((0, 6), (0, 6)),
            aim=Minimize("y"),
            constraints=most(c=-0.95),
            measure=_gardner,
            best=0.2532,
            ordinary=0.86,
            budget=25,
        ),
        Constrained(
            name="gramacy",
            space=box((0, 1), (0, 1)),
            aim=Minimize("y"),
            constraints=most(c1=0, c2=0),
            measure=_gramacy,
            best=0.5998,
            ordinary=1.25,
            budget=30,
        ),
        Constrained(
            name="townsend",
            space=box((-2.25, 2.5), (-2.5, 1.75)),
            aim=Minimize("y"),
            constraints=most(c=0),
            measure=_townsend,
            best=-2.0240,
            ordinary=-0.73,
            budget=40,
        ),
    ]


def _small_designs() -> list[Constrained]:
    sixteenths = [round(0.0625 * i, 4) for i in range(1, 33)]
    return [
        Constrained(
            name="spring",
            space=SearchSpace(
                Continuous("x1", 0.05, 2, log=True),
                Continuous("x2", 0.25, 1.3),
                Continuous("x3", 2, 15),
            ),
            aim=Minimize("weight"),
            constraints=most(deflection=0, shear=0, frequency=0, diameter=0),
            measure=_spring,
            best=0.012665,
            ordinary=0.061,
            budget=40,
        ),
        Constrained(
            name="vessel",
            space=SearchSpace(
                Ordered("x1", sixteenths),
                Ordered("x2", sixteenths),
                Continuous("x3", 10, 200),
                Continuous("x4", 10, 240),
            ),
            aim=Minimize("cost"),
            constraints=(
                OutcomeConstraint("shell_margin", at_least=0),
                OutcomeConstraint("head_margin", at_least=0),
                OutcomeConstraint("volume", at_least=1_296_000),
            ),
            measure=_vessel,
            best=5850.4,
            ordinary=22000.0,
            budget=40,
        ),
    ]


def _large_designs() -> list[Constrained]:
    return [
        Constrained(
            name="beam",
            space=box((0.125, 2), (0.1, 10), (0.1, 10), (0.1, 2)),
            aim=Minimize("cost"),
            constraints=(
                *most(shear=13600, bending=30000, thickness=0, deflection=0.25),
                OutcomeConstraint("buckling", at_least=6000),
            ),
            measure=_beam,
            best=1.7249,
            ordinary=12.7,
            budget=40,
        ),
        Constrained(
            name="reducer",
            space=box(
                (2.6, 3.6), (0.7, 0.8), (17, 28), (7.3, 8.3), (7.3, 8.3), (2.9, 3.9), (5, 5.5)
            ),
            aim=Minimize("weight"),
            constraints=(
                *most(teeth=1, contact=1, shaft1=1, shaft2=1, stress1=1, stress2=1, pitch=1),
                OutcomeConstraint("face", at_least=5, at_most=12),
                *most(fit1=1, fit2=1),
            ),
            measure=_reducer,
            best=2994.4,
            ordinary=4490.0,
            budget=40,
        ),
        Constrained(
            name="coupling",
            space=_coupling_space(),
            aim=Maximize("product_yield"),
            constraints=most(impurity=1.0, colour=3.0),
            measure=_coupling,
            best=42.78,
            ordinary=2.5,
            budget=50,
        ),
    ]


def constrained_problems() -> dict[str, Constrained]:
    """Return the problems by name."""
    every = [*_formulas(), *_small_designs(), *_large_designs()]
    return {problem.name: problem for problem in every}
