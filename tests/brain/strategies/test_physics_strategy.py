"""The strategy with physics finds more with fewer experiments, and is a strategy like others."""

import numpy as np
import pytest
import torch

from labloop.brain import Brain, resolve_strategy
from labloop.brain.strategies.physics import PhysicsStrategy
from labloop.errors import BrainError, PhysicsError
from labloop.objectives import Maximize, Minimize, Objectives, OutcomeConstraint, Target
from labloop.physics import FunctionPhysics, Prior
from labloop.records import Dataset, Observation, derive_seed
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import MixtureFactory

SPACE = SearchSpace(
    Continuous("time", 0.5, 60, unit="min", log=True),
    Continuous("heat", 20, 120, unit="degC"),
)
AIM = Objectives.of(Maximize("y"))


def chain(x, theta):
    """Return the intermediate of A -> B -> C, and what became C."""
    rise = torch.exp(-theta["E"] / 8.314 * (1 / x["heat"] - 1 / 340.0))
    k1, k2 = theta["k"] * rise, theta["loss"] * rise**1.6
    b = k1 / (k2 - k1) * (torch.exp(-k1 * x["time"]) - torch.exp(-k2 * x["time"]))
    return {"y": b, "lost": 1 - b - torch.exp(-k1 * x["time"])}


def physics(predict=chain):
    """Return the chain with three constants to be learned."""
    priors = {
        "k": Prior(0.1, "1/min", fold=3),
        "loss": Prior(0.011, "1/min", fold=3),
        "E": Prior(50e3, "J/mol", rel=0.3),
    }
    return FunctionPhysics(
        predict, priors, {"time": "min", "heat": "K"}, ("y", "lost"), name="chain"
    )


TRUE = torch.tensor([0.7, 1.1, 0.6], dtype=torch.float64)


def measure(points, space=SPACE, seed=0):
    """Return noisy measurements of the chain at TRUE, a tenth of which is missed by physics."""
    rng = np.random.default_rng(seed)
    encoded = torch.tensor(space.encode(points))
    value = physics().bind(space).predict(encoded, TRUE).numpy()
    value = value * (1 - 0.1 * encoded[:, :1].numpy()) + 0.01 * rng.standard_normal(value.shape)
    return tuple(
        Observation(f"e{i}", p, {"y": float(v[0]), "lost": float(v[1])})
        for i, (p, v) in enumerate(zip(points, value, strict=True))
    )


def test_it_begins_by_filling_the_space():
    """Before three results there is nothing to learn from."""
    batch = PhysicsStrategy(physics()).propose(SPACE, AIM, Dataset(), [], 2, 1)
    assert len(batch.proposals) == 2
    assert "space-filling" in batch.proposals[0].reason


def test_the_optimum_is_found_within_eight_experiments():
    """Of a chain whose constants were off: the best measured has 95 % of what there is."""
    strategy = PhysicsStrategy(physics())
    done = []
    for number in range(8):
        batch = strategy.propose(SPACE, AIM, Dataset(tuple(done)), [], 1, derive_seed("t", number))
        done += measure([batch.proposals[0].point], seed=number)
    every = [o.outputs["y"] for o in measure(SPACE.sample(512, 3))]
    assert max(o.outputs["y"] for o in done) > 0.95 * max(every)
    assert batch.fit_report["parameters"][0]["name"] == "k"
    assert batch.state.kind == "mixture"
    assert {s["parameter"] for s in batch.fit_report["slices"]} == {"time", "heat"}
    assert batch.fit_report["model_best"]["experiment_id"] == "e0"
    predicted = batch.proposals[0].predicted["y"]
    assert predicted.low < predicted.mean < predicted.high


def test_the_same_question_has_the_same_answer():
    """Bit for bit, also in another order of calls."""
    data = Dataset(measure(SPACE.sample(5, 2)))
    first = PhysicsStrategy(physics()).propose(SPACE, AIM, data, [], 1, 9)
    torch.manual_seed(123)
    second = PhysicsStrategy(physics()).propose(SPACE, AIM, data, [], 1, 9)
    assert first.proposals == second.proposals


def test_a_batch_and_what_is_under_way_are_apart():
    """Points of a batch take each other, and pending ones, as given."""
    data, pending = Dataset(measure(SPACE.sample(5, 2))), SPACE.sample(1, 8)
    batch = PhysicsStrategy(physics()).propose(SPACE, AIM, data, pending, 3, 9)
    rows = SPACE.encode([p.point for p in batch.proposals] + list(pending))
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=-1) + np.eye(4)
    assert apart.min() > 1e-4


