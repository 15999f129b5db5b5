"""Plates: rules between wells are kept, in every kind of space, from the first plate on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from labloop import (
    Brain,
    Categorical,
    Continuous,
    Linear,
    Maximize,
    Minimize,
    Mixture,
    Ordered,
    OutcomeConstraint,
    Plate,
    Pool,
    SearchSpace,
)
from labloop.brain import BotorchStrategy
from labloop.errors import BrainError, LabloopError
from labloop.records import Proposal

LIGANDS = [f"l{i}" for i in range(8)]
SOLVENTS = ["DMF", "THF", "MeCN", "water", "toluene"]


def product() -> SearchSpace:
    return SearchSpace(
        Categorical("ligand", LIGANDS),
        Categorical("solvent", SOLVENTS),
        Ordered("temperature", [20, 40, 60, 80]),
        Ordered("loading", [1, 2, 5, 10]),
    )


def measure(point: Mapping[str, Any]) -> float:
    number = LIGANDS.index(str(point["ligand"])) + 2 * SOLVENTS.index(str(point["solvent"]))
    return float(number + point["temperature"] / 20 - abs(point["loading"] - 5))


def told(brain: Brain, plate: list[tuple[str, Proposal]]) -> None:
    for number, proposal in plate:
        brain.tell(number, {"y": measure(proposal.point)})


def values(plate: list[tuple[str, Proposal]], name: str) -> set[Any]:
    return {proposal.point[name] for _, proposal in plate}


@pytest.mark.parametrize("strategy", ["auto", "sobol", "random"])
def test_rules_of_a_plate_are_kept(strategy: str) -> None:
    """Shared values, few values, controls and replicates; on the first plate and on the next."""
    plate = Plate(
        rows=4,
        columns=6,
        shared=["temperature"],
        at_most={"solvent": 2},
        controls=[{"ligand": "l0", "solvent": "THF", "loading": 1}],
        replicates=2,
        empty=["A1"],
    )
    brain = Brain(product(), Maximize("y"), strategy, seed=1, plate=plate)
    for _ in range(2):
        asked = brain.ask(plate.size)
        wells = [proposal.well for _, proposal in asked]
        assert wells == plate.wells
        assert len(values(asked, "temperature")) == 1
        assert "THF" in values(asked, "solvent")
        assert len(values(asked, "solvent")) <= 2
        assert asked[-1][1].reason == "control of the plate"
        points = [tuple(p.point.values()) for _, p in asked[:-1]]
        assert {points.count(point) for point in points} == {2}
        told(brain, asked)


def test_rows_columns_and_blocks_share() -> None:
    """A solvent a column, a temperature a block; the model moves them to the best."""
    plate = Plate(
        rows=4,
        columns=6,
        per_column=["solvent"],
        per_block=["temperature"],
        block=(2, 6),
    )
    brain = Brain(product(), Maximize("y"), seed=2, plate=plate)
    told(brain, brain.ask(24))
    asked = brain.ask(24)
    columns: dict[str, set[Any]] = {}
    blocks: dict[bool, set[Any]] = {}
    for _, proposal in asked:
        columns.setdefault(proposal.well[1:], set()).add(proposal.point["solvent"])
        blocks.setdefault(proposal.well[0] in "AB", set()).add(proposal.point["temperature"])
    assert all(len(found) == 1 for found in columns.values())
    assert all(len(found) == 1 for found in blocks.values())
    assert len({tuple(p.point.values()) for _, p in asked}) == 24
    told(brain, asked)
    best = brain.best()
    assert best is not None
    assert best.point["solvent"] == "toluene"


def spaces() -> dict[str, SearchSpace]:
    table = {
        "ligand": [name for name in LIGANDS for _ in range(10)],
        "solvent": [SOLVENTS[i % 5] for i in range(80)],
        "k": [float(i) for i in range(80)],
    }
    return {
        "box": SearchSpace(Continuous("temperature", 20, 90, "degC"), Continuous("x", 0, 1)),
        "constrained": SearchSpace(
            Continuous("temperature", 20, 90, "degC"),
            Continuous("x", 0, 1),
            Continuous("z", 0, 1),
            Linear({"x": 1, "z": 1}, "<=", 1.2),
        ),
        "mixture": SearchSpace(
            Mixture(
                {"a": (0, 1), "b": (0, 1), "c": (0, 1)},
            ),
            Continuous("temperature", 20, 90, "degC"),
            Categorical("solvent", SOLVENTS),
        ),
        "pool": SearchSpace(
            Pool(table, {"ligand": Categorical, "solvent": Categorical, "k": "1"}),
            Ordered("temperature", [20.0, 40.0]),
        ),
    }


@pytest.mark.parametrize("kind", spaces())
def test_every_kind_of_space_has_plates(kind: str) -> None:
    """Numbers on a continuum are shared too, and every point is legal."""
    space = spaces()[kind]
    plate = Plate(rows=3, columns=4, shared=["temperature"])
    brain = Brain(space, Maximize("y"), seed=3, plate=plate)
    for _ in range(2):
        asked = brain.ask(12)
        assert len(values(asked, "temperature")) == 1
        assert len(asked) == 12
        for number, proposal in asked:
            space.validate(proposal.point)
            numbers = [v for v in proposal.point.values() if not isinstance(v, str)]
            brain.tell(number, {"y": float(np.sum(numbers))})


def test_several_aims_constraints_failures_and_pending_points() -> None:
    """A plate is planned with all of them at once; what is under way is not asked for again."""
    plate = Plate(rows=2, columns=6, per_row=["temperature"])
    brain = Brain(
        product(),
        [Maximize("y"), Minimize("cost")],
        seed=4,
        constraints=[OutcomeConstraint("impurity", at_most=5)],
        plate=plate,
    )
    first = brain.ask(12)
    for i, (number, proposal) in enumerate(first):
        outputs = {
            "y": measure(proposal.point),
            "cost": float(proposal.point["loading"]),  # type: ignore[arg-type]  # a number
            "impurity": float(i),
        }
        brain.tell(number, None if i == 3 else outputs)
    second, third = brain.ask(12), brain.ask(12)
    points = [tuple(p.point.values()) for _, p in (*first, *second, *third)]
    assert len(set(points)) == 36
    assert all(p.acquisition == "joint hypervolume improvement" for _, p in second)


def test_the_same_seed_gives_the_same_plate() -> None:
    """Nothing but the seed decides, and a saved planner knows its plate."""
    plate = Plate(rows=2, columns=6, shared=["temperature"], controls={"B6": {"ligand": "l1"}})
    space = SearchSpace(Categorical("ligand", LIGANDS), Ordered("temperature", [1, 2, 3]))
    asked = [Brain(space, Maximize("y"), seed=5, plate=plate).ask(12) for _ in range(2)]
    assert asked[0] == asked[1]
    assert asked[0][-1][1].point["ligand"] == "l1"
    assert Plate.from_spec(plate.spec()).spec() == plate.spec()


def test_large_batches_without_a_plate_are_chosen_together() -> None:
    """More than eight points come from joint draws: all are different and most promise much."""
    brain = Brain(product(), Maximize("y"), seed=6)
    told(brain, brain.ask(20))
    asked = brain.ask(30)
    assert len({tuple(p.point.values()) for _, p in asked}) == 30
    assert asked[0][1].acquisition == "joint noisy improvement"
    best = np.mean(sorted(measure(p.point) for _, p in asked)[-10:])
    assert best > max(measure(o.point) for o in brain.data.done)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"shared": ["pressure"]}, "a rule for 'pressure', which the space does not have"),
        ({"shared": ["solvent"], "per_row": ["solvent"]}, "stands in two of"),
        ({"shared": ["solvent"], "at_most": {"solvent": 2}}, "leave it out of at_most"),
        ({"shared": "solvent"}, "a list of names, is written as"),
        ({"per_block": ["solvent"]}, "give both or neither"),
        ({"per_block": ["solvent"], "block": (3, 5)}, "do not divide a plate of 8 x 12"),
        ({"empty": ["Z9"]}, "the wells are A1 to H12"),
        ({"replicates": 97}, "no well is left for a point"),
        ({"rows": 1, "columns": 1, "controls": [{"x": 0.1}]}, "no well is left for a point"),
        ({"controls": [{"ligand": "l0"}]}, "is not legal"),
        ({"shared": ["solvent"], "controls": [{"solvent": "DMF"}]}, "which its wells share"),
        ({"at_most": {"solvent": 0}}, "must be a whole number from 1"),
        (
            {
                "at_most": {"solvent": 1},
                "controls": [
                    {"ligand": "l0", "solvent": s, "temperature": 20, "loading": 1}
                    for s in ("DMF", "THF")
                ],
            },
            "the controls alone hold 2 values of 'solvent'",
        ),
    ],
)
def test_a_rule_that_cannot_be_kept_is_one_sentence(rules: dict[str, Any], sentence: str) -> None:
    """It is told when the plate or the planner is made."""
    with pytest.raises(LabloopError, match=sentence):
        Brain(product(), Maximize("y"), plate=Plate(**rules))


def test_who_plans_no_plates_says_so() -> None:
    """A strategy without plates, an acquisition of one's own, more points than wells."""
    with pytest.raises(BrainError, match="'skopt' plans no plates; use auto"):
        Brain(product(), Maximize("y"), "skopt", plate=Plate())
    own = BotorchStrategy(acquisition=lambda context: context)  # type: ignore[arg-type,return-value]  # is never called
    with pytest.raises(BrainError, match="its acquisition function values points one by one"):
        Brain(product(), Maximize("y"), own, plate=Plate())
    with pytest.raises(BrainError, match="97 proposals were asked for and a plate has 96 wells"):
        Brain(product(), Maximize("y"), plate=Plate()).ask(97)
