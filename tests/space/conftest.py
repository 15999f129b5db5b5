"""One space for each kind of combination, and a judge of points that shares no code with it."""

import pytest

from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Forbidden,
    Integer,
    Linear,
    Mixture,
    Nonlinear,
    Ordered,
    Pool,
    SearchSpace,
    Subset,
)

ROWS = [
    {"ligand": f"L{i}", "temperature": float(t), "base": c, "yield": 3.0 * i}
    for i in range(12)
    for t in (90, 105, 120)
    for c in (0.05, 0.1, 0.153)
    if (i + t) % 4
]
SIZES = {f"L{i}": {"size": 1.5 * i, "charge": float((i * 7) % 5), "alike": 1.0} for i in range(12)}


def shelf(**options):
    return Pool(
        ROWS,
        {"ligand": Categorical, "temperature": "degC", "base": "mol/L"},
        descriptors={"ligand": SIZES},
        **options,
    )


PARTS = dict.fromkeys("abcdefgh", (0, 1))


def residence(flow, time):
    return flow * time


KINDS = {
    "three of eight": [Mixture(PARTS), Subset(list(PARTS), at_most=3, least=0.02)],
    "three of eight in steps": [
        Mixture(PARTS, step=0.05),
        Subset(list(PARTS), at_most=3, at_least=2, least=0.1),
    ],
    "subsets of parts": [
        Mixture({**PARTS, "w": (0.2, 0.9)}),
        Subset(list("abcd"), at_most=1, at_least=1, least=0.05),
        Subset(list("efgh"), at_most=2),
        Linear({"a": 1, "e": 1}, "<=", 0.3),
        Continuous("t", 20, 90),
    ],
    "amounts by themselves": [
        *[Continuous(name, 0, 10, "mmol/L") for name in "abc"],
        Integer("n", 0, 4),
        Subset(["a", "b", "c"], at_most=2, at_least=1, least=5e-4, unit="mol/L"),
        Subset(["n", "c"], at_most=1),
        Linear({"a": 1, "b": 1, "c": 1}, "<=", 12, "mmol/L"),
    ],
    "conditional": [
        Categorical("catalyst", ["none", "Pd", "Ni"]),
        Continuous("loading", 0.5, 5, "mmol/L"),
        Categorical("ligand", ["none", "L1", "L2"]),
        Continuous("t", 20, 90),
        Conditional("loading", {"catalyst": ["Pd", "Ni"]}),
        Conditional("ligand", {"loading": (1, None)}, otherwise="none"),
    ],
    "conditional on a grid": [
        Categorical("catalyst", ["none", "Pd", "Ni"]),
        Continuous("loading", 0.5, 5, step=0.1),
        Conditional("loading", {"catalyst": ["Pd", "Ni"]}),
        Forbidden({"catalyst": "Ni", "loading": (3, None)}),
    ],
    "forbidden": [
        Categorical("solvent", ["DMF", "DMSO", "water"]),
        Continuous("t", 20, 150, "degC"),
        Forbidden({"solvent": ["DMF", "DMSO"], "t": (120, None)}),
        Forbidden({"solvent": "water", "t": (100, None)}),
    ],
    "function": [
        Continuous("flow", 0.1, 10),
        Continuous("time", 0.1, 100, log=True),
        Nonlinear(residence, at_least=15, at_most=20),
    ],
    "small disk": [
        Continuous("x", -1, 1),
        Continuous("y", -1, 1),
        Nonlinear(lambda x, y: x**2 + y**2, at_most=1e-3),
    ],
    "function of one point": [
        Continuous("x", 0, 1),
        Integer("k", 0, 5),
        Nonlinear(lambda x, k: x > 0.5 if k > 2 else x < 0.5),
    ],
    "pool under rules": [
        shelf(reusable=True),
        Continuous("t", 1, 10, "min"),
        Forbidden({"ligand": ["L1", "L2"]}),
        Nonlinear(lambda base, t: base * t, at_least=0.2, at_most=1),
    ],
    "continuous": [
        Continuous("a", 30, 120, "degC"),
        Continuous("b", 1e-6, 1, log=True),
        Continuous("c", -5e8, 3),
    ],
    "step": [
        Continuous("a", 0, 1, step=0.1),
        Continuous("b", 0.3, 3, step=0.3, log=True),
        Continuous("c", 1e-9, 1.3e-8, step=3e-9),
    ],
    "integer": [Integer("n", 1, 10**9), Integer("m", -3, 3)],
    "ordered": [Ordered("o", [10, 2, 5, 1.25], "mL"), Continuous("c", 0, 1)],
    "categorical": [Categorical("s", ["x", "y", "z"]), Continuous("c", 0, 1)],
    "descriptors": [Categorical("l", list(SIZES), SIZES), Continuous("c", 0, 1)],
    "pool": [shelf(reusable=True)],
    "pool beside free": [
        shelf(reusable=True),
        Continuous("t", 1, 10, "min"),
        Integer("k", 0, 5),
        Categorical("s", ["x", "y"]),
    ],
    "pool and free in one constraint": [
        shelf(reusable=True),
        Continuous("v", 0, 0.12, "mol/L"),
        Linear({"base": 1, "v": 1}, "==", 0.2, "mol/L"),
    ],
    "loose constraint": [
        Continuous("a", 0, 1),
        Continuous("b", 0, 1),
        Linear({"a": 1, "b": 1}, "<=", 1),
    ],
    "tight constraints": [
        Continuous("a", 0, 1, "mol/L"),
        Continuous("b", 0, 1000, "mmol/L"),
        Linear({"a": 1, "b": 1}, "<=", 0.05, "mol/L"),
        Linear({"a": 1, "b": -1}, ">=", 0.04, "mol/L"),
    ],
    "equality": [
        Continuous("a", 0, 1),
        Continuous("b", 0, 2),
        Continuous("e", 0, 3),
        Linear({"a": 1, "b": 1, "e": 2}, "==", 3),
    ],
    "constraint on grids": [
        Integer("n", 0, 40),
        Continuous("q", 0, 10, step=0.25),
        Ordered("o", [1, 2, 4, 8]),
        Continuous("c", 0.1, 10, log=True),
        Linear({"n": 1, "q": 4, "o": 1}, "==", 44),
        Linear({"c": 1, "n": 1}, "<=", 12),
    ],
    "temperatures": [
        Continuous("inside", 20, 80, "degC"),
        Continuous("outside", 290, 360, "K"),
        Linear({"inside": 1, "outside": -1}, ">=", 30, "K"),
    ],
    "mixture": [Mixture({"a": (0, 1), "b": (0.1, 0.5), "c": (0, 0.3), "d": (0, 0.05)})],
    "mixture with steps": [
        Mixture({"a": (0, 5), "b": (0.5, 2.5), "c": (0, 1.5)}, total=5, unit="mL", step=0.05)
    ],
    "mixture with a step that is no decimal": [
        Mixture({"a": (0, 1), "b": (0, 1), "c": (0, 2 / 3)}, step=1 / 3)
    ],
    "mixture with constraint": [
        Mixture({"a": (0, 1), "b": (0, 1), "c": (0, 1)}),
        Linear({"a": 1, "b": -2}, ">=", 0.3),
        Linear({"c": 1}, "<=", 0.02),
    ],
    "all together": [
        shelf(reusable=True),
        Continuous("t", 1, 10, "min", log=True),
        Integer("k", 0, 5),
        Continuous("q", 0, 1, step=0.25),
        Ordered("o", [1, 2, 5]),
        Categorical("s", ["x", "y"]),
        Mixture({"ma": (0, 1), "mb": (0, 1), "mc": (0, 0.4)}),
        Mixture({"na": (0, 1), "nb": (0, 1), "nc": (0, 0.4)}, step=0.1),
        Linear({"ma": 1, "na": 1}, "<=", 0.3),
        Linear({"k": 1, "o": 1}, "<=", 3),
        Linear({"base": 1}, ">=", 0.1, "mol/L"),
        Linear({"q": 1, "ma": 2}, ">=", 0.6),
    ],
}