@pytest.mark.parametrize(
    "aims",
    [
        [Target("y", 0.4, tolerance=0.05)],
        [Maximize("y"), Minimize("lost")],
        [Minimize("lost")],
    ],
)
def test_every_kind_of_aim_is_served(aims):
    """Targets, several aims, minima: proposals are legal and have a value."""
    data = Dataset(measure(SPACE.sample(6, 2)))
    batch = PhysicsStrategy(physics()).propose(SPACE, Objectives.of(aims), data, [], 1, 3)
    assert SPACE.contains(batch.proposals[0].point)
    assert batch.proposals[0].acquisition_value is not None


def test_a_space_with_a_category_is_served():
    """Physics reads the numbers, the process learns the category."""
    space = SearchSpace(*SPACE.parameters, Categorical("solvent", ["DMF", "THF"]))
    data = Dataset(measure(space.sample(6, 2), space))
    batch = PhysicsStrategy(physics()).propose(space, AIM, data, [], 2, 3)
    assert all(space.contains(p.point) for p in batch.proposals)


def test_points_where_physics_gives_no_number_are_not_proposed():
    """The strategy goes on elsewhere."""

    def partly(x, theta):
        found = chain(x, theta)
        return {k: torch.where(x["heat"] > 363.15, torch.nan, v) for k, v in found.items()}

    points = [p for p in SPACE.sample(40, 2) if p["heat"] < 88][:7]
    batch = PhysicsStrategy(physics(partly)).propose(SPACE, AIM, Dataset(measure(points)), [], 2, 3)
    assert all(p.point["heat"] <= 90 for p in batch.proposals)


def test_broken_physics_does_not_stop_the_campaign():
    """The round goes on without it, with an alarm."""

    def broken(x, theta):
        raise RuntimeError("table missing")

    data = Dataset(measure(SPACE.sample(6, 2)))
    batch = PhysicsStrategy(physics(broken)).propose(SPACE, AIM, data, [], 1, 3)
    assert len(batch.proposals) == 1
    assert [a.kind for a in batch.alarms] == ["physics-failed"]


def test_auto_uses_physics_where_it_is_given():
    """Both by name and in the reason."""
    data = Dataset(measure(SPACE.sample(6, 2)))
    for name in ("auto", "botorch"):
        batch = resolve_strategy(name, physics()).propose(SPACE, AIM, data, [], 1, 3)
        assert batch.proposals[0].model == "mixture"


def test_physics_that_reads_something_else_is_refused():
    """At the first question, before any experiment."""
    strange = FunctionPhysics(chain, {}, {"dose": "g"}, ("y", "lost"))
    with pytest.raises(PhysicsError, match="the space lacks"):
        PhysicsStrategy(strange).propose(SPACE, AIM, Dataset(), [], 1, 1)


def test_a_brain_refuses_physics_that_says_nothing_of_the_aim_when_it_is_made():
    """Not three experiments later, when a model is fitted for the first time."""
    with pytest.raises(PhysicsError, match=r"predicts y, lost, none of which the objective reads"):
        Brain(SPACE, Maximize("yield"), physics=physics())
    strange = FunctionPhysics(chain, {}, {"dose": "g"}, ("y", "lost"))
    with pytest.raises(PhysicsError, match="the space lacks"):
        Brain(SPACE, Maximize("y"), physics=strange)


def test_each_proposal_tells_where_its_uncertainty_comes_from():
    """Noise, constants, discrepancy and disagreement: their squares add up to the prediction's."""
    data = Dataset(measure(SPACE.sample(8, 2)))
    batch = PhysicsStrategy(physics()).propose(SPACE, AIM, data, [], 3, 5)
    told = batch.fit_report["uncertainty"]
    assert len(told) == len(batch.proposals) == 3
    for proposal, parts in zip(batch.proposals, told, strict=True):
        assert set(parts["y"]) == {"noise", "parameters", "discrepancy", "between"}
        assert sum(sd**2 for sd in parts["y"].values()) == pytest.approx(
            proposal.predicted["y"].sd ** 2, rel=1e-6
        )


def backwards(x, theta):
    """Return what falls where the chain rises."""
    return {"y": 0.9 - chain(x, theta)["y"], "lost": 0.5 + 0.0 * x["time"] * theta["k"]}


@pytest.mark.parametrize("n", [3, 6, 16])
def test_a_round_whose_physics_is_not_proven_is_the_one_without(n):
    """The same points with the same predictions, also while the space is still being filled."""
    data = Dataset(measure(SPACE.sample(n, 4)))
    batch = resolve_strategy("auto", physics(backwards)).propose(SPACE, AIM, data, [], 1, 5)
    plain = resolve_strategy("auto").propose(SPACE, AIM, data, [], 1, 5)
    assert not batch.fit_report["lead"]["proven"]
    (ours,), (theirs,) = batch.proposals, plain.proposals
    assert ours.point == theirs.point
    assert {k: (v.mean, v.low, v.high) for k, v in ours.predicted.items()} == {
        k: (v.mean, v.low, v.high) for k, v in theirs.predicted.items()
    }


