"""A whole round asks for as many solves as was estimated, and gives the same wherever it is."""

import json

import numpy as np
import pytest
import torch

from labloop.brain import Brain, PhysicsStrategy, resolve_strategy
from labloop.campaign import CampaignSpec
from labloop.errors import BrainError, PhysicsError
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.physics import FunctionPhysics, Prior
from labloop.records import Dataset, Observation, Scalar
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import MixtureFactory
from labloop.surrogates.mixture import mixture
from labloop.surrogates.solving.device import DeviceDecision
from labloop.surrogates.solving.device_solver import DeviceSolver
from labloop.testing.physics import ELSEWHERE, elsewhere

CONSTANT = torch.tensor([1.0, 0.0], dtype=torch.float64)
BOX = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
LEFT_HERE = {
    "predict": lambda x, theta: (waves(1, 1)(x, theta)["y0"][..., None] * CONSTANT).sum(-1)
}
cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here; a round is compared where one is"
)


def waves(constants, outputs):
    """Return a function of so many constants that predicts so many outputs."""

    def predict(x, theta):
        total = sum(
            (
                theta[f"k{i}"] * (0.3 + torch.sin((i + 1) * 2 * x["a"] + i))
                for i in range(constants)
            ),
            0.0 * x["a"],
        )
        return {
            f"y{j}": torch.tanh(total * (1 + 0.3 * j)) + 0.2 * j * x["b"] for j in range(outputs)
        }

    return predict


def physics(constants=2, outputs=1, predict=None):
    """Return a physics of ``waves``."""
    priors = {f"k{i}": Prior(1.0, fold=2) for i in range(constants)}
    names = [f"y{j}" for j in range(outputs)]
    made = predict or waves(constants, outputs)
    return FunctionPhysics(made, priors, {"a": "1", "b": "1"}, names, name="waves")


def measured(space, constants=2, outputs=1, n=10):
    """Return noisy experiments that the physics describes but for a tenth."""
    points = space.sample(n, 1)
    rows = torch.tensor(np.asarray(space.encode(points)))
    z = 0.7 * torch.ones(1, constants, dtype=torch.float64)
    y = physics(constants, outputs).bind(space).predict(rows, z).numpy()
    y = y * (1 + 0.1 * np.sin(4 * rows[:, 1:2].numpy()))
    y = y + 0.01 * np.random.default_rng(1).standard_normal(y.shape)
    return Dataset(
        tuple(
            Observation(f"e{i}", point, {f"y{j}": float(v) for j, v in enumerate(row)})
            for i, (point, row) in enumerate(zip(points, y, strict=True))
        )
    )


def asked(strategy, space=BOX, objective=None, proposals=1, **kind):
    """Return what a round answers."""
    aims = Objectives.of(objective or Maximize("y0"))
    return strategy.propose(space, aims, measured(space, **kind), [], proposals, 5)


ROUNDS = {
    "few": {"n": 8, "constants": 1},
    "many": {"n": 60, "constants": 3},
    "several outputs": {"n": 20, "constants": 3, "outputs": 3},
    "a batch": {"proposals": 4},
    "a target": {"objective": Target("y0", 0.4)},
    "two aims": {"outputs": 2, "objective": [Maximize("y0"), Minimize("y1")]},
    "six inputs": {
        "space": SearchSpace(*(Continuous(name, 0, 1) for name in "abcdef")), "n": 8
    },
    "a category": {
        "space": SearchSpace(*BOX.parameters, Categorical("c", ["u", "v"])),
    },
    "networks": {"hybrid": True, "n": 12},
    "a list": {"space": SearchSpace(*(Continuous(name, 0, 1, step=0.025) for name in "ab"))},
}  # fmt: skip


@pytest.mark.parametrize("kind", ROUNDS)
def test_a_round_asks_for_what_was_estimated(kind):
    """Within a factor of two, counted at the door through which every solve goes."""
    given = dict(ROUNDS[kind])
    made = physics(given.get("constants", 2), given.get("outputs", 1))
    strategy = PhysicsStrategy(made, hybrid=given.pop("hybrid", False))
    told = asked(strategy, **given).fit_report["solving"]
    assert 0.5 <= told["solves"] / told["estimated"] <= 2.0, told
    assert told["seconds"] > 0
    json.dumps(told)


def moved(monkeypatch, made):
    """Return what a round answers whose physics is to be solved elsewhere."""
    solve = DeviceSolver._solve_there

    def away(solver, encoded, z):
        with elsewhere():
            return solve(solver, encoded, z)

    monkeypatch.setattr(DeviceSolver, "_solve_there", away)
    monkeypatch.setattr(
        mixture, "choose_device", lambda *_: DeviceDecision(ELSEWHERE, "asked for", 1)
    )
    return asked(PhysicsStrategy(made), n=8)


def told(batch):
    """Return everything that a person acts on."""
    return [(p.point, p.acquisition_value, p.predicted) for p in batch.proposals]


