"""Every rule of a plate is kept in every kind of space, and no well stays empty without need."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from labloop import (
    Brain,
    Categorical,
    Conditional,
    Continuous,
    Forbidden,
    Maximize,
    Mixture,
    Nonlinear,
    Ordered,
    Plate,
    Pool,
    SearchSpace,
    Subset,
)
from labloop.records import Point, Proposal

LIGAND = Categorical("ligand", ["none", "a", "b", "c"])
SOLVENT = Categorical("solvent", ["DMF", "THF", "water"])
HEAT = Ordered("temperature", [20, 40, 60, 80])
LOADING = Continuous("loading", 0.5, 10)
ONLY_WITH_LIGAND = Conditional("loading", {"ligand": ["a", "b", "c"]}, otherwise=0)
NO_HOT_WATER = Forbidden({"solvent": "water", "temperature": (60, None)})


def gentle(temperature: Any, loading: Any) -> Any:
    """Return what must not be too much."""
    return temperature * loading


ROWS = [
    {"temperature": t, "solvent": s, "loading": float(k)}
    for t in (20, 40, 60, 80)
    for s in ("DMF", "THF", "water")
    for k in range(5)
]
SPACES = {
    "forbidden": (
        LIGAND,
        SOLVENT,
        HEAT,
        NO_HOT_WATER,
        Forbidden({"ligand": "a", "solvent": "DMF"}),
    ),
    "conditional": (LIGAND, SOLVENT, HEAT, LOADING, ONLY_WITH_LIGAND),
    "conditional list": (LIGAND, SOLVENT, HEAT, Ordered("loading", [1, 2, 5]), ONLY_WITH_LIGAND),
    "nonlinear": (LIGAND, SOLVENT, HEAT, LOADING, Nonlinear(gentle, at_most=300)),
    "subset": (
        SOLVENT,
        HEAT,
        Mixture({"x": (0, 1), "y": (0, 1), "z": (0, 1)}),
        Subset(["x", "y", "z"], at_most=2),
    ),
    "all": (
        LIGAND,
        SOLVENT,
        HEAT,
        LOADING,
        ONLY_WITH_LIGAND,
        NO_HOT_WATER,
        Nonlinear(gentle, at_most=500),
    ),
    "pool": (
        Pool(ROWS, {"temperature": "1", "solvent": Categorical, "loading": "1"}, reusable=True),
    ),
}
RULES: dict[str, dict[str, Any]] = {
    "shared": {"shared": ["temperature"], "replicates": 2},
    "rows and few": {"per_row": ["temperature"], "at_most": {"solvent": 2}},
    "columns": {"per_column": ["solvent"]},
    "blocks": {"per_block": ["temperature", "solvent"], "block": (2, 2)},
}
GROUPS: dict[str, Callable[[str], Any]] = {
    "shared": lambda well: "plate",
    "per_row": lambda well: well[0],
    "per_column": lambda well: well[1:],
    "per_block": lambda well: (int(well[1:]) - 1) // 2,
}


def check(space: SearchSpace, asked: list[tuple[str, Proposal]], rules: Mapping[str, Any]) -> None:
    """Assert that every point is legal and every rule of the plate kept."""
    points: dict[str, Point] = {proposal.well: proposal.point for _, proposal in asked}
    assert all(space.contains(point) for point in points.values())
    for rule, group in GROUPS.items():
        for name in rules.get(rule, ()):
            values: dict[Any, set[Any]] = {}
            for well, point in points.items():
                values.setdefault(group(well), set()).add(point[name])
            assert all(len(found) == 1 for found in values.values())
    for name, most in rules.get("at_most", {}).items():
        assert len({point[name] for point in points.values()}) <= most
    if "replicates" in rules:
        rows = [tuple(point.values()) for point in points.values()]
        assert {rows.count(row) for row in rows} == {rules["replicates"]}


@pytest.mark.parametrize("strategy", ["sobol", "auto"])
@pytest.mark.parametrize("kind", SPACES)
def test_rules_hold_in_every_kind_of_space(kind: str, strategy: str) -> None:
    """On the plate that fills the space and on the one that a model asks for."""
    space = SearchSpace(*SPACES[kind])
    for number, rules in enumerate(RULES.values()):
        brain = Brain(
            space, Maximize("y"), strategy, seed=number, plate=Plate(rows=2, columns=4, **rules)
        )
        # What learns is told one plate of every second rule: each plate of it takes its time.
        for plate in range(2 if strategy == "auto" and number % 2 else 1):
            asked = brain.ask(8)
            check(space, asked, rules)
            assert len(asked) == 8, (rules, plate)
            for name, proposal in asked:
                numbers = [v for v in proposal.point.values() if not isinstance(v, str)]
                brain.tell(name, {"y": float(sum(numbers)) % 7})


def test_a_model_is_told_of_in_a_space_with_conditions() -> None:
    """Slices through the best go where a conditional parameter is used, and where it is not."""
    space = SearchSpace(LIGAND, Ordered("loading", [1, 2, 5]), ONLY_WITH_LIGAND)
    brain = Brain(space, Maximize("y"), seed=1)
    for name, proposal in brain.ask(5):
        brain.tell(name, {"y": 1.0 - float(proposal.point["loading"])})
    assert brain.ask(1)
    assert brain.last is not None
    slices = brain.last.fit_report["slices"]
    assert isinstance(slices, list)
    assert {one["parameter"] for one in slices} == {"ligand", "loading"}