def test_where_a_search_stands_still_the_model_without_physics_has_turns():
    """Proposals of a batch alternate, and the reason of its turn says so."""
    data = Dataset(measure(SPACE.sample(5, 2)))
    best = max(data.observations, key=lambda o: o.outputs["y"])
    low = [p for p in SPACE.sample(64, 9) if p["time"] < 2.0]
    standing = Dataset((best, *(o for o in data.observations if o is not best), *measure(low[:4])))
    moving = PhysicsStrategy(physics()).propose(SPACE, AIM, data, [], 2, 9)
    assert moving.fit_report["lead"]["proven"]
    assert not any("stands still" in p.reason for p in moving.proposals)
    batch = PhysicsStrategy(physics()).propose(SPACE, AIM, standing, [], 2, 9)
    assert batch.fit_report["lead"]["proven"]
    assert ["stands still" in p.reason for p in batch.proposals] == [True, False]


def test_a_target_far_from_zero_is_met():
    """Also one of thousands is a target, with physics and without, and never more and more."""
    aim = Objectives.of(Target("y", 5000.0, 10.0))
    points = SPACE.sample(12, 1)
    data = Dataset(
        tuple(
            Observation(f"e{i}", p, {"y": 200.0 * (p["heat"] - 20), "lost": 0.5})
            for i, p in enumerate(points)
        )
    )
    for given in (None, physics()):
        batch = resolve_strategy("auto", given).propose(SPACE, aim, data, [], 1, 3)
        assert batch.proposals[0].point["heat"] == pytest.approx(45.0, abs=5.0)


def test_a_point_under_way_that_physics_cannot_tell_stops_nothing():
    """The others are judged as before."""

    def partly(x, theta):
        found = chain(x, theta)
        return {k: torch.where(x["heat"] > 363.15, torch.nan, v) for k, v in found.items()}

    points = [p for p in SPACE.sample(40, 2) if p["heat"] < 88][:7]
    data, pending = Dataset(measure(points)), [{"time": 10.0, "heat": 110.0}]
    batch = PhysicsStrategy(physics(partly)).propose(SPACE, AIM, data, pending, 1, 3)
    assert batch.proposals[0].acquisition_value is not None
    assert batch.proposals[0].point["heat"] <= 90


def test_a_hybrid_joins_where_it_is_asked_for():
    """By the strategy's name or by a switch: the same proposals, each time, and told apart."""
    data = Dataset(measure(SPACE.sample(6, 1)))
    batch = resolve_strategy("hybrid", physics()).propose(SPACE, AIM, data, [], 1, 9)
    assert "chain, hybrid" in batch.fit_report["members"]
    assert batch.proposals[0].strategy == "hybrid"
    again = PhysicsStrategy(physics(), hybrid=True).propose(SPACE, AIM, data, [], 1, 9)
    assert again.proposals[0].point == batch.proposals[0].point
    plain = PhysicsStrategy(physics()).propose(SPACE, AIM, data, [], 1, 9)
    assert "chain, hybrid" not in plain.fit_report["members"]


def test_a_hybrid_needs_a_physics():
    """Networks move the constants of something; a factory says for itself what it holds."""
    with pytest.raises(BrainError, match="trains networks within a physics and got none"):
        resolve_strategy("hybrid")
    with pytest.raises(BrainError, match=r"give the physics itself, or MixtureFactory\("):
        PhysicsStrategy(MixtureFactory(physics()), hybrid=True)


def test_outcome_constraints_are_kept_by_every_member():
    """The best that loses little to C, told by physics and learned: it is found and kept."""
    wanted = Objectives.of(Maximize("y"), [OutcomeConstraint("lost", at_most=0.03)])
    strategy = PhysicsStrategy(physics())
    done = []
    for number in range(9):
        seed = derive_seed("kept", number)
        batch = strategy.propose(SPACE, wanted, Dataset(tuple(done)), [], 1, seed)
        done += measure([batch.proposals[0].point], seed=number)
    every = [o.outputs["y"] for o in measure(SPACE.sample(512, 3)) if o.outputs["lost"] <= 0.03]
    assert wanted.best_seen(Dataset(tuple(done))).outputs["y"] > 0.9 * max(every)
    assert sum(o.outputs["lost"] <= 0.08 for o in done[3:]) >= 4
    assert set(batch.proposals[0].predicted) == {"y", "lost"}
