"""The device that solves physics follows a written rule."""

import numpy as np
import pytest
import torch

from labloop.errors import PhysicsError
from labloop.objectives import Maximize, Objectives, Target
from labloop.physics import FunctionPhysics, Prior
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import MixtureFactory, TrainingData, check_device
from labloop.surrogates.solving.device import (
    choose_device,
    estimated_solves,
    pays_on_gpu,
    search_points,
)

SPACE = SearchSpace(Continuous("x", 0, 1), Continuous("w", 0, 1))


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


@pytest.mark.parametrize(
    ("solves", "experiments", "moved"),
    [(100_000, 30, False), (100_001, 30, True), (50, 1500, False), (50, 1501, True)],
)
def test_the_rule(solves, experiments, moved):
    """More than 1e5 solves a round, or more than 1500 experiments."""
    assert pays_on_gpu(solves, experiments) is moved


def test_the_estimate_grows_with_what_a_round_asks_for():
    """With experiments, constants, competing models, channels, proposals and curved scores."""
    plain = estimated_solves(data(), [2], 0, 1000)
    assert estimated_solves(data(n=24), [2], 0, 1000) > plain
    assert estimated_solves(data(), [4], 0, 1000) > plain
    assert estimated_solves(data(), [2, 2], 0, 1000) > plain
    assert estimated_solves(data(), [2], 1, 1000) > plain
    assert estimated_solves(data(), [2], 0, 5000) > plain
    assert estimated_solves(data(), [2], 0, 1000, networks=True) > plain
    assert estimated_solves(data(proposals=3), [2], 0, 1000) > plain
    assert estimated_solves(data(Target("y", 0.5)), [2], 0, 1000) > plain


def test_points_of_a_search_are_counted_by_the_kind_of_space():
    """A list is looked at whole, a box by its dimensions, anything else by mutations."""
    listed = SearchSpace(Continuous("x", 0, 1, step=0.25))
    assert search_points(listed) == 5
    wide = SearchSpace(*(Continuous(f"x{i}", 0, 1) for i in range(6)))
    assert search_points(SPACE) < search_points(wide)
    mixed = SearchSpace(Continuous("x", 0, 1), Categorical("c", ["a", "b"]))
    assert search_points(mixed) > 3000


def test_auto_says_why(monkeypatch):
    """Where it is chosen by size the report has the sizes, also where no GPU is there."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    few = choose_device("auto", 2000, 12)
    assert (few.device.type, few.why) == (
        "cpu",
        "about 2000 solves and 12 experiments are too few for a GPU",
    )
    many = choose_device("auto", 200_000, 12)
    assert (many.device.type, many.why.endswith("but none is here")) == ("cpu", True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", 200_000, 12).device.type == "cuda"
    assert choose_device("auto", 2000, 12).device.type == "cpu"
    assert choose_device("cpu", 200_000, 12).device.type == "cpu"
    assert choose_device("cuda", 1, 1).device.type == "cuda"


def test_what_is_not_there_is_one_sentence(monkeypatch):
    """An order that cannot be followed is refused where it is given."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(PhysicsError, match=r"'cuda' was asked for, but torch .* no CUDA device"):
        MixtureFactory(physics(), device="cuda")
    with pytest.raises(PhysicsError, match="'auto', 'cpu' or 'cuda', got device 'gpu'"):
        check_device("gpu")
    check_device("auto")
    check_device("cpu")