# Base quantity of each unit used above: factor and offset.
SCALES = {
    "1": (1, 0),
    "mol/L": (1, 0),
    "mmol/L": (1e-3, 0),
    "degC": (1, 273.15),
    "K": (1, 0),
    "mL": (1, 0),
    "min": (1, 0),
}


def _on_grid(value, low, step):
    return abs((value - low) / step - round((value - low) / step)) < 1e-6


def _fault_of_range(item, value):
    if isinstance(item, Categorical):
        return type(value) is not str or value not in item.values
    if isinstance(item, Ordered):
        return type(value) is not float or value not in item.values
    if isinstance(item, Integer):
        return type(value) is not int or not item.low <= value <= item.high
    if type(value) is not float or not item.low <= value <= item.high:
        return True
    return item.step is not None and not _on_grid(value, item.low, item.step)


def _fault_of_mixture(item, point):
    values = [point[name] for name in item.parts]
    ranges = zip(values, item.parts.values(), strict=True)
    if any(not low <= v <= high for v, (low, high) in ranges):
        return True
    if item.step is not None:
        ranges = zip(values, item.parts.values(), strict=True)
        if any(not _on_grid(v, low, item.step) for v, (low, _) in ranges):
            return True
    return abs(sum(values) - item.total) > 1e-12


