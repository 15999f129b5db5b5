"""Boxes of many numbers are searched by moves of a few of them."""

import numpy as np
import torch
from botorch.acquisition.acquisition import AcquisitionFunction

from labloop.brain import AutoStrategy, Brain
from labloop.brain.acquisition.few_moves import best_of_few_moves
from labloop.objectives import Maximize, Objectives
from labloop.space import Continuous, SearchSpace


class Hill(AcquisitionFunction):
    """Highest at 0.7 in the first three numbers, without a value where the fourth is large."""

    def __init__(self):
        super().__init__(model=None)

    def forward(self, X):  # noqa: N803 - botorch's name
        x = X.squeeze(-2)
        value = -(x[:, :3] - 0.7).square().sum(-1)
        return torch.where(x[:, 3] > 0.99, torch.nan, value)


LEADERS = torch.full((2, 20), 0.2, dtype=torch.float64)
NONE = torch.empty(0, 20, dtype=torch.float64)


def test_the_top_is_found_and_what_does_not_matter_stays():
    """Some numbers of each row are still those of a leader; NaN is never returned."""
    rows = best_of_few_moves(Hill(), NONE, LEADERS, 1)
    assert rows.shape == (8, 20)
    assert torch.allclose(rows[0, :3], torch.tensor(0.7).double(), atol=0.15)
    assert bool((rows == 0.2).any(1).all())
    assert not torch.isnan(Hill()(rows.unsqueeze(1))).any()
    assert float(rows.min()) >= 0.0
    assert float(rows.max()) <= 1.0


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (best_of_few_moves(Hill(), NONE, LEADERS, s) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_auto_says_how_a_box_of_many_numbers_is_searched():
    auto, wanted = AutoStrategy(), Objectives.of(Maximize("y"))
    many, few = (
        SearchSpace(*[Continuous(f"x{i}", 0, 1) for i in range(count)]) for count in (16, 15)
    )
    assert auto.row_for(many, wanted).condition == "a box of 16 numbers or more"
    assert auto.row_for(few, wanted).condition == "a box of numbers"


def test_twenty_settings_of_which_three_matter_are_searched_in_a_few_rounds():
    """From 20 random results at -0.5 in the median to within a tenth of the optimum at 0."""
    space = SearchSpace(*[Continuous(f"x{i}", 0, 1) for i in range(20)])
    brain = Brain(space, Maximize("y"), seed=3)

    def value(point):
        away = np.array([point["x2"] - 0.3, point["x7"] - 0.6, point["x11"] - 0.8])
        return -float(away @ away)

    brain.tell_past([{**p, "y": value(p)} for p in space.sample(20, 5)])
    for _ in range(3):
        for number, proposal in brain.ask(n=4):
            brain.tell(number, {"y": value(proposal.point)})
    assert brain.best().outputs["y"] > -0.02
