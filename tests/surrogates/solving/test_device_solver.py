"""Another device can never fail a round, and every solve is counted."""

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, bind
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MixtureFactory, TrainingData
from labloop.surrogates.solving.device import (
    DeviceDecision,
)
from labloop.surrogates.solving.device_solver import DeviceSolver, RoundSolvers
from labloop.testing.physics import elsewhere

SPACE = SearchSpace(Continuous("x", 0, 1), Continuous("w", 0, 1))
POINTS = torch.tensor(np.asarray(SPACE.encode(SPACE.sample(12, 1))))
Z = torch.zeros(1, 1, dtype=torch.float64)
CONSTANT = torch.tensor([1.0, 2.0], dtype=torch.float64)


def physics(predict=lambda x, theta: torch.exp(-theta["k"] * x["x"])):
    """Return a physics of one constant."""
    return FunctionPhysics(predict, {"k": Prior(1.0, fold=2)}, {"x": "1"}, "y", name="decay")


def data(objective=None, space=SPACE, proposals=1, n=12):
    """Return experiments that the physics describes."""
    rows = torch.tensor(np.asarray(space.encode(space.sample(n, 1))))
    return TrainingData(
        encoded=rows,
        outputs=torch.exp(-1.3 * rows[:, :1]) + 0.01 * torch.sin(40 * rows[:, :1]),
        names=("y",),
        objective=Objectives.of(objective or Maximize("y")),
        features=space.features,
        space=space,
        proposals=proposals,
    )


def test_every_solve_is_counted():
    """Also those that broadcast, and those that raise."""
    solver = DeviceSolver(bind(physics(), SPACE))
    solver(POINTS, Z)
    solver(POINTS.unsqueeze(0), torch.zeros(5, 1, 1, dtype=torch.float64))
    assert solver.solves == 12 + 60
    assert solver.seconds > 0
    assert solver.devices == ("cpu",)


def test_a_round_elsewhere_comes_back():
    """What comes back lies on the processor, in float64, with gradients to what was given."""
    bound = bind(physics(), SPACE)
    asked = POINTS.clone().requires_grad_()
    with elsewhere() as there:
        solver = DeviceSolver(bound, there)
        found = solver(asked, Z)
        (jacobian,) = torch.autograd.grad(found.sum(), asked)
    assert (found.device.type, found.dtype) == ("cpu", torch.float64)
    assert torch.equal(found, bound.predict_all(POINTS, Z))
    assert bool((jacobian[:, 0] < 0).all())
    assert (solver.devices, solver.given_up) == (("meta",), "")


@pytest.mark.parametrize(
    ("predict", "said"),
    [
        (lambda x, theta: CONSTANT.sum() * 0 + (x["x"].unsqueeze(-1) * CONSTANT).sum(-1), "same"),
        (lambda x, theta: torch.as_tensor(np.exp(x["x"].detach().numpy())), "on meta it failed"),
    ],
    ids=["a constant on the processor", "numpy"],
)
def test_a_function_that_cannot_move_is_solved_here(predict, said):
    """It costs its speed: nothing fails, one sentence says so, the device is not asked again."""
    bound = bind(physics(predict), SPACE)
    with elsewhere() as there:
        solver = DeviceSolver(bound, there)
        found = [solver(POINTS, Z) for _ in range(3)]
    assert torch.equal(found[2], bound.predict_all(POINTS, Z))
    assert solver.devices == ("meta", "cpu")
    assert solver.given_up.startswith("physics 'decay' was solved on the processor, for on meta")
    assert said in solver.given_up


def test_a_device_that_calculates_wrongly_is_found_out():
    """Before a round relies on it, it gives what the processor gives at a few experiments."""
    wrong = physics(lambda x, theta: x["x"] + (1e-4 if x["x"].device.type == "meta" else 0.0))
    bound = bind(wrong, SPACE)
    with elsewhere() as there:
        solver = DeviceSolver(bound, there)
        found = solver(POINTS, Z)
    assert torch.equal(found, bound.predict_all(POINTS, Z))
    assert "differ from the processor's by up to 1.0e-04" in solver.given_up


def test_numbers_that_are_none_are_none_on_both():
    """Where the physics gives no number on either device, they agree."""
    bound = bind(physics(lambda x, theta: torch.log(x["x"] - 0.5)), SPACE)
    with elsewhere() as there:
        solver = DeviceSolver(bound, there)
        found = solver(POINTS, Z)
    assert bool(torch.isnan(found).any())
    assert solver.given_up == ""


def test_the_report_says_where_and_how_much():
    """Device, reason, estimate, solves and seconds; of the search as well, as it goes on."""
    fitted = MixtureFactory(physics()).fit(data())
    told = fitted.report["solving"]
    assert told["device"] == "cpu"
    assert "too few for a GPU" in told["why"]
    assert 0 < told["solves"] < 2 * told["estimated"]
    assert told["seconds"] > 0
    assert told["given_up"] == []
    fitted.model.posterior(POINTS.unsqueeze(-2))
    assert fitted.spent()["solving"]["solves"] > told["solves"]


def test_two_physics_of_which_one_stays():
    """Each physics goes its own way, and the report names both."""
    with elsewhere() as there:
        solving = RoundSolvers(DeviceDecision(there, "asked for", 10))
        moved = solving.solver(bind(physics(), SPACE))
        left = solving.solver(
            bind(physics(lambda x, theta: (x["x"].unsqueeze(-1) * CONSTANT).sum(-1)), SPACE)
        )
        for solver in (moved, left):
            solver(POINTS, Z)
    told = solving.told()["solving"]
    assert told["device"] == "meta, then cpu"
    assert len(told["given_up"]) == 1
    assert told["solves"] == 24
