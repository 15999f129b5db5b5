"""A fit of constants goes on where it stands on a saddle, and knows its rivals."""

import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MixtureFactory, TrainingData
from labloop.surrogates.numerics.levenberg_marquardt import least_squares
from labloop.surrogates.numerics.stability import alternative_minimum, best_distinct, left_saddle

SPACE = SearchSpace(Continuous("dose", 0, 1))


def even(z):
    """Return a model that cannot tell a constant from its opposite: a saddle between."""
    x = torch.linspace(0.1, 1.0, 8, dtype=torch.float64)
    value = (z[:, :1].square() * x).unsqueeze(-1)
    jacobian = (2.0 * z[:, :1] * x)[:, :, None, None]
    return value, jacobian


def test_a_saddle_is_left_along_its_negative_curvature():
    """Gauss-Newton sees no way from the middle; the true curvature shows one."""
    measured = 2.25 * torch.linspace(0.1, 1.0, 8, dtype=torch.float64)[:, None]
    white = 10.0 * torch.eye(8, dtype=torch.float64)[None, None]
    stuck = least_squares(even, measured, white, torch.zeros(1, 1, dtype=torch.float64), 30)
    assert float(stuck.z) == pytest.approx(0.0, abs=1e-9)
    free = left_saddle(even, measured, white, stuck, 30)
    assert abs(float(free.z)) == pytest.approx(1.5, rel=0.01)
    assert float(free.cost) < 0.1 * float(stuck.cost)
    again = left_saddle(even, measured, white, free, 30)
    assert torch.equal(again.z, free.z)


def test_a_rival_is_far_and_as_good():
    """Nearer sets are the same one, worse ones no rivals."""
    z = torch.tensor([[0.0, 0.0], [0.1, 0.2], [2.0, 0.0], [-3.0, 1.0]], dtype=torch.float64)
    loss = torch.tensor([1.0, 1.1, 2.5, 30.0], dtype=torch.float64)
    assert torch.equal(alternative_minimum(z, loss, 0), z[2])
    assert alternative_minimum(z[[0, 1, 3]], loss[[0, 1, 3]], 0) is None


def test_starts_in_one_minimum_stand_for_one_another():
    """The best goes on, then the best far from it, then its neighbours, last what is no number."""
    z = torch.tensor([[0.0], [0.1], [3.0], [0.2], [3.1], [-4.0]], dtype=torch.float64)
    cost = torch.tensor([1.0, 2.0, 5.0, 3.0, 4.0, torch.inf], dtype=torch.float64)
    assert best_distinct(z, cost, 2).tolist() == [0, 4]
    assert best_distinct(z, cost, 6).tolist() == [0, 4, 1, 3, 2, 5]
    assert best_distinct(z[:2], cost[:2], 2).tolist() == [0, 1]


def test_two_sets_of_constants_are_told():
    """Where the experiments cannot tell a constant from its mirror image, both are named."""

    def mirror(x, theta):
        return {"y": x["dose"] * (theta["k"] - 1.0) ** 2}

    physics = FunctionPhysics(mirror, {"k": Prior(1.0, "1", sd=1.0)}, {"dose": "1"}, ("y",))
    encoded = torch.linspace(0.05, 0.95, 12, dtype=torch.float64)[:, None]
    noise = 0.01 * torch.randn(
        12, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    data = TrainingData(
        encoded=encoded,
        outputs=1.44 * encoded + noise,
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
    )
    fitted = MixtureFactory(physics).fit(data)
    (told,) = [a for a in fitted.alarms if a.kind == "physics-undecided"]
    assert "two sets of constants explain the experiments alike (k = " in told.message
    (learned_parameters,) = fitted.report["parameters"]
    mirrored = 2.0 - (1.0 + told.data["rival"][0])
    assert learned_parameters["mean"] == pytest.approx(mirrored, abs=0.1)
    assert abs(learned_parameters["mean"] - 1.0) == pytest.approx(1.2, abs=0.1)
    again = MixtureFactory(physics).restore(fitted.state, data)
    assert [a.message for a in again.alarms] == [a.message for a in fitted.alarms]