def _fault_of_linear(item, point, units):
    there, offset = SCALES[item.unit]
    total = 0.0
    for name, weight in item.weights.items():
        factor, start = SCALES[units[name]]
        total += weight * (factor * point[name] + start - offset) / there
    return {
        "<=": total > item.bound + 1e-7,
        ">=": total < item.bound - 1e-7,
        "==": abs(total - item.bound) > 1e-7,
    }[item.sense]


RULES = (Subset, Conditional, Forbidden, Nonlinear)


def _meets(condition, point):
    for name, wanted in condition.items():
        value = point[name]
        if isinstance(wanted, tuple):
            low, high = wanted
            if (low is not None and value < low) or (high is not None and value > high):
                return False
        elif value not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def unused(items, point, name):
    """Return whether a point has no use for a parameter, so that its bounds do not count."""
    return any(
        isinstance(i, Conditional) and i.parameter == name and not _meets(i.when, point)
        for i in items
    )


def _fault_of_rule(item, point, units):
    if isinstance(item, Conditional):
        return not _meets(item.when, point) and point[item.parameter] != item.otherwise
    if isinstance(item, Forbidden):
        return _meets(item.condition, point)
    if isinstance(item, Nonlinear):
        value = item.function(**{name: point[name] for name in item.parameters})
        if item.at_least is None and item.at_most is None:
            return not value
        low = -1e99 if item.at_least is None else item.at_least
        high = 1e99 if item.at_most is None else item.at_most
        return not low - 1e-7 <= value <= high + 1e-7
    present = [name for name in item.parts if point[name] != 0]
    factors = {name: SCALES[item.unit][0] / SCALES[units[name]][0] for name in present}
    small = any(point[n] < item.least * factors[n] * (1 - 1e-9) for n in present)
    return small or not item.at_least <= len(present) <= item.most


def fault(items, point, units):
    """Return the item of the space that the point breaks, or None."""
    for item in items:
        if isinstance(item, Pool):
            shown = {name: point[name] for name in item.columns}
            wrong = not any(all(row[n] == v for n, v in shown.items()) for row in ROWS)
        elif isinstance(item, Mixture):
            wrong = _fault_of_mixture(item, point)
        elif isinstance(item, Linear):
            wrong = _fault_of_linear(item, point, units)
        elif isinstance(item, RULES):
            wrong = _fault_of_rule(item, point, units)
        elif unused(items, point, item.name):
            wrong = False
        else:
            wrong = _fault_of_range(item, point[item.name])
        if wrong:
            return item
    return None


@pytest.fixture(scope="session")
def make_shelf():
    return shelf


@pytest.fixture(params=sorted(KINDS), scope="session")
def space(request):
    return SearchSpace(*KINDS[request.param])


@pytest.fixture(scope="session")
def spaces():
    return {name: SearchSpace(*items) for name, items in KINDS.items()}


@pytest.fixture(scope="session")
def faults():
    """Return the points of a list that break something, with what they break."""

    def judge(space, points):
        units = {p.name: p.unit for p in space.parameters}
        found = ((fault(space.items, point, units), point) for point in points)
        return [(broken, point) for broken, point in found if broken is not None]

    return judge