def test_a_round_elsewhere_is_the_same_to_the_bit(monkeypatch):
    """The same points, values and predictions: nothing but the solves moves."""
    here = asked(PhysicsStrategy(physics()), n=8)
    away = moved(monkeypatch, physics())
    assert told(away) == told(here)
    assert away.fit_report["solving"]["device"] == "meta"
    assert away.fit_report["solving"]["solves"] == here.fit_report["solving"]["solves"]
    assert away.fit_report["weights"] == here.fit_report["weights"]


@pytest.mark.parametrize("n", [8, 25])
def test_the_rounding_of_another_device_changes_no_proposal(monkeypatch, n):
    """Solves that differ in their last digits give the same point, and beliefs alike to 1e-8."""
    here = asked(PhysicsStrategy(physics()), n=n)
    solve, generator = DeviceSolver._solve, torch.Generator().manual_seed(0)

    def rounded(solver, encoded, z):
        found = solve(solver, encoded, z)
        noise = torch.randn(found.shape, dtype=found.dtype, generator=generator)
        return found * (1.0 + 1e-14 * noise)

    monkeypatch.setattr(DeviceSolver, "_solve", rounded)
    there = asked(PhysicsStrategy(physics()), n=n)
    assert [p.point for p in there.proposals] == [p.point for p in here.proposals]
    assert there.fit_report["weights"] == pytest.approx(here.fit_report["weights"], abs=1e-8)
    for ours, theirs in zip(there.proposals, here.proposals, strict=True):
        assert ours.predicted["y0"].mean == pytest.approx(theirs.predicted["y0"].mean, abs=1e-8)


def test_a_function_that_cannot_move_costs_a_sentence(monkeypatch):
    """The round goes on here with the same answer and no alarm; the report names the physics."""
    here = asked(PhysicsStrategy(physics(**LEFT_HERE)), n=8)
    away = moved(monkeypatch, physics(**LEFT_HERE))
    assert told(away) == told(here)
    assert [alarm.kind for alarm in away.alarms] == [alarm.kind for alarm in here.alarms]
    solving = away.fit_report["solving"]
    assert solving["device"] == "meta, then cpu"
    assert len(solving["given_up"]) == 1
    assert "physics 'waves' was solved on the processor" in solving["given_up"][0]


def test_no_gpu_is_said_before_anything_is_asked(monkeypatch):
    """By name, by object, in a campaign's definition, which itself has no device in it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    spec = CampaignSpec(
        "page", BOX, outputs=[Scalar("y0")], objective=Maximize("y0"), physics=physics()
    )
    for ask in (
        lambda: PhysicsStrategy(physics(), device="cuda"),
        lambda: resolve_strategy("auto", physics(), "cuda"),
        lambda: resolve_strategy("hybrid", physics(), "cuda"),
        lambda: resolve_strategy("random", device="cuda"),
        lambda: spec.resolve("cuda"),
    ):
        with pytest.raises(PhysicsError, match="'cuda' was asked for, but torch"):
            ask()
    assert "device" not in json.dumps(spec.to_json())
    assert (
        spec.resolve("cpu")
        .propose(BOX, spec.objectives, measured(BOX), [], 1, 5)
        .fit_report["solving"]["why"]
        == "asked for"
    )


def test_a_strategy_that_is_an_object_chooses_for_itself():
    """What a person made must not be overruled in silence."""
    with pytest.raises(BrainError, match=r"write it as PhysicsStrategy\(..., device='cpu'\)"):
        resolve_strategy(PhysicsStrategy(physics()), device="cpu")
    with pytest.raises(BrainError, match=r"MixtureFactory\(physics, device='cpu'\)"):
        PhysicsStrategy(MixtureFactory(physics()), device="cpu")
    kept = PhysicsStrategy(physics(), device="cpu")
    assert resolve_strategy(kept) is kept


def test_a_brain_without_physics_has_nothing_to_move():
    """No word on solves where there are none."""
    brain = Brain(BOX, Maximize("y0"))
    for number, proposal in brain.ask(6):
        brain.tell(number, {"y0": proposal.point["a"]})
    brain.ask()
    assert "solving" not in brain.last.fit_report


@cuda
def test_a_round_on_a_gpu_is_the_same_to_tolerance():
    """The same point to what an experiment can be set to, and the same belief."""
    here = asked(PhysicsStrategy(physics(), device="cpu"), n=8)
    there = asked(PhysicsStrategy(physics(), device="cuda"), n=8)
    assert there.fit_report["solving"]["device"] == "cuda"
    assert there.fit_report["solving"]["given_up"] == []
    assert there.fit_report["weights"] == pytest.approx(here.fit_report["weights"], abs=1e-7)
    for ours, theirs in zip(there.proposals, here.proposals, strict=True):
        assert dict(ours.point) == pytest.approx(dict(theirs.point), abs=1e-9)
        assert ours.predicted["y0"].mean == pytest.approx(theirs.predicted["y0"].mean, abs=1e-8)
